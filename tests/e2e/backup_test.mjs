/* `weft backup` of a folder that a server is writing to, and life on the copy afterwards. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { newFolder, run, serve, test } from './lib.mjs';

const target = () => path.join(newFolder(), 'copy');
const backup = (data, to) => run(['backup', '--data', data, '--to', to]);

test('a backup made while somebody types has all that was acknowledged before', async (t) => {
    const server = await serve(t);
    const ada = await server.join('plan');
    await ada.ask({ type: 'insert', text: '0', seq: 1 }, 'ack');
    let typing = true;
    let acked = 1;
    const typist = (async () => {
        for (let seq = 2; typing || seq < 50; seq++) {
            await ada.ask({ type: 'insert', position: 0, text: `${seq % 10}`, seq }, 'ack');
            acked = seq;
        }
    })();
    for (let i = 0; i < 5; i++) {
        const before = acked;
        const to = target();
        const made = await backup(server.data, to);
        assert.deepEqual([made.stderr, made.code], ['', 0]);
        assert.match(made.stdout, /^copied .* to .*, \d+ KiB of logs\n$/);
        const checked = await run(['check', '--data', to]);
        assert.equal(checked.code, 0, checked.stdout);
        const found = Number(checked.stdout.match(/looked at 1 room, (\d+) revisions?/)[1]);
        assert.ok(found >= before, `${found} revisions in the copy; ${before} were acknowledged`);
    }
    typing = false;
    await typist;
});

test('clients of the original merge into the copy and lose nothing', async (t) => {
    const server = await serve(t);
    const ada = await server.join('plan');
    await ada.ask({ type: 'insert', text: 'kept', seq: 1 }, 'ack');
    const to = target();
    assert.equal((await backup(server.data, to)).code, 0);
    await ada.ask({ type: 'insert', text: ' gone', seq: 2 }, { type: 'ack', rev: 2 });

    /* The original is lost, the copy takes its place; somebody else is there first. */
    const copy = await serve(t, [], { data: to });
    const ben = await copy.join('plan');
    assert.equal(ben.welcome.text, 'kept');
    assert.notEqual(ben.welcome.epoch, ada.welcome.epoch);
    await ben.ask({ type: 'insert', text: 'B', position: 0, seq: 1 }, { type: 'ack', rev: 2 });

    /* Revision 2 of the original is not revision 2 of the copy: the text comes whole. The session is
     * known, its second operation is not in this log. */
    const back = await copy.join('plan', {
        session: ada.welcome.session, query: { epoch: ada.welcome.epoch, rev: 2 },
    });
    assert.equal(back.welcome.text, 'Bkept');
    assert.deepEqual([back.welcome.user_id, back.welcome.seq], [ada.welcome.user_id, 1]);
    assert.equal(back.welcome.epoch, ben.welcome.epoch);
    await back.ask({ type: 'insert', text: ' gone', seq: 2 }, { type: 'ack', rev: 3 });

    /* And from then on it resumes as anywhere else, across a restart too. */
    await copy.stop();
    const again = await serve(t, [], { data: to });
    const third = await again.join('plan', {
        session: back.welcome.session, query: { epoch: back.welcome.epoch, rev: 3 },
    });
    assert.deepEqual([third.welcome.text, third.welcome.rev], [undefined, 3]);
    assert.equal(await third.text(), 'Bkept gone');

    /* A copy of the copy is a third life. */
    const far = target();
    assert.equal((await backup(to, far)).code, 0);
    const last = await serve(t, [], { data: far });
    const seen = await last.join('plan');
    assert.equal(seen.welcome.text, 'Bkept gone');
    assert.equal(new Set([ada, ben, seen].map((c) => c.welcome.epoch)).size, 3);
    assert.match(seen.welcome.epoch, /^.{14}4.{4}[89ab]/); /* still of version 4 */
});

test('what cannot be copied is said, and nothing is left that looks like a backup', async () => {
    const nothing = newFolder();
    const to = target();
    let made = await backup(nothing, to);
    assert.equal(made.code, 1);
    assert.match(made.stderr, /weft\.db is not there; expected a data folder of weft in /);
    assert.ok(!existsSync(to));

    const full = newFolder();
    writeFileSync(path.join(full, 'mine'), 'x');
    writeFileSync(path.join(nothing, 'weft.db'), 'this is not a database, but it is there');
    made = await backup(nothing, full);
    assert.equal(made.code, 1);
    assert.match(made.stderr, /has mine in it; expected a folder that is empty or not there/);
    assert.deepEqual(readdirSync(full), ['mine']);

    made = await backup(nothing, to);
    assert.equal(made.code, 1);
    assert.match(made.stderr, /weft\.db: file is not a database \(26\)/);
    assert.ok(!existsSync(path.join(to, 'weft.db')));

    made = await backup(nothing, path.join(to, 'not', 'there'));
    assert.match(made.stderr, /cannot be made: No such file or directory/);
});

test('half a copy is served by nobody, and not made into an empty folder', async () => {
    const half = newFolder();
    writeFileSync(path.join(half, 'weft.db.part'), ''); /* what comes first, and was all there is */
    for (const args of [['serve', '--port', '0'], ['check'], ['repair'], ['export', '--room', 'plan']]) {
        const { code, stderr } = await run([...args, '--data', half]);
        assert.equal(code, 1, stderr);
        assert.match(stderr, /weft\.db(:)? is not there/, args[0]);
        assert.ok(!existsSync(path.join(half, 'weft.db')), args[0]);
    }
    const made = await backup(half, target());
    assert.equal(made.code, 1);
});

test('a copy is readable by its owner alone', async (t) => {
    const server = await serve(t);
    const ada = await server.join('plan');
    await ada.ask({ type: 'insert', text: 'x', seq: 1 }, 'ack');
    const to = newFolder();
    mkdirSync(path.join(to, 'empty'), { mode: 0o755 });
    for (const folder of [path.join(to, 'empty'), path.join(to, 'new')]) {
        assert.equal((await backup(server.data, folder)).code, 0);
        assert.deepEqual(readdirSync(folder).sort(), ['generation', 'secret.key', 'weft.db']);
        for (const name of readdirSync(folder))
            assert.equal(statSync(path.join(folder, name)).mode & 0o777, 0o600, name);
    }
    assert.equal(statSync(path.join(to, 'new')).mode & 0o777, 0o700);
});

test('arguments', async () => {
    const { code, stdout } = await run(['backup', '--help']);
    assert.equal(code, 0);
    assert.match(stdout, /weft backup --to FOLDER/);
    for (const [args, words] of [
        [[], /--to: found nothing; expected a folder/],
        [['--to'], /weft backup: option '--to' requires an argument/],
        [['--too', 'x'], /weft backup: unrecognized option '--too'/],
        [['--to', 'x', 'y'], /found y; expected flags only/],
    ]) {
        const refused = await run(['backup', ...args]);
        assert.equal(refused.code, 2);
        assert.match(refused.stderr, words);
    }
});
