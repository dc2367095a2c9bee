/* Every message of docs/protocol.md, taken from the document, and what the document promises about
 * their order. */

import assert from 'node:assert/strict';
import { examples, firstColumn, sameShape } from './docs.mjs';
import { LEFT, transform } from '../../web/client/ot.js';
import { applyOp, chance, opOf, Replica, SEED, serve, test } from './lib.mjs';

const NOBODY = '00000000-0000-4000-8000-000000000000';

/* ---- what a client sends ---- */

test('the document has an example for every client message, and for no other', () => {
    const shown = new Set(examples('json client').map((message) => message.type));
    const listed = firstColumn('## What a client sends', '| type | fields');
    assert.deepEqual([...shown].sort(), [...new Set(listed)].sort());
});

/* What must come back for a message, and what the others must be told. */
const ANSWERS = {
    insert: (m) => [{ type: 'ack', seq: m.seq }, (o) => opOf(o) !== null],
    delete: (m) => [{ type: 'ack', seq: m.seq }, (o) => opOf(o) !== null],
    edit: (m) => [{ type: 'ack', seq: m.seq }, (o) => opOf(o) !== null],
    meta: (m) => [{ type: 'ack', seq: m.seq }, { type: 'meta', meta: m.meta }],
    cursor: (m) => [null, { type: 'cursor', position: m.position, anchor: m.anchor }],
    user: (m) => [null, { type: 'user', name: m.name, color: m.color }],
    text: () => ['text', null],
    history: (m) => [{ type: 'history', from: m.from }, null],
    signal: (m) => [null, { type: 'signal', data: m.data }],
    ping: () => ['pong', null],
    help: () => ['help', null],
};

test('every client message of the document is taken by a server, in the order shown', async (t) => {
    const server = await serve(t);
    const ada = await server.join('notes');
    const ben = await server.join('notes');
    await ada.sees(ben);
    const replica = new Replica(ben.welcome);

    for (const message of examples('json client')) {
        const [answer, told] = ANSWERS[message.type](message);
        if (message.type === 'signal') {
            /* As it stands it is for nobody. */
            const error = await ada.ask(message, 'error');
            assert.equal(error.code, 'bad_field');
            assert.match(error.message, new RegExp(`to: found ${NOBODY}, expected `));
            message.to = ben.welcome.user_id;
        }
        ada.send(message);
        if (answer)
            await ada.expect(answer);
        if (told) {
            const seen = await ben.expect(told);
            assert.equal(seen.type === 'signal' ? seen.from : seen.user_id, ada.welcome.user_id);
            replica.take(seen);
        }
        assert.deepEqual(await ada.settled(), [], `after ${JSON.stringify(message)}`);
    }
    assert.equal(await ada.text(), replica.text);
    assert.equal(replica.text, 'lo!xrld');
    assert.equal(replica.rev, 6);
});

test('every example of `help` is taken, in an empty room, in the order given', async (t) => {
    const server = await serve(t);
    const ada = await server.join('help');
    const ben = await server.join('help');
    await ada.sees(ben);
    const { messages } = await ada.ask({ type: 'help' }, 'help');
    assert.deepEqual(messages.map((m) => m.type), examples('json client').map((m) => m.type)
        .filter((type, i, all) => all.indexOf(type) === i));
    for (const { type, meaning, example } of messages) {
        assert.equal(example.type, type);
        assert.match(meaning, /\w+ \w+/);
        if (type === 'signal')
            example.to = ben.welcome.user_id;
        ada.send(example);
        const [answer, told] = ANSWERS[type](example);
        if (answer)
            await ada.expect(answer);
        if (told)
            await ben.expect(told);
        assert.deepEqual(await ada.settled(), [], `after ${JSON.stringify(example)}`);
    }
});

test('a client without a subprotocol is served the same', async (t) => {
    const server = await serve(t);
    const bare = await server.join('bare', { bare: true });
    assert.equal(bare.upgrade.headers['sec-websocket-protocol'], undefined);
    assert.equal((await bare.ask({ type: 'insert', text: 'hi' }, 'ack')).rev, 1);
    assert.equal(await bare.text(), 'hi');
});

