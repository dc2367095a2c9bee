/* postgres.mjs - a PostgreSQL of our own in a folder of our own, with the settings it comes with.
 *
 * Debian's programs, no service of the machine's. PostgreSQL refuses to run as root; then it runs as
 * the user `postgres` that the package makes. */

import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ServerProcess } from './server.mjs';

const VERSIONS = '/usr/lib/postgresql';
const SCHEMA = fileURLToPath(new URL('./node_modules/sharedb-postgres/structure.sql', import.meta.url));
const START_MS = 30000;

function program(name) {
    const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
    const found = versions.sort((a, b) => b - a)
        .map((version) => path.join(VERSIONS, version, 'bin', name)).find(existsSync);
    if (!found)
        throw new Error('PostgreSQL is not installed');
    return found;
}

function notRoot() {
    if (process.getuid() !== 0)
        return {};
    const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
    return { uid: id('-u'), gid: id('-g') };
}

export class Postgres {
    static version() {
        return execFileSync(program('postgres'), ['--version'], { encoding: 'utf8' })
            .replace(/\(.*?\)/g, '').replace(/\s+/g, ' ').trim();
    }

    /** A new, empty one. */
    constructor(folder) {
        this.as = notRoot();
        this.folder = path.join(folder, 'postgres');
        this.data = path.join(this.folder, 'data');
        this.env = { PGHOST: this.folder, PGUSER: 'postgres', PGDATABASE: 'postgres' };
        mkdirSync(this.folder, { recursive: true });
        if (this.as.uid !== undefined)
            chownSync(this.folder, this.as.uid, this.as.gid);
        execFileSync(program('initdb'),
            ['-D', this.data, '-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--locale=C'],
            { ...this.as, stdio: 'ignore', cwd: '/' });
    }

    async start() {
        const since = performance.now();
        for (;;) {
            this.process = new ServerProcess({
                argv: [program('postgres'), '-D', this.data, '-k', this.folder,
                    '-c', 'listen_addresses='],
                ...this.as, cwd: '/',
            });
            while (this.process.how === undefined) {
                if (this.#query('SELECT 1') !== null)
                    return;
                await delay(20);
            }
            /* After a kill -9 its children need a moment to notice. */
            if (performance.now() - since > START_MS)
                throw new Error(`PostgreSQL does not start: ${this.process.said}`);
            await delay(100);
        }
    }

    makeTables() {
        execFileSync('psql', ['-q', '-v', 'ON_ERROR_STOP=1', '-f', SCHEMA],
            { env: { ...process.env, ...this.env }, stdio: ['ignore', 'ignore', 'ignore'] });
    }

    /** The settings that decide what a commit is worth. */
    settings() {
        return ['fsync', 'synchronous_commit'].map((name) =>
            `${name} ${this.#query(`SHOW ${name}`)}`).join(', ');
    }

    async end(signal) {
        await this.process.end(signal);
    }

    #query(sql) {
        try {
            return execFileSync('psql', ['-XAtc', sql],
                { env: { ...process.env, ...this.env }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
        } catch {
            return null;
        }
    }
}
