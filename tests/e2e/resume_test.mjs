/* Coming back: the composed catch-up, and exactly-once across cuts, crashes and restarts. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LEFT, transform } from '../../web/client/ot.js';
import { chance, opOf, Replica, SEED, serve, test, UUID } from './lib.mjs';

/** Comes back as `client` was, having `rev`. */
const resume = (server, room, client, rev, query = {}) => server.join(room, {
    session: client.welcome.session, query: { epoch: client.welcome.epoch, rev, ...query },
});

/** A server on the data of one that was killed. */
async function restarted(t, server) {
    return serve(t, server.args, { data: server.data });
}

/** What the client has been brought to, by a welcome without text at `rev` and what followed. */
async function caughtUp(client, text, rev, own) {
    const replica = new Replica({ text, rev });
    await client.until('the welcome\'s revision', (all) => all.some((m) => m.type !== 'welcome' &&
        m.rev >= client.welcome.rev && (m.type === 'ack' || opOf(m))));
    for (const message of client.received.slice(1))
        replica.take(message, own);
    return replica;
}

/* ---- resuming ---- */

test('unsynced logs that a power cut may have shortened are another epoch', async (t) => {
    const server = await serve(t, ['--sync', 'off']);
    const ada = await server.join('cut');
    await ada.ask({ type: 'insert', text: 'hi', seq: 1 }, 'ack');
    const mark = path.join(server.data, 'unsynced');
    assert.match(readFileSync(mark, 'utf8'), /^[0-9a-f-]{36}$/);

    /* A crash of weft alone loses nothing. */
    await server.kill();
    const second = await restarted(t, server);
    const back = await resume(second, 'cut', ada, 1);
    assert.deepEqual([back.welcome.epoch, back.welcome.text], [ada.welcome.epoch, undefined]);

    /* As it looks after the machine was off in the meantime. */
    await second.kill();
    writeFileSync(mark, 'another run');
    const third = await restarted(t, server);
    await third.says(/msg="the machine stopped while the logs were not synced"/);
    const again = await resume(third, 'cut', ada, 1);
    assert.notEqual(again.welcome.epoch, ada.welcome.epoch);
    assert.deepEqual([again.welcome.text, again.welcome.seq], ['hi', 1]);
    await third.stop();
    assert.ok(!existsSync(mark));
});

test('nothing was missed: a welcome without text, and nothing behind it', async (t) => {
    const server = await serve(t);
    const ada = await server.join('nothing', { query: { name: 'Ada', color: '#112233' } });
    await ada.ask({ type: 'insert', text: 'hi', seq: 1 }, 'ack');
    await ada.cut();
    const back = await resume(server, 'nothing', ada, 1);
    assert.deepEqual([back.welcome.text, back.welcome.rev, back.welcome.seq, back.welcome.length],
        [undefined, 1, 1, 2]);
    assert.deepEqual([back.welcome.user_id, back.welcome.session],
        [ada.welcome.user_id, ada.welcome.session]);
    assert.deepEqual(await back.settled(), []);
});

test('what was missed comes composed, one\'s own as acks in their places', async (t) => {
    const server = await serve(t);
    const ada = await server.join('missed');
    const ben = await server.join('missed');
    await ada.ask({ type: 'insert', text: 'base', seq: 1 }, 'ack');
    await ben.expect({ rev: 1 });
    await ben.ask({ type: 'insert', position: 0, text: 'B' }, { type: 'ack', rev: 2 });
    await ben.ask({ type: 'meta', meta: { a: '1', b: '2' } }, { type: 'ack', rev: 3 });
    await ada.ask({ type: 'insert', text: 'A', rev: 3, seq: 2 }, { type: 'ack', rev: 4 });
    await ben.ask({ type: 'delete', position: 1, length: 1, rev: 4 }, { type: 'ack', rev: 5 });
    await ada.ask({ type: 'insert', text: '!', rev: 5 }, { type: 'ack', rev: 6 }); /* no seq */
    await ben.ask({ type: 'meta', meta: { a: null } }, { type: 'ack', rev: 7 });
    await ada.ask({ type: 'meta', meta: { own: 'x' }, seq: 3 }, { type: 'ack', rev: 8 });

    await ada.cut();
    const back = await resume(server, 'missed', ada, 1);
    assert.deepEqual([back.welcome.text, back.welcome.rev, back.welcome.seq], [undefined, 8, 3]);
    assert.deepEqual(back.welcome.meta, { b: '2', own: 'x' });
    await back.expect({ type: 'ack', rev: 8 });
    assert.deepEqual(back.received.slice(1).filter((m) => m.type !== 'join'), [
        { type: 'edit', from: 1, rev: 3, op: ['B'], meta: { a: '1', b: '2' } },
        { type: 'ack', rev: 4, seq: 2 },
        { type: 'edit', from: 4, rev: 7, op: [1, -1, 4, '!'], meta: { a: null } },
        { type: 'ack', rev: 8, seq: 3 },
    ]);
    const own = { 4: [5, 'A'], 8: [] };
    const replica = await caughtUp(back, 'base', 1, ({ rev }) => own[rev]);
    assert.equal(replica.text, await ben.text());
    assert.equal(replica.text, 'BaseA!');
});

