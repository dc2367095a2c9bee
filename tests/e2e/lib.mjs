/* lib.mjs - what the end-to-end tests share: a real server, real sockets, and waiting.
 *
 * Nothing here sleeps. Everything waits for an event, and every wait has a deadline (DEADLINE_MS,
 * WEFT_DEADLINE_MS in the environment) that fails with the transcript of the connection or the
 * output of the server. A deadline is no assertion about speed: it only ends a test that hangs.
 *
 *   const server = await serve(t, ['--limit-people', '2']);    // stopped, and checked, after t
 *   const ada = await server.join('notes', { query: { name: 'Ada' } });
 *   ada.send({ type: 'insert', text: 'hi', seq: 1 });
 *   const ack = await ada.expect({ type: 'ack', seq: 1 });
 */

import assert from 'node:assert/strict';
import nodeTest from 'node:test';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));

export const ROOT = path.resolve(here, '../..');
export const BIN = path.resolve(process.env.WEFT_BIN ?? path.join(ROOT, 'build/weft'));
export const DEADLINE_MS = Number(process.env.WEFT_DEADLINE_MS ?? 30000);
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

assert.ok(existsSync(BIN), `no server at ${BIN}: build it, or set WEFT_BIN`);

/** A package of tests/e2e, or null where `npm ci` has not been there. */
export const load = (name) => import(name).catch(() => null);

const WebSocket = (await load('ws'))?.default;

/** node's test(); skipped, and says so, where the packages are missing. */
export function test(name, options, fn) {
    if (typeof options === 'function')
        [options, fn] = [{}, options];
    if (!WebSocket && !options.skip)
        options = { ...options, skip: 'no ws package: run `npm ci` in tests/e2e' };
    return nodeTest(name, options, fn);
}

/* ---- folders and processes ---- */

let tmp = process.env.WEFT_TMP;
if (!tmp) {
    tmp = mkdtempSync(path.join(os.tmpdir(), 'weft-e2e.'));
    process.on('exit', () => rmSync(tmp, { recursive: true, force: true }));
}
export const TMP = tmp;

/** A new, empty folder. */
export const newFolder = () => mkdtempSync(path.join(TMP, 'data.'));

const children = new Set();
process.on('exit', () => {
    for (const child of children)
        child.kill('SIGKILL');
});

/** fn's promise, or an error with `what` and the lines of `more()` after the deadline. */
export async function within(what, promise, more = () => '', ms = DEADLINE_MS) {
    let timer;
    const deadline = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(
            `waited ${ms} ms for ${what}\n${more()}`)), ms);
    });
    try {
        return await Promise.race([promise, deadline]);
    } finally {
        clearTimeout(timer);
    }
}

