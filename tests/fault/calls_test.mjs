/* Every call to the disk and each allocation fails, one at a time: see sweep.mjs for the scenario and what must hold.
 *
 * make test plays a sample drawn from WEFT_SEED; make fault every call of each kind (of allocations and
 * of some kinds of writes a share, as `every` says). */

import assert from 'node:assert/strict';
import { chance, newFolder, run, SEED, Server, test } from '../e2e/lib.mjs';
import { HAVE_SHIM, Shim } from './shim.mjs';
import { countCalls, playPoint, sweep, wordsOf } from './sweep.mjs';

const LONG = process.env.WEFT_FAULT === 'long';
const SAMPLE = 5; /* points of each kind in the short form */
const skip = HAVE_SHIM ? false : 'no build/*/tools/faultshim.so: make tests builds it';

/* What fails, and how. `every`: of the long form's points, which share is played. */
const KINDS = [
    { kinds: 'write', times: 1 },
    { kinds: 'write', times: 0, error: 'ENOSPC' },
    { kinds: 'write', times: 2, error: 'ENOSPC', how: 'short', every: 3 },
    { kinds: 'write', times: 1, how: 'short', every: 3 },
    { kinds: 'sync', times: 1, how: 'keep' },
    { kinds: 'sync', times: 1, how: 'drop' },
    { kinds: 'sync', times: 0, how: 'keep' },
    { kinds: 'sync', times: 1, how: 'plain' },
    { kinds: 'truncate', times: 1 },
    { kinds: 'open', times: 1, error: 'EMFILE' },
    { kinds: 'open', times: 0, error: 'EACCES' },
    { kinds: 'read', times: 1 },
    { kinds: 'read', times: 0 },
    { kinds: 'mmap', times: 1, error: 'ENOMEM' },
    { kinds: 'unlink', times: 1 },
    { kinds: 'alloc', times: 1, error: 'ENOMEM' },
    { kinds: 'alloc', times: 4, error: 'ENOMEM', every: 5 },
    { kinds: ['write', 'sync', 'truncate'], times: 0, error: 'EROFS', every: 3 },
];

function pointsOf(kind, calls, seed) {
    const all = [];
    for (let at = 0; at < calls; at += LONG ? kind.every ?? 1 : 1)
        all.push({ ...kind, at });
    const below = chance(seed);
    while (!LONG && all.length > SAMPLE)
        all.splice(below(all.length), 1);
    return all;
}

for (const [i, kind] of KINDS.entries()) {
    const words = `${[kind.kinds].flat().join(', ')} ${kind.error ?? 'EIO'} ${kind.how ?? ''}` +
        ` ${kind.times === 0 ? 'for good' : `${kind.times}x`}`;
    test(`failing: ${words}`, { skip }, async () => {
        /* A few more than in one play: no two plays make the same number of calls. */
        const calls = Math.ceil(await countCalls(kind) * 1.1);
        const seed = SEED + 1000 * i;
        const sum = await sweep(pointsOf(kind, calls, seed), seed);
        console.log(`# proved: ${words}: ${wordsOf(sum)}`);
        assert.ok(sum.hit > 0, 'no call was hit');
    });
}

/* ---- what was found, each once by itself ---- */

test('memory that fails while the network is being set up: served, or refused with a sentence',
    { skip }, async () => {
        const shim = new Shim(newFolder());
        const never = { kinds: 'alloc', at: 1e9, times: 1, error: 'ENOMEM' };
        shim.fail(never.kinds, never);
        const server = await start(shim.data, shim);
        const calls = shim.count; /* the network comes last */
        await server.stop();
        shim.done();
        const points = [];
        for (let at = calls - 80; at < calls; at++)
            points.push({ ...never, at });
        const sum = await sweep(points, SEED);
        console.log(`# proved: setting up the network: ${wordsOf(sum)}`);
        assert.ok(sum.refusedStarts > 0, 'none of these allocations was needed');
    });

const CALL = { type: 'insert', position: 0 };
const answered = (seq) => (m) => (m.type === 'ack' || m.type === 'error') && m.seq === seq;

async function start(data, shim, port = 0) {
    return new Server([], { data, port, env: shim.env }).started();
}