test('unknown fields are ignored, and fields may come in any order', async (t) => {
    const server = await serve(t);
    const ada = await server.join('fields');
    ada.raw('{"seq":1,"later":{"a":[1,2,{"b":null}]},"text":"hi","x":1e400,"type":"insert"}'
        .replace('1e400', '1.5e3'));
    assert.deepEqual(await ada.expect('ack'), { type: 'ack', rev: 1, seq: 1 });
    ada.raw(' \n\t{ "type" : "ping" } \r\n');
    await ada.expect('pong');
});

/* ---- what the server sends ---- */

/* Which of the document's examples a message belongs to. */
function variant(message) {
    switch (message.type) {
    case 'ack': return message.dup ? 'ack, dup' : 'ack';
    case 'edit': return message.from === undefined ? 'edit' : 'edit, composed';
    case 'error': return `error ${message.code}`;
    default: return message.type;
    }
}

test('every server message of the document is sent, with the fields shown', async (t) => {
    const server = await serve(t, ['--rate-queries', '20', '--rate-queries-burst', '20']);
    const room = { query: { name: 'Ada', color: '#c2185b' } };
    const ada = await server.join('shapes', room);
    const real = new Map();
    const keep = (message) => real.set(variant(message), message);

    /* Ada alone: text, entries, a caret; a history with a name and one without. */
    keep(await ada.ask({ type: 'insert', text: 'hello, world', rev: 0, seq: 1 }, 'ack'));
    await ada.ask({ type: 'edit', op: [], seq: 2 }, 'ack');
    keep(await ada.ask({ type: 'insert', text: 'again', seq: 1 }, { type: 'ack', dup: true }));
    assert.deepEqual(await ada.ask({ type: 'insert', text: 'again', seq: 2 }, { dup: true }),
        { type: 'ack', rev: 2, seq: 2, dup: true });
    const nameless = await server.join('shapes');
    await nameless.ask({ type: 'meta', meta: { language: 'c' } }, { type: 'ack', rev: 3 });
    await nameless.leave();
    ada.send({ type: 'cursor', position: 2, anchor: 2 });
    await ada.settled();

    /* Ben sees who is there, and gets what Ada does. */
    const ben = await server.join('shapes');
    keep(ben.welcome);
    assert.deepEqual(ben.welcome.users, [{ user_id: ada.welcome.user_id, name: 'Ada',
                                           color: '#c2185b', position: 2, anchor: 2 }]);
    assert.deepEqual([ben.welcome.rev, ben.welcome.text, ben.welcome.length, ben.welcome.seq],
        [3, 'hello, world', 12, 0]);
    for (const message of [
        { type: 'insert', position: 5, text: 'hi' },
        { type: 'delete', position: 5, length: 2 },
        { type: 'edit', op: [5, 'hi', -2] },
        { type: 'meta', meta: { language: 'c', title: 'x' } },
        { type: 'cursor', position: 7, anchor: 5 },
        { type: 'user', name: 'Ada', color: '' },
        { type: 'signal', to: ben.welcome.user_id, data: { sdp: 'v=0' } },
    ]) {
        ada.send(message);
        const seen = await ben.expect(message.type);
        keep(seen);
        if (message.type !== 'signal' && message.type !== 'user')
            assert.deepEqual(seen, { ...message, rev: seen.rev, user_id: ada.welcome.user_id });
    }
    for (const message of [
        { type: 'text', rev: 2 }, { type: 'history', from: 2, to: 3 }, { type: 'ping' },
        { type: 'help' }, { type: 'insert', position: 99, text: 'x', rev: 3, seq: 3 },
    ]) {
        ben.send(message);
        keep(await ben.next());
    }
    assert.deepEqual(real.get('history').ops.map((op) => [op.rev, op.name, op.op, op.meta]), [
        [2, 'Ada', [], undefined], [3, undefined, [], { language: 'c' }],
    ]);

    /* Somebody comes and goes. */
    const cleo = await server.join('shapes', { query: { name: 'Cleo', color: '#1565c0' } });
    keep(await ben.expect('join'));
    await cleo.leave();
    keep(await ben.expect('leave'));

    /* Ben is away while text is written and an entry is set and one taken away. */
    await ben.cut();
    await ada.ask({ type: 'insert', position: 0, text: 'A' }, { type: 'ack', rev: 8 });
    await ada.ask({ type: 'meta', meta: { language: 'go', title: null } }, { type: 'ack', rev: 9 });
    const back = await server.join('shapes', {
        session: ben.welcome.session,
        query: { epoch: ben.welcome.epoch, rev: ben.welcome.rev },
    });
    keep(await back.expect((m) => m.from !== undefined));

    const limited = await server.join('shapes');
    for (let i = 0; i < 60; i++)
        limited.send({ type: 'help' });
    keep(await limited.expect('error'));
    const closing = ada.expect('closing');
    await server.stop();
    keep(await closing);

    const shown = examples('json server');
    assert.deepEqual([...real.keys()].sort(), [...new Set(shown.map(variant))].sort());
    for (const example of shown)
        sameShape(example, real.get(variant(example)), variant(example));
    const listed = firstColumn('## What the server sends', '| type | to');
    assert.deepEqual([...new Set(shown.map((m) => m.type))].filter((type) => type !== 'welcome')
        .sort(), [...new Set(listed)].filter((word) => word !== 'from').sort());
});

