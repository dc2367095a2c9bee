/* Each limit of docs/protocol.md at N, where it is kept, and at N + 1, where it is not. */

import assert from 'node:assert/strict';
import { serve, test } from './lib.mjs';

/* An insert that is a message of exactly `bytes` bytes. */
function insertOf(bytes, fields = {}) {
    const empty = JSON.stringify({ type: 'insert', ...fields, text: '' }).length;
    return JSON.stringify({ type: 'insert', ...fields, text: 'x'.repeat(bytes - empty) });
}

test('--limit-message: in bytes, in one frame and in many', async (t) => {
    const server = await serve(t, ['--limit-message', '2k']);
    const ada = await server.join('message');
    assert.equal(ada.welcome.limits.message, 2048);
    ada.raw(insertOf(2048));
    await ada.expect({ type: 'ack', rev: 1 });
    const whole = insertOf(2048);
    for (let at = 0; at < 2048; at += 512)
        ada.ws.send(whole.slice(at, at + 512), { fin: at + 512 === 2048 });
    await ada.expect({ type: 'ack', rev: 2 });
    /* Characters of four bytes: fewer code points, no fewer bytes. */
    const astral = `{"type":"insert","text":"${'😀'.repeat(505)}"`.padEnd(2047) + '}';
    assert.equal(Buffer.byteLength(astral), 2048 + 505 * 2, 'as UTF-16 it fits, as UTF-8 not');
    ada.raw(astral);
    assert.equal((await ada.closed()).code, 1009);

    const ben = await server.join('message');
    assert.equal(ben.welcome.rev, 2);
    ben.raw(insertOf(2049));
    assert.equal((await ben.closed()).code, 1009);

    const cleo = await server.join('message');
    for (let at = 0; at < 2048; at += 512)
        cleo.ws.send(whole.slice(at, at + 512), { fin: false });
    cleo.ws.send('}', { fin: true });
    assert.equal((await cleo.closed()).code, 1009);
    assert.equal((await server.getJson('/api/rooms/message')).json.rev, 2);
});

test('--limit-message: the default is 1 MiB', async (t) => {
    const server = await serve(t);
    const ada = await server.join('MiB');
    ada.raw(insertOf(1 << 20, { seq: 1 }));
    await ada.expect({ type: 'ack', seq: 1 });
    ada.raw(insertOf((1 << 20) + 1, { seq: 2 }));
    assert.equal((await ada.closed()).code, 1009);
    const { json } = await server.getJson('/api/rooms/MiB');
    const { text } = JSON.parse(insertOf(1 << 20, { seq: 1 }));
    assert.deepEqual([json.rev, json.length], [1, text.length]);
});

test('--limit-document: in bytes of UTF-8', async (t) => {
    const server = await serve(t, ['--limit-document', '1k']);
    const ada = await server.join('document');
    assert.equal(ada.welcome.limits.document, 1024);
    await ada.ask({ type: 'insert', text: '😀'.repeat(256), seq: 1 }, { type: 'ack', rev: 1 });
    const full = await ada.ask({ type: 'insert', text: 'x', seq: 2 }, 'error');
    assert.deepEqual([full.code, full.seq], ['doc_full', 2]);
    /* What only deletes always may; what replaces, if it fits. */
    await ada.ask({ type: 'delete', position: 0, length: 2, seq: 3 }, { type: 'ack', rev: 2 });
    await ada.ask({ type: 'insert', text: 'x'.repeat(8), seq: 4 }, { type: 'ack', rev: 3 });
    assert.equal((await ada.ask({ type: 'insert', text: 'x', seq: 5 }, 'error')).code, 'doc_full');
    assert.equal(Buffer.byteLength(await ada.text()), 1024);
    /* In one go, in an empty room. */
    const ben = await server.join('one go');
    assert.equal((await ben.ask({ type: 'insert', text: 'x'.repeat(1025) }, 'error')).code, 'doc_full');
    await ben.ask({ type: 'insert', text: 'x'.repeat(1024) }, { type: 'ack', rev: 1 });
});

