/* powercut.mjs - the power goes, for real: the server runs in a guest of its own, which is killed in the
 * middle of it, with a disk that forgets what was not flushed (power/disk.mjs). The clients are outside
 * and survive. `make powercut` runs it; POWERCUTS=n cuts, WEFT_SEED plays the moments again.
 *
 *   1. Under --sync full, n times: load, cut, then the disk alone is read as it came out of the cut:
 *      `weft check` must find nothing, and every insert that was acknowledged must be in the exported
 *      logs, once. The guest boots on that disk, the clients resend, everybody must agree, none may
 *      have been told of a new epoch.
 *   2. First starts: the power goes while the server makes its folder. It must start afterwards.
 *   3. The control: the same under --sync off, on a disk that keeps all it was given. It must lose what
 *      was acknowledged, or the experiment could not have found anything. Its clients must be told (a
 *      new epoch) and agree afterwards all the same.
 *
 * Prints TAP and the figures as `# proved:` lines. */

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { apply } from '../../web/client/ot.js';
import { BIN, chance, SEED } from '../e2e/lib.mjs';
import { Verdict } from './ledger.mjs';
import { Load, quantile } from './load.mjs';
import { Disk } from './power/disk.mjs';
import { Machine } from './power/machine.mjs';
import { count, exportLog, ms } from './world.mjs';
import { available, weftAdapter } from './weft_client.mjs';

const guest = process.argv[2];
const number = (name, usual) => Number(process.env[name] || usual);
const CUTS = number('POWERCUTS', 20);
const FIRST_STARTS = number('POWERCUT_STARTS', Math.ceil(CUTS / 4));
const CONTROLS = number('POWERCUT_CONTROLS', Math.ceil(CUTS / 4));
const WRITERS = 8;
const ROOMS = 3;
const RATE = 25; /* edits a second of each writer */
const LOAD_MS = [300, 2500]; /* from everybody's being there to the cut */
const START_MS = [50, 1000]; /* from the guest's being up to the cut, in a first start */
const FLUSH_MS = 20; /* the longest a flush takes; cuts fall into many of them */
const FIRST_FLUSH_MS = 100;
const SURVIVING = [0, 15, 50, 85, 100]; /* per cent of the unflushed sectors */
const SETTLE_MS = 120000;

const random = chance(SEED);
const between = ([low, high]) => low + random(high - low + 1);
const moment = (msLater) => new Promise((resolve) => { setTimeout(resolve, msLater); });

let results = 0;
let failures = 0;

function report(ok, name, why = '') {
    results++;
    failures += ok ? 0 : 1;
    console.log(`${ok ? 'ok' : 'not ok'} ${results} - ${name}`);
    if (!ok && why)
        console.log(why.replace(/^/gm, '# '));
}

