/* weft, with its own client. */

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { connect } from '../../../../web/client/index.js';
import { BIN } from '../../../e2e/lib.mjs';
import { Pending } from './pending.mjs';

class Client {
    #room;
    #pending = new Pending();

    constructor({ port, room, network }) {
        this.#room = connect(`ws://127.0.0.1:${port}/ws/${room}`, { WebSocket: network.WebSocket });
        this.opened = new Promise((resolve) => {
            this.#room.on('status', (status) => status === 'online' && resolve());
        });
        this.#room.on('saved', () => this.#pending.acked(this.#room.pendingCount));
        this.#room.on('error', ({ message }) => this.onTrouble?.(message));
        this.#room.on('refused', ({ message }) => this.onTrouble?.(message));
    }

    get text() { return this.#room.text; }
    get settled() { return this.#room.saved; }

    insert(at, text) {
        const acked = this.#pending.add();
        this.#room.insert(at, text);
        return acked;
    }

    remove(at) {
        const acked = this.#pending.add();
        this.#room.delete(at, 1);
        return acked;
    }

    close() { this.#room.close(); }
}

const setup = (id, words, args) => ({
    id,
    title: `weft, ${words}`,
    acknowledges: '`saved`: the operation is in the log',
    version: () => execFileSync(BIN, ['--version'], { encoding: 'utf8' }).trim(),
    serve: (folder, port) => ({
        argv: [BIN, 'serve', '--host', '127.0.0.1', '--port', String(port),
            '--data', path.join(folder, 'weft'), '--log-level', 'error', ...args],
        port,
    }),
    Client,
});

export default [setup('weft', 'defaults', [])];
