/**
 * restore.js - a room after a reload, from what keep.js has kept.
 *
 * The state is put back as it was, so that the next connection resumes with the same session and the
 * same seq. Two things may be in the way. Of a long text only the operations were kept: then a first
 * connection asks for the text at their revision. And the record may be older than what was sent
 * with its session: then what is pending in it may be in the log already, so it is shown and handed
 * over (`reset`, merged: false), and not sent.
 *
 * The owner: state, run(effects), send(message), drop(reason), reload(reason) - drop(), and ask for
 * the whole text - and emit().
 */

import { apply, compose, normalize, transform, LEFT, RIGHT } from './ot.js';

export const VERSION = 1;

/** What has to be kept of a state. @param {import('./state.js').State} state */
export function snapshot(state) {
    const { epoch, rev, session, userId, seq, buffer, bufferCount, metaBuffer, inflight } = state;
    const { op, seq: own, count, meta } = inflight ?? {};
    return { v: VERSION, epoch, rev, session, userId, seq, buffer, bufferCount, metaBuffer,
             inflight: inflight && { op, seq: own, count, meta } };
}

/**
 * Puts a record into a state that has not been online yet. What was typed into it meanwhile is kept,
 * as if it had been typed at the same time elsewhere. Throws, with nothing changed, where the record
 * does not fit its text.
 * @param {import('./state.js').State} state @param {any} kept with its text
 * @returns {import('./state.js').Effect[]}
 */
export function restore(state, kept) {
    const own = kept.inflight;
    const pending = own ? compose(own.op, kept.buffer) : kept.buffer;
    const text = apply(kept.text, pending);
    const typed = state.buffer;
    const fill = normalize([text]);
    const shown = transform(fill, typed, RIGHT);
    const before = state.text;
    state.setTexts(kept.text, apply(before, shown));
    state.buffer = compose(kept.buffer, transform(typed, fill, LEFT));
    state.bufferCount += kept.bufferCount;
    state.inflight = own && { ...own, phase: 'resend', resynced: false };
    if (kept.metaBuffer)
        state.metaBuffer = { ...kept.metaBuffer, ...state.metaBuffer };
    for (const name of ['epoch', 'rev', 'session', 'userId', 'seq'])
        state[name] = kept[name];
    state.presence.moved(shown, false);
    const fx = [{ kind: 'saved' }];
    if (shown.length)
        fx.unshift({ kind: 'change', op: shown, before, local: false, userId: null });
    return fx;
}

/** What a record would put in, for somebody to read. */
export function typedText({ inflight, buffer }) {
    const op = inflight ? compose(inflight.op, buffer) : buffer;
    return op.filter((c) => typeof c === 'string').join('\n');
}

export class Restore {
    #owner;
    #record = null; /* its text has to be asked for */
    #unsure = false; /* restored, and no welcome has told yet how old the record is */

    constructor(owner) {
        this.#owner = owner;
    }

    /** Nothing is to be sent or kept before the text is here. */
    get waiting() { return this.#record !== null; }
    /** Of a connection that only asks for the text. */
    get session() { return this.#record?.session; }

    /** @param {any} record of keep.js */
    begin(record) {
        if (record.text === undefined)
            this.#record = record;
        else
            this.#put(record);
    }

    /** Looks at each message of the server. @returns {boolean} whether to go on with it */
    hear(msg) {
        if (this.#record)
            return this.#hearText(msg);
        return !this.#unsure || msg.type !== 'welcome' || this.#isNewest(msg);
    }

    #put(record) {
        let effects;
        try {
            effects = restore(this.#owner.state, record);
        } catch {
            this.#giveUp(record); /* an operation that does not fit its own text */
            return;
        }
        this.#unsure = record.session !== null;
        this.#owner.run(effects);
    }

    #giveUp(record) {
        this.#record = null;
        const text = typedText(record);
        if (text !== '')
            this.#owner.emit('reset', { text, merged: false });
        this.#owner.run([{ kind: 'saved' }]);
    }

    #hearText(msg) {
        const record = this.#record;
        if (msg.type === 'welcome') {
            const same = msg.epoch === record.epoch && msg.session === record.session;
            if (same)
                this.#owner.send({ type: 'text', rev: record.rev });
            else
                this.#giveUp(record);
            return !same;
        }
        if (msg.type === 'text' && msg.rev === record.rev) {
            this.#record = null;
            this.#put({ ...record, text: msg.text });
            this.#owner.drop('the missing text is here');
        } else if (msg.type === 'error') {
            if (msg.code === 'gone' || msg.code === 'bad_rev')
                this.#giveUp(record);
            this.#owner.drop(msg.message);
        }
        return false;
    }

    #isNewest(msg) {
        const { state } = this.#owner;
        const { session, epoch, seq, inflight, text } = state;
        const known = Math.max(seq, inflight?.seq ?? 0);
        this.#unsure = false;
        if (msg.session !== session || msg.epoch !== epoch || !(msg.seq > known))
            return true;
        if (state.pending)
            this.#owner.emit('reset', { text, merged: false });
        this.#owner.run(state.dropPending());
        this.#owner.reload('what was kept is older than what was sent');
        return false;
    }
}
