/**
 * keep.js - what is not saved yet, over a reload.
 *
 * While something is pending, a record of it lies in a storage of the browser: the operation in
 * flight with its seq, what was typed after it, the session, epoch and revision, and, where it fits,
 * the server's text at that revision (else it is asked for again). Restored, the room resumes with
 * the same session and the same seq, so what did arrive is not applied twice.
 *
 *     weft <address> <id>         {v, epoch, rev, session, userId, seq, inflight, buffer, ...}
 *     weft <address> <id> text    <epoch> <rev> LF <text>
 *
 * One session must never be used by two pages: their sequence numbers would collide, and one of two
 * operations would be taken for a repeat. A duplicated tab has a copy of the session storage, and
 * local storage is everybody's. So whoever writes a record holds a lock of its id for as long as the
 * page lives, and a record is only taken where its lock is free: a Web Lock, or, where a page is not
 * served securely, an answer on a BroadcastChannel.
 *
 * A record may still be older than what was sent (a crash; a copy that was left behind). Then the
 * server knows a higher seq than the record: restore.js sees to that.
 *
 * Cost: nothing while everything is saved within KEEP_MS. Then a record every KEEP_MS (or 50 times
 * what writing one takes), the text only while offline and once for a revision. Where there is no
 * room, less is kept, and write() says what.
 */

import { check, normalize } from './ot.js';
import { snapshot, VERSION } from './restore.js';
import { Timers } from './timers.js';

const KEEP_MS = 500;
const SHARE = 50; /* writing takes at most a fiftieth of the time */
const TEXT_MAX = 2 * 1024 * 1024; /* units; browsers give a site about 5 million, for all of it */
const WAIT_MS = 400; /* a page that is being reloaded may not have let go yet */
const ASK_MS = 250; /* for a page to say that a record is its own */

/** Keys in use by rooms of this page. */
const inUse = new WeakMap();

export class Keep {
    #storage = null;
    #prefix;
    #key = '';
    #clock;
    #timers;
    #locks;
    #release = null; /* lets go of the lock of #key */
    #textOf = ''; /* epoch and revision of the text that lies there */
    #written = false;
    /** Whether a record is there still when the page was closed, and not only loaded again. */
    lasting = true;

    /**
     * @param {'session' | 'local' | Storage} storage @param {string} address of the room
     * @param {import('./timers.js').Clock} clock
     * @param {{request: Function}} [locks] as navigator.locks
     */
    constructor(storage, address, clock, locks = globalThis.navigator?.locks) {
        this.#clock = clock;
        this.#timers = new Timers(clock);
        this.#locks = locks;
        this.#prefix = `weft ${address} `;
        try {
            if (storage === 'local' && !locks)
                this.lasting = false; /* everybody's, and no certain way to say whose */
            this.#storage = typeof storage !== 'string' ? storage
                : storage === 'local' && locks ? globalThis.localStorage : globalThis.sessionStorage;
        } catch {
            /* forbidden: nothing is kept, and write() says so */
        }
    }

    /**
     * A record that nobody uses, with its text where that was kept; null: there is none.
     * @returns {any | Promise<any>} null at once where there is nothing to ask about
     */
    take() {
        const keys = this.#records();
        if (keys.length > 0)
            return this.#take(keys);
        this.#fresh();
        return null;
    }