for (const how of ['keep', 'plain']) {
    test(`killed after a failed sync (${how}), then a power cut: what was acknowledged stays`,
        { skip }, async () => {
            const data = newFolder();
            const shim = new Shim(data);
            let server = await start(data, shim);
            let ada = await server.join('notes');
            const session = ada.welcome.session;
            await ada.ask({ ...CALL, text: '1', seq: 1 }, answered(1));
            shim.fail('sync', { files: 'wal', how });
            const refused = await ada.ask({ ...CALL, text: '2', seq: 2 }, answered(2));
            assert.equal(refused.code, 'unavailable');
            await server.kill();
            shim.heal();

            /* The journal in memory has the refused edit, the disk has not. */
            server = await start(data, shim);
            ada = await server.join('notes', { session });
            assert.equal(ada.welcome.text, '21');
            assert.equal((await ada.ask({ ...CALL, text: '2', seq: 2 }, answered(2))).dup, true);
            assert.equal((await ada.ask({ ...CALL, text: '3', seq: 3 }, answered(3))).type, 'ack');
            await server.kill();
            shim.powerCut();

            server = await start(data, shim);
            ada = await server.join('notes', { session });
            assert.equal(ada.welcome.text, '321');
            await server.stop();
            shim.done();
        });
}

test('an edit that is acknowledged as known is on the disk', { skip }, async () => {
    const data = newFolder();
    const shim = new Shim(data);
    let server = await start(data, shim);
    let ada = await server.join('notes');
    const session = ada.welcome.session;
    shim.fail('sync', { files: 'wal' });
    await ada.ask({ ...CALL, text: 'hi', seq: 1 }, answered(1));
    await server.kill();
    shim.heal();
    server = await start(data, shim);
    ada = await server.join('notes', { session });
    const ack = await ada.ask({ ...CALL, text: 'hi', seq: 1 }, answered(1));
    assert.equal(ack.dup, true);
    await server.kill(); /* nothing was written in this life */
    shim.powerCut();
    server = await start(data, shim);
    assert.equal((await server.join('notes')).welcome.text, 'hi');
    await server.stop();
    shim.done();
});

test('a database that cannot be made one with a journal is not served', { skip }, async () => {
    const data = newFolder();
    const shim = new Shim(data);
    /* The first sync of the rollback journal with which SQLite turns the new file into one. */
    shim.fail('sync', { at: 3, times: 1 });
    const refusing = new Server([], { data, env: shim.env });
    await assert.rejects(refusing.started());
    assert.equal(refusing.ended.code, 1, refusing.said());
    assert.match(refusing.stderr, /^weft: .*weft\.db: disk I\/O error/, refusing.said());
    assert.equal(shim.fired, 1);
    shim.heal();
    const server = await start(data, shim);
    const ada = await server.join('notes');
    await ada.ask({ ...CALL, text: 'hi', seq: 1 }, answered(1));
    await server.kill();
    const { code: clean, stdout } = await run(['check', '--data', data]);
    assert.equal(clean, 0, stdout);
    assert.match(stdout, /looked at 1 room, 1 revision/);
    shim.done();
});

test('the journal is copied back while calls on the database fail', { skip }, async () => {
    /* 40 pastes and their snapshots: the journal comes to its 16 MiB in life 1. The file's first
     * writes and syncs are those that make it. */
    const kinds = [{ kinds: 'write', files: 'db', times: 1 },
        { kinds: 'write', files: 'db', times: 0, error: 'ENOSPC' },
        { kinds: 'sync', files: 'db', times: 1, how: 'keep' },
        { kinds: 'sync', files: 'db', times: 1, how: 'drop' },
        { kinds: 'sync', files: 'db', times: 0, how: 'drop' },
        { kinds: 'truncate', files: 'db', times: 1 },
        { kinds: 'sync', files: 'wal', times: 1, how: 'drop', at: 44 }];
    const below = chance(SEED);
    const points = [];
    for (const kind of kinds) {
        for (let i = 0; i < (LONG ? 20 : 1); i++)
            points.push({ pastes: 40, at: kind.kinds === 'write' ? 1 + below(2000) :
                kind.kinds === 'sync' ? 1 + below(LONG ? 3 : 1) : 0, ...kind });
    }
    const sum = await sweep(points, SEED, { play: playPoint, jobs: 2 });
    console.log(`# proved: copying the journal back: ${wordsOf(sum)}`);
    assert.ok(sum.hit > 0, 'no call was hit');
});
