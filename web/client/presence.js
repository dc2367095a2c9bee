/**
 * presence.js - who is here, and where.
 *
 * Everybody's place is kept in the server's coordinates, as a place in the text
 * at `rev`, and moved over every logged operation: a person's own edit pushes
 * their caret along (RIGHT), everybody else's leaves it (LEFT). The server and
 * all clients do the same and so agree to the letter, which is why a place is
 * sent once and not again when edits move it. What is shown (head, anchor) is
 * that place carried over what is pending here.
 *
 * The own caret lives in the text on screen. `sent` is what the others believe
 * about it; only where the two differ is there something to send, and only
 * while nothing is pending, when screen and server have one set of positions.
 * Typing therefore sends no cursor: everybody moves it along by themselves.
 *
 * A place may arrive for a revision a little behind (the last operations are
 * kept for that) or, in a welcome, ahead of us (it waits).
 */

import { transformPosition, LEFT, RIGHT } from './ot.js';

const RECENT_MAX = 64; /* a cursor is never older than a few operations */

/**
 * head: the caret; anchor: the other end of the selection, equal to head where
 * nothing is selected; both null while unknown. Positions in the text on screen.
 * @typedef {{userId: string, name: string, color: string,
 *            head: number|null, anchor: number|null}} User
 * @typedef {{head: number, anchor: number}} Place
 */

export class Presence {
    #places = /** @type {Map<string, Place>} */ (new Map());
    #sent = /** @type {Place|null} */ (null);
    #recent = []; /* {from, op, userId}, oldest first */
    #waiting = []; /* cursor messages of a revision we have not reached yet */

    /** @param {import('./state.js').State} state whose text the places are in */
    constructor(state) {
        this.state = state;
        this.users = /** @type {Map<string, User>} */ (new Map());
        this.me = { head: /** @type {number|null} */ (null),
                    anchor: /** @type {number|null} */ (null) };
    }

    /**
     * The users of a welcome, who stand where they stand at revision rev.
     * @param {any[]} users @param {number} rev
     */
    welcome(users, rev) {
        this.users.clear();
        this.#places.clear();
        this.#waiting = [];
        this.#sent = null;
        for (const user of users) {
            this.message({ ...user, type: 'join' });
            if (user.position !== undefined)
                this.message({ ...user, type: 'cursor', rev });
        }
    }

    /**
     * join, user, leave or cursor.
     * @returns {boolean} whether anything is to be shown anew
     */
    message(msg) {
        const id = msg.user_id;
        if (typeof id !== 'string' || id === this.state.userId)
            return false;
        if (msg.type === 'leave') {
            this.#waiting = this.#waiting.filter((w) => w.user_id !== id);
            this.#places.delete(id);
            return this.users.delete(id);
        }
        let user = this.users.get(id);
        if (msg.type === 'cursor')
            return user !== undefined && this.#cursor(user, msg);
        if (!user) {
            user = { userId: id, name: '', color: '', head: null, anchor: null };
            this.users.set(id, user);
        }
        /* A join says all there is to say, also of somebody known; a user may say less. */
        const join = msg.type === 'join';
        user.name = msg.name ?? (join ? '' : user.name);
        user.color = msg.color ?? (join ? '' : user.color);
        return true;
    }

    /**
     * An operation has been logged.
     * @param {import('./ot.js').Op} op in the server's coordinates
     * @param {number} from the revision it runs on
     * @param {string|null} userId its author; null: several, or unknown
     */
    logged(op, from, userId) {
        this.#recent.push({ from, op, userId });
        if (this.#recent.length > RECENT_MAX)
            this.#recent.shift();
        for (const [id, place] of this.#places)
            carry(place, op, id === userId ? RIGHT : LEFT);
        if (this.#sent)
            carry(this.#sent, op, userId !== null && userId === this.state.userId ? RIGHT : LEFT);
    }

    /** The log we knew is gone: its revisions mean nothing any more. */
    forgetLog() {
        this.#recent = [];
        this.#waiting = [];
    }

    /**
     * The text on screen was changed; or, with [], only what is pending was.
     * @param {import('./ot.js').Op} op in the coordinates of the screen
     * @param {boolean} own made here
     */
    moved(op, own) {
        if (this.me.head !== null)
            carry(this.me, op, own ? RIGHT : LEFT);
        const ready = this.#waiting.filter((w) => w.rev <= this.state.rev);
        this.#waiting = this.#waiting.filter((w) => w.rev > this.state.rev);
        for (const msg of ready)
            this.message(msg);
        for (const user of this.users.values())
            this.#show(user);
    }

    /** @param {number} head @param {number} [anchor] positions in the text on screen */
    setOwn(head, anchor = head) {
        this.me = { head, anchor };
    }

    /** Whether ownMessage() has something to say. */
    get ownReady() {
        const { state, me } = this;
        return me.head !== null && state.caughtUp && !state.pending && state.mode !== 'read' &&
               (me.head !== this.#sent?.head || me.anchor !== this.#sent.anchor);
    }

    /** The cursor message that is due, or null; asking for it counts as sending it. */
    ownMessage() {
        if (!this.ownReady)
            return null;
        const { head, anchor } = this.me;
        this.#sent = { head, anchor };
        const message = { type: 'cursor', position: head, rev: this.state.rev };
        return anchor === head ? message : { ...message, anchor };
    }

    #cursor(user, msg) {
        const id = user.userId;
        if (msg.rev > this.state.rev) {
            this.#waiting = this.#waiting.filter((w) => w.user_id !== id);
            this.#waiting.push({ ...msg, type: 'cursor' });
            return false;
        }
        const place = { head: msg.position, anchor: msg.anchor ?? msg.position };
        for (const entry of this.#recent) {
            if (entry.from >= msg.rev)
                carry(place, entry.op, entry.userId === id ? RIGHT : LEFT);
        }
        this.#places.set(id, place);
        this.#show(user);
        return true;
    }

    #show(user) {
        const place = this.#places.get(user.userId);
        if (!place)
            return;
        const shown = { ...place };
        if (this.state.inflight)
            carry(shown, this.state.inflight.op, LEFT);
        carry(shown, this.state.buffer, LEFT);
        user.head = shown.head;
        user.anchor = shown.anchor;
    }
}

function carry(place, op, side) {
    const collapsed = place.head === place.anchor;
    place.head = transformPosition(place.head, op, side);
    place.anchor = collapsed ? place.head : transformPosition(place.anchor, op, side);
}
