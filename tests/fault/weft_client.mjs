/* weft_client.mjs - the real client library (web/client) as a load sees it.
 *
 * This is the seam where clients of other servers can be put under the same ledger. An adapter:
 *
 *   name
 *   await adapter.open(room, {who, random})   a client that has the room's text
 *   await adapter.serverText(room)            {text, rev} as the server tells it, asked apart from the
 *                                             clients; rev undefined where there is no such thing
 * and a client:
 *
 *   insert(pos, text), remove(pos, n)   promises: fulfilled when the server has acknowledged the edit,
 *                                       rejected with an error whose `refused` is true when it will
 *                                       not have it. Positions are code points. The edit counts in
 *                                       text() at once; cuts and restarts are the client's business
 *   text()                              as its user sees it
 *   rev()                               revision it has, or undefined
 *   onText(fn)                          fn() after each change of text() or rev(), by whomever
 *   cut()                               the cable is pulled; it comes back by itself
 *   close()                             for good
 *   counters                            {connects, found, dups, refused, resets, errors}: found is how
 *                                       many edits were in the log already when the client came back
 *                                       without an answer, dups how many repeats the server knew
 */

import http from 'node:http';
import { connect } from '../../web/client/index.js';
import { load } from '../e2e/lib.mjs';

const WebSocket = (await load('ws'))?.default;

/** False where the node packages of tests/e2e are missing. */
export const available = Boolean(WebSocket);

/** A socket class that tells its client what passes over the wire, and may say things twice. */
function socketFor(client, { socketOptions, doubles }, random) {
    return class extends WebSocket {
        constructor(url, protocols) {
            super(url, protocols, { perMessageDeflate: false, ...socketOptions });
            client.socket = this;
            /* Read only where there may be something to count. */
            this.on('message', (data) => {
                const start = data.toString('latin1', 0, 80);
                if (start.startsWith('{"type":"ack"'))
                    client.answered(JSON.parse(data));
                else if (start.startsWith('{"type":"welcome"'))
                    client.welcomed(JSON.parse(data));
                else if (!start.startsWith('{"type":"closing"'))
                    return;
                this.told = /"type":"(welcome|closing)"/.exec(start)?.[1] ?? this.told;
            });
            this.on('close', (code) => client.closes.push({ code, told: this.told }));
        }

        send(text) {
            const seq = /,"seq":(\d+)\}$/.exec(text)?.[1];
            super.send(text);
            if (seq === undefined)
                return;
            client.sentSeq = Number(seq);
            if (doubles && random(doubles) === 0)
                super.send(text);
        }
    };
}

class WeftClient {
    constructor(adapter, room, { who, random }) {
        this.counters = {
            connects: 0, found: 0, dups: 0, refused: 0, resets: 0, errors: new Map(),
        };
        this.closes = []; /* of its connections: {code, told: the last of 'welcome', 'closing' it had} */
        this.socket = null;
        this.sentSeq = 0; /* on the wire, and answered there */
        this.ackedSeq = 0;
        this.waiting = []; /* {resolve, reject} of the edits not answered, oldest first */
        this.listeners = [];
        this.room = connect(`${adapter.origin()}/ws/${encodeURIComponent(room)}`, {
            name: who,
            WebSocket: socketFor(this, adapter, random),
            clock: {
                now: () => performance.now(),
                random: () => random(1 << 20) / (1 << 20),
                setTimeout: (fn, ms) => setTimeout(fn, Math.min(ms, adapter.delayMaxMs)),
                clearTimeout: (id) => clearTimeout(id),
            },
        });
        /* Edits are answered in the order they were made in; pendingCount is how many are not. */
        this.room.on('saved', () => {
            this.#answer((edit) => edit.resolve());
            this.changed();
        });
        this.room.on('refused', ({ code, message }) => {
            this.counters.refused++;
            this.#answer((edit) => edit.reject(Object.assign(
                new Error(`${who}: refused with ${code}: ${message}`), { refused: true, code })));
        });
        this.room.on('reset', () => { this.counters.resets++; });
        this.room.on('change', () => this.changed());
        this.room.on('status', () => this.changed());
        this.room.on('error', ({ code, fatal, message }) => {
            this.counters.errors.set(code, (this.counters.errors.get(code) ?? 0) + 1);
            if (fatal)
                this.fatal = `${code}: ${message}`;
        });
    }

    #answer(how) {
        const open = this.room.pendingCount;
        while (this.waiting.length > open)
            how(this.waiting.shift());
    }

    answered({ seq, dup }) {
        this.ackedSeq = Math.max(this.ackedSeq, seq ?? 0);
        if (dup)
            this.counters.dups++;
    }

    welcomed({ seq = 0 }) {
        this.counters.connects++;
        if (this.sentSeq > this.ackedSeq && seq >= this.sentSeq)
            this.counters.found++;
    }

    changed() {
        for (const fn of this.listeners)
            fn();
    }

    onText(fn) {
        this.listeners.push(fn);
    }

    #edit(make) {
        return new Promise((resolve, reject) => {
            this.waiting.push({ resolve, reject });
            make();
        });
    }

    insert(pos, text) {
        return this.#edit(() => this.room.insert(pos, text));
    }

    remove(pos, n) {
        return this.#edit(() => this.room.delete(pos, n));
    }

    text() {
        return this.room.text;
    }

    rev() {
        return this.room.rev;
    }

    cut() {
        this.socket?.terminate();
    }

    close() {
        this.room.close();
    }
}

/**
 * @param {object} options
 * @param {() => string} options.origin  http://host:port of the server, asked at each connection's making
 * @param {() => string} [options.httpOrigin]  where to ask for texts, if not there
 * @param {number} [options.delayMaxMs]  the client's own delays (reconnecting, retrying) are cut to
 *     this; Infinity leaves them as users have them
 * @param {number} [options.doubles]  one of so many edits is put on the wire twice; 0: none
 * @param {object} [options.socketOptions]  for ws (localAddress, for one)
 */
export function weftAdapter({ origin, httpOrigin = origin, delayMaxMs = 100, doubles = 0,
                              socketOptions = {} }) {
    const wsOrigin = () => origin().replace(/^http/, 'ws');
    const settings = { origin: wsOrigin, delayMaxMs, doubles, socketOptions };
    return {
        name: 'weft',
        open(room, who) {
            const client = new WeftClient(settings, room, who);
            return new Promise((resolve, reject) => {
                client.onText(() => {
                    if (client.fatal)
                        reject(new Error(`${who.who} cannot join ${room}: ${client.fatal}`));
                    else if (client.room.status === 'online')
                        resolve(client);
                });
            });
        },
        serverText(room) {
            return new Promise((resolve, reject) => {
                const url = `${httpOrigin()}/api/rooms/${encodeURIComponent(room)}/text`;
                http.get(url, { agent: false }, (response) => {
                    const parts = [];
                    response.on('data', (part) => parts.push(part));
                    response.on('error', reject);
                    response.on('end', () => {
                        const text = Buffer.concat(parts).toString('utf8');
                        if (response.statusCode === 404)
                            resolve({ text: '', rev: 0 }); /* nobody has typed */
                        else if (response.statusCode !== 200)
                            reject(new Error(`GET ${url}: ${response.statusCode} ${text}`));
                        else
                            resolve({ text, rev: Number(/-(\d+)"$/.exec(response.headers.etag)[1]) });
                    });
                }).on('error', reject);
            });
        },
    };
}