test('a welcome leaves out what has no value', async (t) => {
    const server = await serve(t);
    const ada = await server.join('bare welcome');
    assert.deepEqual(Object.keys(ada.welcome).sort(), ['epoch', 'length', 'limits', 'mode',
        'protocol', 'read_key', 'rev', 'room', 'seq', 'session', 'text', 'type', 'user_id',
        'users']);
    assert.deepEqual([ada.welcome.room, ada.welcome.rev, ada.welcome.text, ada.welcome.users],
        ['bare welcome', 0, '', []]);
    const ben = await server.join('bare welcome');
    assert.deepEqual(ben.welcome.users, [{ user_id: ada.welcome.user_id }]);
    assert.deepEqual(await ada.expect('join'), { type: 'join', user_id: ben.welcome.user_id });
});

/* ---- operations ---- */

test('operations are shown in the simplest type that fits, and brought to normal form', async (t) => {
    const server = await serve(t);
    const ada = await server.join('simplest');
    const ben = await server.join('simplest');
    const cases = [
        [{ type: 'edit', op: ['a', 'b😀'] }, { type: 'insert', position: 0, text: 'ab😀' }],
        [{ type: 'edit', op: [1, 1, 'x'] }, { type: 'insert', position: 2, text: 'x' }],
        [{ type: 'edit', op: [1, -1, -1, 1] }, { type: 'delete', position: 1, length: 2 }],
        [{ type: 'edit', op: [] }, { type: 'edit', op: [] }],
        [{ type: 'edit', op: [2] }, { type: 'edit', op: [] }],
        [{ type: 'insert', text: 'end' }, { type: 'insert', position: 2, text: 'end' }],
        [{ type: 'delete', position: 1 }, { type: 'delete', position: 1, length: 1 }],
        [{ type: 'edit', op: [1, -1, 'y'] }, { type: 'edit', op: [1, -1, 'y'] }],
    ];
    let rev = 0;
    for (const [sent, shown] of cases) {
        await ada.ask(sent, { type: 'ack', rev: ++rev });
        assert.deepEqual(await ben.next(), { ...shown, rev, user_id: ada.welcome.user_id });
    }
    assert.equal(await ben.text(), 'aynd');
});

test('two operations with one rev are concurrent, also from one client', async (t) => {
    const server = await serve(t);
    const ada = await server.join('concurrent');
    await ada.ask({ type: 'insert', text: 'abc' }, 'ack');
    ada.send({ type: 'insert', position: 3, text: 'X', rev: 1 });
    ada.send({ type: 'insert', position: 3, text: 'Y', rev: 1 }); /* later goes left */
    ada.send({ type: 'delete', position: 0, length: 3, rev: 1 });
    ada.send({ type: 'delete', position: 0, length: 2, rev: 1 }); /* nothing is left to do */
    await ada.expect({ rev: 5 });
    assert.equal(await ada.text(), 'YX');
    const { ops } = await ada.ask({ type: 'history', from: 5 }, 'history');
    assert.deepEqual(ops[0].op, []);
});

