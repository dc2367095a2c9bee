/**
 * state.js - one client's side of a room, without a socket or a clock.
 *
 * Idea: the text on screen is always
 *
 *     doc = serverDoc + inflight + buffer
 *
 * serverDoc is the room's text at revision `rev`. `inflight` is the one
 * operation that was sent and not yet answered; it never changes its meaning
 * and keeps its seq until the server has decided about it, so it can be sent
 * again without being applied twice. What is typed meanwhile is composed into
 * `buffer`, which nobody has seen and which may therefore still change.
 *
 * Each method takes one event and returns a list of effects, to be carried out
 * in order:
 *
 *   {kind:'send', message}          hand this to the socket (in flight now)
 *   {kind:'change', op, before, local, userId, source}
 *                                   the text became apply(before, op); before is a string
 *                                   made when it is looked at
 *   {kind:'users'}                  who is here, or where, has changed
 *   {kind:'meta', meta}             entries of the room have changed
 *   {kind:'saved'}                  look at `pending` again
 *   {kind:'retry', ms}              call retry() after that time
 *   {kind:'reconnect', full, reason}  close the socket and connect again; full:
 *                                   without a revision, to be told the text
 *   {kind:'refused', code, message, op, text}  the server will not have it: it
 *                                   was undone here; text = what was inserted
 *   {kind:'error', code, message}   the server complained about something else
 *   {kind:'unknown', type}          a message of a type that is not in the protocol
 *   {kind:'reset', text}            the room has a new history; text = what was
 *                                   on screen before it was merged with it
 *
 * Invariants: a message in flight is written against `rev`; the buffer runs
 * after it; positions of users and of `me` are positions in `doc`.
 */

import { diff } from './diff.js';
import { compose, invert, normalize, transform, LEFT, RIGHT } from './ot.js';
import { Doc, EMPTY } from './doc.js';
import { opOf, problem, reconnect } from './messages.js';
import { splitOp, ENVELOPE_BYTES, PIECE_BYTES_MAX } from './split.js';
import { Presence } from './presence.js';

/** @typedef {import('./ot.js').Op} Op */
/** @typedef {{kind: string, [field: string]: any}} Effect */
/**
 * phase: 'sent' waits for its answer; 'resend' goes out at the next chance;
 * 'waiting' was put off by the server until retry(); 'logged' is known to be in
 * the log, its ack comes while we are being caught up.
 * @typedef {{op: Op, seq: number, count: number, meta: object|null, resynced: boolean,
 *            phase: 'sent'|'resend'|'waiting'|'logged'}} Inflight
 */

const PIECE_BYTES_MIN = 1024; /* smaller than this is not the reason */
const RETRY_MS = 1000; /* where the server names no time */
const MESSAGE_BYTES = 1 << 20; /* until the welcome tells the limit */
const TRY_AGAIN = new Set(['unavailable', 'rate_limited']);
const ELSEWHERE = new Set(['text', 'history', 'signal', 'pong', 'help', 'closing']);
const OUT_OF_STEP = new Set(['gone', 'bad_rev']); /* says nothing against the operation itself */

const isTable = (value) => Object.getPrototypeOf(value) === Object.prototype;

export class State {
    #pieceBytes = PIECE_BYTES_MAX; /* halved when the server finds a message too large */

    constructor() {
        /** The text on screen, and the room's; one and the same while nothing is pending. */
        this.doc = EMPTY;
        this.serverDoc = EMPTY;
        this.rev = 0;
        /** The head at the last welcome; below it we are still being caught up. */
        this.goal = 0;
        this.epoch = /** @type {string|null} */ (null);
        this.session = /** @type {string|null} */ (null);
        this.userId = /** @type {string|null} */ (null);
        this.readKey = /** @type {string|null} */ (null);
        this.mode = 'write';
        this.limits = { message: MESSAGE_BYTES, document: Infinity };
        this.meta = {};
        this.seq = 0;
        this.inflight = /** @type {Inflight|null} */ (null);
        this.buffer = /** @type {Op} */ ([]);
        this.bufferCount = 0;
        this.metaBuffer = /** @type {object|null} */ (null);
        this.online = false;
        this.presence = new Presence(this);
    }

    get text() {
        return String(this.doc);
    }

    get serverText() {
        return String(this.serverDoc);
    }

