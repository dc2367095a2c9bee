/* SIGTERM under load, again and again: an operator's restarts.
 *
 * Each stop must end by itself with 0, tell everybody (`closing`, then 1012), and lose nothing of what
 * was acknowledged; the clients, with the delays that users have, go on with the next server. The long
 * form is ten restarts in a minute. A last stop has a reader that takes nothing any more: it is waited
 * for no longer than the bound, and the stop still ends with 0. */

import assert from 'node:assert/strict';
import { chance, SEED } from '../e2e/lib.mjs';
import { Load, quantile } from './load.mjs';
import {
    assertKept, checkFolder, count, faultTest, judgeFolder, Life, ms, pick, say,
} from './world.mjs';
import { weftAdapter } from './weft_client.mjs';

const RESTARTS = pick(3, 10);
const WITHIN_MS = pick(2000, 60000);
const moment = (msLater) => new Promise((resolve) => { setTimeout(resolve, msLater); });

/** How each connection that had a welcome ended: with `closing` and 1012, all of them. */
function assertTold(load) {
    for (const { who, client } of load.writers) {
        for (const { code, told } of client.closes) {
            if (told !== undefined)
                assert.deepEqual({ who, code, told }, { who, code: 1012, told: 'closing' });
        }
    }
}

/** Stops the server; what it said of it. */
async function stopped(life) {
    const { server } = life;
    const since = performance.now();
    await server.stop(); /* ends with 0 */
    const took = performance.now() - since;
    const [, how] = /msg="?stopped"? how="([^"]+)"/.exec(server.stderr) ?? [];
    assert.ok(how, `it said how it stopped\n${server.said()}`);
    life.sane();
    return { how, took };
}

faultTest(`SIGTERM, ${RESTARTS} times under load`, { timeout: 600000 }, async (t, data) => {
    const random = chance(SEED);
    const life = await new Life(data).after(t).start();
    const load = await new Load(weftAdapter({ origin: () => life.origin(), delayMaxMs: Infinity }),
        { writers: pick(8, 16), rooms: 2, rate: 40, size: 1000 }).after(t).open();
    const stops = [];
    const begun = performance.now();
    load.start();
    for (let i = 1; i <= RESTARTS; i++) {
        load.phase = i;
        const left = WITHIN_MS * (i / (RESTARTS + 1)) - (performance.now() - begun);
        await moment(Math.max(0, left) + random(pick(200, 1000)));
        const { how, took } = await stopped(life);
        assert.equal(how, 'everybody closed');
        stops.push(took);
        await life.start('load-0');
        load.healed();
        await load.until('everybody to come back',
            () => load.figures().reconnects >= i * load.writers.length);
    }
    /* The last server has seen everybody come back and type before it is over. */
    const acked = load.counters.acked;
    await load.until('writers to go on', () => load.counters.acked > acked + 100);
    load.stop();
    await load.settled();
    const tookAll = performance.now() - begun;
    assertKept(await load.verdict(), `seed ${SEED}`);
    assertTold(load);
    const { reconnects, longestGapMs } = load.figures();
    assert.equal(reconnects, RESTARTS * load.writers.length, 'once after each restart');
    await life.stop();
    await checkFolder(data);
    const verdict = await judgeFolder(data, load);
    assertKept(verdict, `in the logs, seed ${SEED}`);
    say(t, `sigterm: ${RESTARTS} restarts in ${(tookAll / 1000).toFixed(0)} s, ` +
        `${count(load.counters.acked)} acknowledged, ${verdict.figures}; ` +
        `SIGTERM to end p50 ${ms(quantile(stops, 0.5))} max ${ms(quantile(stops, 1))}; exec to ` +
        `welcome p50 ${ms(quantile(life.welcomeMs, 0.5))} max ${ms(quantile(life.welcomeMs, 1))}; ` +
        `longest gap of a writer ${ms(longestGapMs)} (seed ${SEED})`);
});

faultTest('SIGTERM, and a reader that takes nothing any more', async (t, data) => {
    const life = await new Life(data).after(t).start();
    const load = await new Load(weftAdapter({ origin: () => life.origin() }), { writers: 4, depth: 2 })
        .after(t).open();
    const stuck = await life.server.join('load-0');
    stuck.ws._socket.pause();
    load.start();
    await load.until('200 edits', () => load.counters.acked >= 200);
    const { how, took } = await stopped(life);
    assert.equal(how, 'some did not answer');
    await life.start();
    load.stop();
    await load.settled();
    assertKept(await load.verdict());
    assertTold(load);
    stuck.ws.terminate();
    await life.stop();
    say(t, `sigterm with a reader that takes nothing: ended with 0 after ${ms(took)} (bound 5 s and ` +
        `3 s for the disk), ${count(load.counters.acked)} acknowledged, lost 0`);
});
