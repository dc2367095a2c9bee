/**
 * room.js - a room on a server, over a WebSocket.
 *
 *   const room = connect('wss://host/ws/notes', { name: 'Ada', color: '#1565c0' });
 *   room.on('change', ({ op, local }) => ...);
 *   room.insert(0, 'hello ');
 *
 * Edits count at once, online or not; they are sent when they can be and sent
 * again until the server has them on disk. `saved` is the one truth about that.
 * A lost connection is made anew with growing, jittered delays and resumes where
 * it stopped. What is pending lives in memory, and with options.storage in the
 * browser's storage too, from where it comes back after a reload. A page should
 * warn before it is closed while `pendingSince` is set and keep() is false.
 *
 * Properties
 *   status        'connecting' | 'online' | 'offline' | 'closed'. A short cut
 *                 shows as connecting; offline when an attempt has failed;
 *                 closed is final: close(), or the server does not want us.
 *   saved         true: online and everything is in the log, on disk
 *   pendingSince  Date of the oldest thing not saved, or null
 *   pendingCount  edits not saved
 *   text, rev, epoch, mode ('write' | 'read'), meta, limits, readKey
 *   me            {userId, name, color, head, anchor}
 *   url           the address that was given, without what is added to it
 *   users         Map of the others: id -> {userId, name, color, head, anchor}
 *   doc           the text in chunks (doc.js), which no later edit changes. Free to look
 *                 at; `text` after an edit is a copy of all of it
 *
 * Positions are code points in `text`; see text.js to convert.
 *
 * Events (room.on(event, fn) returns a function that takes fn off)
 *   status        the new status
 *   saved         whether everything is saved
 *   change        {op, before, local, userId, source}: text is apply(before, op)
 *   users         the map
 *   meta          the room's entries
 *   error         {code, message, fatal?, retry_ms?}
 *   refused       {code, message, op, text}: the server will not have this edit;
 *                 it was undone here, and text is what it had inserted
 *   reset         {text, merged}: the room has a new history (restored, made
 *                 again); what was pending was merged into it; text was on screen
 *                 before. merged false: what a reload had kept could not be
 *                 merged; text is all there is of it
 *   resync        {reason, text}: what the server said does not fit; the text is
 *                 asked for anew and what is pending merged into it. text was on
 *                 screen before
 *   unknown       {type}: a message that a newer server may know; it was left out
 *   lost          {code, reason}: the connection, with what it was closed with
 *   signal        {from, data}
 */

import { check, OpError } from './ot.js';
import { State } from './state.js';
import { Emitter } from './emitter.js';
import { Keep } from './keep.js';
import { Requests } from './requests.js';
import { Restore } from './restore.js';
import { Link } from './link.js';
import { SYSTEM_CLOCK, Timers } from './timers.js';

export const PROTOCOL = 'weft.v1';

const CURSOR_EVERY_MS = 50;

/** Protocol not spoken, no credentials, not allowed: trying again is of no use. */
const FINAL_CODES = new Set([1002, 4401, 4403]);
const TELL_CODES = new Set([1008, 1013, 4429]);

/**
 * @typedef {Object} Options
 * @property {string} [name] what others see
 * @property {string} [color] #rrggbb
 * @property {string | (() => string | Promise<string>)} [token] credential; asked for anew
 *     at each connection
 * @property {boolean} [readOnly]
 * @property {'session' | 'local' | Storage} [storage] keeps what is not saved over a reload
 *     ('session'), or also when the tab was closed ('local')
 * @property {any} [WebSocket] constructor, where there is no global one
 * @property {import('./timers.js').Clock} [clock] for tests
 * @property {{request: Function}} [locks] for tests; as navigator.locks
 */

/**
 * @param {string | URL} url ws: or wss:, ending in /ws/<room> or /view/<read key>
 * @param {Options} [options]
 * @returns {Room}
 */
export function connect(url, options = {}) {
    return new Room(url, options);
}

export class Room extends Emitter {
    #url;
    #options;
    #clock;
    #timers;
    #link;
    #state = new State();
    #requests;
    #status = 'connecting';
    #saved = false;
    #pendingSince = null;
    #full = false; /* the next connection asks for the text */
    #effects = []; /* to be carried out */
    #running = false;
    #keep = /** @type {Keep|null} */ (null);
    #taking = /** @type {Promise<void>|null} */ (null); /* until it is known what was kept */
    #restore;
    #onHide = () => this.keep();

