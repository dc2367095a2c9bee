/* How much of a room's past is kept: what is answered of what is gone, what goes on all the same, and
 * that room and commands agree about it, through a stop and a kill. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { BIN, newFolder, run, serve, test } from './lib.mjs';

/** A command with something on its stdin. */
function weft(args, input) {
    const { status, stdout, stderr } = spawnSync(BIN, args, { input });
    return [status, stdout.toString(), stderr.toString()];
}

const LINE = 'x'.repeat(99) + '\n';

/** Operations with seq from .. to, one after the other, each behind the last. */
async function type(client, from, to) {
    for (let seq = from; seq <= to; seq++)
        client.send({ type: 'insert', position: 0, text: LINE, seq });
    await client.expect({ type: 'ack', seq: to });
}

/** Waits until the log on disk begins behind revision 1, and says where. */
async function trimmed(data, room) {
    for (const end = Date.now() + 20000; ;) {
        const asked = await run(['export', '--room', room, '--rev', '1', '--data', data]);
        const found = asked.stderr.match(/found 1; expected (\d+) to/);
        if (found !== null)
            return Number(found[1]);
        assert.ok(Date.now() < end, `the log is not trimmed: ${asked.stderr}`);
    }
}

test('--history 100: what is older is gone, and nothing else is', async (t) => {
    const args = ['--history', '100'];
    const first = await serve(t, args);
    const ada = await first.join('plan');
    await type(ada, 1, 200);
    const epoch = ada.welcome.epoch;
    await first.stop(); /* takes the snapshot that the log is cut at later */

    const second = await serve(t, args, { data: first.data });
    const again = await second.join('plan', { session: ada.welcome.session, query: { epoch, rev: 200 } });
    assert.deepEqual([again.welcome.text, again.welcome.rev], [undefined, 200]);
    await type(again, 201, 300);
    assert.equal(await trimmed(first.data, 'plan'), 200);
    await second.kill();

    const third = await serve(t, args, { data: first.data });
    /* Late: revision 50 is gone, so the text comes whole; the session is the same. */
    const late = await third.join('plan', { session: ada.welcome.session, query: { epoch, rev: 50 } });
    assert.deepEqual([late.welcome.rev, late.welcome.seq, late.welcome.epoch], [300, 300, epoch]);
    assert.equal(late.welcome.text, LINE.repeat(300));
    assert.equal(late.welcome.user_id, ada.welcome.user_id);
    /* Sent again, though the record of it is gone: known, and not applied again. */
    await late.ask({ type: 'insert', position: 0, text: LINE, seq: 120, rev: 300 },
        { type: 'ack', seq: 120, dup: true });
    const text = await late.ask({ type: 'text' }, 'text');
    assert.equal(text.text.length, 300 * LINE.length);

    const gone = await late.ask({ type: 'text', rev: 199 }, 'error');
    assert.deepEqual([gone.code, gone.message], ['gone',
        'rev: found 199, expected at least 200, the oldest revision the log keeps']);
    const history = await late.ask({ type: 'history', from: 1, to: 300 }, 'error');
    assert.deepEqual([history.code, history.message], ['gone',
        'from: found 1, expected at least 201, the oldest revision the log keeps']);
    const oldest = await late.ask({ type: 'text', rev: 200 }, { type: 'text', rev: 200 });
    assert.equal(oldest.text, LINE.repeat(200));
    const ops = await late.ask({ type: 'history', from: 201, to: 203 }, 'history');
    assert.deepEqual(ops.ops.map((op) => op.rev), [201, 202, 203]);
    /* One who was there at the oldest revision is brought from it. */
    const there = await third.join('plan', { query: { epoch, rev: 200 } });
    assert.equal(there.welcome.text, undefined);
    await third.stop();

    const checked = await run(['check', '--data', first.data]);
    assert.match(checked.stdout, /looked at 1 room, 100 revisions, \d snapshots?: all good/);
    const copy = path.join(newFolder(), 'copy');
    assert.equal((await run(['backup', '--data', first.data, '--to', copy])).code, 0);
    assert.equal((await run(['check', '--data', copy])).stdout, checked.stdout);
    const exported = await run(['export', '--room', 'plan', '--data', copy]);
    assert.equal(exported.stdout, LINE.repeat(300));

    /* The whole log that there is, and back: the same but for its epoch. */
    const log = await run(['export', '--room', 'plan', '--format', 'log', '--data', copy]);
    assert.equal(log.code, 0, log.stderr);
    const [head, base, ...lines] = log.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual([head.version, head.base, head.rev, lines.length], [2, 200, 300, 100]);
    assert.deepEqual([base.rev, base.text, base.meta], [200, LINE.repeat(200), undefined]);
    assert.deepEqual(base.sessions, [{ user_id: ada.welcome.user_id, seq: 200, rev: 200 }]);
    const made = weft(['import', '--room', 'plan', '--format', 'log', '--replace', 'yes', '--data', copy], log.stdout);
    assert.deepEqual(made, [0, 'room plan: 100 revisions behind revision 200, 30000 code points\n', '']);
    const second_log = await run(['export', '--room', 'plan', '--format', 'log', '--data', copy]);
    const [head2, ...rest] = second_log.stdout.split('\n');
    assert.deepEqual(rest, log.stdout.split('\n').slice(1));
    assert.notEqual(JSON.parse(head2).epoch, head.epoch);
    assert.match((await run(['check', '--data', copy])).stdout, /100 revisions, 1 snapshot: all good/);
    const part = await run(['export', '--room', 'plan', '--format', 'log', '--rev', '200', '--data', copy]);
    assert.deepEqual(part.stdout.split('\n').slice(1), [...log.stdout.split('\n').slice(1, 2), '']);
    /* One who comes from before is given the text, in the same session. */
    const fourth = await serve(t, args, { data: copy });
    const back = await fourth.join('plan', { session: ada.welcome.session, query: { epoch, rev: 300 } });
    assert.deepEqual([back.welcome.rev, back.welcome.seq, back.welcome.text], [300, 300, LINE.repeat(300)]);
    assert.notEqual(back.welcome.epoch, epoch);
    await back.ask({ type: 'insert', position: 0, text: LINE, seq: 120, rev: 300 },
        { type: 'ack', seq: 120, dup: true });
    await back.ask({ type: 'insert', position: 0, text: LINE, seq: 301, rev: 300 }, { type: 'ack', rev: 301 });
});