    /** Edits not yet in the log, as the user counts them. */
    get pendingCount() {
        return (this.inflight?.count ?? 0) + this.bufferCount;
    }

    get pending() {
        return this.inflight !== null || this.buffer.length > 0 || this.metaBuffer !== null;
    }

    get caughtUp() {
        return this.online && this.rev >= this.goal;
    }

    /* ---- from the user ------------------------------------------------ */

    /**
     * An edit made here. Throws an OpError, with nothing changed, where op does
     * not fit the text.
     * @param {Op} op @param {unknown} [source] handed on to the change event
     * @returns {Effect[]}
     */
    localEdit(op, source) {
        const fx = [];
        const edit = normalize(op);
        if (edit.length === 0)
            return fx;
        const before = this.doc;
        this.doc = before.apply(edit);
        this.buffer = compose(this.buffer, edit);
        this.bufferCount = this.buffer.length ? this.bufferCount + 1 : 0;
        this.presence.moved(edit, true);
        fx.push(change(before, edit, true, this.userId, source));
        this.#flush(fx);
        fx.push({ kind: 'saved' });
        return fx;
    }

    /** @param {Record<string, string|null>} meta @returns {Effect[]} */
    localMeta(meta) {
        const fx = [];
        this.metaBuffer = { ...this.metaBuffer, ...meta };
        this.#flush(fx);
        fx.push({ kind: 'saved' });
        return fx;
    }

    /** The time named by a retry effect has passed. @returns {Effect[]} */
    retry() {
        const fx = [];
        if (this.inflight?.phase === 'waiting')
            this.inflight.phase = 'resend';
        this.#flush(fx);
        return fx;
    }

    /* ---- from the connection ------------------------------------------ */

    /** The connection is gone; the next welcome decides about the in-flight one. */
    disconnected() {
        this.online = false;
        return [{ kind: 'saved' }];
    }

    /** The server closed because a message was too large: it has not read it. */
    messageTooLarge() {
        this.#pieceBytes = Math.max(PIECE_BYTES_MIN, this.#pieceBytes / 2);
        this.#foldBack();
    }

    /** From restore.js. */
    setTexts(serverText, text) {
        this.serverDoc = Doc.of(serverText);
        this.doc = text === serverText ? this.serverDoc : Doc.of(text);
    }

    /** Takes back here all that is pending: nobody knows whether the server has it. */
    dropPending() {
        this.#foldBack();
        const before = this.doc;
        const undo = invert(this.buffer, this.serverText);
        this.doc = this.serverDoc;
        this.buffer = [];
        this.bufferCount = 0;
        this.metaBuffer = null;
        this.presence.moved(undo, false);
        return [change(before, undo, false, null), { kind: 'saved' }];
    }

    /** The session is not valid any more; what is pending is kept. */
    forgetSession() {
        this.session = null;
    }

    /** @param {any} msg a message of the server, parsed @returns {Effect[]} */
    message(msg) {
        switch (msg.type) {
        case 'welcome': return this.onWelcome(msg);
        case 'ack': return this.onAck(msg);
        case 'error': return this.onError(msg);
        case 'insert': case 'delete': case 'edit': case 'meta': return this.onOp(msg);
        case 'cursor': case 'join': case 'user': case 'leave':
            return this.presence.message(msg) ? [{ kind: 'users' }] : [];
        default: /* of a newer server: not for us */
            return ELSEWHERE.has(msg.type) ? [] : [{ kind: 'unknown', type: msg.type }];
        }
    }

    /** @returns {Effect[]} */
    onWelcome(msg) {
        const sameEpoch = this.epoch !== null && msg.epoch === this.epoch;
        const sameSession = this.session !== null &&
                            (msg.session === undefined || msg.session === this.session);
        const full = typeof msg.text === 'string';
        if (!Number.isSafeInteger(msg.rev) || !Array.isArray(msg.users ?? []) ||
            !isTable(msg.meta ?? {}))
            return [reconnect(true, 'a malformed welcome')];
        if (!full && !(sameEpoch && sameSession && msg.rev >= this.rev))
            return [reconnect(true, 'a welcome without text that does not fit')];

        const fx = [];
        this.#adopt(msg, sameSession);
        const had = this.inflight;
        const logged = had !== null && sameEpoch && sameSession && (msg.seq ?? 0) >= had.seq;
        if (full)
            this.#restart(msg, sameEpoch, sameSession, logged, fx);
        /* Not in the log: again with the same seq. In the log: its ack follows in its place. */
        if (this.inflight)
            this.inflight.phase = logged ? 'logged' : 'resend';
        this.goal = msg.rev;
        this.online = true;
        this.presence.welcome(msg.users ?? [], msg.rev);
        this.#flush(fx);
        fx.push({ kind: 'users' }, { kind: 'saved' });
        if (msg.meta)
            fx.push({ kind: 'meta', meta: this.meta });
        return fx;
    }