test('an operation without seq is applied again when repeated; one with seq is not', async (t) => {
    const server = await serve(t);
    const ada = await server.join('seq');
    for (const rev of [1, 2])
        assert.deepEqual(await ada.ask({ type: 'insert', text: 'a' }, 'ack'), { type: 'ack', rev });
    for (const dup of [undefined, true, true])
        assert.deepEqual((await ada.ask({ type: 'insert', text: 'b', seq: 5 }, 'ack')).dup, dup);
    assert.deepEqual(await ada.ask({ type: 'insert', text: 'c', seq: 4 }, 'ack'),
        { type: 'ack', seq: 4, dup: true });
    assert.equal(await ada.text(), 'aab');
});

test('cursors: at the revision they are sent for, moved to one the reader has', async (t) => {
    const server = await serve(t);
    const ada = await server.join('carets');
    await ada.ask({ type: 'insert', text: 'abcdef', rev: 0 }, 'ack');
    const ben = await server.join('carets');
    await ada.ask({ type: 'insert', position: 0, text: '12', rev: 1 }, 'ack');
    await ben.expect({ rev: 2 });
    ada.send({ type: 'cursor', position: 3, anchor: 0, rev: 1 });
    assert.deepEqual(await ben.next(), { type: 'cursor', rev: 2, user_id: ada.welcome.user_id,
                                         position: 5, anchor: 2 });
    await ben.ask({ type: 'insert', position: 0, text: '0' }, { type: 'ack', rev: 3 });
    assert.deepEqual(await ben.settled(), [], 'not sent again when edits move it');
    const cleo = await server.join('carets');
    const shown = cleo.welcome.users.find((user) => user.user_id === ada.welcome.user_id);
    assert.deepEqual([shown.position, shown.anchor], [6, 3]);
    ada.send({ type: 'cursor', position: 9 });
    assert.deepEqual(await cleo.expect('cursor'),
        { type: 'cursor', rev: 3, user_id: ada.welcome.user_id, position: 9 });
});

/* ---- promises ---- */

/* A random operation for a text of n code points; astral characters among the letters. */
function randomOp(below, n) {
    const at = below(n + 1);
    const letters = ['a', 'é', '漢', '😀', '\n', '𝒳'];
    if (n > 0 && below(3) === 0)
        return at < n ? [...(at ? [at] : []), -1 - below(Math.min(4, n - at))] : [-1];
    return [...(at ? [at] : []), letters[below(letters.length)].repeat(1 + below(3))];
}

test('promise 1 and 4: writers who never wait; every revision once, and one text', async (t) => {
    t.diagnostic(`WEFT_SEED=${SEED}`);
    const below = chance(SEED);
    const server = await serve(t);
    const watcher = await server.join('storm');
    const writers = await Promise.all([0, 1, 2].map(() => server.join('storm')));
    const EACH = 150;
    for (let i = 1; i <= EACH; i++) {
        for (const writer of writers) {
            /* Against whatever this writer has been sent; its own later ones it does not wait for. */
            const rev = writer.received.reduce((most, m) => Math.max(most, m.rev ?? 0), 0);
            writer.send({ type: 'edit', op: rev === 0 ? ['x'] : [], rev, seq: i });
        }
        /* And one that means something, without rev: at the newest revision. */
        writers[below(3)].send({ type: 'insert', text: String(i % 10) });
        if (i % 25 === 0)
            await writers[below(3)].expect({ type: 'ack', seq: i });
    }
    const total = EACH * 4;
    await watcher.until(`${total} revisions`, (all) => all.at(-1).rev === total);
    const replica = new Replica(watcher.welcome);
    watcher.received.slice(1).forEach((message) => replica.take(message));
    assert.equal(replica.rev, total);

    const { ops } = await watcher.ask({ type: 'history', from: 1 }, 'history');
    assert.deepEqual(ops.map((op) => op.rev), Array.from({ length: total }, (_, i) => i + 1));
    assert.equal(ops.reduce((text, { op }) => applyOp(text, op), ''), replica.text);
    for (const writer of writers) {
        await writer.until('all', (all) => all.some((m) => m.rev === total));
        /* Acks in their places: with the history for what they stand for, the same text. */
        const own = new Replica(writer.welcome);
        writer.received.slice(1).forEach((m) => own.take(m, ({ rev }) => ops[rev - 1].op));
        assert.equal(own.text, replica.text);
        const seqs = writer.received.filter((m) => m.type === 'ack' && m.seq).map((m) => m.seq);
        assert.deepEqual(seqs, Array.from({ length: EACH }, (_, i) => i + 1));
    }
    assert.equal(await watcher.text(), replica.text);
});

