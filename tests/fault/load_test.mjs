/* The load and its verdict on a server that nothing happens to, and on cables that are pulled. */

import assert from 'node:assert/strict';
import { serve, test } from '../e2e/lib.mjs';
import { Load } from './load.mjs';
import { weftAdapter } from './weft_client.mjs';

/** Types until so many edits are acknowledged. */
const acked = (load, n) => load.until(`${n} edits`, () => load.counters.acked >= n);

test('a load in a closed loop converges, and all of it is there', async (t) => {
    const server = await serve(t);
    const load = await new Load(weftAdapter({ origin: () => server.origin }),
        { writers: 6, rooms: 2, size: 200 }).after(t).open();
    load.start();
    await acked(load, 2000);
    load.stop();
    await load.settled();
    const verdict = await load.verdict();
    assert.ok(verdict.ok, `${verdict}`);
    const { sent, reconnects, refused } = load.figures();
    assert.deepEqual([sent, reconnects, refused], [load.counters.acked, 0, 0]);
    /* The same load must be able to find fault: a text that is not the one. */
    const [[room, ledger]] = load.ledgers;
    const { text } = load.texts.get(room);
    assert.equal(ledger.judge([...text].slice(1).join('')).lost, 1);
    await load.close();
});

test('cut cables: everybody comes back, nothing is lost or twice', async (t) => {
    const server = await serve(t);
    const load = await new Load(weftAdapter({ origin: () => server.origin }),
        { writers: 4, rate: 200, size: 200 }).after(t).open();
    load.start();
    for (let cut = 1; cut <= 20; cut++) {
        load.phase = cut;
        await acked(load, cut * 40);
        load.writers[cut % 4].client.cut();
    }
    load.stop();
    load.healed();
    await load.settled();
    const verdict = await load.verdict();
    assert.ok(verdict.ok, `${verdict}`);
    assert.ok(load.figures().reconnects >= 15, `${load.figures().reconnects}`);
    assert.ok(load.convergeMs > 0);
    await load.close();
});