test('--limit-people: in one room', async (t) => {
    const server = await serve(t, ['--limit-people', '3']);
    const here = [];
    for (let i = 0; i < 3; i++)
        here.push(await server.join('people'));
    const late = server.open('/ws/people');
    assert.equal((await late.closed()).code, 1013);
    await server.join('another room');
    /* Taking up a session needs no new place; one that leaves makes one. */
    await server.join('people', { session: here[0].welcome.session });
    assert.equal((await here[0].closed()).code, 1008);
    await here[1].leave();
    await here[2].expect({ type: 'leave', user_id: here[1].welcome.user_id });
    await server.join('people');
});

test('--limit-connections: in all', async (t) => {
    const server = await serve(t, ['--limit-connections', '3']);
    const here = [];
    for (let i = 0; i < 3; i++)
        here.push(await server.join(`room ${i}`));
    const late = server.open('/ws/one%20more');
    assert.equal((await late.closed()).code, 1013, late.said());
    assert.equal((await server.get('/healthz')).status, 200, 'plain requests are answered');
    await here[0].leave();
    await server.join('one more');
});

test('--limit-per-address: the next upgrade is refused with 429', async (t) => {
    const server = await serve(t, ['--limit-per-address', '3']);
    const here = [];
    for (let i = 0; i < 3; i++)
        here.push(await server.join(`room ${i}`));
    const late = await server.open('/ws/late').refused();
    assert.equal(late.status, 429);
    assert.match(late.body, /too many connections from this address/i);
    /* Somebody else's address has its own. */
    await server.join('elsewhere', { localAddress: '127.0.0.2' });
    await here[0].leave();
    await server.join('late');
});

test('--limit-rooms: in memory; those nobody is in make place', async (t) => {
    const server = await serve(t, ['--limit-rooms', '2']);
    const ada = await server.join('one');
    await server.join('two');
    const late = await server.open('/ws/three').refused();
    assert.equal(late.status, 503);
    assert.match(late.body, /too many rooms/);
    await ada.ask({ type: 'insert', text: 'kept' }, 'ack');
    await ada.leave();
    const three = await retry(() => server.join('three'));
    await three.leave();
    const back = await retry(() => server.join('one'));
    assert.equal(back.welcome.text, 'kept');
});

test('--limit-memory: rooms nobody is in make place; when all are in use, no further one', async (t) => {
    const server = await serve(t, ['--limit-memory', '1M', '--log-level', 'debug']);
    const ada = await server.join('one');
    await ada.ask({ type: 'insert', text: 'x'.repeat(300000) }, 'ack');
    await ada.leave();
    const ben = await server.join('two');
    for (let rev = 1; rev <= 2; rev++)
        await ben.ask({ type: 'insert', text: 'x'.repeat(600000) }, { type: 'ack', rev });
    await server.says(/msg="room evicted"/);
    /* Above the limit, and all are in use: what is there goes on, others wait. */
    const late = await server.open('/ws/three').refused();
    assert.equal(late.status, 503);
    await ben.ask({ type: 'insert', text: '!' }, 'ack');
    await ben.leave();
    const back = await retry(() => server.join('one'));
    assert.equal(back.welcome.length, 300000);
});

/* A place is made by the server's own clock: asks again for as long as it is refused with 503. */
async function retry(join) {
    for (const end = Date.now() + 20000; ;) {
        try {
            return await join();
        } catch (error) {
            if (error.status !== 503 || Date.now() > end)
                throw error;
        }
    }
}