test('a trimmed log that does not hold together is not imported', async () => {
    const data = newFolder();
    const lines = [
        { weft: 'log', version: 2, room: 'plan', epoch: '5f0c9f0e-3c58-4d0e-9a35-2f6a0f6f3c11', base: 2, rev: 3 },
        { rev: 2, at: 5, text: 'ab', meta: { k: 'v' }, forgotten: 0, sessions: [
            { user_id: 'a8d1f2c4-0b7e-4f56-8c3d-9e0f1a2b3c4d', seq: 7, rev: 1 }] },
        { rev: 3, user_id: 'a8d1f2c4-0b7e-4f56-8c3d-9e0f1a2b3c4d', at: 6, seq: 8, op: ['c'] },
    ];
    const [session] = lines[1].sessions;
    const with_ = (i, fields) => lines.map((line, k) => (k === i ? { ...line, ...fields } : line));
    const CASES = [
        [with_(0, { base: undefined }), /line 1: base: found nothing/],
        [with_(0, { base: 4 }), /line 1: rev: found 3/],
        [with_(1, { rev: 1 }), /line 2: rev: found 1; expected 2/],
        [with_(1, { text: undefined }), /line 2: text: found nothing/],
        [with_(1, { meta: { k: null } }), /line 2: meta: /],
        [with_(1, { meta: {} }), /line 2: meta: /],
        [with_(1, { forgotten: 3 }), /line 2: forgotten: found 3/],
        [with_(1, { sessions: 5 }), /line 2: sessions: found 5/],
        [with_(1, { sessions: [5] }), /line 2: sessions: found 5/],
        [with_(1, { sessions: [session, session] }), /line 2: user_id: found "a8d1f2c4/],
        [with_(1, { sessions: [{ ...session, rev: 3 }] }), /line 2: rev: found 3/],
        [with_(2, { rev: 2 }), /line 3: rev: found 2; expected 3/],
        [with_(2, { seq: 7 }), /line 3: record 3: /],
        [with_(2, { op: [3, 'c'] }), /line 3: record 3: /],
        [lines.slice(0, 2), /found 2 lines; expected/],
        [lines.slice(0, 1), /found 1 lines; expected/],
        [[lines[0], lines[2]], /line 2: rev: found 3; expected 2|line 2: text: found nothing/],
    ];
    const all = (list) => list.map((line) => `${JSON.stringify(line)}\n`).join('');
    const args = ['import', '--room', 'plan', '--format', 'log', '--data', data];
    for (const [list, words] of CASES) {
        const [code, , stderr] = weft(args, all(list));
        assert.equal(code, 1);
        assert.match(stderr, words);
    }
    assert.equal(weft(args, all(lines))[0], 0);
    assert.equal((await run(['export', '--room', 'plan', '--data', data])).stdout, 'cab');
});

/** What is answered, over both ways, of what is gone: texts, histories, an older resume. */
async function asked(server, session, epoch) {
    const answers = [];
    const late = await server.join('plan', { session, query: { epoch, rev: 150 } });
    answers.push(late.welcome.text?.length, late.welcome.rev, late.welcome.seq);
    answers.push(await late.ask({ type: 'text', rev: 199 }, 'error'));
    answers.push(await late.ask({ type: 'history', from: 1, to: 300 }, 'error'));
    answers.push((await late.ask({ type: 'text', rev: 200 }, 'text')).text.length);
    for (const what of ['text?rev=150', 'ops?from=200&to=210', 'ops?from=201&to=202']) {
        const answer = await fetch(`${server.origin}/api/rooms/plan/${what}`);
        answers.push(answer.status, await answer.text());
    }
    await late.leave();
    return answers;
}

test('what is gone is answered the same before and after a restart', async (t) => {
    const args = ['--history', '100'];
    const first = await serve(t, args);
    const ada = await first.join('plan');
    const { epoch, session } = ada.welcome;
    await type(ada, 1, 200);
    await ada.leave(); /* nobody is left: a snapshot, to be cut at */
    const again = await first.join('plan', { session, query: { epoch, rev: 200 } });
    assert.equal(again.welcome.text, undefined);
    await type(again, 201, 300);
    assert.equal(await trimmed(first.data, 'plan'), 200);
    while ((await again.ask({ type: 'text', rev: 199 }, (m) => m.type === 'text' || m.code === 'gone')).type === 'text')
        ; /* it is on disk, and the room is about to hear of it */
    /* What is on its way from before is merged as long as there is anything to merge it with. */
    await again.ask({ type: 'insert', position: 0, text: LINE, seq: 301, rev: 199 }, { type: 'ack', rev: 301 });
    await again.leave();
    const before = await asked(first, session, epoch);
    assert.deepEqual(before.slice(0, 3), [301 * LINE.length, 301, 301]);
    assert.deepEqual([before[3].code, before[4].code], ['gone', 'gone']);
    await first.kill();
    const second = await serve(t, args, { data: first.data });
    assert.deepEqual(await asked(second, session, epoch), before);
});

test('a room that nobody opens is trimmed as well', async (t) => {
    const args = ['--history', 'all'];
    const rooms = ['a', 'b', 'c'];
    let folder = {};
    for (const [from, to] of [[1, 200], [1, 100]]) { /* each stop leaves a snapshot */
        const server = await serve(t, args, folder);
        for (const room of rooms)
            await type(await server.join(room), from, to);
        await server.stop();
        folder = { data: server.data };
    }
    const server = await serve(t, ['--history', '100', '--log-level', 'debug'], folder);
    for (const room of rooms)
        assert.equal(await trimmed(server.data, room), 200);
    await server.says(/room evicted.*\n[^]*room evicted.*\n[^]*room evicted/);
    const ada = await server.join('b');
    assert.deepEqual([ada.welcome.rev, ada.welcome.length], [300, 300 * LINE.length]);
    await server.stop();
    const checked = await run(['check', '--data', server.data]);
    assert.match(checked.stdout, /looked at 3 rooms, 300 revisions, \d snapshots?: all good/);
});

test('--history all, and none given: nothing goes', async (t) => {
    for (const args of [[], ['--history', 'all']]) {
        const first = await serve(t, args);
        const ada = await first.join('plan');
        await type(ada, 1, 150);
        await first.stop();
        const second = await serve(t, args, { data: first.data });
        const back = await second.join('plan');
        await type(back, 1, 150);
        await second.stop();
        const log = await run(['export', '--room', 'plan', '--format', 'log', '--data', first.data]);
        assert.equal(log.stdout.trim().split('\n').length, 301);
    }
});

test('a stop makes good what rooms are opened from, and only where that saves something', async (t) => {
    const server = await serve(t);
    const much = await server.join('much');
    const little = await server.join('little');
    await type(much, 1, 100);
    await type(little, 1, 5);
    await server.stop();
    const checked = await run(['check', '--data', server.data]);
    assert.match(checked.stdout, /looked at 2 rooms, 105 revisions, 1 snapshot: all good/);
});
