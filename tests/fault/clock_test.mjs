/* The clock of the machine is set, by hours and years, while people type (libfaketime).
 *
 * Only what is written down about a revision (`at`) may follow it. Nobody is disconnected, nothing is
 * lost, a restart in the wrong time goes well, and the history and an exported log stay readable. In a
 * second run the steady clock jumps ahead as well, as it does for a guest that its host had paused:
 * for the server an hour has passed in which it heard of nobody, and it must not take that for their
 * fault.
 *
 * That a jump of the wall clock has reached the server is read off the Date of its answers, and one of
 * the steady clock off the questions that a connection may ask: these come back by the second. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BIN, run, within } from '../e2e/lib.mjs';
import { Load } from './load.mjs';
import {
    assertKept, checkFolder, count, exportLog, faultTest, judgeFolder, Life, pick, say,
} from './world.mjs';
import { weftAdapter } from './weft_client.mjs';

const HOUR = 3600;
const YEAR = 365 * 24 * HOUR;
const QUESTIONS = 200;
const EDITS = pick(100, 1000); /* between two jumps */

/* Where Debian puts it: a folder for each kind of machine. */
const LIBRARY = readdirSync('/usr/lib')
    .map((folder) => path.join('/usr/lib', folder, 'faketime/libfaketimeMT.so.1')).find(existsSync);
const why = !LIBRARY ? 'libfaketime is not installed'
    : /\/(asan|tsan)$/.test(process.env.WEFT_BUILD ?? '') && 'a sanitizer must be loaded first';

/** A server whose clock is `clock.set(seconds)` away from ours. */
function clockLife(folder, { steadyToo = false, args = [] } = {}) {
    const file = path.join(folder, 'clock');
    const clock = {
        off: 0,
        set(seconds) {
            this.off = seconds;
            writeFileSync(file, `${seconds < 0 ? '' : '+'}${seconds}\n`);
        },
    };
    clock.set(0);
    const life = new Life(path.join(folder, 'data'), {
        args,
        env: {
            LD_PRELOAD: LIBRARY, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1',
            FAKETIME_DONT_FAKE_MONOTONIC: steadyToo ? '0' : '1',
        },
    });
    return { life, clock };
}

/** Until the server's answers are dated as the clock is set. */
async function reached(life, clock) {
    let off;
    await within('the jump to reach the server', (async () => {
        do {
            const { headers } = await life.server.get('/healthz');
            off = (Date.parse(headers.date) - Date.now()) / 1000;
        } while (Math.abs(off - clock.off) > 60);
    })(), () => `its clock is ${off} s off, not ${clock.off}`);
}

/** Types through the jumps. */
async function jumps(load, life, clock, offs, felt = async () => {}) {
    load.start();
    for (const off of offs) {
        clock.set(off);
        await reached(life, clock);
        await felt();
        const { acked } = load.counters;
        load.phase = off;
        await load.until(`${EDITS} edits at ${off} s`, () => load.counters.acked >= acked + EDITS);
    }
    load.stop();
    await load.settled();
    assertKept(await load.verdict());
}

faultTest('the wall clock is set', { skip: why, timeout: 600000 }, async (t, folder) => {
    const { life, clock } = clockLife(folder);
    await life.after(t).start();
    const load = await new Load(weftAdapter({ origin: () => life.origin() }), { writers: 6, rooms: 2 })
        .after(t).open();
    const nowS = Math.floor(Date.now() / 1000);
    const to1970 = 10 - nowS; /* a machine without a battery, started a moment ago */
    await jumps(load, life, clock, [0, HOUR, 0, -HOUR, 10 * YEAR, 0, to1970]);
    assert.equal(load.figures().reconnects, 0, 'nobody was disconnected');

    /* A crash and a restart in the wrong time. */
    await life.kill();
    clock.set(-HOUR);
    await life.start('load-0');
    await jumps(load, life, clock, [-HOUR, 10 * YEAR, 0]);
    const { reconnects, resets } = load.figures();
    assert.deepEqual([reconnects, resets], [load.writers.length, 0], 'once each, after the crash');

    /* The times say when it was, by the clock of the moment; the rest does not care. */
    const hand = await life.server.join('load-0');
    const { ops } = await hand.ask({ type: 'history', from: 1, to: 5 }, 'history');
    assert.deepEqual(ops.map(({ rev }) => rev), [1, 2, 3, 4, 5]);
    hand.ws.terminate();
    await life.stop();
    const log = await exportLog(life.data, 'load-0');
    const years = new Set(log.map(({ at }) => new Date(at).getUTCFullYear()));
    const year = new Date().getUTCFullYear();
    for (const expected of [1970, year, new Date(Date.now() + 10 * YEAR * 1000).getUTCFullYear()])
        assert.ok(years.has(expected), `${[...years]}: ${expected}`);
    await checkFolder(life.data);
    const verdict = await judgeFolder(life.data, load);
    assertKept(verdict);
    const lines = await run(['export', '--data', life.data, '--room', 'load-0', '--format', 'log']);
    writeFileSync(path.join(folder, 'log'), lines.stdout);
    const again = await run(['-c', '"$0" import --room load-0 --format log --data "$1" < "$2"', BIN,
        path.join(folder, 'again'), path.join(folder, 'log')], { bin: '/bin/sh' });
    assert.equal(again.code, 0, again.stderr);
    say(t, `clock: set 10 times, by up to ten years and to 1970, and a crash in the wrong time: ` +
        `${count(load.counters.acked)} acknowledged, ${verdict.figures}, nobody disconnected`);
});

/** Asks until no more is answered; how many were. */
async function askAll(client) {
    let answered = 0;
    for (;;) {
        const { type } = await client.ask({ type: 'text' }, (m) => m.type === 'text' ||
            m.code === 'rate_limited');
        if (type === 'error')
            return answered;
        answered++;
    }
}

faultTest('the steady clock jumps an hour ahead', { skip: why, timeout: 600000 }, async (t, folder) => {
    const { life, clock } = clockLife(folder, {
        steadyToo: true, args: ['--rate-queries', '1', '--rate-queries-burst', `${QUESTIONS}`],
    });
    await life.after(t).start();
    const load = await new Load(weftAdapter({ origin: () => life.origin() }), { writers: 6, rooms: 2 })
        .after(t).open();
    const silent = await life.server.join('load-0'); /* only reads, and answers pings */
    const asking = await life.server.join('another');
    await jumps(load, life, clock, [0, HOUR, 2 * HOUR, 26 * HOUR], async () => {
        assert.ok(await askAll(asking) >= QUESTIONS, 'the jump was felt');
    });
    assert.equal(load.figures().reconnects, 0, 'nobody was disconnected');
    await silent.settled();
    await life.stop();
    await checkFolder(life.data);
    const verdict = await judgeFolder(life.data, load);
    assertKept(verdict);
    say(t, `steady clock: ahead by hours, 3 times: ${count(load.counters.acked)} acknowledged, ` +
        `${verdict.figures}, nobody disconnected`);
});