test('a room\'s name: 128 bytes, UTF-8, no control characters, no slash', async (t) => {
    const server = await serve(t);
    const names = ['x'.repeat(128), '😀'.repeat(32), 'a b?c#d%&+', '漢字', '...', ' '];
    for (const name of names)
        assert.equal((await server.join(name)).welcome.room, name);
    for (const segment of ['', 'x'.repeat(129), `${encodeURIComponent('😀'.repeat(32))}x`, 'a%2Fb',
        'a%00', 'a%0A', 'a%7F', '%C2%80', '%FF', '%ED%A0%80', '%', '%4', '%zz']) {
        const refused = await server.open(`/ws/${segment}`).refused();
        assert.equal(refused.status, 400, segment);
        assert.match(refused.body, /room: found .*; expected/, segment);
        if (segment !== '')
            assert.equal((await server.get(`/api/rooms/${segment}/text`)).status, 400, segment);
    }
});

test('a user\'s name: 64 bytes, in the address and in a message', async (t) => {
    const server = await serve(t);
    const ada = await server.join('name');
    for (const name of ['x'.repeat(64), '😀'.repeat(16)]) {
        const ben = await server.join('name', { query: { name } });
        assert.equal((await ada.expect('join')).name, name);
        ada.send({ type: 'user', name });
        assert.equal((await ben.expect('user')).name, name);
        const longer = `${name}x`;
        const refused = await server.open(`/ws/name?name=${encodeURIComponent(longer)}`).refused();
        assert.equal(refused.status, 400);
        assert.match(refused.body, /name: found .*; expected .*64/);
        const error = await ada.ask({ type: 'user', name: longer }, 'error');
        assert.equal(error.code, 'bad_field');
        assert.match(error.message, /name: found .*; expected .*64/);
        await ben.leave();
    }
});

test('meta: 16 keys of 32 bytes, values of 256', async (t) => {
    const server = await serve(t);
    const ada = await server.join('meta');
    const entries = (n, from = 0) => Object.fromEntries(Array.from({ length: n },
        (_, i) => [String(i + from).padStart(32, 'k'), 'v'.repeat(256)]));
    await ada.ask({ type: 'meta', meta: entries(16), seq: 1 }, { type: 'ack', rev: 1 });

    const answers = [
        [entries(17), 'bad_field', /meta: found an object of 17; expected/],
        [entries(1, 99), 'too_large', /meta: found more than 16 keys/],
        [{ ['k'.repeat(33)]: 'v' }, 'bad_field', /meta: found a key of 33 bytes; expected/],
        [{ k: 'v'.repeat(257) }, 'bad_field', /meta.k: found a string of 257 bytes; expected/],
        [{ k: 'é'.repeat(128) + 'x' }, 'bad_field', /found a string of 257 bytes; expected/],
    ];
    for (const [meta, code, words] of answers) {
        const error = await ada.ask({ type: 'meta', meta, seq: 2 }, 'error');
        assert.deepEqual([error.code, error.seq], [code, 2]);
        assert.match(error.message, words);
    }
    /* One out, one in; and the room says the same to the next. */
    const [first] = Object.keys(entries(1));
    await ada.ask({ type: 'meta', meta: { [first]: null, new: '' }, seq: 2 }, { type: 'ack', rev: 2 });
    const ben = await server.join('meta');
    const expected = { ...entries(16), new: '' };
    delete expected[first];
    assert.deepEqual(ben.welcome.meta, expected);
});

test('parts of an op: 1,048,576', async (t) => {
    const server = await serve(t, ['--limit-message', '8M']);
    const ada = await server.join('parts');
    const op = (n) => `{"type":"edit","rev":0,"seq":1,"op":[${'"a",'.repeat(n - 1)}"a"]}`;
    ada.raw(op((1 << 20) + 1));
    const error = await ada.expect('error');
    assert.deepEqual([error.code, error.seq], ['too_large', 1]);
    assert.match(error.message, /op: found an array of 1048577; expected at most 1048576/);
    ada.raw(op(1 << 20));
    await ada.expect({ type: 'ack', rev: 1, seq: 1 });
});

