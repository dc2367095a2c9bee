/* ShareDB, in memory and with PostgreSQL, with its own client over reconnecting-websocket, as its
 * manual has it. Texts are of ot-text-unicode. */

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type } from 'ot-text-unicode';
import { Postgres } from '../postgres.mjs';
import { versionOf } from '../versions.mjs';

const require = createRequire(import.meta.url);
const ReconnectingWebSocket = require('reconnecting-websocket');
const { Connection, logger, types } = require('sharedb/lib/client');

types.register(type);
logger.setMethods({ warn: () => {}, error: () => {} }); /* told through onTrouble */

/* Stands at the end of every text and is not shown: sharedb-postgres gives an empty text back as none. */
const END = '\n';

const SERVER = fileURLToPath(new URL('../servers/sharedb.mjs', import.meta.url));

class Client {
    #socket;
    #doc;

    constructor({ port, room, network, create }) {
        this.#socket = new ReconnectingWebSocket(`ws://127.0.0.1:${port}`, [],
            { WebSocket: network.WebSocket, maxEnqueuedMessages: 0 });
        const connection = new Connection(this.#socket);
        connection.on('error', (error) => this.onTrouble?.(error.message));
        this.#doc = connection.get('texts', room);
        this.#doc.on('error', (error) => this.onTrouble?.(error.message));
        this.opened = new Promise((resolve, reject) => {
            this.#doc.subscribe((error) => {
                if (error)
                    reject(error);
                else if (this.#doc.type || !create)
                    resolve();
                else
                    this.#doc.create(END, type.uri, (e) => (e ? reject(e) : resolve()));
            });
        });
    }

    get text() { return (this.#doc.data ?? END).slice(0, -END.length); }
    get settled() { return this.#doc.subscribed && !this.#doc.hasWritePending(); }

    insert(at, text) { return this.#submit(at > 0 ? [at, text] : [text]); }
    remove(at) { return this.#submit(at > 0 ? [at, { d: 1 }] : [{ d: 1 }]); }

    close() {
        this.#doc.connection.close();
        this.#socket.close();
    }

    #submit(op) {
        return new Promise((resolve, reject) => {
            this.#doc.submitOp(op, (error) => (error ? reject(error) : resolve()));
        });
    }
}

const setup = (id, words, more) => ({
    id,
    title: `ShareDB, ${words}`,
    acknowledges: '`submitOp` calls back',
    version: () => versionOf('sharedb', 'ot-text-unicode'),
    serve: (folder, port, env = {}) => ({
        argv: [process.execPath, SERVER, more.database ? 'postgres' : 'memory'],
        env: { ...env, PORT: String(port) },
        port,
    }),
    Client,
    ...more,
});

export default [
    setup('sharedb', 'in memory', {}),
    setup('sharedb-postgres', 'PostgreSQL', {
        database: Postgres,
        version: () => `${versionOf('sharedb', 'sharedb-postgres', 'pg', 'ot-text-unicode')}, ` +
                       Postgres.version(),
    }),
];