    async #take(keys) {
        for (const key of keys) {
            const record = this.#read(key);
            const release = record && await this.#lock(key);
            if (!release)
                continue;
            this.#hold(key, release);
            this.#written = true;
            return this.#read(key) ?? record; /* what its last owner wrote while we waited */
        }
        this.#fresh();
        return null;
    }

    /** Something has changed: a record is written soon, or dropped when there is no need of it. */
    note(state) {
        if (!state.pending)
            this.clear();
        else if (!this.#timers.has('keep'))
            this.#soon(state, KEEP_MS);
    }

    /**
     * Writes the record now.
     * @param {import('./state.js').State} state
     * @param {boolean} [whole] with the text
     * @returns {boolean} whether all that is pending is kept
     */
    write(state, whole = true) {
        if (!state.pending) {
            this.clear();
            return true;
        }
        const record = JSON.stringify(snapshot(state));
        try {
            this.#storage.setItem(this.#key, record);
        } catch {
            this.#remove(`${this.#key} text`); /* what was typed goes first */
            this.#textOf = '';
            try {
                this.#storage.setItem(this.#key, record);
            } catch {
                this.#remove(this.#key);
                return false;
            }
        }
        this.#written = true;
        if (whole)
            this.#writeText(state);
        return true;
    }

    /** Nothing is pending. */
    clear() {
        this.#timers.cancel('keep');
        if (!this.#written)
            return;
        this.#remove(this.#key);
        this.#remove(`${this.#key} text`);
        this.#textOf = '';
        this.#written = false;
    }

    /** Lets go of the record, which stays for whoever comes next. */
    done() {
        this.#timers.cancelAll();
        inUse.get(this.#storage)?.delete(this.#key);
        this.#release?.();
        this.#release = null;
    }

    /* ---- inside --------------------------------------------------------- */

    #soon(state, ms) {
        this.#timers.later('keep', ms, () => {
            if (!state.pending)
                return;
            const from = this.#clock.now();
            this.write(state, !state.online);
            this.#soon(state, Math.max(KEEP_MS, SHARE * (this.#clock.now() - from)));
        });
    }

    #writeText({ epoch, rev, serverDoc }) {
        const of = `${epoch} ${rev}`;
        if (of === this.#textOf)
            return;
        this.#textOf = '';
        this.#remove(`${this.#key} text`); /* of another revision */
        if (serverDoc.units > TEXT_MAX)
            return;
        try {
            this.#storage.setItem(`${this.#key} text`, `${of}\n${serverDoc}`);
            this.#textOf = of;
        } catch {
            /* no room for it */
        }
    }

    #remove(key) {
        try {
            this.#storage.removeItem(key);
        } catch {
            /* forbidden */
        }
    }

    /* Keys of records of this room that no room of this page has. */
    #records() {
        const found = [];
        try {
            for (let i = 0; i < this.#storage.length; i++) {
                const key = this.#storage.key(i);
                if (key.startsWith(this.#prefix) && !key.endsWith(' text') &&
                    !inUse.get(this.#storage)?.has(key))
                    found.push(key);
            }
        } catch {
            /* forbidden */
        }
        return found.sort();
    }

    /* Null, and gone, where it is not one of ours. */
    #read(key) {
        try {
            const record = JSON.parse(this.#storage.getItem(key));
            const { v, epoch, rev, inflight } = record;
            if (v !== VERSION)
                return null; /* of another version of this file, which may come again */
            record.buffer = normalize(check(record.buffer));
            if (inflight)
                inflight.op = normalize(check(inflight.op));
            if (epoch === null)
                return { ...record, text: '' };
            const text = this.#storage.getItem(`${key} text`) ?? '';
            const end = text.indexOf('\n');
            if (end < 0 || text.slice(0, end) !== `${epoch} ${rev}`)
                return record;
            record.text = text.slice(end + 1);
            this.#textOf = text.slice(0, end);
            return record;
        } catch {
            this.#remove(key);
            this.#remove(`${key} text`);
            return null;
        }
    }

    #fresh() {
        const key = `${this.#prefix}${this.#clock.now().toString(36)}-${String(Math.random()).slice(2)}`;
        this.#hold(key, null);
        this.#lock(key, true).then((release) => {
            if (this.#key === key && inUse.get(this.#storage)?.has(key))
                this.#release = release;
            else
                release?.();
        });
    }

    #hold(key, release) {
        this.#key = key;
        this.#release = release;
        if (this.#storage && !inUse.has(this.#storage))
            inUse.set(this.#storage, new Set());
        inUse.get(this.#storage)?.add(key);
    }

    /* A function that lets go of it again, or null: another page has it. */
    #lock(key, fresh = false) {
        if (this.#locks)
            return this.#webLock(key);
        return globalThis.BroadcastChannel ? this.#channelLock(key, fresh) : Promise.resolve(() => {});
    }

    #webLock(key) {
        const asking = new AbortController();
        const timer = this.#clock.setTimeout(() => asking.abort(), WAIT_MS);
        return new Promise((resolve) => {
            const held = () => new Promise((release) => {
                this.#clock.clearTimeout(timer);
                resolve(release);
            });
            this.#locks.request(key, { signal: asking.signal }, held).catch(() => resolve(null));
        });
    }

    /* Of two who ask at once, the one with the lower number has it. */
    #channelLock(key, fresh) {
        const channel = new BroadcastChannel(key);
        channel.unref?.(); /* Node: no reason to stay */
        const number = Math.random();
        let held = fresh;
        return new Promise((resolve) => {
            const lose = () => {
                this.#clock.clearTimeout(timer);
                channel.close();
                resolve(null);
            };
            const win = () => {
                held = true;
                resolve(() => channel.close());
            };
            const timer = this.#clock.setTimeout(win, fresh ? 0 : ASK_MS);
            channel.onmessage = ({ data }) => {
                if (data?.asks === undefined)
                    held || lose();
                else if (held || number < data.asks)
                    channel.postMessage({ mine: true });
                else
                    lose();
            };
            if (!fresh)
                channel.postMessage({ asks: number });
        });
    }
}