/* As docs/protocol.md tells a client to do it: one operation in flight, transformed over what comes
 * before its ack. */
test('two clients at once, one operation in flight each, end with one text', async (t) => {
    t.diagnostic(`WEFT_SEED=${SEED}`);
    const below = chance(SEED + 1);
    const server = await serve(t);
    const pair = await Promise.all([0, 1].map(() => server.join('pair')));
    const EACH = 100;
    const texts = await Promise.all(pair.map(async (client) => {
        const replica = new Replica(client.welcome);
        let inFlight = null;
        for (let seq = 0; replica.rev < 2 * EACH;) {
            if (!inFlight && seq < EACH) {
                inFlight = randomOp(below, Array.from(replica.text).length);
                client.send({ type: 'edit', op: inFlight, rev: replica.rev, seq: ++seq });
            }
            const message = await client.next();
            if (message.type === 'ack')
                assert.equal(message.seq, seq);
            replica.take(message, () => inFlight);
            const op = opOf(message);
            if (message.type === 'ack')
                inFlight = null;
            else if (op && inFlight)
                inFlight = transform(inFlight, op, LEFT);
        }
        return replica.text;
    }));
    const text = await pair[0].text();
    assert.deepEqual(texts, [text, text]);
    assert.ok(text.length > 50);
});

test('one reads one\'s own writes, and what is shown at a revision never changes', async (t) => {
    const server = await serve(t);
    const ada = await server.join('own');
    const texts = [''];
    for (let rev = 1; rev <= 15; rev++) {
        ada.send({ type: 'insert', position: 0, text: `${rev} ` });
        ada.send({ type: 'text' });
        const answer = await ada.expect('text');
        assert.equal(answer.rev, rev);
        texts[rev] = answer.text;
    }
    for (const rev of [0, 1, 7, 14, 15])
        assert.deepEqual(await ada.ask({ type: 'text', rev }, 'text'),
            { type: 'text', rev, text: texts[rev] });
});

test('history: bounds, the empty answer behind the head, and where to go on', async (t) => {
    const server = await serve(t);
    const ada = await server.join('pages of history');
    for (let i = 0; i < 1005; i++)
        ada.send({ type: 'insert', text: 'x' });
    await ada.expect({ type: 'ack', rev: 1005 });
    const first = await ada.ask({ type: 'history', from: 1 }, 'history');
    assert.deepEqual([first.from, first.to, first.ops.length], [1, 1000, 1000]);
    const rest = await ada.ask({ type: 'history', from: first.to + 1 }, 'history');
    assert.deepEqual([rest.from, rest.to, rest.ops.length], [1001, 1005, 5]);
    assert.deepEqual(await ada.ask({ type: 'history', from: 1006 }, 'history'),
        { type: 'history', from: 1006, to: 1005, ops: [] });
    const at = first.ops.map((op) => op.at);
    assert.ok(at.every((ms) => Math.abs(ms - Date.now()) < 3600e3), 'Unix milliseconds');
    assert.equal((await ada.ask({ type: 'history', from: 1007 }, 'error')).code, 'bad_rev');
});
