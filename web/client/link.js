/**
 * link.js - keeps a WebSocket to the server open.
 *
 * Opens it, watches it, and opens it anew with growing, jittered delays. It
 * knows JSON and the clock, and of the protocol only what holds for every
 * message: the first one is a welcome, a closing says when to come back, as does
 * an error that comes instead of a welcome, and a ping has an answer. What the
 * messages mean is its owner's business.
 *
 * A browser tells late, or never, that a network is gone, and cannot send a
 * WebSocket ping. So silence is not trusted: no welcome, an answer that is due
 * and does not come, or no pong, and the socket is given up. Applied twice is
 * nothing for it: the protocol's sequence numbers see to that.
 *
 * How soon: what TCP could not deliver it tries again after ever longer times,
 * so after an outage of L a connection may stay silent for another L. It is
 * given up when nothing has come through for G = 8 s (silence, the look after
 * it, the pong), which leaves at most G / 2 to wait for after the outage, and
 * a new attempt is made every 4 s. So everybody is back within 5 s.
 *
 * A slow line is not a dead one: what is still going out is given its time, and
 * a welcome and what was missed may take twice as long after each time that
 * they did not come.
 *
 * The owner:
 *   address()            URL to open, asked for each time
 *   protocols()          subprotocols, or a promise of them
 *   message(msg)         a message, parsed
 *   waiting()            true while an answer is due
 *   catchingUp()         true while what was missed has not all come
 *   watchful()           true while somebody is looking, and others may write
 *   lost(code, reason)   the connection is gone (code 0: given up here); returns
 *                        the code to choose the delay by, or null to stay away
 */

import { jsonBytes } from './text.js';
import { Timers } from './timers.js';

/* Milliseconds. */
const BACKOFF_FIRST = 100;
const BACKOFF_MAX = 4000;
const STEADY = 5000; /* online for this long: the next failure is the first again */
const CONNECT_MAX = 7000;
const CATCH_UP_MAX = 8000; /* from one message to the next until all that was missed is here */
const ANSWER_MAX = 20000; /* the server lives, but says nothing to what it was sent */
const ASK_AFTER = 4000; /* an answer is due, or nothing is heard while watchful: a ping */
const SILENCE_MAX = 25000; /* the same while nobody would notice */
const PONG_MAX = 3000;
const WAKE_STALE = 1000; /* an attempt that began before the network came back, likely */
const WATCH_EVERY = 500;

