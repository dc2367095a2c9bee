/**
 * fakes.mjs - a clock that moves when told to, and sockets that lead to a
 * ModelServer or to the test itself.
 */

import { ModelServer } from './model-server.mjs';

export class FakeClock {
    constructor() {
        this.time = 1000000;
        this.timers = new Map();
        this.ids = 0;
        this.now = () => this.time;
        this.random = () => 1;
        this.setTimeout = (fn, ms) => {
            this.timers.set(++this.ids, { at: this.time + ms, fn });
            return this.ids;
        };
        this.clearTimeout = (id) => this.timers.delete(id);
    }

    /** Lets ms pass, running what falls due, in its order. */
    advance(ms) {
        const end = this.time + ms;
        for (;;) {
            let next = null;
            for (const [id, timer] of this.timers) {
                if (timer.at <= end && (next === null || timer.at < this.timers.get(next).at))
                    next = id;
            }
            if (next === null)
                break;
            const { at, fn } = this.timers.get(next);
            this.timers.delete(next);
            this.time = Math.max(this.time, at);
            fn();
        }
        this.time = end;
    }
}

/** A network: `sockets` are all that were opened, newest last. */
export class FakeNet {
    /** @param {ModelServer|null} server null: the test speaks for the server */
    constructor(server = null) {
        this.server = server;
        this.up = true;
        this.sockets = [];
        const net = this;
        this.WebSocket = class {
            constructor(url, protocols) {
                this.url = new URL(url);
                this.protocols = protocols;
                this.sent = [];
                this.bufferedAmount = 0;
                this.closedWith = null;
                this.link = null;
                net.sockets.push(this);
            }

            send(data) {
                this.sent.push(JSON.parse(data));
                this.link?.toServer.push(data);
            }

            close(code) {
                this.closedWith = code ?? 1005;
                if (this.link)
                    net.server.cut(this.link);
            }

            /* from the test */
            hear(msg) {
                this.onmessage({ data: typeof msg === 'string' ? msg : JSON.stringify(msg) });
            }

            end(code = 1006, reason = '') {
                if (this.link)
                    net.server.cut(this.link);
                this.closedWith = code;
                this.onclose?.({ code, reason });
            }
        };
    }

    get last() {
        return this.sockets[this.sockets.length - 1];
    }

    /** Moves everything that is under way, until nothing is. */
    run() {
        for (let busy = true; busy;) {
            busy = false;
            for (const socket of this.sockets) {
                if (!this.up || socket.closedWith !== null)
                    continue;
                if (!socket.link) {
                    const query = Object.fromEntries(socket.url.searchParams);
                    const session = socket.protocols.find((p) => p.startsWith('weft.session.'));
                    socket.link = this.server.join({ ...query,
                                                     session: session?.slice(13) });
                }
                while (socket.link.open && socket.link.toServer.length) {
                    this.server.step(socket.link);
                    busy = true;
                }
                while (socket.closedWith === null && socket.link.toClient.length) {
                    socket.hear(socket.link.toClient.shift());
                    busy = true;
                }
            }
        }
    }
}