test('from revision 0, and a long way back', async (t) => {
    const server = await serve(t);
    const ada = await server.join('long');
    const ben = await server.join('long');
    const N = 2000;
    for (let i = 0; i < N; i++)
        ben.send({ type: 'insert', position: 0, text: i % 7 ? 'x' : '😀', rev: i });
    await ben.expect({ type: 'ack', rev: N });
    for (const rev of [0, 1, 1000, N - 1]) {
        const back = await resume(server, 'long', ada, rev);
        const at = await ben.ask({ type: 'text', rev }, { type: 'text', rev });
        const replica = await caughtUp(back, at.text, rev);
        assert.equal(replica.rev, N);
        assert.equal(replica.composed, rev === N - 1 ? replica.composed : 1);
        assert.equal(replica.text, await ben.text());
        await back.cut();
    }
});

test('an operation in flight that never arrived is sent again, transformed', async (t) => {
    const server = await serve(t);
    const ada = await server.join('lost');
    const ben = await server.join('lost');
    await ada.ask({ type: 'insert', text: 'base', seq: 1 }, 'ack');
    await ada.cut(); /* before what was typed went out: [4, '!'] against 1, as seq 2 */
    await ben.ask({ type: 'insert', position: 0, text: 'B' }, { type: 'ack', rev: 2 });
    const back = await resume(server, 'lost', ada, 1);
    assert.equal(back.welcome.seq, 1, 'so 2 is to be sent again');
    const missed = await back.expect((m) => m.rev === 2 && opOf(m));
    const again = transform([4, '!'], opOf(missed), LEFT);
    await back.ask({ type: 'edit', op: again, rev: 2, seq: 2 }, { type: 'ack', rev: 3, seq: 2 });
    assert.equal(await ben.text(), 'Bbase!');
});

test('an operation in flight that did arrive is acknowledged in its place', async (t) => {
    const server = await serve(t);
    const ada = await server.join('arrived');
    const ben = await server.join('arrived');
    await ada.ask({ type: 'insert', text: 'base', seq: 1 }, 'ack');
    ada.send({ type: 'insert', position: 4, text: '!', rev: 1, seq: 2 });
    await ben.expect({ rev: 2 }); /* in the log; Ada's ack goes nowhere */
    await ada.cut();
    const back = await resume(server, 'arrived', ada, 1);
    assert.equal(back.welcome.seq, 2);
    assert.deepEqual(await back.expect('ack'), { type: 'ack', rev: 2, seq: 2 });
    /* Sent again all the same: not applied again. */
    assert.deepEqual(await back.ask({ type: 'insert', position: 4, text: '!', rev: 1, seq: 2 }, 'ack'),
        { type: 'ack', rev: 2, seq: 2, dup: true });
    assert.equal(await ben.text(), 'base!');
});

/* ---- exactly-once across crashes ---- */

test('kill -9: what was acknowledged is there, and a repeat is still a repeat', async (t) => {
    const server = await serve(t);
    const ada = await server.join('crash', { query: { name: 'Ada' } });
    await ada.ask({ type: 'insert', text: 'one', seq: 1 }, 'ack');
    await ada.ask({ type: 'meta', meta: { title: 'x' }, seq: 2 }, 'ack');
    await ada.ask({ type: 'insert', text: ' two', seq: 3 }, { type: 'ack', rev: 3 });
    await server.kill();

    const second = await restarted(t, server);
    const back = await resume(second, 'crash', ada, 1);
    assert.deepEqual([back.welcome.epoch, back.welcome.rev, back.welcome.seq, back.welcome.text,
                      back.welcome.user_id],
        [ada.welcome.epoch, 3, 3, undefined, ada.welcome.user_id]);
    assert.deepEqual(back.welcome.meta, { title: 'x' });
    await back.expect({ type: 'ack', rev: 2, seq: 2 });
    await back.expect({ type: 'ack', rev: 3, seq: 3 });
    assert.deepEqual(await back.ask({ type: 'insert', text: ' two', seq: 3 }, { dup: true }),
        { type: 'ack', rev: 3, seq: 3, dup: true });
    await back.ask({ type: 'insert', text: ' three', seq: 4 }, { type: 'ack', rev: 4 });
    await second.stop();

    const third = await restarted(t, server);
    const once = await resume(third, 'crash', back, 4);
    assert.equal(await once.text(), 'one two three');
    assert.deepEqual(await once.ask({ type: 'insert', text: '?', seq: 4 }, { dup: true }),
        { type: 'ack', rev: 4, seq: 4, dup: true });
});

