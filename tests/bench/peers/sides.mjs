/* sides.mjs - who is measured: how each server is started, what it speaks, what it promises.
 *
 * Peers and their versions are those of tests/bench/loss, one lock file for both. A side that cannot be
 * started says why; run.mjs names it and leaves it out. */

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Postgres } from '../loss/postgres.mjs';
import { ServerProcess, freePort } from '../loss/server.mjs';
import { versionOf } from '../loss/versions.mjs';

const at = (name) => fileURLToPath(new URL(name, import.meta.url));
const installed = createRequire(new URL('../loss/package.json', import.meta.url));
const ENOUGH = '100000';

/** What weft is started with beside its address and folder: nothing that makes an operation cheaper. */
export const WEFT_FLAGS = [
    '--log-level', 'error', '--rate-messages', '0', '--limit-per-address', ENOUGH,
    '--limit-connections', ENOUGH, '--limit-people', '2000',
];

const node = (...args) => [process.execPath, ...args];
const yWebsocket = () => path.join(
    path.dirname(installed.resolve('@y/websocket-server/package.json')), 'src/server.js');
const hocuspocus = (file) => node(at('../loss/servers/hocuspocus.mjs'), file);

/* id; title; protocol of `weft bench`; argv(context); kind: weft, floor or peer; durable: what is
 * acknowledged is on disk; hot: operations a second where the ramp of s3 is begun from. */
export const SIDES = [
    {
        id: 'weft', title: 'weft', kind: 'weft', protocol: 'weft', durable: true, hot: 20000,
        argv: ({ weft, port, folder, more = [] }) => [weft, 'serve', '--host', '127.0.0.1', '--port',
            port, '--data', path.join(folder, 'weft'), ...WEFT_FLAGS, ...more],
        version: ({ weft }) => execFileSync(weft, ['--version'], { encoding: 'utf8' }).trim(),
    },
    {
        id: 'weft-off', title: 'weft, `--sync=off`', kind: 'weft', protocol: 'weft', hot: 20000,
        only: ['s1', 's2', 's3', 's4'],
        argv: (context) => [...SIDES[0].argv(context), '--sync', 'off'],
        version: (context) => SIDES[0].version(context),
    },
    {
        id: 'epoll', title: 'floor: epoll, one send each', kind: 'floor', protocol: 'relay', hot: 1900,
        argv: ({ floor, port }) => [floor, port, 'each'],
        version: () => 'floor.c',
    },
    {
        id: 'epollc', title: 'floor: epoll, coalescing', kind: 'floor', protocol: 'relay', hot: 40000,
        argv: ({ floor, port }) => [floor, port, 'coalesce'],
        version: () => 'floor.c',
    },
    {
        id: 'ws', title: 'ws as a relay', kind: 'peer', protocol: 'relay', hot: 800,
        argv: () => node(at('servers/ws.mjs')),
        version: () => versionOf('ws'),
    },
    {
        id: 'yjs', title: 'y-websocket', kind: 'peer', protocol: 'yjs', hot: 650,
        argv: () => node(yWebsocket()),
        version: () => versionOf('@y/websocket-server', 'yjs', 'ws'),
    },
    {
        id: 'hocuspocus', title: 'Hocuspocus', kind: 'peer', protocol: 'hocuspocus', hot: 5000,
        argv: () => node(at('servers/hocuspocus.mjs')),
        version: () => versionOf('@hocuspocus/server', 'yjs'),
    },
    {
        id: 'hocuspocus-sqlite', title: 'Hocuspocus + SQLite', kind: 'peer', protocol: 'hocuspocus',
        hot: 5000,
        argv: ({ folder }) => hocuspocus(path.join(folder, 'hocuspocus.sqlite')),
        version: () => versionOf('@hocuspocus/server', '@hocuspocus/extension-sqlite',
            'better-sqlite3'),
    },
    {
        id: 'sharedb', title: 'ShareDB, in memory', kind: 'peer', protocol: 'sharedb', hot: 480,
        argv: () => node(at('../loss/servers/sharedb.mjs'), 'memory'),
        version: () => versionOf('sharedb', 'ot-text-unicode', 'ws'),
    },
    {
        id: 'sharedb-postgres', title: 'ShareDB + PostgreSQL', kind: 'peer', protocol: 'sharedb',
        durable: true, hot: 130, database: true,
        argv: () => node(at('../loss/servers/sharedb.mjs'), 'postgres'),
        version: () => `${versionOf('sharedb', 'sharedb-postgres', 'pg')}, ${Postgres.version()}`,
    },
];

/** The database of a side that needs one: one cluster of our own for the whole run. */
export class Databases {
    #folder;
    #postgres = null;

    constructor(folder) { this.#folder = folder; }

    async get() {
        if (this.#postgres === null) {
            const made = new Postgres(this.#folder);
            await made.start();
            made.makeTables();
            this.settings = made.settings();
            this.#postgres = made;
            if (!this.settings.includes('fsync on'))
                throw new Error(`PostgreSQL with ${this.settings}`);
        }
        return this.#postgres;
    }

    async end() {
        await this.#postgres?.end('SIGINT');
        this.#postgres = null;
    }
}

/** Starts a side on a port and a folder of its own.
 * @returns {Promise<{url: string, pids: number[], end: () => Promise<void>}>} */
export async function start(side, context, databases) {
    const port = await freePort();
    const database = side.database ? await databases.get() : null;
    const server = new ServerProcess({
        argv: side.argv({ ...context, port: String(port) }),
        env: { HOST: '127.0.0.1', PORT: String(port), ...database?.env },
        port,
    });
    try {
        await server.started();
    } catch (error) {
        await server.end('SIGKILL');
        throw error;
    }
    return {
        url: `ws://127.0.0.1:${port}`,
        pids: [server.child.pid, ...(database ? [database.process.child.pid] : [])],
        said: () => server.said,
        end: () => server.end('SIGKILL'), /* its data is thrown away */
    };
}
