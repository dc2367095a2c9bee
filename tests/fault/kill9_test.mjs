/* kill -9 at random moments under load: whatever was acknowledged is there afterwards, once.
 *
 * Writers type as fast as they are answered, two edits each on the way. The server is killed at a
 * moment drawn from the seed, started again on the same port, and the clients come back by themselves
 * and resend. Now and then a cable is pulled as well. Every few cuts the typing stops, everybody must
 * have the server's text, and the ledger is asked. Every fifty cuts the folder is left for good by a
 * kill: `weft check` must find nothing, and the exported log must replay to the text that was served
 * and hold every acknowledged insert once, also those that were deleted since. Then new rooms, as a
 * text has only so many characters that differ. */

import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { chance, SEED } from '../e2e/lib.mjs';
import { Verdict } from './ledger.mjs';
import { Load, quantile } from './load.mjs';
import {
    assertKept, checkFolder, count, faultTest, judgeFolder, Life, LONG, ms, pick, say,
} from './world.mjs';
import { weftAdapter } from './weft_client.mjs';

const CUTS = Number(process.env.WEFT_CUTS ?? pick(20, 500));
const PER_LOAD = 50;
const CONVERGE_EVERY = pick(4, 5);
const [FIRST_MS, LAST_MS] = pick([20, 400], [50, 1500]);
const WRITERS = pick(8, 12);

/** A fault at a random moment is a fault, not a wait for something. */
const moment = (msLater) => new Promise((resolve) => { setTimeout(resolve, msLater); });

faultTest(`kill -9, ${CUTS} times under load`, { timeout: 7200000 }, async (t, data) => {
    const random = chance(SEED);
    const life = new Life(data).after(t);
    await life.start();
    const total = { acked: 0, sent: 0, dups: 0, found: 0, reconnects: 0, converge: [],
        verdict: new Verdict('all') };
    let cut = 0;

    while (cut < CUTS) {
        const load = await new Load(weftAdapter({ origin: () => life.origin(), doubles: 8 }), {
            writers: WRITERS, rooms: 2, depth: 2, name: `cut-${cut}`, seed: SEED + cut,
        }).after(t).open();
        const until = Math.min(CUTS, cut + PER_LOAD);
        load.start();
        while (cut < until) {
            cut++;
            load.phase = cut;
            await moment(FIRST_MS + random(LAST_MS - FIRST_MS));
            if (random(4) === 0)
                load.writers[random(WRITERS)].client.cut();
            await life.kill();
            if (LONG && cut % 25 === 0)
                await checkFolder(data);
            await life.start(`cut-${cut - 1 - (cut - 1) % PER_LOAD}-0`);
            load.healed();
            if (cut % CONVERGE_EVERY !== 0 && cut !== until)
                continue;
            load.stop();
            await load.settled();
            total.converge.push(load.convergeMs);
            assertKept(await load.verdict(), `after cut ${cut} of seed ${SEED}`);
            if (cut !== until)
                load.start();
        }
        await life.kill();
        await checkFolder(data);
        const verdict = await judgeFolder(data, load);
        assertKept(verdict, `in the logs after cut ${cut} of seed ${SEED}`);
        total.verdict.merge(verdict);
        for (const key of ['acked', 'sent', 'dups', 'found', 'reconnects'])
            total[key] += load.figures()[key];
        await load.close();
        await life.start();
    }
    await life.stop();
    say(t, `kill9: ${CUTS} cuts, ${WRITERS} writers, ${count(total.acked)} acknowledged, ` +
        `${total.verdict.figures}; ${count(total.reconnects)} reconnects, ` +
        `${count(total.found)} found in the log without an answer, ${count(total.dups)} repeats known; exec to welcome p50 ${ms(quantile(life.welcomeMs, 0.5))} max ` +
        `${ms(quantile(life.welcomeMs, 1))}; converged after p50 ${ms(quantile(total.converge, 0.5))} ` +
        `max ${ms(quantile(total.converge, 1))} (seed ${SEED})`);
});

/* ---- that it can fail ---- */

/** Types for a moment, then kills the server. */
async function typedAndKilled(load, life, enough) {
    const before = load.counters.acked;
    load.start();
    await load.until(`${enough} more edits`, () => load.counters.acked >= before + enough);
    await life.kill();
}

faultTest('a disk that forgot the last moments is found out', async (t, folder) => {
    const data = path.join(folder, 'data');
    const copy = path.join(folder, 'as-it-was');
    const life = await new Life(data).after(t).start();
    const load = await new Load(weftAdapter({ origin: () => life.origin() }),
        { writers: 4, depth: 2 }).after(t).open();
    await typedAndKilled(load, life, 100);
    cpSync(data, copy, { recursive: true });
    await life.start();
    load.phase = 1;
    await typedAndKilled(load, life, 100);

    /* As if what was acknowledged in phase 1 had never been written. */
    rmSync(data, { recursive: true });
    cpSync(copy, data, { recursive: true });
    await life.start();
    load.stop();
    await load.settled();
    const verdict = await load.verdict();
    assert.ok(verdict.lost > 20, `${verdict}`);
    assert.match(`${verdict}`, /lost: U\+[0-9A-F]+ typed by writer \d, edit \d+, acked at [\d.]+ s, in phase 1/);
    assert.equal(verdict.ghosts + verdict.unequal, 0, `${verdict}`);
    say(t, `planted: of ${count(load.counters.acked)} acknowledged, a disk that forgot: ${verdict.figures}`);
});

faultTest('an operation that is applied again is found out', async (t, data) => {
    const life = await new Life(data).after(t).start();
    const load = await new Load(weftAdapter({ origin: () => life.origin() }), { writers: 2 })
        .after(t).open();
    const [[room, ledger]] = load.ledgers;
    const text = ledger.take(4);
    const edit = ledger.insert('by hand', text);
    const hand = await life.server.join(room);
    for (let i = 0; i < 2; i++)
        await hand.ask({ type: 'insert', text }, 'ack'); /* no seq: nobody can tell it is a repeat */
    ledger.acked(edit);
    await load.settled();
    assert.equal((await load.verdict()).twice, 4);
});