function freePort() {
    return new Promise((resolve) => {
        const server = net.createServer().listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}

/** A machine with a disk, and a load outside. */
class Site {
    constructor(args, loadOptions, flushMs = FLUSH_MS) {
        this.args = args;
        this.flushMs = flushMs;
        this.folder = mkdtempSync(path.join(os.tmpdir(), 'weft-power.'));
        this.loadOptions = loadOptions;
        this.bootMs = [];
    }

    async init() {
        this.port = await freePort();
        this.disk = new Disk(readFileSync(path.join(guest, 'empty.img')),
            { flushMs: () => random(this.flushMs + 1) });
        await this.disk.listen(path.join(this.folder, 'disk'));
        this.machine = new Machine({ guest, disk: this.disk, folder: this.folder, port: this.port });
        return this;
    }

    async boot(pattern) {
        const since = performance.now();
        for (let tries = 1; ; tries++) {
            const failed = await this.machine.boot(this.args, pattern).then(() => null, (e) => e);
            if (!failed)
                break;
            /* On a machine that is very busy an emulated clock may stand still while the kernel waits
             * for it: that is before the disk is touched, and no fault of the server's. */
            const untouched = !/guest: up/.test(this.machine.console);
            await this.machine.cut();
            if (tries === 3 || !untouched)
                throw failed;
            console.log(`# the guest did not come up, tried again: ${failed.message.split('\n')[0]}`);
        }
        this.bootMs.push(performance.now() - since);
    }

    async cut(percent) {
        await this.machine.cut();
        return this.disk.cut(random, percent);
    }

    async open() {
        this.load = await new Load(weftAdapter({ origin: () => `http://127.0.0.1:${this.port}` }),
            { writers: WRITERS, rooms: ROOMS, rate: RATE, size: 1500, ...this.loadOptions }).open();
        return this.load;
    }

    /** The data folder as the disk has it now: the path, or null and why. */
    look() {
        const image = path.join(this.folder, 'medium.img');
        const data = path.join(this.folder, 'look');
        rmSync(data, { recursive: true, force: true });
        mkdirSync(data);
        writeFileSync(image, this.disk.medium);
        const env = { ...process.env, PATH: `${process.env.PATH}:/sbin:/usr/sbin` };
        const fsck = spawnSync('e2fsck', ['-fy', image], { env, encoding: 'utf8' });
        if (fsck.status > 1)
            return { data: null, why: `e2fsck ended with ${fsck.status}\n${fsck.stdout}` };
        spawnSync('debugfs', ['-R', `rdump /weft ${data}`, image], { env });
        const folder = path.join(data, 'weft');
        if (!existsSync(path.join(folder, 'weft.db')))
            return { data: null, why: 'there is no weft.db' };
        const check = spawnSync(BIN, ['check', '--data', folder], { encoding: 'utf8' });
        return { data: folder, whole: check.status === 0, why: check.stdout + check.stderr };
    }

    /** What a reader finds who was not there before the cut. Not to be called while acknowledgements
     *  may come in: they would be of a later disk. */
    async judge(data) {
        const sum = new Verdict('disk');
        for (const [room, ledger] of this.load.ledgers) {
            const log = data === null ? [] : await exportLog(data, room).catch((error) => missing(error));
            const ops = log.map(({ op }) => op);
            sum.merge(ledger.judgeLog(ops)).merge(ledger.judge(ops.reduce((text, op) => apply(text, op), '')));
        }
        return sum;
    }

    async done() {
        await this.load?.close();
        await this.machine.cut();
        this.disk.close();
        if (failures === 0)
            rmSync(this.folder, { recursive: true, force: true });
        else
            console.log(`# ${this.folder} is kept`);
    }
}

/** A room of which nothing came to the disk is an empty log; anything else is an error. */
function missing(error) {
    if (/no room .* in this folder/.test(error.message))
        return [];
    throw error;
}

/* ---- 1 -------------------------------------------------------------------------------------------- */

async function cutOnce(site, total, n) {
    const { load } = site;
    load.phase = n;
    load.start();
    await moment(between(LOAD_MS));
    const percent = SURVIVING[random(SURVIVING.length)];
    const had = await site.cut(percent);
    const acked = load.counters.acked;
    const { data, whole, why } = site.look();
    const verdict = await site.judge(data);
    report(whole && verdict.ok, `cut ${n}: ${had.sectors - had.kept} of ${had.sectors} unflushed ` +
        `sectors gone; ${count(acked)} acknowledged so far; on the disk: ${verdict.figures}`,
    `${verdict}\n${why}`);
    await site.boot();
    load.healed();
    load.stop();
    await load.settled({ deadlineMs: SETTLE_MS });
    const after = await load.verdict();
    const { resets, refused } = load.figures();
    report(after.ok && resets === 0 && refused === 0, `cut ${n}: booted, resent, all agree: ` +
        `${after.figures}`, `${after}\n${resets} resets, ${refused} refused\n${site.machine.console}`);
    total.verdict.merge(verdict).merge(after);
    total.writes += had.writes;
    total.sectors += had.sectors;
    total.gone += had.sectors - had.kept;
    total.converge.push(load.convergeMs);
}

async function full() {
    const site = await new Site(['--sync', 'full'], { name: 'full', seed: SEED }).init();
    const total = { verdict: new Verdict('full'), writes: 0, sectors: 0, gone: 0, converge: [] };
    try {
        await site.boot();
        const load = await site.open();
        for (let n = 1; n <= CUTS; n++)
            await cutOnce(site, total, n);
        const { acked, sent, dups } = load.figures();
        console.log(`# proved: power cuts, --sync full: ${CUTS} cuts, ${WRITERS} writers, ${count(sent)} ` +
            `sent, ${count(acked)} acknowledged, ${total.verdict.figures}; ${count(total.gone)} of ` +
            `${count(total.sectors)} unflushed sectors gone, ${count(site.disk.flushes)} flushes; ` +
            `${dups} resent and known already; power on to serving p50 ` +
            `${ms(quantile(site.bootMs, 0.5))}, then all agree after p50 ` +
            `${ms(quantile(total.converge, 0.5))} max ${ms(quantile(total.converge, 1))} (seed ${SEED})`);
    } finally {
        await site.done();
    }
}

/* ---- 2 -------------------------------------------------------------------------------------------- */

async function firstStarts() {
    for (let n = 1; n <= FIRST_STARTS; n++) {
        const site = await new Site(['--sync', n % 3 === 0 ? 'off' : 'full'],
            { name: 'first', seed: SEED, writers: 2, rooms: 1 }, FIRST_FLUSH_MS).init();
        try {
            await site.boot(/guest: up/);
            const after = between(START_MS);
            await moment(after);
            const had = await site.cut(SURVIVING[random(SURVIVING.length)]);
            await site.boot();
            const load = await site.open();
            load.start();
            load.stop();
            await load.settled({ deadlineMs: SETTLE_MS });
            const verdict = await load.verdict();
            report(verdict.ok, `first start ${n}, ${site.args[1]}, cut after ${after} ms, ` +
                `${had.sectors - had.kept} of ${had.sectors} sectors gone: starts`, `${verdict}`);
        } catch (error) {
            report(false, `first start ${n}`, error.message);
        } finally {
            await site.done();
        }
    }
}

/* ---- 3 -------------------------------------------------------------------------------------------- */

async function control() {
    const total = { lost: 0, cuts: 0, acked: 0, damaged: 0, back: 0 };
    for (let n = 1; n <= CONTROLS; n++) {
        const site = await new Site(['--sync', 'off'], { name: 'off', seed: SEED + n }).init();
        try {
            await site.boot();
            const load = await site.open();
            load.start();
            await moment(between(LOAD_MS));
            await site.cut(100);
            const { data, whole } = site.look();
            const verdict = await site.judge(data);
            total.acked += load.counters.acked;
            total.lost += verdict.lost;
            total.cuts += verdict.lost > 0 ? 1 : 0;
            total.damaged += data !== null && !whole ? 1 : 0;
            console.log(`# control ${n}, --sync off: ${count(load.counters.acked)} acknowledged, on the ` +
                `disk: ${verdict.figures}${whole ? '' : '; the folder is not whole'}`);
            await site.boot(/serving http:|the server ended/);
            if (/the server ended/.test(site.machine.console))
                continue; /* the database is damaged: --sync off promises nothing else */
            load.healed();
            load.stop();
            await load.settled({ deadlineMs: SETTLE_MS });
            const after = await load.verdict();
            total.back++;
            report(after.unequal === 0 && after.twice === 0, `control ${n}: all agree again, ` +
                `${load.figures().resets} clients were told of a new epoch`, `${after}`);
        } finally {
            await site.done();
        }
    }
    report(total.cuts * 2 > CONTROLS, `the control loses in most cuts: ${total.cuts} of ${CONTROLS}`);
    console.log(`# proved: the control, --sync off: ${CONTROLS} cuts, ${count(total.acked)} acknowledged, ` +
        `${count(total.lost)} characters lost in ${total.cuts} of ${CONTROLS} cuts; ` +
        `${total.damaged} folders damaged, ${total.back} served again`);
}

if (!available) {
    console.log('1..0 # SKIP no ws package: run `npm ci` in tests/e2e');
} else {
    const since = performance.now();
    await full();
    await firstStarts();
    if (CONTROLS > 0)
        await control();
    console.log(`1..${results}`);
    console.log(`# ${Math.round((performance.now() - since) / 1000)} s`);
    console.log(`${results - failures} passed, ${failures} failed`);
}
process.exit(failures === 0 ? 0 : 1);