    /** @returns {Effect[]} */
    onOp(msg) {
        if ((msg.from ?? msg.rev - 1) !== this.rev || !(msg.rev > this.rev))
            return [reconnect(false, `revision ${msg.rev} does not follow ${this.rev}`)];
        const fx = [];
        try {
            if (!isTable(msg.meta ?? {}))
                throw new TypeError('malformed entries');
            this.#receive(opOf(msg, this.serverDoc.cps), msg.rev, msg.user_id ?? null, fx);
        } catch (err) {
            return [reconnect(true, `revision ${msg.rev} does not fit: ${err.message}`)];
        }
        if (msg.meta)
            this.#setMeta(msg.meta, fx);
        this.#flush(fx);
        fx.push({ kind: 'saved' });
        return fx;
    }

    /** @returns {Effect[]} */
    onAck(msg) {
        const own = this.inflight;
        if (own === null || msg.seq !== own.seq) {
            if (msg.dup || !(msg.rev > this.rev))
                return []; /* a late answer to a repeat */
            return [reconnect(true, 'an ack for nothing we have sent')];
        }
        if (msg.rev !== this.rev + 1) {
            /* In the log, at a place we have not been told of, or have taken for
             * somebody else's: the next welcome says which. */
            return [reconnect(!(msg.rev > this.rev), 'an ack out of its place')];
        }
        const fx = [];
        this.presence.logged(own.op, this.rev, this.userId);
        this.serverDoc = this.buffer.length ? this.serverDoc.apply(own.op) : this.doc;
        this.rev = msg.rev;
        this.inflight = null;
        if (own.meta)
            this.#setMeta(own.meta, fx);
        this.presence.moved([], true);
        this.#flush(fx);
        fx.push({ kind: 'saved' });
        return fx;
    }

    /** @returns {Effect[]} */
    onError(msg) {
        const own = this.inflight;
        const mine = own !== null && msg.seq === own.seq;
        /* A refusal for lack of time or storage may come without a seq. Sending
         * again what did arrive is harmless: it is answered as a repeat. */
        const unclear = own !== null && msg.seq === undefined && own.phase === 'sent';
        if (TRY_AGAIN.has(msg.code) && (mine || unclear)) {
            own.phase = 'waiting';
            return [problem(msg), { kind: 'retry', ms: msg.retry_ms ?? RETRY_MS }];
        }
        if (!mine)
            return [problem(msg)];
        if (OUT_OF_STEP.has(msg.code) && !own.resynced) {
            own.resynced = true;
            return [reconnect(true, `${msg.code}: ${msg.message ?? ''}`)];
        }
        const fx = [];
        if (msg.code === 'too_large' && this.#pieceBytes > PIECE_BYTES_MIN)
            this.messageTooLarge();
        else
            this.#refuse(msg, fx);
        this.#flush(fx);
        fx.push({ kind: 'saved' });
        return fx;
    }

    /* ---- inside ------------------------------------------------------- */

    #adopt(msg, sameSession) {
        this.seq = sameSession ? Math.max(this.seq, msg.seq ?? 0) : msg.seq ?? 0;
        this.session = msg.session ?? this.session;
        this.userId = msg.user_id ?? this.userId;
        this.readKey = msg.read_key ?? this.readKey;
        this.mode = msg.mode ?? 'write';
        this.limits = { ...this.limits, ...msg.limits };
        if (msg.meta)
            this.meta = { ...msg.meta };
        else if (typeof msg.text === 'string')
            this.meta = {};
    }