/** A program run to its end: {code, signal, stdout, stderr}. */
export async function run(args, { env = {}, bin = BIN } = {}) {
    const child = spawn(bin, args, {
        env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    child.stdout.setEncoding('utf8'); /* a character may lie in two pieces */
    child.stderr.setEncoding('utf8');
    const out = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8'); /* a character may come in two parts */
    child.stderr.setEncoding('utf8');
    child.stdout.on('data', (data) => { out.stdout += data; });
    child.stderr.on('data', (data) => { out.stderr += data; });
    const [code, signal] = await within(`\`${path.basename(bin)} ${args.join(' ')}\` to end`,
        new Promise((resolve, reject) => {
            child.on('close', (...how) => resolve(how));
            child.on('error', reject);
        }), () => out.stdout + out.stderr).finally(() => child.kill('SIGKILL')); /* if it has not */
    children.delete(child);
    return { code, signal, ...out };
}

/* ---- the server ---- */

export class Server {
    constructor(args, { data, port = 0, env = {} }) {
        this.args = args;
        this.data = data;
        this.stdout = '';
        this.stderr = '';
        this.ended = null; /* {code, signal} */
        this.watchers = new Set();
        const all = ['serve', '--port', String(port), '--data', data, ...args];
        this.child = spawn(BIN, all, {
            env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'],
        });
        children.add(this.child);
        this.child.stdout.setEncoding('utf8');
        this.child.stderr.setEncoding('utf8');
        this.child.stdout.on('data', (text) => this.heard('stdout', text));
        this.child.stderr.on('data', (text) => this.heard('stderr', text));
        this.end = new Promise((resolve) => {
            this.child.on('close', (code, signal) => {
                children.delete(this.child);
                this.ended = { code, signal };
                this.heard('stdout', '');
                resolve(this.ended);
            });
        });
    }

    heard(stream, text) {
        this[stream] += text;
        for (const watcher of this.watchers)
            watcher();
    }

    said() {
        return `-- the server said --\n${this.stdout}${this.stderr}`;
    }

    /** Waits until stdout or stderr matches. */
    says(pattern) {
        return within(`the server to say ${pattern}`, new Promise((resolve, reject) => {
            const look = () => {
                const match = (this.stdout + this.stderr).match(pattern);
                if (match || this.ended)
                    this.watchers.delete(look);
                if (match)
                    resolve(match);
                else if (this.ended)
                    reject(new Error(`the server ended (${JSON.stringify(this.ended)}) before ` +
                                     `it said ${pattern}\n${this.said()}`));
            };
            this.watchers.add(look);
            look();
        }), () => this.said());
    }

    async started() {
        const [, host, port] = await this.says(/serving http:\/\/([^:/]+):(\d+)\//);
        this.host = host;
        this.port = Number(port);
        this.origin = `http://${host}:${port}`;
        return this;
    }

    signal(name) {
        this.child.kill(name);
        return within(`the server to end after ${name}`, this.end, () => this.said());
    }

    /** As an operator stops it: must end by itself with 0. */
    async stop() {
        const how = this.ended ?? await this.signal('SIGTERM');
        assert.deepEqual(how, { code: 0, signal: null }, this.said());
    }

    /** As a crash. */
    async kill() {
        await this.signal('SIGKILL');
    }

    /** http.request with the path as it stands: {status, headers, body}. */
    async get(target, options) {
        const answer = await this.getBytes(target, options);
        return { ...answer, body: answer.body.toString('utf8') };
    }

    /** The same, body a Buffer. */
    async getBytes(target, { method = 'GET', headers = {}, body } = {}) {
        return within(`${method} ${target}`, new Promise((resolve, reject) => {
            const request = http.request({
                host: this.host, port: this.port, path: target, method, headers, agent: false,
            }, (response) => {
                const parts = [];
                response.on('data', (part) => parts.push(part));
                response.on('error', reject);
                response.on('end', () => resolve({
                    status: response.statusCode,
                    headers: response.headers,
                    body: Buffer.concat(parts),
                }));
            });
            request.on('error', reject);
            request.end(body);
        }), () => this.said());
    }

    async getJson(target, options) {
        const answer = await this.get(target, options);
        return { ...answer, json: JSON.parse(answer.body) };
    }

    /** A connection, open or refused; see Client. */
    open(target, options = {}) {
        return new Client(this, target, options);
    }

    /** A connection to a room by name (or to `path`) that has its welcome. */
    async join(room, options = {}) {
        const client = this.open(options.path ?? `/ws/${encodeURIComponent(room)}`, options);
        await client.welcomed();
        return client;
    }
}

/** Starts a server; after the test it is stopped and must end with 0. */
export async function serve(t, args = [], options = {}) {
    const server = new Server(args, { data: newFolder(), ...options });
    t.after(async () => {
        if (!server.ended)
            await server.stop();
        assert.doesNotMatch(server.stderr, /a bug:|Sanitizer|runtime error/, 'the server broke');
    });
    return server.started();
}

/* ---- a connection ---- */

/** Whether a message is meant: a type, an object whose fields it must have, or a function. */
function meant(what, message) {
    if (typeof what === 'function')
        return what(message);
    if (typeof what === 'string')
        return message.type === what;
    return Object.entries(what).every(([key, value]) => isDeepStrictEqual(message[key], value));
}

const shorten = (text) => (text.length > 400 ? `${text.slice(0, 400)}… (${text.length})` : text);

export class Client {
    /**
     * options: query {name, color, mode, epoch, rev}, session, protocols (beside the usual),
     * headers, bare (no subprotocol), onHeaders
     */
    constructor(server, target, options) {
        const query = new URLSearchParams(options.query ?? {}).toString();
        const protocols = options.bare ? [] : ['weft.v1'];
        if (options.session)
            protocols.push(`weft.session.${options.session}`);
        protocols.push(...(options.protocols ?? []));
        this.server = server;
        this.transcript = [];
        this.inbox = []; /* not taken yet */
        this.taken = 0;
        this.received = []; /* all there ever came */
        this.watchers = new Set();
        this.close_ = null;
        this.ws = new WebSocket(`ws://${server.host}:${server.port}${target}${query && '?'}${query}`,
            protocols, {
                perMessageDeflate: false, headers: options.headers ?? {},
                ...(options.localAddress ? { localAddress: options.localAddress } : {}),
            });
        this.opened = new Promise((resolve, reject) => {
            this.ws.on('open', resolve);
            this.ws.on('unexpected-response', (request, response) => {
                let body = '';
                response.on('data', (part) => { body += part; });
                response.on('end', () => {
                    reject(Object.assign(new Error(`refused with ${response.statusCode}: ${body}`), {
                        status: response.statusCode, body, headers: response.headers,
                    }));
                });
            });
            this.ws.on('error', reject);
        });
        this.opened.catch(() => {});
        this.ws.on('upgrade', (response) => { this.upgrade = response; });
        this.ws.on('message', (data, binary) => this.heard(data, binary));
        this.ws.on('close', (code, reason) => {
            this.close_ = { code, reason: reason.toString() };
            this.note('--', `closed ${code} ${reason}`);
        });
    }

    note(arrow, text) {
        this.transcript.push(`${arrow} ${shorten(text)}`);
        for (const watcher of [...this.watchers])
            watcher();
    }

    heard(data, binary) {
        const text = data.toString('utf8');
        if (binary)
            throw new Error(`a binary frame from the server: ${shorten(text)}`);
        const message = JSON.parse(text);
        this.inbox.push(message);
        this.received.push(message);
        this.note('<-', text);
    }

    said() {
        const lines = this.transcript.length > 80
            ? [`(${this.transcript.length - 80} lines before)`, ...this.transcript.slice(-80)]
            : this.transcript;
        return `-- transcript --\n${lines.join('\n')}\n${this.server.said()}`;
    }

    /** Waits until look() gives something other than undefined. */
    wait(what, look) {
        return within(what, new Promise((resolve, reject) => {
            const watch = () => {
                const found = look();
                if (found === undefined && !this.close_)
                    return;
                this.watchers.delete(watch);
                if (found !== undefined)
                    resolve(found);
                else
                    reject(new Error(`closed (${this.close_.code} ${this.close_.reason}) while ` +
                                     `waiting for ${what}\n${this.said()}`));
            };
            this.watchers.add(watch);
            watch();
        }), () => this.said());
    }

    /** Takes the first message that is meant, and leaves the others where they are. */
    expect(what) {
        const words = typeof what === 'function' ? what.toString() : JSON.stringify(what);
        let checked = 0; /* of the inbox, while nobody takes from it */
        let { taken } = this;
        return this.wait(`a message like ${words}`, () => {
            if (taken !== this.taken)
                [checked, taken] = [0, this.taken];
            for (; checked < this.inbox.length; checked++)
                if (meant(what, this.inbox[checked]))
                    return this.take(checked, 1)[0];
            return undefined;
        });
    }

    /** Takes the very next message. */
    next() {
        return this.wait('the next message', () => this.take(0, 1)[0]);
    }

    take(at, n) {
        const some = this.inbox.splice(at, n);
        this.taken += some.length;
        return some;
    }

    /** Waits until `enough(all received)` is true; takes nothing. */
    until(what, enough) {
        return this.wait(what, () => (enough(this.received) ? this.received : undefined));
    }

    async welcomed() {
        await within('the connection to open', this.opened, () => this.said());
        this.welcome = await this.next();
        assert.equal(this.welcome.type, 'welcome', this.said());
        return this.welcome;
    }

    /** The status and body of a refused upgrade. */
    async refused() {
        try {
            await within('the upgrade to be refused', this.opened, () => this.said());
        } catch (error) {
            if (error.status)
                return { status: error.status, body: error.body, headers: error.headers };
            throw error;
        }
        throw new Error(`was expected to be refused, and opened\n${this.said()}`);
    }

    send(message) {
        this.raw(JSON.stringify(message));
    }

    raw(text, options = {}) {
        this.note('->', text.toString());
        this.ws.send(text, options);
    }

    /** Sends, and takes the first message that is meant and came after. */
    ask(message, what) {
        this.send(message);
        return this.expect(what);
    }

    /** All that was received before the server got to this ping, and was not taken. */
    async settled() {
        await this.ask({ type: 'ping' }, 'pong');
        return this.take(0, Infinity);
    }

    /** Both are there, and this one has been told so. */
    async sees(other) {
        await this.expect({ type: 'join', user_id: other.welcome.user_id });
    }

    /** The text now. */
    async text() {
        return (await this.ask({ type: 'text' }, 'text')).text;
    }

    closed() {
        return this.wait('the connection to close', () => this.close_ ?? undefined);
    }

    /** Leaves in good manners. */
    async leave() {
        if (!this.close_)
            this.ws.close(1000);
        return this.closed();
    }

    /** The cable is cut. */
    async cut() {
        this.ws.terminate();
        return this.closed();
    }
}

/* ---- operations, independently of the client library ---- */

/** @returns {string} text with op applied, counting code points; throws where it does not fit */
export function applyOp(text, op) {
    const points = Array.from(text);
    let at = 0;
    let out = '';
    for (const part of op) {
        if (typeof part === 'string') {
            out += part;
            continue;
        }
        const n = Math.abs(part);
        if (at + n > points.length)
            throw new Error(`${JSON.stringify(op)} does not fit ${points.length} code points`);
        if (part > 0)
            out += points.slice(at, at + n).join('');
        at += n;
    }
    return out + points.slice(at).join('');
}

/** The operation of an insert, delete or edit message; null: it is none. */
export function opOf(message) {
    switch (message.type) {
    case 'edit': return message.op;
    case 'insert': return message.position ? [message.position, message.text] : [message.text];
    case 'delete': return message.position ? [message.position, -message.length] : [-message.length];
    case 'meta': return [];
    default: return null;
    }
}

/**
 * A reader that checks promise 1 as it goes: every revision follows the last one, or is a composed
 * edit from it. Feed it what one connection received.
 */
export class Replica {
    constructor(welcome) {
        this.text = welcome.text;
        this.rev = welcome.rev;
        this.composed = 0;
    }

    /** own: what an ack of this revision stands for, where the connection writes too */
    take(message, own = () => { throw new Error('an ack for nothing'); }) {
        if (message.type !== 'ack' && opOf(message) === null)
            return;
        if (message.type === 'ack' && message.dup)
            return;
        const from = message.from ?? message.rev - 1;
        assert.equal(from, this.rev, `a gap: at ${this.rev}, then ${JSON.stringify(message)}`);
        if (message.from !== undefined)
            this.composed++;
        this.text = applyOp(this.text, message.type === 'ack' ? own(message) : opOf(message));
        this.rev = message.rev;
    }
}

/* ---- chance ---- */

/** Numbers from a seed (mulberry32): below(n) is 0 to n - 1. */
export function chance(seed) {
    let state = seed >>> 0;
    return (n) => {
        state = (state + 0x6d2b79f5) >>> 0;
        let x = Math.imul(state ^ (state >>> 15), state | 1);
        x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
        return ((x ^ (x >>> 14)) >>> 0) % n;
    };
}

export const SEED = Number(process.env.WEFT_SEED ?? Date.now() % 1e9);