const SLOW_BYTES_PER_MS = 8; /* a line of 64 kbit/s, the slowest that is not taken for a dead one */
const PATIENCE_MAX = 64;

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
    #retryMs = 0; /* named by the server */
    #openedAt = 0; /* when the attempt began */
    #connected = false; /* the socket is open */
    #welcomedAt = 0;
    #aliveAt = 0; /* heard something, or saw something leave */
    #waitingSince = 0; /* the last sign that an answer may still come */
    #answeredAt = 0; /* what we send gets through, or did then */
    #sentBytes = 0; /* since the last answer */
    #queuedBytes = 0; /* bufferedAmount at the last look */
    #pingBy = 0; /* a pong is due by then; 0: none is */
    #patience = 1; /* times CATCH_UP_MAX */

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
        this.#welcomed = this.#connected = false;
        this.#openedAt = this.#clock.now();
        this.#sentBytes = this.#queuedBytes = 0;
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
            const data = JSON.stringify(message);
            this.#ws.send(data);
            this.#sentBytes += jsonBytes(data);
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
        if (this.#ws !== null && !this.#connected &&
            this.#clock.now() - this.#openedAt > WAKE_STALE)
            this.drop('the network has come back');
        if (this.#ws === null)
            this.open();
        else if (this.#welcomed && !this.#owner.catchingUp())
            this.#ping();
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
        ws.onopen = () => this.#ws === ws && this.#opened();
        ws.onmessage = ({ data }) => this.#ws === ws && this.#hear(data);
        ws.onclose = ({ code, reason }) => this.#ws === ws && this.#lost(code, reason);
        ws.onerror = () => {}; /* a close event follows, and says more */
    }

    #opened() {
        this.#connected = true;
        this.#aliveAt = this.#clock.now();
    }

    #hear(data) {
        this.#connected = true;
        this.#aliveAt = this.#clock.now();
        let msg = null;
        try {
            msg = JSON.parse(data);
        } catch {
            /* the owner is told of what is no message */
        }
        switch (msg?.type) {
        case 'welcome':
            this.#welcomed = true;
            this.#welcomedAt = this.#waitingSince = this.#answeredAt = this.#aliveAt;
            break;
        case 'error':
            if (this.#welcomed)
                break;
            /* instead of a welcome; falls through: it is closed, too */
        case 'closing':
            this.#retryMs = msg.retry_ms ?? 0;
            break;
        case 'pong':
            this.#pingBy = 0;
            this.#sentBytes = 0;
            this.#answeredAt = this.#aliveAt;
            break;
        case 'ack':
            this.#sentBytes = 0;
            this.#answeredAt = this.#aliveAt;
            break;
        default:
        }
        this.#owner.message(msg);
        if (this.#welcomed && !this.#owner.catchingUp())
            this.#patience = 1;
    }

    #lost(code, reason) {
        const ws = this.#ws;
        ws.onclose = ws.onmessage = ws.onopen = null;
        this.#ws = null;
        /* An attempt that took its time has waited already. */
        const waited = this.#welcomed ? 0 : this.#clock.now() - this.#openedAt;
        if (this.#welcomed && this.#clock.now() - this.#welcomedAt >= STEADY)
            this.#failures = 0;
        this.#welcomed = this.#connected = false;
        this.#pingBy = 0;
        this.#timers.cancel('watch');
        const why = this.#owner.lost(code, reason ?? '');
        if (why !== null && this.#ws === null)
            this.#timers.later('open', this.#delay(why, waited), () => this.open());
    }

    #delay(code, waited) {
        if (this.#retryMs > 0) {
            const ms = this.#retryMs;
            this.#retryMs = 0;
            return ms;
        }
        if (SLOW_DOWN_CODES.has(code))
            this.#failures = Math.max(this.#failures, SLOW_DOWN_FAILURES);
        const ms = Math.min(BACKOFF_MAX, BACKOFF_FIRST * 2 ** this.#failures);
        this.#failures = Math.min(this.#failures + 1, 16);
        const jitter = 0.5 + this.#clock.random() / 2;
        return Math.round(Math.max(BACKOFF_FIRST, ms - waited) * jitter);
    }

    #watch() {
        this.#timers.later('watch', WATCH_EVERY, () => this.#watch());
        const now = this.#clock.now();
        if (!this.#connected) {
            if (now - this.#openedAt > CONNECT_MAX)
                this.drop('no connection');
            return;
        }
        const queued = this.#ws.bufferedAmount ?? 0;
        if (queued > 0 && queued < this.#queuedBytes) { /* a large message leaves, slowly */
            this.#aliveAt = this.#waitingSince = now;
            if (this.#pingBy)
                this.#pingBy = now + this.#pongMax();
        }
        this.#queuedBytes = queued;
        if (!this.#welcomed || this.#owner.catchingUp())
            this.#watchCatchUp(now);
        else
            this.#watchLive(now);
    }

    #watchCatchUp(now) {
        if (now - this.#aliveAt <= CATCH_UP_MAX * this.#patience)
            return;
        this.#patience = Math.min(2 * this.#patience, PATIENCE_MAX);
        this.drop(this.#welcomed ? 'what was missed does not come' : 'no welcome');
    }

    #watchLive(now) {
        const waiting = this.#owner.waiting();
        const slack = this.#slack();
        if ((waiting && now - this.#waitingSince > ANSWER_MAX + slack) ||
            (this.#pingBy && now > this.#pingBy)) {
            this.drop('no answer');
            return;
        }
        /* That others are heard does not say that we are. */
        const since = waiting ? Math.max(this.#waitingSince, this.#answeredAt) : this.#aliveAt;
        const patience = waiting || this.#owner.watchful() ? ASK_AFTER : SILENCE_MAX;
        if (now - since >= patience && !this.#pingBy)
            this.#ping();
    }

    #ping() {
        this.send({ type: 'ping' });
        this.#pingBy = this.#clock.now() + this.#pongMax();
    }

    /* The time that what was sent may still be on its way: the kernel has taken it, or the socket
     * shows no progress within one message, as in Node. */
    #slack() {
        return this.#sentBytes / SLOW_BYTES_PER_MS;
    }

    #pongMax() {
        return PONG_MAX + this.#slack();
    }
}