    /* A welcome with the text: what we missed is the difference. */
    #restart(msg, sameEpoch, sameSession, logged, fx) {
        if (logged) {
            this.serverDoc = this.serverDoc.apply(this.inflight.op);
            this.inflight = null;
        } else if (!sameEpoch || !sameSession) {
            this.#foldBack(); /* its seq means nothing to this log: it gets a new one */
        }
        if (this.epoch !== null && !sameEpoch && this.pending)
            fx.push({ kind: 'reset', text: this.text });
        this.epoch = msg.epoch;
        this.#receive(diff(this.serverText, msg.text), msg.rev, null, fx);
        this.presence.forgetLog();
    }

    /* Takes the in-flight operation back into the buffer. Only where it is
     * certain that its seq is not, and will not be, in the log. */
    #foldBack() {
        const own = this.inflight;
        if (own === null)
            return;
        this.buffer = compose(own.op, this.buffer);
        this.bufferCount = this.buffer.length ? this.bufferCount + own.count : 0;
        if (own.meta)
            this.metaBuffer = { ...own.meta, ...this.metaBuffer };
        this.inflight = null;
    }

    /* Somebody else's operation is in the log: everything pending moves over it. */
    #receive(op, rev, userId, fx) {
        const alone = this.inflight === null && this.buffer.length === 0;
        const serverDoc = this.serverDoc.apply(op); /* throws before anything has changed */
        this.presence.logged(op, this.rev, userId);
        let shown = op;
        if (this.inflight) {
            const own = this.inflight.op;
            this.inflight.op = transform(own, shown, LEFT);
            shown = transform(shown, own, RIGHT);
        }
        if (this.buffer.length) {
            const own = this.buffer;
            this.buffer = transform(own, shown, LEFT);
            shown = transform(shown, own, RIGHT);
            if (this.buffer.length === 0)
                this.bufferCount = 0;
        }
        this.serverDoc = serverDoc;
        this.rev = rev;
        const before = this.doc;
        this.doc = alone ? serverDoc : before.apply(shown);
        this.presence.moved(shown, false);
        if (shown.length)
            fx.push(change(before, shown, false, userId));
    }

    /* Undoes the in-flight operation here, leaving what was typed after it. */
    #refuse(msg, fx) {
        const own = this.inflight;
        const undo = invert(own.op, this.serverText);
        const shown = transform(undo, this.buffer, RIGHT);
        this.buffer = transform(this.buffer, undo, LEFT);
        if (this.buffer.length === 0)
            this.bufferCount = 0;
        this.inflight = null;
        const before = this.doc;
        this.doc = this.buffer.length ? before.apply(shown) : this.serverDoc;
        this.presence.moved(shown, false);
        if (shown.length)
            fx.push(change(before, shown, false, null));
        fx.push({ kind: 'refused', code: msg.code, message: msg.message ?? '', op: own.op,
                  text: own.op.filter((c) => typeof c === 'string').join('') });
    }

    #setMeta(entries, fx) {
        for (const [key, value] of Object.entries(entries)) {
            if (value === null)
                delete this.meta[key];
            else
                this.meta[key] = value;
        }
        fx.push({ kind: 'meta', meta: this.meta });
    }

    /* Sends what can be sent: one at a time, and not before we are caught up. */
    #flush(fx) {
        if (!this.caughtUp)
            return;
        if (this.inflight === null && !this.#load())
            return;
        const own = this.inflight;
        if (own.phase === 'logged')
            fx.push(reconnect(true, `caught up without an ack for seq ${own.seq}`));
        if (own.phase !== 'resend')
            return;
        own.phase = 'sent';
        const message = own.meta ? { type: 'meta', meta: own.meta, seq: own.seq }
                                 : { type: 'edit', op: own.op, rev: this.rev, seq: own.seq };
        fx.push({ kind: 'send', message });
    }

    #load() {
        const own = { op: [], seq: 0, count: 0, meta: null, phase: 'resend', resynced: false };
        if (this.metaBuffer) {
            own.meta = this.metaBuffer;
            this.metaBuffer = null;
        } else if (this.buffer.length) {
            const bytes = Math.min(this.limits.message, this.#pieceBytes) - ENVELOPE_BYTES;
            [own.op, this.buffer] = splitOp(this.buffer, bytes);
            if (this.buffer.length === 0) {
                own.count = this.bufferCount;
                this.bufferCount = 0;
            }
        } else {
            return false;
        }
        own.seq = ++this.seq;
        this.inflight = own;
        return true;
    }
}

function change(doc, op, local, userId, source) {
    return { kind: 'change', op, get before() { return String(doc); }, local, userId, source };
}
