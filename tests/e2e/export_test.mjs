/* `weft export` and `weft import`: a room leaves a folder and comes back, as text and with all that is
 * known of it. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { BIN, newFolder, serve, test } from './lib.mjs';

/** A command with something on its stdin. */
function weft(args, input = '') {
    const { status, stdout, stderr } = spawnSync(BIN, args, { input, maxBuffer: 1 << 28 });
    return { code: status, stdout: stdout.toString(), stderr: stderr.toString() };
}
const exported = (data, ...args) => weft(['export', '--data', data, '--room', 'plan', ...args]);
const imported = (data, input, ...args) =>
    weft(['import', '--data', data, '--room', 'plan', ...args], input);

/** A room with two people, entries, an astral character and a revision without a seq. */
async function writePlan(t, server) {
    const ada = await server.join('plan', { query: { name: 'Ada "the first"' } });
    const ben = await server.join('plan');
    await ada.ask({ type: 'insert', text: 'one 😀\ntwo\n', seq: 1 }, { type: 'ack', rev: 1 });
    await ben.ask({ type: 'insert', position: 0, text: '\\"', rev: 1 }, { type: 'ack', rev: 2 });
    await ada.ask({ type: 'meta', meta: { language: 'c', gone: 'x' }, seq: 2 }, { rev: 3 });
    await ada.ask({ type: 'meta', meta: { gone: null }, seq: 3 }, { type: 'ack', rev: 4 });
    await ben.ask({ type: 'edit', op: [2, -3, 'uno'], rev: 4, seq: 9 }, { type: 'ack', rev: 5 });
    return { ada, ben, text: '\\"uno 😀\ntwo\n' };
}

test('a text, now and as it was, while the server runs', async (t) => {
    const server = await serve(t);
    const { text } = await writePlan(t, server);
    assert.deepEqual(exported(server.data), { code: 0, stdout: text, stderr: '' });
    assert.equal(exported(server.data, '--rev', '1').stdout, 'one 😀\ntwo\n');
    assert.equal(exported(server.data, '--rev', '2', '--format', 'text').stdout,
        '\\"one 😀\ntwo\n');
    const past = exported(server.data, '--rev', '6');
    assert.deepEqual([past.code, past.stdout], [1, '']);
    assert.match(past.stderr, /--rev: found 6; expected 1 to 5/);
    const none = weft(['export', '--data', server.data, '--room', 'nobody']);
    assert.deepEqual([none.code, none.stderr], [1, 'weft: no room nobody in this folder\n']);
});

test('a log says everything, and is the same after a way through another folder', async (t) => {
    const server = await serve(t);
    const { ada, ben, text } = await writePlan(t, server);
    const { code, stdout, stderr } = exported(server.data, '--format', 'log');
    assert.deepEqual([code, stderr], [0, '']);
    const [head, ...lines] = stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(head,
        { weft: 'log', version: 1, room: 'plan', epoch: ada.welcome.epoch, rev: 5 });
    const a = ada.welcome.user_id;
    const b = ben.welcome.user_id;
    assert.deepEqual(lines.map(({ at, ...line }) => line), [
        { rev: 1, user_id: a, name: 'Ada "the first"', seq: 1, op: ['one 😀\ntwo\n'] },
        { rev: 2, user_id: b, op: ['\\"'] },
        { rev: 3, user_id: a, name: 'Ada "the first"', seq: 2, op: [],
            meta: { language: 'c', gone: 'x' } },
        { rev: 4, user_id: a, name: 'Ada "the first"', seq: 3, op: [], meta: { gone: null } },
        { rev: 5, user_id: b, seq: 9, op: [2, -3, 'uno'] },
    ]);
    const history = await ada.ask({ type: 'history', from: 1, to: 5 }, 'history');
    assert.deepEqual(lines.map(({ seq, ...line }) => line), history.ops);

    const other = path.join(newFolder(), 'made');
    const made = imported(other, stdout, '--format', 'log');
    assert.deepEqual(made, { code: 0, stdout: 'room plan: 5 revisions, 12 code points\n', stderr: '' });
    const again = exported(other, '--format', 'log');
    const [head2, ...lines2] = again.stdout.split('\n');
    assert.deepEqual(lines2, stdout.split('\n').slice(1));
    assert.notEqual(JSON.parse(head2).epoch, head.epoch);
    assert.equal(weft(['check', '--data', other]).stdout,
        'looked at 1 room, 5 revisions, 0 snapshots: all good\n');

    const copy = await serve(t, [], { data: other });
    const eve = await copy.join('plan');
    assert.equal(eve.welcome.text, text);
    assert.deepEqual([eve.welcome.rev, eve.welcome.meta], [5, { language: 'c' }]);
    await eve.ask({ type: 'insert', text: '!', seq: 1 }, { type: 'ack', rev: 6 });
});

test('a part of a log', async (t) => {
    const server = await serve(t);
    await writePlan(t, server);
    const { stdout } = exported(server.data, '--format', 'log', '--rev', '2');
    const other = newFolder();
    assert.equal(imported(other, stdout, '--format', 'log').stdout,
        'room plan: 2 revisions, 12 code points\n');
});

