/* lab.mjs - a bad network between real clients and a real server, on this machine.
 *
 * tools/tun_relay makes two network namespaces with a TUN device each, and carries every packet
 * between them; each client's address has a link of its own that can be slowed, cut, made to lose,
 * double and reorder. A test file runs itself again among the clients:
 *
 *   if (inside) { ...tests... } else { await enter(import.meta.url); }
 *
 * and the server it starts runs at SERVER_HOST on the other side. Where the machine gives no
 * namespaces or no TUN device, the file is skipped, with the reason. Nothing is left behind: the
 * namespaces have no name, and end with the processes in them. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BIN, ROOT, SEED, test, TMP } from '../e2e/lib.mjs';
import { Life, say } from './world.mjs';
import { weftAdapter } from './weft_client.mjs';

export const SERVER_HOST = '10.201.0.1';
export const inside = process.env.WEFT_SERVER_NS !== undefined;

const RELAY = path.join(path.resolve(process.env.WEFT_BUILD ?? path.join(ROOT, 'build/release')),
    'tools/tun_relay');
const EXIT_CANNOT = 77;
const CONTROL_FD = 3;
const LEFT_OVER_MS = 10000;

/* 10.201.0.2 is where everything comes from that asks for no other; its link stays perfect. */
const CLIENT_FIRST = 3;
const CLIENT_LAST = 65;

/** Runs the file again among the clients; its output is the output of this one. */
export async function enter(url) {
    assert.ok(existsSync(RELAY), `no relay at ${RELAY}: make tools`);
    const weft = path.join(TMP, 'weft-on-the-other-side');
    const quote = (text) => `'${text.replaceAll('\'', '\'\\\'\'')}'`;
    writeFileSync(weft, '#!/bin/sh\n' +
        `exec ${quote(RELAY)} in "$WEFT_SERVER_NS" ${quote(BIN)} "$@"\n`, { mode: 0o755 });
    const child = spawn(RELAY, ['run', '--seed', String(SEED), process.execPath,
        ...process.execArgv, fileURLToPath(url)], {
        stdio: ['ignore', 'inherit', 'pipe'],
        env: { ...process.env, WEFT_TMP: TMP, WEFT_BIN: weft, WEFT_SEED: String(SEED) },
    });
    let said = '';
    child.stderr.on('data', (data) => {
        said += data;
        process.stderr.write(data);
    });
    const code = await new Promise((resolve) => { child.on('close', resolve); });
    if (code === EXIT_CANNOT && said.startsWith('tun_relay: '))
        console.log(`TAP version 13\n1..0 # SKIP ${said.slice(11).split('\n')[0]}`);
    else
        process.exitCode = code ?? 1;
}

/** Runs a program where the server is. @returns {Promise<{code, said}>} */
export function onServerSide(...command) {
    const child = spawn(RELAY, ['in', process.env.WEFT_SERVER_NS, ...command],
        { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.on('data', (data) => { said += data; });
    child.stderr.on('data', (data) => { said += data; });
    return new Promise((resolve) => { child.on('close', (code) => resolve({ code, said })); });
}

/* ---- runs ---- */

/** A fault at a random moment is a fault, not a wait for something. */
export const moment = (msLater) => new Promise((resolve) => { setTimeout(resolve, msLater); });

const begun = [];

/**
 * Starts fn({say, after, skip}) at once, beside the others: most of a run is waiting. tell() makes a test of
 * each, that waits for it, prints what it said and does what is to be done after it.
 */
export function begin(name, fn) {
    const lines = [];
    const after = [];
    const one = { name, lines, after, skipped: null };
    one.run = fn({
        say: (line) => lines.push(line),
        after: (f) => after.push(f),
        skip: (reason) => { one.skipped = reason; },
    });
    one.run.catch(() => {}); /* the test tells */
    begun.push(one);
}

export function tell() {
    for (const one of begun) {
        test(one.name, { timeout: 7200000 }, async (t) => {
            const { lines, after } = one;
            try {
                await one.run;
                if (one.skipped !== null)
                    t.skip(one.skipped);
            } finally {
                for (const f of after.reverse())
                    await f();
            }
            lines.forEach((line) => say(t, `net: ${line}`));
        });
    }
    /* A socket at the end of a link that was cut, left over by a run that failed, would wait for ever. */
    void Promise.allSettled(begun.map(({ run }) => run)).then(() => {
        setTimeout(() => process.exit(), LEFT_OVER_MS).unref();
    });
}

/* ---- links ---- */

let control = null;
const asked = []; /* {resolve, reject} of the lines not answered, oldest first */

function ask(line) {
    if (control === null) {
        control = new net.Socket({ fd: CONTROL_FD });
        control.unref();
        let rest = '';
        control.on('data', (data) => {
            const lines = (rest + data).split('\n');
            rest = lines.pop();
            for (const answer of lines)
                asked.shift()(answer);
        });
    }
    control.ref();
    return new Promise((resolve) => {
        asked.push((answer) => {
            if (asked.length === 0)
                control.unref();
            resolve(answer);
        });
        control.write(`${line}\n`);
    });
}

/** Sets the MTU of both devices. */
export async function setMtu(bytes) {
    assert.equal(await ask(`mtu ${bytes}`), 'ok');
}

/** What the relay has done so far, both ways together. */
export async function packets() {
    const { up, down } = JSON.parse(await ask('counters'));
    return Object.fromEntries(Object.keys(up).map((key) => [key, up[key] + down[key]]));
}

/**
 * The links of some clients. A rule: {delay, jitter} in ms, {loss, dup, reorder} in per cent, {rate} in
 * bits a second, {queue} in bytes, {cut} 0 or 1, {reset} so many segments. What is not named stays.
 */
export class Links {
    static next = CLIENT_FIRST;

    constructor(n) {
        this.hosts = Array.from({ length: n }, () => Links.next++);
        assert.ok(Links.next <= CLIENT_LAST + 1, 'there are no more addresses');
        this.addresses = this.hosts.map((host) => `10.201.0.${host}`);
    }

    /** @param {object} rule @param {'up'|'down'|'both'} way @param {number[]} which of them */
    async set(rule, way = 'both', which = this.hosts.map((_, i) => i)) {
        const words = Object.entries(rule).flat().join(' ');
        for (const i of which)
            assert.equal(await ask(`${this.hosts[i]} ${way} ${words}`), 'ok');
    }

    cut(way, which) {
        return this.set({ cut: 1 }, way, which);
    }

    heal() {
        return this.set({ clear: 1 });
    }

    /** The client library, each client behind the next of these links, as users have it. */
    adapter(origin) {
        let opened = 0;
        const at = (localAddress) => weftAdapter({
            origin, delayMaxMs: Infinity, socketOptions: { localAddress },
        });
        return {
            ...at(undefined),
            open: (room, who) => at(this.addresses[opened++ % this.addresses.length]).open(room, who),
        };
    }
}

/** Servers one after the other, on the other side. */
export class FarLife extends Life {
    constructor(...args) {
        super(...args);
        this.host = SERVER_HOST;
    }
}