test('counts: 2,147,483,647 is in range of an integer, one more is not', async (t) => {
    const server = await serve(t);
    const ada = await server.join('counts');
    const code = async (message) => (await ada.ask(message, 'error')).code;
    const MOST = 2147483647;
    assert.equal(await code({ type: 'insert', position: MOST, text: 'x' }), 'bad_field');
    assert.equal(await code({ type: 'insert', position: MOST - 1, text: 'x' }), 'out_of_range');
    assert.equal(await code({ type: 'delete', position: 0, length: MOST }), 'out_of_range');
    assert.equal(await code({ type: 'delete', position: 1, length: MOST }), 'bad_field');
    assert.equal(await code({ type: 'edit', op: [MOST - 1, 'x'] }), 'out_of_range');
    assert.equal(await code({ type: 'edit', op: [MOST + 1] }), 'bad_field');
    assert.equal(await code({ type: 'edit', op: [-MOST] }), 'out_of_range');
    assert.equal(await code({ type: 'cursor', position: MOST }), 'out_of_range');
    assert.equal(await code({ type: 'cursor', position: MOST + 1 }), 'bad_field');
    const REV = 2 ** 53;
    assert.equal(await code({ type: 'text', rev: REV }), 'bad_rev');
    ada.raw('{"type":"text","rev":9007199254740993}');
    assert.equal((await ada.expect('error')).code, 'bad_field');
    ada.raw(`{"type":"insert","text":"x","seq":${REV}}`);
    assert.equal((await ada.expect('ack')).seq, REV);
});

test('nesting: 16', async (t) => {
    const server = await serve(t);
    const ada = await server.join('deep');
    const ben = await server.join('deep');
    const message = (deep) => `{"type":"signal","to":"${ben.welcome.user_id}","data":` +
        `${'['.repeat(deep - 1)}${']'.repeat(deep - 1)}}`;
    ada.raw(message(16));
    await ben.expect('signal');
    ada.raw(message(17));
    assert.equal((await ada.expect('error')).code, 'bad_json');
});

test('--rate-messages: a burst above it is slowed down, and nothing is lost', async (t) => {
    const server = await serve(t, ['--rate-messages', '500', '--rate-burst', '100']);
    const ada = await server.join('rate');
    const ben = await server.join('rate');
    const N = 600;
    const start = process.hrtime.bigint();
    for (let i = 0; i < N; i++)
        ada.send({ type: 'insert', text: String(i % 10), seq: i + 1 });
    /* Meanwhile others are served. */
    const { rev } = await ben.ask({ type: 'insert', position: 0, text: '!' }, 'ack');
    assert.ok(rev < N, `Ben did not wait for all of Ada's: ${rev}`);
    await ada.expect({ type: 'ack', seq: N });
    /* 500 of them had to be paid for, at 500 a second: not before 1 s. Clocks may differ a little. */
    const took_ms = Number((process.hrtime.bigint() - start) / 1000000n);
    assert.ok(took_ms > 900, `slowed down: ${took_ms} ms`);
    const acks = ada.received.filter((m) => m.type === 'ack').map((m) => m.seq);
    assert.deepEqual(acks, Array.from({ length: N }, (_, i) => i + 1));
    assert.ok(!ada.received.some((m) => m.type === 'error'));
    assert.equal(await ada.text(),
        `!${Array.from({ length: N }, (_, i) => i % 10).join('')}`);
});

test('a pasted book: 12,000 messages at once by default, without a seq, none lost', async (t) => {
    const server = await serve(t);
    const ada = await server.join('book');
    const N = 12000;
    for (let i = 0; i < N; i++)
        ada.send({ type: 'insert', text: 'x' });
    await ada.until('all answers', (all) => all.length === N + 1);
    assert.deepEqual(ada.received.filter((m) => m.type !== 'ack').map((m) => m.type), ['welcome'],
        'nothing but acks');
    assert.equal((await server.getJson('/api/rooms/book')).json.length, N);
});

