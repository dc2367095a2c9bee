/* network.mjs - the network of one author, which can be cut.
 *
 * A client is handed `network.WebSocket` instead of the global one and keeps its own way of coming back.
 * A cut ends its sockets without a good-bye, as a cable does; while the network is down, every new
 * socket fails at once. */

import WebSocket from 'ws';

const NOWHERE = 'ws://127.0.0.1:1/';

export class Network {
    #sockets = new Set();
    #down = false;
    #cutAtSend = null;

    constructor() {
        const network = this;
        this.WebSocket = class extends WebSocket {
            constructor(url, protocols = []) {
                super(network.#down ? NOWHERE : url, protocols, { perMessageDeflate: false });
                network.#sockets.add(this);
                this.on('close', () => network.#sockets.delete(this));
                this.on('error', () => {}); /* a close follows */
            }

            send(data) {
                const cut = network.#cutAtSend;
                network.#cutAtSend = null;
                super.send(data, cut ? () => {
                    network.cut();
                    cut();
                } : undefined);
            }
        };
    }

    cut() {
        for (const socket of this.#sockets)
            socket.terminate();
    }

    /** As soon as the next message has left: it arrives, and its answer does not. */
    cutAtNextSend() {
        return new Promise((resolve) => { this.#cutAtSend = resolve; });
    }

    down() {
        this.#down = true;
        this.cut();
    }

    up() {
        this.#down = false;
    }
}