test('killed again and again while typing: every operation exactly once, in order', async (t) => {
    t.diagnostic(`WEFT_SEED=${SEED}`);
    const below = chance(SEED);
    let server = await serve(t);
    const ROOM = 'typing';
    const N = 120;
    const writers = [];
    for (const name of ['a', 'b'])
        writers.push({ name, seq: 0, inFlight: null, replica: null, client: await server.join(ROOM) });
    for (const w of writers)
        w.replica = new Replica(w.client.welcome);

    /* One operation in flight each, as a client does it, until `stop()` or the connection ends. */
    async function type(w, stop) {
        while (!stop() && (w.seq < N || w.inFlight)) {
            if (!w.inFlight) {
                w.seq++;
                const at = Array.from(w.replica.text).length;
                w.inFlight = [...(at ? [at] : []), `${w.name}${w.seq} `];
                w.client.send({ type: 'edit', op: w.inFlight, rev: w.replica.rev, seq: w.seq });
            }
            const message = await w.client.next().catch(() => null);
            if (!message)
                return;
            take(w, message);
        }
    }
    function take(w, message) {
        w.replica.take(message, () => w.inFlight);
        if (message.type === 'ack' && !message.dup)
            w.inFlight = null;
        else if (opOf(message) && w.inFlight)
            w.inFlight = transform(w.inFlight, opOf(message), LEFT);
    }
    async function comeBack(w) {
        const before = w.client;
        w.client = await resume(server, ROOM, before, w.replica.rev);
        w.client.welcome.epoch = before.welcome.epoch;
        assert.equal(w.client.welcome.text, undefined);
        while (w.replica.rev < w.client.welcome.rev)
            take(w, await w.client.next());
        if (w.inFlight) {
            assert.equal(w.client.welcome.seq, w.seq - 1, 'never arrived');
            w.client.send({ type: 'edit', op: w.inFlight, rev: w.replica.rev, seq: w.seq });
        }
    }

    for (let round = 0; round < 5; round++) {
        const until = 8 + below(15);
        const from = writers[0].client.received.length;
        const typing = writers.map((w) => type(w, () => false));
        await writers[0].client.wait('some messages', () => (
            writers[0].client.received.length > from + until || writers[0].seq >= N || undefined));
        await server.kill();
        await Promise.all(typing);
        server = await restarted(t, server);
        for (const w of writers)
            await comeBack(w);
    }
    const last = Math.max(...writers.map((w) => w.seq));
    assert.ok(last < N, 'it was killed while typing');
    await Promise.all(writers.map((w) => type(w, () => false)));

    const reader = await server.join(ROOM);
    const words = reader.welcome.text.trim().split(' ');
    assert.equal(reader.welcome.rev, 2 * N);
    for (const { name } of writers)
        assert.deepEqual(words.filter((word) => word.startsWith(name)),
            Array.from({ length: N }, (_, i) => `${name}${i + 1}`));
    for (const w of writers) {
        while (w.replica.rev < 2 * N)
            take(w, await w.client.next());
        assert.equal(w.replica.text, reader.welcome.text);
    }
});

/* ---- what does not match ---- */

test('a session that does not verify: a new one, and the whole text', async (t) => {
    const server = await serve(t);
    const ada = await server.join('verify');
    await ada.ask({ type: 'insert', text: 'hi', seq: 1 }, 'ack');
    await ada.cut();
    const { session, epoch, user_id } = ada.welcome;
    const flipped = (session[0] === 'A' ? 'B' : 'A') + session.slice(1);
    const tail = session.slice(0, 30) + (session[30] === 'A' ? 'B' : 'A') + session.slice(31);
    for (const forged of [flipped, tail, session.slice(1), `${session}A`, 'x', 'A'.repeat(43)]) {
        const back = await server.join('verify', { session: forged, query: { epoch, rev: 1 } });
        assert.equal(back.welcome.text, 'hi', forged);
        assert.equal(back.welcome.seq, 0);
        assert.notEqual(back.welcome.user_id, user_id);
        assert.notEqual(back.welcome.session, session);
        assert.match(back.welcome.user_id, UUID);
        await back.leave();
    }
    /* A session belongs to one room, and to one server's key. */
    const other = await server.join('another', { session });
    assert.notEqual(other.welcome.user_id, user_id);
    const stranger = await serve(t);
    const there = await stranger.join('verify', { session, query: { epoch, rev: 1 } });
    assert.notEqual(there.welcome.user_id, user_id);
    assert.equal(there.welcome.text, '');
});

