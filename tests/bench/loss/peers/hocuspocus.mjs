/* Hocuspocus with its SQLite extension, and its own provider. */

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import { versionOf } from '../versions.mjs';
import { Pending } from './pending.mjs';
import { SharedText } from './yjs.mjs';

const SERVER = fileURLToPath(new URL('../servers/hocuspocus.mjs', import.meta.url));

class Client {
    #text = new SharedText();
    #socket;
    #provider;
    #pending = new Pending();

    constructor({ port, room, network }) {
        this.#socket = new HocuspocusProviderWebsocket({
            url: `ws://127.0.0.1:${port}`, WebSocketPolyfill: network.WebSocket,
        });
        this.opened = new Promise((resolve) => {
            this.#provider = new HocuspocusProvider({
                websocketProvider: this.#socket,
                name: room,
                document: this.#text.doc,
                onSynced: resolve,
                onUnsyncedChanges: ({ number }) => number === 0 && this.#pending.acked(),
            });
        });
        this.#provider.attach();
    }

    get text() { return this.#text.toString(); }
    get settled() { return this.#provider.synced && !this.#provider.hasUnsyncedChanges; }

    insert(at, text) {
        const acked = this.#pending.add();
        this.#text.insert(at, text);
        return acked;
    }

    remove(at) {
        const acked = this.#pending.add();
        this.#text.remove(at);
        return acked;
    }

    close() {
        this.#provider.destroy();
        this.#socket.destroy();
    }
}

const setup = (id, words, args) => ({
    id,
    title: `Hocuspocus + SQLite, ${words}`,
    acknowledges: '`unsyncedChanges` is 0',
    version: () => versionOf('@hocuspocus/server', '@hocuspocus/extension-sqlite',
        '@hocuspocus/provider', 'better-sqlite3', 'yjs'),
    serve: (folder, port) => ({
        argv: [process.execPath, SERVER, path.join(folder, 'hocuspocus.sqlite'), ...args],
        env: { PORT: String(port) },
        port,
    }),
    Client,
});

export default [setup('hocuspocus', 'defaults', []), setup('hocuspocus-0', '`debounce: 0`', ['0'])];