test('signals wait for whom they are for, up to 1 MiB; then their sender is told', async (t) => {
    const server = await serve(t, ['--rate-queries', '0']);
    const slow = await server.join('signals');
    const ada = await server.join('signals');
    const signal = { type: 'signal', to: slow.welcome.user_id, data: 'x'.repeat(900000) };
    slow.ws._socket.pause();
    let error;
    for (let sent = 1; !error && sent <= 40; sent++) { /* the sockets between take some, too */
        ada.send(signal);
        error = (await ada.settled()).find((m) => m.type === 'error');
    }
    assert.equal(error?.code, 'rate_limited');
    assert.match(error.message, /^to: found somebody who has not read what waits for them/);
    assert.ok(error.retry_ms > 0);
    slow.ws._socket.resume();
    await slow.settled();
    ada.send({ ...signal, data: 'later' });
    await slow.expect({ type: 'signal', data: 'later' });
});

test('--rate-queries: N at once are answered, the next is not, and later it is', async (t) => {
    const server = await serve(t, ['--rate-queries', '5', '--rate-queries-burst', '4']);
    const ada = await server.join('queries');
    for (let i = 0; i < 5; i++)
        ada.send({ type: 'text' });
    const error = await ada.expect('error');
    assert.equal(error.code, 'rate_limited');
    assert.equal(ada.received.filter((m) => m.type === 'text').length, 4);
    assert.ok(error.retry_ms <= 200);
    /* After the time it gave; there is no event to wait for. */
    await new Promise((resolve) => setTimeout(resolve, error.retry_ms + 20));
    await ada.ask({ type: 'text' }, (m) => m.type === 'text' && ada.received.indexOf(m) > 5);
});

test('--limit-incoming: of messages that have begun, the oldest makes place', async (t) => {
    const server = await serve(t, ['--limit-incoming', '1M']);
    const begin = async (letter) => {
        const client = await server.join('pieces');
        client.ws.send(`{"type":"insert","text":"${letter.repeat(300000)}`, { fin: false });
        await new Promise((resolve) => { /* an answer to this says that the rest was read */
            client.ws.once('pong', resolve);
            client.ws.ping();
        });
        return client;
    };
    /* 300 KB in pieces of 2 KiB, each reserved with up to 64 KiB more and by halves: two fit. */
    const ada = await begin('a');
    const ben = await begin('b');
    const cleo = await begin('c');
    const dan = await begin('d');
    assert.equal((await ada.closed()).code, 4409);
    dan.ws.send('"}', { fin: true });
    await dan.expect('ack');
    await cleo.leave();
    await ben.leave();
});

test('--limit-outgoing: who reads nothing is cut, and who comes waits for the place', async (t) => {
    const server = await serve(t, ['--limit-outgoing', '8M']);
    const ada = await server.join('large');
    for (let i = 0; i < 4; i++)
        await ada.ask({ type: 'insert', text: 'x'.repeat(1000000) }, 'ack');
    /* Each has 4 MB waiting, less what the sockets between took. */
    const stuck = [];
    for (let i = 0; i < 6; i++) {
        const one = server.open('/ws/large');
        one.ws.once('open', () => one.ws._socket.pause());
        stuck.push(one);
    }
    const ben = await server.join('large');
    assert.equal(ben.welcome.length, 4000000);
    await ben.ask({ type: 'insert', text: '!' }, 'ack');
    /* Ben may have come before some of them: then a text is refused until they are cut too. */
    let got = await ada.ask({ type: 'text' }, ({ type }) => type === 'text' || type === 'error');
    while (got.type === 'error') {
        assert.equal(got.code, 'rate_limited');
        await ada.expect('leave');
        got = await ada.ask({ type: 'text' }, ({ type }) => type === 'text' || type === 'error');
    }
    assert.equal(got.text.length, 4000001);
    for (const one of stuck)
        one.ws.terminate();
});
