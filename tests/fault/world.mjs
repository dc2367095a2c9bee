/* world.mjs - what the fault runs share: a server that dies and comes back at the same address, the
 * last look at its folder, and what is printed.
 *
 * Each run has a short form (make test) and a long one (make fault, WEFT_FAULT=long): the same code
 * with other numbers. WEFT_SEED plays a run again; who is faster in it is up to the machine. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { apply } from '../../web/client/ot.js';
import { run, SEED, Server, test } from '../e2e/lib.mjs';
import { Verdict } from './ledger.mjs';

export const LONG = process.env.WEFT_FAULT === 'long';

/** One number for make test, another for make fault. */
export const pick = (short, long) => (LONG ? long : short);

/** A test with a folder that is kept, and named, where it fails. */
export function faultTest(name, options, fn) {
    if (typeof options === 'function')
        [options, fn] = [{}, options];
    test(name, options, async (t) => {
        const folder = mkdtempSync(path.join(process.env.WEFT_FAULT_TMP ?? os.tmpdir(),
            'weft-fault.'));
        try {
            await fn(t, folder);
        } catch (error) {
            error.message += `\nWEFT_SEED=${SEED}${LONG ? ' WEFT_FAULT=long' : ''}` +
                ` plays it again; the folder is kept: ${folder}`;
            error.stack = `${error.message}\n${error.stack}`;
            throw error;
        }
        rmSync(folder, { recursive: true, force: true });
    });
}

/** An address of this machine that no other run uses, so that its port is free after a crash too. */
export function ownAddress() {
    const n = (process.pid * 7919 + addresses++ * 104729) % (1 << 21);
    return `127.${64 + (n >> 15)}.${1 + ((n >> 7) & 0xff) % 254}.${1 + (n & 0x7f)}`;
}
let addresses = 0;

/** Servers one after the other, on one folder and one address. */
export class Life {
    constructor(data, { args = [], env = {} } = {}) {
        this.data = data;
        this.args = args;
        this.env = env;
        this.host = ownAddress();
        this.server = null;
        this.port = 0;
        this.startMs = []; /* from exec to serving */
        this.welcomeMs = []; /* from exec to the first welcome */
    }

    origin() {
        return `http://${this.host}:${this.port}`;
    }

    get pid() {
        return this.server.child.pid;
    }

    /** The process alone; it may not be serving yet. */
    spawn() {
        this.spawnedAt = performance.now();
        this.server = new Server(['--host', this.host, ...this.args],
            { data: this.data, port: this.port, env: this.env });
        return this.server;
    }

    /** Serving. `room`: wait for the welcome of a room too, and note how long it took. */
    async start(room) {
        this.spawn();
        await this.server.started();
        this.port = this.server.port;
        this.startMs.push(performance.now() - this.spawnedAt);
        if (room !== undefined) {
            const probe = await this.server.join(room, { query: { mode: 'read' } });
            this.welcomeMs.push(performance.now() - this.spawnedAt);
            probe.ws.terminate();
        }
        return this;
    }

    async kill() {
        await this.server.kill();
        this.sane();
    }

    /** As an operator stops it; ends with 0. */
    async stop() {
        await this.server.stop();
        this.sane();
    }

    /** It died of what we did, and of nothing else. */
    sane() {
        const { ended, stderr } = this.server;
        assert.doesNotMatch(stderr, /a bug:|Sanitizer|runtime error/, this.server.said());
        assert.ok(ended === null || ended.signal === null || ended.signal === 'SIGKILL',
            `the server died of ${ended?.signal}\n${this.server.said()}`);
        this.server.stdout = this.server.stderr = ''; /* it may have said a lot */
    }

    after(t) {
        t.after(async () => {
            if (this.server && !this.server.ended)
                await this.server.signal('SIGKILL');
        });
        return this;
    }
}

/** `weft check` finds nothing in a folder that nobody uses. */
export async function checkFolder(data) {
    const { code, stdout, stderr } = await run(['check', '--data', data]);
    assert.equal(code, 0, `weft check: ${stdout}${stderr}`);
    return stdout;
}

/** The log of a room, read by `weft export`: [{rev, seq, op}, …]. */
export async function exportLog(data, room) {
    const { code, stdout, stderr } = await run(
        ['export', '--data', data, '--room', room, '--format', 'log']);
    assert.equal(code, 0, `weft export: ${stderr}`);
    const [head, ...lines] = stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
    assert.equal(head.rev, lines.length, `${room}: a log of ${head.rev} revisions has ${lines.length}`);
    lines.forEach(({ rev }, i) => assert.equal(rev, i + 1, `${room}: revisions without a gap`));
    return lines;
}

/**
 * The last look at a load's rooms, from the folder alone: the log replayed is the text that was served,
 * each acknowledged insert is in the log once, and each session's numbers rise.
 */
export async function judgeFolder(data, load) {
    const sum = new Verdict('logs');
    for (const [room, ledger] of load.ledgers) {
        const log = await exportLog(data, room);
        sum.merge(ledger.judgeLog(log.map(({ op }) => op)));
        let text = '';
        const seqs = new Map();
        for (const { op, user_id: user, seq } of log) {
            text = apply(text, op);
            if (seq === undefined)
                continue;
            if (seq <= (seqs.get(user) ?? 0))
                sum.add('twice', `${room}: seq ${seq} of ${user} after ${seqs.get(user)}`);
            seqs.set(user, seq);
        }
        sum.merge(ledger.judge(text));
        if (text !== load.texts.get(room).text)
            sum.add('unequal', `${room}: the log replayed is not the text that was served`);
    }
    return sum;
}

/** Fails with all that is known where something is broken. */
export function assertKept(verdict, ...more) {
    assert.ok(verdict.ok, [`${verdict}`, ...more].join('\n'));
}

export const count = (n) => Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, ',');
export const ms = (n) => `${n < 10 ? n.toFixed(1) : Math.round(n)} ms`;

/** The line of figures; shown by tests/run.sh. */
export function say(t, line) {
    t.diagnostic(`proved: ${line}`);
}

/** Whether a path lies on a file system that forgets at once (tmpfs): a sync costs nothing there. */
export const inMemory = (folder) => statfsSync(folder).type === 0x01021994;