test('an epoch that does not match: a full welcome, the session kept', async (t) => {
    const server = await serve(t);
    const ada = await server.join('epoch');
    await ada.ask({ type: 'insert', text: 'hi', seq: 1 }, 'ack');
    await ada.cut();
    const back = await server.join('epoch', {
        session: ada.welcome.session,
        query: { epoch: '11111111-2222-4333-8444-555555555555', rev: 1 },
    });
    assert.deepEqual([back.welcome.text, back.welcome.rev, back.welcome.seq, back.welcome.user_id],
        ['hi', 1, 1, ada.welcome.user_id]);
});

test('a rev above the head, or without its epoch', async (t) => {
    const server = await serve(t);
    const ada = await server.join('above');
    await ada.ask({ type: 'insert', text: 'hi', seq: 1 }, 'ack');
    await ada.cut();
    const back = await resume(server, 'above', ada, 2);
    assert.deepEqual([back.welcome.text, back.welcome.rev, back.welcome.user_id],
        ['hi', 1, ada.welcome.user_id]);
    for (const [query, field] of [['rev=1', 'epoch'], [`epoch=${ada.welcome.epoch}`, 'rev'],
        [`epoch=${ada.welcome.epoch}&rev=-1`, 'rev'],
        [`epoch=${ada.welcome.epoch}&rev=1&rev=1`, 'rev']]) {
        const refused = await server.open(`/ws/above?${query}`).refused();
        assert.equal(refused.status, 400);
        assert.match(refused.body, new RegExp(`${field}.*found .*expected`));
    }
});

test('a room that was never written has no epoch to come back to after a restart', async (t) => {
    const server = await serve(t);
    const ada = await server.join('empty');
    await server.kill();
    const second = await restarted(t, server);
    const back = await resume(second, 'empty', ada, 0);
    assert.equal(back.welcome.text, '');
    assert.equal(back.welcome.user_id, ada.welcome.user_id, 'the session holds');
    assert.notEqual(back.welcome.epoch, ada.welcome.epoch);
    await back.ask({ type: 'insert', text: 'x', seq: 1 }, { type: 'ack', rev: 1 });
});

/* ---- sessions ---- */

test('a second connection takes the session over, with caret, name and color', async (t) => {
    const server = await serve(t);
    const watcher = await server.join('over');
    const ada = await server.join('over', { query: { name: 'Ada', color: '#112233' } });
    await ada.ask({ type: 'insert', text: 'hello', seq: 1 }, 'ack');
    ada.send({ type: 'cursor', position: 3, anchor: 1 });
    await watcher.expect('cursor');
    const second = await resume(server, 'over', ada, 1);
    const closed = await ada.closed();
    assert.equal(closed.code, 1008);
    assert.match(closed.reason, /session/);
    await second.ask({ type: 'insert', text: '!', seq: 2 }, { type: 'ack', rev: 2 });
    /* To the others nobody left, or all that was known is said again. */
    const next = await server.join('over');
    const here = next.welcome.users.filter((user) => user.user_id === ada.welcome.user_id);
    assert.deepEqual(here, [{ user_id: ada.welcome.user_id, name: 'Ada', color: '#112233',
                              position: 3, anchor: 1 }]);
    assert.equal(next.welcome.users.length, 2);
});

test('the acknowledgement of what an old connection sent goes to the new one', async (t) => {
    const server = await serve(t);
    const ada = await server.join('handover');
    for (let seq = 1; seq <= 50; seq++)
        ada.send({ type: 'insert', text: 'x', seq });
    const second = await resume(server, 'handover', ada, 0);
    assert.equal((await ada.closed()).code, 1008);
    /* Whatever had arrived by then: resend all, and each is there once. */
    for (let seq = second.welcome.seq + 1; seq <= 50; seq++)
        second.send({ type: 'insert', text: 'x', seq });
    await second.until('50 revisions', (all) => all.some((m) => m.type === 'ack' && m.rev === 50));
    assert.equal(await second.text(), 'x'.repeat(50));
});

