/**
 * link.js - keeps a WebSocket to the server open.
 *
 * Opens it, watches it, and opens it anew with growing, jittered delays. It
 * knows JSON and the clock, and of the protocol only what holds for every
 * message: the first one is a welcome, a closing says when to come back, a ping
 * has an answer. What the messages mean is its owner's business.
 *
 * A browser tells late, or never, that a network is gone, and cannot send a
 * WebSocket ping. So silence is not trusted: no welcome, an answer that is due
 * and does not come, or no pong, and the socket is given up. Applied twice is
 * nothing for it: the protocol's sequence numbers see to that.
 *
 * The owner:
 *   address()            URL to open, asked for each time
 *   protocols()          subprotocols, or a promise of them
 *   message(msg)         a message, parsed
 *   waiting()            true while an answer is due
 *   lost(code, reason)   the connection is gone (code 0: given up here); returns
 *                        the code to choose the delay by, or null to stay away
 */

import { Timers } from './timers.js';

/* Milliseconds. */
const BACKOFF_FIRST = 100;
const BACKOFF_MAX = 5000;
const STEADY = 5000; /* online for this long: the next failure is the first again */
const WELCOME_MAX = 15000;
const ANSWER_MAX = 10000;
const SILENCE_MAX = 25000; /* then a ping */
const WAKE_ANSWER_MAX = 3000;
const WATCH_EVERY = 1000;

const OPEN = 1; /* WebSocket.OPEN; closing and closed are above it */

/** Policy, full, too many messages: coming back at once would not help. */
const SLOW_DOWN_CODES = new Set([1008, 1013, 4429]);
const SLOW_DOWN_FAILURES = 4;

export class Link {
    #owner;
    #Socket;
    #clock;
    #timers;
    #ws = null;
    #welcomed = false;
    #failures = 0;
    #retryMs = 0; /* named by the server in a closing message */
    #openedAt = 0;
    #welcomedAt = 0;
    #heardAt = 0;
    #waitingSince = 0; /* the last sign that an answer may still come */
    #queuedBytes = 0; /* bufferedAmount at the last look */
    #pingBy = 0; /* an answer is due by then; 0: none is */

    /** @param {any} owner @param {any} Socket a WebSocket constructor
     *  @param {import('./timers.js').Clock} clock */
    constructor(owner, Socket, clock) {
        this.#owner = owner;
        this.#Socket = Socket;
        this.#clock = clock;
        this.#timers = new Timers(clock);
    }

    /** Opens a socket. Throws where the address or a protocol can never work. */
    open() {
        this.#timers.cancel('open');
        const opening = { onclose: null, close() {} }; /* stands for the socket meanwhile */
        this.#ws = opening;
        this.#welcomed = false;
        this.#openedAt = this.#clock.now();
        this.#timers.later('watch', WATCH_EVERY, () => this.#watch());
        const protocols = this.#owner.protocols();
        if (Array.isArray(protocols)) {
            this.#connect(protocols);
            return;
        }
        protocols.then((list) => this.#ws === opening && this.#connect(list))
            .catch((err) => this.#ws === opening && this.#lost(0, err.message));
    }

    /** @returns {boolean} whether there was a connection to put it on */
    send(message) {
        if (!this.#welcomed || this.#ws === null)
            return false;
        if (this.#ws.readyState > OPEN)
            return false; /* a browser would drop it, and complain */
        try {
            this.#ws.send(JSON.stringify(message));
            return true;
        } catch {
            return false; /* closing: its close event follows */
        }
    }

    /** An answer is due from now on. */
    expectAnswer() {
        this.#waitingSince = this.#clock.now();
    }

    /** Gives up a connection that is of no use any more; a new one follows. */
    drop(reason) {
        if (this.#ws === null)
            return;
        const ws = this.#ws;
        ws.onclose = null; /* a stalled network may take minutes to report it */
        ws.close();
        this.#lost(0, reason);
    }

    /** The network or the page has come back: look at once instead of waiting. */
    wake() {
        this.#failures = 0;
        if (this.#ws === null)
            this.open();
        else if (this.#welcomed)
            this.#ping(WAKE_ANSWER_MAX);
    }

    /** Closes for good. */
    close() {
        this.#timers.cancelAll();
        const ws = this.#ws;
        this.#ws = null;
        if (ws) {
            ws.onclose = ws.onmessage = null;
            ws.close(1000);
        }
    }

    #connect(protocols) {
        const ws = new this.#Socket(this.#owner.address(), protocols);
        this.#ws = ws;
        ws.onmessage = ({ data }) => this.#ws === ws && this.#hear(data);
        ws.onclose = ({ code, reason }) => this.#ws === ws && this.#lost(code, reason);
        ws.onerror = () => {}; /* a close event follows, and says more */
    }

    #hear(data) {
        this.#heardAt = this.#clock.now();
        this.#pingBy = 0;
        let msg = null;
        try {
            msg = JSON.parse(data);
        } catch {
            /* the owner is told of what is no message */
        }
        if (msg?.type === 'welcome') {
            this.#welcomed = true;
            this.#welcomedAt = this.#waitingSince = this.#heardAt;
        } else if (msg?.type === 'closing') {
            this.#retryMs = msg.retry_ms ?? 0;
        }
        this.#owner.message(msg);
    }

    #lost(code, reason) {
        const ws = this.#ws;
        ws.onclose = ws.onmessage = null;
        this.#ws = null;
        if (this.#welcomed && this.#clock.now() - this.#welcomedAt >= STEADY)
            this.#failures = 0;
        this.#welcomed = false;
        this.#pingBy = 0;
        this.#timers.cancel('watch');
        const why = this.#owner.lost(code, reason ?? '');
        if (why !== null && this.#ws === null)
            this.#timers.later('open', this.#delay(why), () => this.open());
    }

    #delay(code) {
        if (this.#retryMs > 0) {
            const ms = this.#retryMs;
            this.#retryMs = 0;
            return ms;
        }
        if (SLOW_DOWN_CODES.has(code))
            this.#failures = Math.max(this.#failures, SLOW_DOWN_FAILURES);
        const ms = Math.min(BACKOFF_MAX, BACKOFF_FIRST * 2 ** this.#failures);
        this.#failures = Math.min(this.#failures + 1, 16);
        return Math.round(ms * (0.5 + this.#clock.random() / 2));
    }

    #watch() {
        this.#timers.later('watch', WATCH_EVERY, () => this.#watch());
        const now = this.#clock.now();
        if (!this.#welcomed) {
            if (now - this.#openedAt > WELCOME_MAX)
                this.drop('no welcome');
            return;
        }
        const queued = this.#ws.bufferedAmount ?? 0;
        if (queued > 0 && queued < this.#queuedBytes)
            this.#waitingSince = now; /* a large message is on its way, slowly */
        this.#queuedBytes = queued;
        const overdue = this.#owner.waiting() && now - this.#waitingSince > ANSWER_MAX;
        if (overdue || (this.#pingBy && now > this.#pingBy))
            this.drop('no answer');
        else if (now - this.#heardAt > SILENCE_MAX && !this.#pingBy)
            this.#ping(ANSWER_MAX);
    }

    #ping(answerMs) {
        this.#pingBy = this.#clock.now() + answerMs;
        this.send({ type: 'ping' });
    }
}