    /** @param {string | URL} url @param {Options} options */
    constructor(url, options) {
        super();
        this.#url = new URL(url);
        this.#options = { ...options };
        this.#clock = options.clock ?? SYSTEM_CLOCK;
        this.#timers = new Timers(this.#clock);
        const owner = {
            address: () => this.#address(),
            protocols: () => this.#protocols(),
            message: (msg) => this.#hear(msg),
            lost: (code, reason) => this.#lost(code, reason),
            waiting: () => this.#state.inflight?.phase === 'sent',
            catchingUp: () => !this.#state.caughtUp,
            watchful: () => this.users.size > 0 && !isHidden(),
        };
        this.#link = new Link(owner, options.WebSocket ?? globalThis.WebSocket, this.#clock);
        this.#requests = new Requests((message) => this.#link.send(message));
        this.#restore = new Restore({
            state: this.#state,
            run: (effects) => this.#run(effects),
            send: (message) => this.#link.send(message),
            drop: (reason) => this.#link.drop(reason),
            reload: (reason) => this.#carryOut({ kind: 'reconnect', full: true, reason }),
            emit: (event, detail) => this.emit(event, detail),
        });
        if (options.storage)
            this.#useStorage(options.storage, options.locks);
        this.#link.open();
    }

    get url() { return this.#url.origin + this.#url.pathname; }
    get status() { return this.#status; }
    get saved() { return this.#saved; }
    get pendingSince() { return this.#pendingSince; }
    get pendingCount() { return this.#state.pendingCount; }
    get text() { return this.#state.text; }
    get doc() { return this.#state.doc; }
    get rev() { return this.#state.rev; }
    get epoch() { return this.#state.epoch; }
    get mode() { return this.#options.readOnly ? 'read' : this.#state.mode; }
    get meta() { return this.#state.meta; }
    get limits() { return this.#state.limits; }
    get readKey() { return this.#state.readKey; }
    get users() { return this.#state.presence.users; }
    get me() {
        const { head, anchor } = this.#state.presence.me;
        const { name = '', color = '' } = this.#options;
        return { userId: this.#state.userId, name, color, head, anchor };
    }

    /** @param {number} position @param {string} text */
    insert(position, text) {
        this.edit(opAt(position, text));
    }

    /** @param {number} position @param {number} [length] */
    delete(position, length = 1) {
        if (!(length > 0))
            throw new OpError(`a length is an integer above 0, found ${length}`);
        this.edit(opAt(position, -length));
    }

    /**
     * Throws an OpError, with nothing changed, where op is malformed, does not fit
     * the text, or this room is open for reading only.
     * @param {import('./ot.js').Op} op
     * @param {unknown} [source] comes back in the change event
     */
    edit(op, source) {
        if (this.mode === 'read')
            throw new OpError('this room is open for reading only');
        if (this.#status === 'closed')
            throw new OpError('this room is closed');
        this.#run(this.#state.localEdit(check(op), source));
    }

    /** Sets entries of the room; null removes one. @param {Record<string, string|null>} meta */
    setMeta(meta) {
        this.#run(this.#state.localMeta(meta));
    }

    /** Where our caret is; sent a little later, and not while edits are pending. */
    setCursor(head, anchor = head) {
        this.#state.presence.setOwn(head, anchor);
        this.#cursorSoon();
    }

    /** @param {string} name @param {string} [color] */
    setName(name, color = this.#options.color) {
        this.#options.name = name;
        this.#options.color = color;
        this.#link.send({ type: 'user', name, color });
    }

    /** What others see: the fields that are given. @param {{name?: string, color?: string}} user */
    setUser({ name = this.#options.name, color = this.#options.color }) {
        this.setName(name, color);
    }

    /** Hands data to another user (to set up WebRTC, for one). */
    signal(to, data) {
        this.#link.send({ type: 'signal', to, data });
    }

    /** @param {number} [rev] @returns {Promise<string>} the text at a revision, or now */
    async at(rev) {
        return (await this.#requests.ask({ type: 'text', rev })).text;
    }

    /** Logged operations, oldest first. @param {{from?: number, to?: number}} [range] */
    async *history({ from = 1, to = this.rev } = {}) {
        for (let next = from; next <= to;) {
            const { ops } = await this.#requests.ask({ type: 'history', from: next, to });
            if (!ops || ops.length === 0)
                return;
            yield* ops;
            next = ops[ops.length - 1].rev + 1;
        }
    }

    /** The network or the page has come back: look at once instead of waiting. */
    wake() {
        if (this.#status !== 'closed')
            this.#link.wake();
    }

    /**
     * Puts what is pending into the storage now.
     * @returns {boolean} whether all of it will be back when the page is: with storage 'session'
     *     after a reload, with 'local' also after the tab was closed; true with nothing pending
     */
    keep() {
        if (!this.#state.pending)
            return true; /* and what has not been taken yet lies there as it was */
        return this.#keep !== null && !this.#taking && !this.#restore.waiting &&
               this.#keep.write(this.#state) && this.#keep.lasting;
    }

    /** Closes for good. What is pending stays readable in `text`, and in the storage. */
    close() {
        if (this.#keep && this.#status !== 'closed') {
            this.keep();
            this.#keep.done();
            globalThis.removeEventListener?.('pagehide', this.#onHide);
        }
        this.#timers.cancelAll();
        this.#link.close();
        this.#requests.fail('the room is closed');
        this.#setStatus('closed');
        this.#run(this.#state.disconnected());
    }

    /* ---- connection ---------------------------------------------------- */

    #useStorage(storage, locks) {
        const keep = new Keep(storage, this.url, this.#clock, locks);
        this.#keep = keep;
        this.#taking = keep.take()?.then((record) => {
            this.#taking = null;
            if (this.#status === 'closed')
                keep.done();
            else if (record)
                this.#restore.begin(record);
        }) ?? null;
        globalThis.addEventListener?.('pagehide', this.#onHide);
    }

    #protocols() {
        const { token } = this.#options;
        const list = (secret) => {
            const session = this.#restore.session ?? this.#state.session;
            return [PROTOCOL, ...(secret === undefined ? [] : [`weft.token.${secret}`]),
                    ...(session ? [`weft.session.${session}`] : [])];
        };
        if (typeof token === 'function' || this.#taking)
            return (async () => {
                await this.#taking;
                return list(typeof token === 'function' ? await token() : token);
            })();
        return list(token);
    }

    #address() {
        const url = new URL(this.#url);
        const { name, color, readOnly } = this.#options;
        const set = { name, color, mode: readOnly ? 'read' : undefined };
        if (this.#state.session && this.#state.epoch && !this.#full) {
            set.epoch = this.#state.epoch;
            set.rev = this.#state.rev;
        }
        for (const [key, value] of Object.entries(set)) {
            if (value !== undefined && value !== '')
                url.searchParams.set(key, value);
        }
        return url.href;
    }

    #hear(msg) {
        if (typeof msg?.type !== 'string') {
            this.#resync(true, 'what the server sent is no message');
            return;
        }
        if (!this.#restore.hear(msg))
            return;
        if (msg.type === 'welcome') {
            if (msg.protocol !== undefined && msg.protocol !== PROTOCOL) {
                this.#refuse(1002, `The server speaks ${msg.protocol}, not ${PROTOCOL}.`);
                return;
            }
            /* Only an empty room has no text where the whole of it was asked for. */
            if (msg.text === undefined && (this.#full || this.#state.epoch === null))
                msg.text = '';
            this.#full = false;
        } else if (msg.type === 'signal') {
            this.emit('signal', { from: msg.from, data: msg.data });
        }
        this.#requests.answer(msg);
        let effects;
        try {
            effects = this.#state.message(msg);
        } catch (err) {
            this.#resync(true, `a malformed message (${msg.type}): ${err.message}`);
            return;
        }
        this.#run(effects);
        if (msg.type === 'welcome' && this.#state.online)
            this.#setStatus('online');
    }

    /* What the server said and what we have do not go together. */
    #resync(full, reason) {
        this.#full ||= full;
        this.emit('resync', { reason, text: this.text });
        this.#link.drop(reason);
    }

    /* Trying again is of no use. */
    #refuse(code, message) {
        this.emit('error', { code, message, fatal: true });
        this.close();
    }

    /* The connection is gone, whoever ended it. */
    #lost(code, reason) {
        const wasOnline = this.#state.online;
        this.#timers.cancel('retry');
        this.#requests.fail('the connection was lost');
        this.#run(this.#state.disconnected());
        if (FINAL_CODES.has(code)) {
            this.#refuse(code, reason || closeText(code));
            return null;
        }
        let why = code;
        if (code === 1008 && /session/i.test(reason)) {
            this.#state.forgetSession();
            why = 0; /* no reason to slow down: the next one asks for a new session */
        } else if (code === 1009) {
            this.#state.messageTooLarge();
        } else if (TELL_CODES.has(code) && reason) {
            this.emit('error', { code, message: reason });
        }
        this.emit('lost', { code, reason });
        this.#setStatus(wasOnline ? 'connecting' : 'offline');
        return why;
    }

    /* ---- effects ------------------------------------------------------- */

    /** @param {import('./state.js').Effect[]} effects */
    #run(effects) {
        /* The socket before the listeners: these may edit, and so come back here. */
        for (const fx of effects) {
            if (fx.kind !== 'send')
                continue;
            this.#link.expectAnswer();
            this.#link.send(fx.message);
        }
        this.#effects.push(...effects.filter((fx) => fx.kind !== 'send'));
        if (this.#running)
            return; /* called by a listener: everybody hears of changes in their order */
        this.#running = true;
        try {
            while (this.#effects.length > 0)
                this.#carryOut(this.#effects.shift());
            this.#noteSaved();
        } finally {
            this.#running = false;
        }
        this.#cursorSoon();
    }

    #carryOut(fx) {
        switch (fx.kind) {
        case 'retry':
            this.#timers.later('retry', fx.ms, () => this.#run(this.#state.retry()));
            break;
        case 'reconnect':
            this.#resync(fx.full, fx.reason);
            break;
        case 'unknown':
            this.emit('unknown', { type: String(fx.type) });
            break;
        case 'users':
            this.emit('users', this.users);
            break;
        case 'meta':
            this.emit('meta', fx.meta);
            break;
        case 'saved':
            break; /* looked at once, when all is done */
        case 'change':
            this.emit('change', fx);
            if (this.users.size > 0)
                this.emit('users', this.users); /* their places have moved */
            break;
        default: { /* not so a change: that would make the whole text of its `before` */
            const { kind, ...detail } = fx;
            this.emit(kind, detail);
        }
        }
    }

    #noteSaved() {
        const { pending, caughtUp } = this.#state;
        const saved = caughtUp && !pending && this.#status !== 'closed';
        if (!pending)
            this.#pendingSince = null;
        else if (this.#pendingSince === null)
            this.#pendingSince = new Date(this.#clock.now());
        if (!this.#taking && !this.#restore.waiting && this.#status !== 'closed')
            this.#keep?.note(this.#state);
        if (saved !== this.#saved || pending) {
            this.#saved = saved;
            this.emit('saved', saved);
        }
    }

    #setStatus(status) {
        if (this.#status === status || this.#status === 'closed')
            return;
        this.#status = status;
        this.emit('status', status);
    }

    #cursorSoon() {
        if (this.#timers.has('cursor') || !this.#state.presence.ownReady)
            return;
        this.#timers.later('cursor', CURSOR_EVERY_MS, () => {
            const message = this.#state.presence.ownMessage();
            if (message)
                this.#link.send(message);
        });
    }
}

function opAt(position, component) {
    if (!Number.isSafeInteger(position) || position < 0)
        throw new OpError(`a position is an integer from 0, found ${position}`);
    return position > 0 ? [position, component] : [component];
}

/* A page that nobody sees may learn of others' edits later. */
const isHidden = () => globalThis.document?.visibilityState === 'hidden';

function closeText(code) {
    switch (code) {
    case 4401: return 'The server asks for valid credentials.';
    case 4403: return 'You may not open this room.';
    default: return 'The server does not speak this version of the protocol.';
    }
}
