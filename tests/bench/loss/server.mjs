/* server.mjs - a server as a child process: started on a port of its own, killed, started again. */

import { spawn } from 'node:child_process';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const START_MS = 30000;
const TERM_MS = 15000;

const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

/** A port of 127.0.0.1 that nobody has now. */
export function freePort() {
    return new Promise((resolve, reject) => {
        const server = net.createServer();
        server.on('error', reject);
        server.listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}

function answers(port) {
    return new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1');
        socket.on('connect', () => { socket.destroy(); resolve(true); });
        socket.on('error', () => resolve(false));
    });
}

export class ServerProcess {
    /** @param {{argv: string[], env?: object, port: number}} how, options of spawn() with it */
    constructor({ argv, env = {}, port, ...options }) {
        this.argv = argv;
        this.said = '';
        this.port = port;
        this.child = spawn(argv[0], argv.slice(1), {
            env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], ...options,
        });
        children.add(this.child);
        const hear = (data) => { this.said = (this.said + data).slice(-4000); };
        this.child.stdout.on('data', hear);
        this.child.stderr.on('data', hear);
        this.ended = new Promise((resolve) => {
            this.child.on('error', (error) => { this.said += error.message; resolve('not started'); });
            this.child.on('close', (code, signal) => resolve(signal ?? code));
        });
        this.ended.then((how) => { this.how = how; children.delete(this.child); });
    }

    /** Waits until the port answers. @returns {Promise<number>} how long that took */
    async started() {
        const since = performance.now();
        while (!await answers(this.port)) {
            if (this.how !== undefined)
                throw new Error(`${this.argv.join(' ')} ended (${this.how}): ${this.said}`);
            if (performance.now() - since > START_MS)
                throw new Error(`${this.argv.join(' ')} does not answer: ${this.said}`);
            await delay(5);
        }
        return performance.now() - since;
    }

    /** Ends it; one that does not end by itself is killed. @returns {Promise<string>} how it ended */
    async end(signal) {
        this.child.kill(signal);
        const late = new AbortController();
        const timer = delay(TERM_MS, 'late', { signal: late.signal }).catch(() => {});
        if (await Promise.race([this.ended, timer]) === 'late') {
            this.child.kill('SIGKILL');
            await this.ended;
            return `killed after ${TERM_MS / 1000} s`;
        }
        late.abort();
        return String(await this.ended);
    }
}