test('a text becomes a room, once', async (t) => {
    const data = newFolder();
    const text = 'Grüße 😀\n';
    assert.deepEqual(imported(data, text),
        { code: 0, stdout: 'room plan: 1 revision, 8 code points\n', stderr: '' });
    const second = imported(data, 'another');
    assert.equal(second.code, 1);
    assert.match(second.stderr, /the room plan is there already, at revision 1; --replace yes/);
    assert.equal(exported(data).stdout, text);

    const server = await serve(t, [], { data });
    const ada = await server.join('plan');
    assert.equal(ada.welcome.text, text);
    assert.match(imported(data, 'x', '--replace', 'yes').stderr, /is in use by process/);
    await server.stop();

    assert.equal(imported(data, 'another', '--replace', 'yes').code, 0);
    const later = await serve(t, [], { data });
    const back = await later.join('plan', {
        session: ada.welcome.session, query: { epoch: ada.welcome.epoch, rev: 1 },
    });
    assert.deepEqual([back.welcome.text, back.welcome.rev], ['another', 1]);
    assert.notEqual(back.welcome.epoch, ada.welcome.epoch);
});

test('what cannot be imported is named, and nothing is changed', async () => {
    const data = newFolder();
    imported(data, 'kept');
    const id = 'a8d1f2c4-0b7e-4f56-8c3d-9e0f1a2b3c4d';
    const head = (rev) => `{"weft":"log","version":1,"room":"x","epoch":"${id}","rev":${rev}}\n`;
    const line = (rev, op, more = '') =>
        `{"rev":${rev},"user_id":"${id}","at":1,"op":${op}${more}}\n`;
    for (const [input, words] of [
        ['', /found 0 lines; expected a first one and 0 revisions/],
        ['nonsense\n', /line 1: .*found/],
        ['[]\n', /line 1: .*expected one JSON object/],
        [head(1).replace('log', 'leg'), /line 1: weft: found "leg"; expected "log"/],
        [head(1).replace('"version":1', '"version":3'), /line 1: version: found 3; expected/],
        [head(1).replace('"x"', '"a/b"'), /line 1: room: found "a\/b"; expected the name/],
        [head(1), /found 1 lines; expected a first one and 1 revisions/],
        [head(1) + line(1, '["a"]') + line(2, '["a"]'), /found 3 lines; expected a first one and 1/],
        [head(1) + line(2, '["a"]'), /line 2: rev: found 2; expected 1/],
        [head(1) + line(1, '[1,"a"]'), /line 2: record 1: its operation does not fit the text/],
        [head(1) + line(1, '["a",0]'), /line 2: op\[1\]: found 0; expected/],
        [head(1) + line(1, '["a"]', ',"seq":0'), /line 2: seq: found 0; expected/],
        [head(1) + line(1, '["a"]', ',"meta":{}'), /line 2: meta: found .*; expected an object/],
        [head(1) + line(1, '["a"]', ',"name":"\\n"'), /line 2: name: found .*; expected at most/],
        [head(1) + line(1, '["a"]').replace(id, 'x'), /line 2: user_id: found "x"; expected a UUID/],
        [head(2) + line(1, '["a"]', ',"seq":5') + line(2, '["b"]', ',"seq":5'),
            /line 3: record 2: its operation does not fit/],
    ]) {
        const refused = imported(data, input, '--format', 'log', '--replace', 'yes');
        assert.equal(refused.code, 1, refused.stdout);
        assert.match(refused.stderr, words);
    }
    for (const [input, words] of [
        ['', /stdin: found nothing; expected a text/],
        [Buffer.from('gut\xfc', 'latin1'), /found byte 0xfc at offset 3; expected UTF-8 without NUL/],
        ['a\0b', /found byte 0x00 at offset 1; expected UTF-8 without NUL/],
    ]) {
        const refused = imported(data, input, '--replace', 'yes');
        assert.equal(refused.code, 1);
        assert.match(refused.stderr, words);
    }
    assert.equal(exported(data).stdout, 'kept');
});

test('arguments', () => {
    for (const [args, words] of [
        [['export'], /weft export: --room: found nothing; expected the name of a room/],
        [['export', '--room', 'a/b'], /--room: found a\/b; expected/],
        [['export', '--room', 'x', '--format', 'html'], /--format: found html; expected text or log/],
        [['export', '--room', 'x', '--rev', '0'], /--rev: found 0; expected a revision, from 1/],
        [['export', '--room', 'x', '--rev', '1x'], /--rev: found 1x/],
        [['import'], /weft import: --room: found nothing/],
        [['import', '--room', 'x', '--replace', 'maybe'], /--replace: found maybe; expected yes or no/],
    ]) {
        const refused = weft(args);
        assert.equal(refused.code, 2);
        assert.match(refused.stderr, words);
    }
    assert.equal(weft(['export', '--help']).code, 0);
    assert.equal(weft(['import', '--help']).code, 0);
    assert.match(weft(['exprt']).stderr, /did you mean `weft export`/);
});
