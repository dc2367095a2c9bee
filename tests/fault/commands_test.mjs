/* Killed again before it serves; and `weft backup`, `weft repair` and `weft import`, killed at any
 * moment. Nothing half done may be taken for something whole, and doing it again works. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
    closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { BIN, chance, ROOT, run, SEED, within } from '../e2e/lib.mjs';
import { Load, quantile } from './load.mjs';
import {
    assertKept, checkFolder, count, exportLog, faultTest, judgeFolder, Life, ms, pick, say,
} from './world.mjs';
import { weftAdapter } from './weft_client.mjs';

const FILL = path.join(process.env.WEFT_BUILD ?? path.join(ROOT, 'build/release'), 'tools/fill');
const noFill = !existsSync(FILL) && `no ${FILL}: make tools builds it`;
const KILLS = pick(6, 80);
const moment = (msLater) => new Promise((resolve) => { setTimeout(resolve, msLater); });

/** A command that is killed after a while, or comes to its end before: its exit code, or null. */
async function killed(args, afterMs, stdin = 'ignore') {
    const fd = stdin === 'ignore' ? null : openSync(stdin, 'r');
    const child = spawn(BIN, args, { stdio: [fd ?? 'ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (data) => { said += data; });
    child.stdout.on('data', () => {});
    const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
    const [code, signal] = await within(`weft ${args.join(' ')} to end`,
        new Promise((resolve) => { child.on('close', (...how) => resolve(how)); }), () => said);
    clearTimeout(timer);
    if (fd !== null)
        closeSync(fd);
    assert.ok(code === 0 || signal === 'SIGKILL', `weft ${args.join(' ')}: ${code} ${signal} ${said}`);
    return code;
}

/** How long a command takes that is left alone. */
async function alone(args, stdin) {
    const since = performance.now();
    assert.equal(await killed(args, 1e6, stdin), 0);
    return performance.now() - since;
}

/* ---- a crash loop ---- */

faultTest('killed again within the start', { timeout: 1200000 }, async (t, data) => {
    const random = chance(SEED);
    const life = await new Life(data).after(t).start();
    const load = await new Load(weftAdapter({ origin: () => life.origin() }), { writers: 8, rooms: 4, depth: 2 })
        .after(t).open();
    let starts = 0;
    let served = 0;
    for (let round = 0; round < pick(2, 20); round++) {
        load.phase = round;
        const { acked } = load.counters;
        load.start();
        await load.until('400 more edits', () => load.counters.acked >= acked + 400);
        await life.kill();
        /* Sometimes as soon as the process is there, sometimes while the first clients come back. */
        for (let i = 0; i < pick(6, 20); i++) {
            starts++;
            life.spawn();
            await moment(random(80));
            served += /serving http/.test(life.server.stdout) ? 1 : 0;
            await life.kill();
        }
        if (round % 2 === 0)
            await checkFolder(data);
        await life.start('load-0');
        load.healed();
        load.stop();
        await load.settled();
        assertKept(await load.verdict(), `round ${round} of seed ${SEED}`);
    }
    await life.stop();
    await checkFolder(data);
    const verdict = await judgeFolder(data, load);
    assertKept(verdict, `seed ${SEED}`);
    say(t, `crash loop: ${starts} starts killed within 80 ms, ${served} of them while serving already: ` +
        `${count(load.counters.acked)} acknowledged, ${verdict.figures}; the start after that: welcome after ` +
        `p50 ${ms(quantile(life.welcomeMs, 0.5))} max ${ms(quantile(life.welcomeMs, 1))} (seed ${SEED})`);
});

/* ---- import ---- */

const REVS = pick(5000, 20000);
const IMPORTS = pick(3, 25);

/** A log as `weft export` writes it: each revision puts its number in front. */
function writeLog(file, room, mark) {
    const id = '5f0c9f0e-3c58-4d0e-9a35-2f6a0f6f3c11';
    const lines = [JSON.stringify({ weft: 'log', version: 1, room, epoch: id, rev: REVS })];
    for (let rev = 1; rev <= REVS; rev++)
        lines.push(JSON.stringify({ rev, user_id: id, at: 1700000000000 + rev, seq: rev, op: [`${mark}${rev}\n`] }));
    writeFileSync(file, `${lines.join('\n')}\n`);
}

/** What is exported of a room but its epoch; null: there is no such room. */
async function contents(data, room) {
    const { code, stdout, stderr } = await run(
        ['export', '--data', data, '--room', room, '--format', 'log']);
    if (code !== 0) {
        assert.match(stderr, /no room|not there|no such/i);
        return null;
    }
    return stdout.slice(stdout.indexOf('\n') + 1);
}

faultTest('import, killed', { timeout: 1200000 }, async (t, folder) => {
    const random = chance(SEED);
    const data = path.join(folder, 'data');
    const logs = {};
    const whole = {}; /* what is exported then */
    for (const mark of ['old', 'new']) {
        logs[mark] = path.join(folder, `${mark}.log`);
        writeLog(logs[mark], 'plan', mark);
        whole[mark] = readFileSync(logs[mark], 'utf8').replace(/^[^\n]*\n/, '');
    }
    const args = ['import', '--data', data, '--room', 'plan', '--format', 'log'];
    const take = await alone(args, logs.old);
    let span = take; /* grows and shrinks, so that some kills come too late, however busy it is */
    const left = { nothing: 0, old: 0, new: 0 };
    for (let i = 0; i < IMPORTS; i++) {
        rmSync(data, { recursive: true });
        mkdirSync(data, { mode: 0o700 });
        const steps = [['old', [], null], ['new', ['--replace', 'yes'], whole.old]];
        for (const [mark, more, before] of steps) {
            const code = await killed([...args, ...more], random(span), logs[mark]);
            span *= code === null ? 1.1 : 0.8;
            const now = existsSync(path.join(data, 'weft.db')) ? await contents(data, 'plan') : null;
            /* All of it or nothing, to the letter; and all of it once it said so. */
            assert.ok(now === whole[mark] || (code === null && now === before),
                `${mark}: ${now?.length} of ${whole[mark].length} bytes of log`);
            left[now === whole[mark] ? mark : before === null ? 'nothing' : 'old']++;
            if (now !== whole[mark]) /* and again */
                await alone([...args, ...more], logs[mark]);
            await checkFolder(data);
            assert.equal(await contents(data, 'plan'), whole[mark]);
        }
    }
    /* And it is served. */
    const life = await new Life(data).after(t).start();
    const { body } = await life.server.get('/api/rooms/plan/text');
    assert.match(body, new RegExp(`^new${REVS}\n.*\nnew1\n$`, 's'));
    await life.stop();
    say(t, `import of ${count(REVS)} revisions (${ms(take)}), ${2 * IMPORTS} kills, half of them ` +
        `over a room that was there: ${left.nothing} times nothing, otherwise all of the old or of the ` +
        `new one (seed ${SEED})`);
});

/* ---- backup ---- */

faultTest('backup, killed, of a folder in use', { skip: noFill, timeout: 1200000 }, async (t, folder) => {
    const random = chance(SEED);
    const data = path.join(folder, 'data');
    const filled = await run(['--data', data, '--rooms', `${pick(3000, 100000)}`], { bin: FILL });
    assert.equal(filled.code, 0, filled.stderr);
    const life = await new Life(data).after(t).start();
    const load = await new Load(weftAdapter({ origin: () => life.origin() }), { writers: 4 })
        .after(t).open();
    load.start();
    const to = (i) => path.join(folder, `copy-${i}`);
    const take = await alone(['backup', '--data', data, '--to', to('first')]);
    let span = take; /* grows and shrinks, so that some kills come too late, however busy it is */
    let whole = 0;
    let nothing = 0;
    for (let i = 0; i < KILLS; i++) {
        const code = await killed(['backup', '--data', data, '--to', to(i)], random(span));
        span *= code === null ? 1.1 : 0.8;
        if (existsSync(path.join(to(i), 'weft.db'))) {
            await checkFolder(to(i));
            whole++;
        } else {
            assert.equal(code, null, 'it said that it was done');
            nothing++;
            if (existsSync(to(i)) && readdirSync(to(i)).length > 0)
                await refused(to(i));
        }
        rmSync(to(i), { recursive: true, force: true });
    }
    /* A killed one has left nothing in the way of the next one, nor of the server. */
    const { acked } = load.counters;
    await load.until('100 more edits', () => load.counters.acked >= acked + 100);
    load.stop();
    await load.settled();
    assertKept(await load.verdict());
    const last = await run(['backup', '--data', data, '--to', to('last')]);
    assert.equal(last.code, 0, last.stderr);
    await checkFolder(to('last'));
    assert.equal(await contents(to('last'), 'load-0'), await contents(data, 'load-0'));
    await life.stop();
    await checkFolder(data);
    const verdict = await judgeFolder(data, load);
    assertKept(verdict);
    say(t, `backup of a folder in use (${ms(take)}), ${KILLS} kills: ${whole} whole, ${nothing} ` +
        `that nothing takes for a folder; ${count(load.counters.acked)} acknowledged meanwhile, ` +
        `${verdict.figures} (seed ${SEED})`);
});

/** No command and no server takes what is left of a backup for a data folder. */
async function refused(data) {
    for (const command of [['check'], ['export', '--room', 'fill-0'], ['serve', '--port', '0']]) {
        const { code, stderr } = await run([...command, '--data', data]);
        assert.notEqual(code, 0, command[0]);
        assert.match(stderr, /weft\.db/, command[0]);
    }
    assert.ok(!existsSync(path.join(data, 'weft.db')), 'and none makes it look like one');
}

/* ---- repair ---- */

const DAMAGED = pick(40, 300);
const GOOD_REVS = 4; /* of 8; the fifth of each damaged room is damaged */

/** A folder in which rooms 0, 3, 6, … have a flipped bit in revision 5. */
async function damagedFolder(data) {
    const filled = await run(['--data', data, '--rooms', `${DAMAGED * 3}`], { bin: FILL });
    assert.equal(filled.code, 0, filled.stderr);
    const file = path.join(data, 'weft.db');
    const bytes = readFileSync(file);
    for (let i = 0; i < DAMAGED; i++) {
        const at = bytes.indexOf(`room ${3 * i} revision ${GOOD_REVS + 1}\n`);
        assert.ok(at > 0);
        bytes[at] ^= 1;
    }
    writeFileSync(file, bytes);
}

const lines = (room, n) => Array.from({ length: n }, (_, i) => `room ${room} revision ${i + 1}\n`).join('');
const damagedRooms = (said) => new Set(said.match(/room "fill-\d+": record/g) ?? []).size;

faultTest('repair, killed', { skip: noFill, timeout: 1200000 }, async (t, folder) => {
    const random = chance(SEED);
    const original = path.join(folder, 'original');
    await damagedFolder(original);
    const data = path.join(folder, 'data');
    cpSync(original, data, { recursive: true });
    const take = await alone(['repair', '--data', data]);
    let kills = 0;
    const found = new Set(); /* how many rooms were still damaged after a kill */
    for (let i = 0; i < pick(2, 6); i++) {
        rmSync(data, { recursive: true });
        cpSync(original, data, { recursive: true });
        for (let left = DAMAGED; left > 0;) {
            if (await killed(['repair', '--data', data], random(take * 0.7)) === null)
                kills++;
            const { stdout } = await run(['check', '--data', data]);
            const now = damagedRooms(stdout);
            assert.ok(now <= left, `${now} rooms are damaged, after ${left}`);
            left = now;
            found.add(now);
        }
        await checkFolder(data);
    }
    /* As it was before, somewhere, whole. */
    const kept = readdirSync(data).filter((name) => name.startsWith('before-repair-'))
        .map((name) => path.join(data, name)).filter((name) => existsSync(path.join(name, 'weft.db')));
    assert.ok(kept.length > 0);
    const firstKept = await run(['check', '--data', kept.sort()[0]]);
    assert.equal(damagedRooms(firstKept.stdout), DAMAGED, firstKept.stdout);
    /* Every room: up to its last good revision, or untouched. */
    const life = await new Life(data).after(t).start();
    for (let room = 0; room < 3 * DAMAGED; room++) {
        const { body } = await life.server.get(`/api/rooms/fill-${room}/text`);
        assert.equal(body, lines(room, room % 3 === 0 ? GOOD_REVS : 2 * GOOD_REVS));
    }
    await life.stop();
    say(t, `repair of ${DAMAGED} rooms (${ms(take)}), killed ${kills} times, with ` +
        `${[...found].filter((n) => n > 0 && n < DAMAGED).length} half-way states: each room as it was or ` +
        `repaired, and all of them in the end (seed ${SEED})`);
});
