/* y-websocket, in memory and with LevelDB, with its own provider. Its protocol knows no
 * acknowledgement: here a change counts as acknowledged when another client shows it. */

import path from 'node:path';
import { createRequire } from 'node:module';
import { WebsocketProvider } from 'y-websocket';
import { versionOf } from '../versions.mjs';
import { SharedText } from './yjs.mjs';

process.setMaxListeners(0); /* each provider listens for the end of the process */

const SERVER = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@y/websocket-server/package.json')),
    'src/server.js');

class Client {
    #text = new SharedText();
    #provider;

    constructor({ port, room, network }) {
        this.#provider = new WebsocketProvider(`ws://127.0.0.1:${port}`, room, this.#text.doc, {
            WebSocketPolyfill: network.WebSocket, disableBc: true,
        });
        this.opened = new Promise((resolve) => {
            this.#provider.on('sync', (synced) => synced && resolve());
        });
        this.#text.doc.on('update', () => this.onChange?.());
    }

    get text() { return this.#text.toString(); }
    get settled() { return this.#provider.synced; }

    insert(at, text) { this.#text.insert(at, text); }
    remove(at) { this.#text.remove(at); }

    close() {
        this.#provider.destroy();
    }
}

const setup = (id, words, persistent) => ({
    id,
    title: `y-websocket, ${words}`,
    acknowledges: 'nothing: counted when another client shows it',
    witnessed: true,
    version: () => versionOf('@y/websocket-server', 'y-websocket', 'yjs',
        ...(persistent ? ['y-leveldb'] : [])),
    serve: (folder, port) => ({
        argv: [process.execPath, SERVER],
        env: {
            HOST: '127.0.0.1', PORT: String(port),
            ...(persistent ? { YPERSISTENCE: path.join(folder, 'leveldb') } : {}),
        },
        port,
    }),
    Client,
});

export default [setup('ywebsocket', 'in memory', false), setup('ywebsocket-leveldb', 'LevelDB', true)];