test('sessions are secrets: in no query, no answer\'s head, and nobody else\'s messages', async (t) => {
    const server = await serve(t, ['--log-level', 'debug']);
    const watcher = await server.join('secret');
    const ada = await server.join('secret', { query: { name: 'Ada' } });
    await ada.ask({ type: 'insert', text: 'x', seq: 1 }, 'ack');
    await ada.cut();
    const back = await server.join('secret', {
        session: ada.welcome.session, protocols: ['weft.token.topsecret'],
        headers: { Authorization: 'Bearer topsecret' },
        query: { epoch: ada.welcome.epoch, rev: 1 },
    });
    assert.equal(back.upgrade.headers['sec-websocket-protocol'], 'weft.v1');
    assert.equal(back.ws.protocol, 'weft.v1');
    const head = JSON.stringify(back.upgrade.headers);
    await watcher.expect({ type: 'join' });
    await back.leave();
    await server.stop();
    for (const [where, text] of Object.entries({
        head, log: server.stderr + server.stdout, others: JSON.stringify(watcher.received),
    }))
        for (const secret of [ada.welcome.session, 'topsecret'])
            assert.ok(!text.includes(secret), `${secret} in ${where}`);
    assert.notEqual(watcher.welcome.session, ada.welcome.session);
    assert.notEqual(ada.welcome.user_id, watcher.welcome.user_id);
});

test('subprotocols: weft.v1 is answered; without it none, or 400', async (t) => {
    const server = await serve(t);
    const plain = await server.join('sub');
    assert.equal(plain.ws.protocol, 'weft.v1');
    const among = server.open('/ws/sub', { bare: true, protocols: ['chat', 'weft.v1'] });
    await among.welcomed();
    assert.equal(among.ws.protocol, 'weft.v1');
    for (const protocols of [['weft.v2'], ['chat', 'soap'], ['weft.v1.x'],
        [`weft.session.${plain.welcome.session}`], ['weft.token.x'], ['WEFT.V1']]) {
        const refused = await server.open('/ws/sub', { bare: true, protocols }).refused();
        assert.equal(refused.status, 400, protocols.join());
        assert.match(refused.body, /weft\.v1/);
        assert.doesNotMatch(refused.body, new RegExp(plain.welcome.session));
    }
});

/* ---- reading by key ---- */

test('/view/<read key>: the room without its name, for reading only', async (t) => {
    const server = await serve(t);
    const ROOM = 'a very particular name';
    const ada = await server.join(ROOM);
    await ada.ask({ type: 'insert', text: 'hello', seq: 1 }, 'ack');
    const key = ada.welcome.read_key;
    assert.match(key, /^[\w.~-]+$/, 'as it stands it is a path segment');
    assert.ok(!Buffer.from(key, 'base64url').toString('latin1').includes('particular'));
    const again = await server.join(ROOM);
    assert.equal(again.welcome.read_key, key, 'the same for all writers');

    /* mode=write in the query opens nothing more. */
    for (const query of [{}, { mode: 'write' }, { mode: 'read', name: 'Ben' }]) {
        const ben = await server.join(null, { path: `/view/${key}`, query });
        assert.deepEqual([ben.welcome.text, ben.welcome.mode, ben.welcome.room, ben.welcome.read_key],
            ['hello', 'read', undefined, undefined]);
        assert.ok(!JSON.stringify(ben.welcome).includes('particular'));
        assert.equal((await ben.ask({ type: 'insert', text: 'x', seq: 1 }, 'error')).code, 'read_only');
        await ada.ask({ type: 'insert', position: 0, text: '.' }, 'ack');
        await ben.expect('insert');
        await ada.ask({ type: 'delete', position: 0 }, 'ack');
        await ben.expect('delete');
        /* Resuming as a reader does not lead to more, through either door. */
        await ben.cut();
        for (const path of [`/view/${key}`, `/ws/${encodeURIComponent(ROOM)}`]) {
            const back = await server.join(null, { path, session: ben.welcome.session,
                                                   query: { mode: 'read' } });
            assert.equal(back.welcome.mode, 'read');
            assert.equal(back.welcome.user_id, ben.welcome.user_id);
            await back.cut();
        }
    }
    const flipped = (key[0] === 'A' ? 'B' : 'A') + key.slice(1);
    for (const wrong of [flipped, key.slice(1), `${key}A`, 'x', '', encodeURIComponent(ROOM)]) {
        const refused = await server.open(`/view/${wrong}`).refused();
        assert.equal(refused.status, 404, wrong);
        assert.match(refused.body, /read key/);
    }
    await server.kill();
    const second = await restarted(t, server);
    const reader = await second.join(null, { path: `/view/${key}` });
    assert.equal(reader.welcome.text, 'hello', 'a key holds across restarts');
});
