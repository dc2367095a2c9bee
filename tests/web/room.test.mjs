/* room.js: status, saving, reconnecting, over fake sockets and a fake clock. */

import test from 'node:test';
import assert from 'node:assert/strict';
import { connect, ot } from '../../web/client/index.js';
import { Doc } from '../../web/client/doc.js';
import { ModelServer } from './model-server.mjs';
import { forward } from '../../web/client/timers.js';
import { FakeClock, FakeNet } from './fakes.mjs';
import { forSeeds } from './random.mjs';

function open(options = {}, server = new ModelServer({ text: 'hello' })) {
    const clock = new FakeClock();
    const net = new FakeNet(server);
    const room = connect('ws://host/ws/notes', { WebSocket: net.WebSocket, clock, ...options });
    const seen = { status: [], error: [], refused: [], reset: [], change: [] };
    for (const event of Object.keys(seen))
        room.on(event, (detail) => seen[event].push(detail));
    return { clock, net, room, server, seen };
}

function online(options, server) {
    const all = open(options, server);
    all.net.run();
    assert.equal(all.room.status, 'online');
    return all;
}

test('connects with the protocol, name and colour, and takes the text', () => {
    const { net, room, seen } = open({ name: 'Ada', color: '#c2185b' });
    assert.equal(room.status, 'connecting');
    assert.equal(room.saved, false);
    assert.deepEqual(net.last.protocols, ['weft.v1']);
    assert.deepEqual(Object.fromEntries(net.last.url.searchParams),
                     { name: 'Ada', color: '#c2185b' });
    net.run();
    assert.equal(room.status, 'online');
    assert.equal(room.saved, true);
    assert.equal(room.text, 'hello');
    assert.deepEqual(seen.change.map(({ op, local }) => ({ op, local })),
                     [{ op: ['hello'], local: false }]);
    assert.equal(net.last.url.searchParams.has('epoch'), false);
});

test('saved is true only when everything is in the log', () => {
    const { clock, net, room, server } = online();
    room.insert(5, ' world');
    assert.equal(room.text, 'hello world');
    assert.equal(room.saved, false);
    assert.deepEqual(room.pendingSince, new Date(clock.now()));
    room.delete(0);
    assert.equal(room.pendingCount, 2);
    net.run();
    assert.equal(room.saved, true);
    assert.equal(room.pendingSince, null);
    assert.equal(server.text, 'ello world');
});

test('offline edits are kept and sent on return; the session resumes', () => {
    const { clock, net, room, server, seen } = online();
    net.up = false;
    net.last.end();
    assert.equal(room.status, 'connecting');
    room.insert(5, '!');
    assert.equal(room.saved, false);
    clock.advance(100);
    assert.equal(net.sockets.length, 2);
    net.last.end();
    assert.equal(room.status, 'offline');
    server.append(['>']);
    net.up = true;
    clock.advance(200);
    assert.deepEqual(net.last.protocols, ['weft.v1', 'weft.session.secret-1']);
    assert.equal(net.last.url.searchParams.get('epoch'), 'epoch-1');
    assert.equal(net.last.url.searchParams.get('rev'), '0');
    net.run();
    assert.equal(room.status, 'online');
    assert.equal(room.text, '>hello!');
    assert.equal(server.text, '>hello!');
    assert.equal(room.saved, true);
    assert.deepEqual(seen.status, ['online', 'connecting', 'offline', 'online']);
});

test('waits longer after each failure, up to four seconds', () => {
    const { clock, net, room } = open();
    const waits = [];
    for (let i = 0; i < 9; i++) {
        const count = net.sockets.length;
        net.last.end();
        const from = clock.now();
        while (net.sockets.length === count)
            clock.advance(10);
        waits.push(clock.now() - from);
    }
    assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 4000, 4000, 4000]);
    room.close();
    clock.random = () => 0;
});

test('the delay is jittered', () => {
    const { clock, net } = open();
    clock.random = () => 0;
    net.last.end();
    clock.advance(49);
    assert.equal(net.sockets.length, 1);
    clock.advance(1);
    assert.equal(net.sockets.length, 2);
});

test('honours retry_ms of a closing message', () => {
    const { clock, net } = online();
    net.last.hear({ type: 'closing', code: 'restart', retry_ms: 350 });
    net.last.end(1012);
    clock.advance(349);
    assert.equal(net.sockets.length, 1);
    clock.advance(1);
    assert.equal(net.sockets.length, 2);
});

test('honours retry_ms of an error that comes instead of a welcome', () => {
    const { clock, net, seen } = open();
    net.last.hear({ type: 'error', code: 'unavailable', message: 'full', retry_ms: 5000 });
    net.last.end(1013, 'see the error before this');
    assert.equal(seen.error[0].retry_ms, 5000);
    clock.advance(4999);
    assert.equal(net.sockets.length, 1);
    clock.advance(1);
    assert.equal(net.sockets.length, 2);
    net.last.end(); /* said once, it holds once */
    untilAnother(net, clock, 4000);
    /* Of a connection that goes on it says nothing about the next one. */
    const other = online();
    other.net.last.hear({ type: 'error', code: 'rate_limited', message: 'slow', retry_ms: 60000 });
    other.net.last.end();
    untilAnother(other.net, other.clock, 100);
});

/** Lets time pass, step by step, in which the server is there or not. */
function pass(net, clock, ms, step = 250) {
    for (let end = clock.now() + ms; clock.now() < end;) {
        net.run();
        clock.advance(step);
        net.run();
    }
}

/** How long until the client opens another socket; it must, within `most`. */
function untilAnother(net, clock, most) {
    const count = net.sockets.length;
    const from = clock.now();
    while (net.sockets.length === count && clock.now() - from <= most)
        clock.advance(50);
    assert.ok(net.sockets.length > count, `a new socket within ${most} ms`);
    return clock.now() - from;
}

const typesOf = (socket) => socket.sent.map(({ type }) => type);

test('an edit is not answered: a ping, then a new connection; nothing is applied twice', () => {
    const { clock, net, room, server } = online();
    room.insert(5, '!');
    server.step(net.last.link); /* it arrived; the answer is stuck */
    net.up = false;
    clock.advance(3500);
    assert.deepEqual(typesOf(net.last), ['edit']);
    clock.advance(1000);
    assert.deepEqual(typesOf(net.last), ['edit', 'ping']);
    untilAnother(net, clock, 4000);
    net.up = true;
    net.run();
    assert.equal(server.text, 'hello!');
    assert.equal(room.text, 'hello!');
    assert.equal(room.saved, true);
});

test('the server lives and does not answer an edit (its disk is slow): waits, then connects anew', () => {
    const { clock, net, room } = online();
    room.insert(5, '!');
    const socket = net.last;
    let pings = 0;
    for (let s = 0; s < 20; s++) {
        clock.advance(1000);
        for (const asked = typesOf(socket).length - 1; pings < asked; pings++)
            socket.hear({ type: 'pong' });
        assert.equal(net.sockets.length, 1, `after ${s + 1} s`);
    }
    assert.ok(pings >= 3 && pings <= 6, `asked now and then, not all the time: ${pings} pings`);
    clock.advance(2000);
    assert.equal(net.sockets.length, 2);
});

test('only one way works: what others write comes, our edits are not answered', () => {
    const { clock, net, room } = online();
    const socket = net.last;
    room.insert(5, '!');
    const from = clock.now();
    for (let rev = 1; net.sockets.length === 1; rev++) {
        clock.advance(500);
        socket.onmessage && socket.hear({ type: 'insert', user_id: 'u9', rev, position: 0, text: 'x' });
        assert.ok(clock.now() - from < 9000, 'given up within nine seconds');
    }
});

test('what is still going out is given its time', () => {
    const { clock, net, room } = online();
    room.insert(5, 'x'.repeat(1000));
    net.up = false;
    for (let left = 60; left > 0; left--) {
        net.last.bufferedAmount = left * 1000;
        clock.advance(1000);
    }
    assert.equal(net.sockets.length, 1);
    net.last.bufferedAmount = 0;
    untilAnother(net, clock, 9000);
});

test('what the kernel has taken may be on its way: 8 bytes in a millisecond', () => {
    for (const text of ['x'.repeat(100000), '€'.repeat(33000)]) { /* 12.5 s at 64 kbit/s */
        const { clock, net, room } = online();
        room.insert(5, text);
        net.up = false;
        clock.advance(15000);
        assert.equal(net.sockets.length, 1);
        untilAnother(net, clock, 6000);
    }
});

test('alone: silence of 25 s is no reason to ask; then a ping, then a new connection', () => {
    const { clock, net } = online();
    net.up = false;
    clock.advance(24500);
    assert.deepEqual(net.last.sent, []);
    clock.advance(2000);
    assert.deepEqual(net.last.sent, [{ type: 'ping' }]);
    net.up = true;
    pass(net, clock, 20000);
    assert.equal(net.sockets.length, 1);
    net.up = false;
    untilAnother(net, clock, 30000);
});

test('in company: asks after 4 s of silence, and gives up after 8', () => {
    const { clock, net } = online();
    net.last.hear({ type: 'join', user_id: 'u9', name: 'Bo', color: '#111111' });
    pass(net, clock, 60000);
    assert.equal(net.sockets.length, 1);
    const pings = net.last.sent.length;
    assert.ok(pings >= 12 && pings <= 15, `one ping in four seconds: ${pings}`);
    net.up = false;
    assert.ok(untilAnother(net, clock, 8500) > 2500);
});

test('nobody is looking: as if alone', () => {
    const { clock, net } = online();
    net.last.hear({ type: 'join', user_id: 'u9', name: 'Bo', color: '#111111' });
    globalThis.document = { visibilityState: 'hidden' };
    try {
        net.up = false;
        clock.advance(24500);
        assert.deepEqual(net.last.sent, []);
    } finally {
        delete globalThis.document;
    }
});

test('no connection: tries again after 7 s, at once', () => {
    const { clock, net, room } = open();
    const waits = [1, 2, 3, 4, 5, 6, 7, 8].map(() => untilAnother(net, clock, 8000));
    assert.equal(room.status, 'offline');
    for (const wait of waits)
        assert.ok(wait >= 7000 && wait <= 7700, `waited ${waits}`);
    assert.ok(net.sockets.slice(0, -1).every(({ closedWith }) => closedWith !== null));
});

test('connected, and no welcome: each time twice as patient, until there was one', () => {
    const { clock, net } = open();
    const waits = [];
    for (let i = 0; i < 4; i++) {
        net.last.onopen();
        waits.push(untilAnother(net, clock, 70000));
    }
    [8000, 16000, 32000, 64000].forEach((ms, i) => {
        assert.ok(waits[i] > ms && waits[i] < ms + 1000, `waited ${waits}`);
    });
    net.last.onopen();
    net.run();
    net.last.end();
    untilAnother(net, clock, 5000);
    net.last.onopen();
    assert.ok(untilAnother(net, clock, 70000) < 9000, 'patience begins anew');
});

test('what was missed does not come: connects anew, and is more patient', () => {
    const { clock, net, room, server } = online();
    const miss = () => {
        net.last.hear({ type: 'welcome', rev: 3, epoch: 'epoch-1', user_id: 'u1',
                        session: 'secret-1', seq: 0 });
        assert.equal(room.status, 'online');
        assert.equal(room.saved, false);
    };
    for (let i = 0; i < 3; i++)
        server.append([`${i}`]);
    net.up = false;
    net.last.end();
    untilAnother(net, clock, 5000);
    net.last.onopen();
    miss();
    const first = untilAnother(net, clock, 10000);
    net.last.onopen();
    miss();
    const second = untilAnother(net, clock, 20000);
    assert.ok(first > 8000 && second > 16000, `${first}, ${second}`);
    net.up = true;
    pass(net, clock, 1000);
    assert.equal(room.text, '210hello');
    assert.equal(room.saved, true);
});

test('the network comes back while an attempt hangs: a new one at once', () => {
    const { clock, net, room } = open();
    clock.advance(500);
    room.wake();
    assert.equal(net.sockets.length, 1, 'it has only begun');
    clock.advance(2000);
    room.wake();
    assert.equal(net.sockets.length, 2);
    assert.notEqual(net.sockets[0].closedWith, null);
    net.run();
    assert.equal(room.status, 'online');
});

test('the clock does not go back when it is set back', () => {
    let wall = 1000;
    const now = forward(() => wall);
    assert.equal(now(), 1000);
    wall = 400;
    assert.equal(now(), 1000);
    wall = 450;
    assert.equal(now(), 1050);
    wall = 9450;
    assert.equal(now(), 10050);
    wall = 9449;
    assert.equal(now(), 10050);
});

/* Whenever an outage begins and however long it is: TCP repeats what it could not deliver after 0.3,
 * 0.9, 2.1 s and so on, each time twice as long, so that a connection lives on if that comes through. */
test('back within five seconds of any outage', () => {
    let worst = 0;
    forSeeds(300, (random) => {
        const { clock, net, room, server } = online();
        net.last.hear({ type: 'join', user_id: 'u9', name: 'Bo', color: '#111111' });
        pass(net, clock, random.below(6000), 50);
        net.up = false;
        const begins = clock.now();
        const old = net.last;
        if (random.below(2))
            room.insert(0, '!');
        const length = 100 + random.below(40000);
        clock.advance(random.below(length));
        server.append(['x']);
        while (clock.now() - begins < length)
            clock.advance(50);
        const healed = clock.now();
        for (let retry = 300, at = begins; room.text !== server.text || !room.saved;) {
            while (at <= healed)
                [at, retry] = [at + retry, 2 * retry];
            net.up = net.last !== old || clock.now() >= at;
            net.run();
            net.up = false;
            clock.advance(50);
            assert.ok(clock.now() - healed < 5000, `an outage of ${length} ms`);
        }
        worst = Math.max(worst, clock.now() - healed);
    });
    assert.ok(worst > 2000, `the outages were no easy ones: ${worst}`);
});

test('wake() looks at once', () => {
    const { clock, net, room } = online();
    net.up = false;
    net.last.end();
    for (let i = 0; i < 8; i++) {
        clock.advance(5000);
        net.last.end();
    }
    const count = net.sockets.length;
    room.wake();
    assert.equal(net.sockets.length, count + 1);
    net.up = true;
    net.run();
    assert.equal(room.status, 'online');
    net.up = false;
    room.wake();
    clock.advance(5000);
    assert.equal(net.sockets.length, count + 2, 'no pong within three seconds');
});

test('a session that is not valid any more: a new one, pending text kept', () => {
    const { clock, net, room, server } = online();
    net.up = false;
    room.insert(5, '!');
    net.last.end(1008, 'session');
    server.sessions.clear();
    net.up = true;
    clock.advance(200);
    assert.deepEqual(net.last.protocols, ['weft.v1']);
    net.run();
    assert.equal(server.text, 'hello!');
    assert.equal(room.saved, true);
});

for (const code of [4401, 4403, 1002]) {
    test(`close code ${code} is final, and the text stays`, () => {
        const { clock, net, room, seen } = online();
        net.up = false;
        room.insert(5, '!');
        net.last.end(code);
        clock.advance(60000);
        assert.equal(room.status, 'closed');
        assert.equal(net.sockets.length, 1);
        assert.equal(room.text, 'hello!');
        assert.equal(room.saved, false);
        assert.equal(seen.error[0].code, code);
        assert.equal(seen.error[0].fatal, true);
        assert.throws(() => room.insert(0, 'x'), ot.OpError);
    });
}

test('close() says goodbye and leaves no timer', () => {
    const { clock, net, room } = online();
    room.close();
    assert.equal(net.last.closedWith, 1000);
    assert.equal(room.status, 'closed');
    assert.equal(clock.timers.size, 0);
});

test('a gap in the revisions: connects anew', () => {
    const { clock, net, room, server } = online();
    server.append(['a']);
    server.append(['b']);
    net.last.link.toClient.shift();
    net.run();
    assert.equal(room.status, 'connecting');
    clock.advance(1000);
    net.run();
    assert.equal(room.text, 'bahello');
});

test('nonsense from the server: asks for the whole text', () => {
    const { clock, net, room } = online();
    net.last.hear('{');
    clock.advance(1000);
    assert.equal(net.last.url.searchParams.has('rev'), false);
    net.run();
    assert.equal(room.status, 'online');
});

test('unavailable: tries again after retry_ms', () => {
    const { clock, net, room, server } = online();
    let times = 1;
    server.refuse = () => (times-- > 0 ? { code: 'unavailable', retry_ms: 700 } : null);
    room.insert(5, '!');
    net.run();
    assert.equal(room.saved, false);
    clock.advance(699);
    net.run();
    assert.equal(server.text, 'hello');
    clock.advance(1);
    net.run();
    assert.equal(server.text, 'hello!');
});

test('a refused edit is reported and undone', () => {
    const { net, room, server, seen } = online();
    server.refuse = () => ({ code: 'doc_full', message: 'the document is full' });
    room.insert(5, '!');
    net.run();
    assert.equal(room.text, 'hello');
    assert.equal(room.saved, true);
    assert.deepEqual(seen.refused, [{ code: 'doc_full', message: 'the document is full',
                                      op: [5, '!'], text: '!' }]);
});

test('reading only: mode in the address, edits refused here', () => {
    const { net, room } = online({ readOnly: true });
    assert.equal(net.last.url.searchParams.get('mode'), 'read');
    assert.equal(room.mode, 'read');
    assert.throws(() => room.insert(0, 'x'), /reading only/);
});

test('bad edits throw and change nothing', () => {
    const { room } = online();
    assert.throws(() => room.edit([99, 'x']), ot.OpError);
    assert.throws(() => room.edit(['\ud83d']), ot.OpError);
    assert.throws(() => room.delete(5, 0), ot.OpError);
    assert.throws(() => room.delete(-1), ot.OpError);
    assert.equal(room.text, 'hello');
    assert.equal(room.saved, true);
});

test('a token goes beside the protocol and is asked for each time', async () => {
    let asked = 0;
    const { clock, net, room } = open({ token: async () => `t${++asked}` });
    assert.equal(net.sockets.length, 0);
    await new Promise(setImmediate);
    assert.deepEqual(net.last.protocols, ['weft.v1', 'weft.token.t1']);
    assert.equal(net.last.url.search, '');
    net.run();
    net.last.end();
    clock.advance(200);
    await new Promise(setImmediate);
    assert.deepEqual(net.last.protocols,
                     ['weft.v1', 'weft.token.t2', 'weft.session.secret-1']);
    room.close();
});

test('cursors are collected, and wait for pending edits', () => {
    const { clock, net, room } = online();
    const cursors = () => net.last.sent.filter((m) => m.type === 'cursor');
    room.setCursor(1);
    room.setCursor(2);
    room.setCursor(3, 1);
    assert.deepEqual(cursors(), []);
    clock.advance(50);
    assert.deepEqual(cursors(), [{ type: 'cursor', position: 3, anchor: 1, rev: 0 }]);
    room.insert(0, 'x');
    room.setCursor(0);
    clock.advance(500);
    assert.equal(cursors().length, 1);
    net.run();
    clock.advance(50);
    assert.deepEqual(cursors()[1], { type: 'cursor', position: 0, rev: 1 });
});

test('people come, move, are renamed and go', () => {
    const { net, room } = online();
    net.last.hear({ type: 'join', user_id: 'u9', name: 'Bo', color: '#111111' });
    net.last.hear({ type: 'cursor', user_id: 'u9', rev: 0, position: 3 });
    room.insert(0, '__');
    assert.deepEqual(room.users.get('u9'),
                     { userId: 'u9', name: 'Bo', color: '#111111', head: 5, anchor: 5 });
    net.last.hear({ type: 'user', user_id: 'u9', name: 'Bob', color: '#222222' });
    assert.equal(room.users.get('u9').name, 'Bob');
    net.last.hear({ type: 'leave', user_id: 'u9' });
    assert.equal(room.users.size, 0);
});

test('setName tells the others, and the next connection', () => {
    const { clock, net, room } = online({ name: 'A' });
    room.setName('B', '#123456');
    assert.deepEqual(net.last.sent, [{ type: 'user', name: 'B', color: '#123456' }]);
    assert.equal(room.me.name, 'B');
    net.last.end();
    clock.advance(200);
    assert.equal(net.last.url.searchParams.get('name'), 'B');
});

test('meta is an operation like any other', () => {
    const { net, room, server } = online();
    room.insert(5, '!');
    room.setMeta({ language: 'c' });
    assert.equal(room.saved, false);
    net.run();
    assert.deepEqual(server.meta, { language: 'c' });
    assert.deepEqual(room.meta, { language: 'c' });
    assert.equal(room.rev, 2);
});

test('at() and history() ask and get answers in order', async () => {
    const { net, room } = online();
    const text = room.at(0);
    const gone = room.at(7);
    const ops = (async () => {
        const list = [];
        for await (const entry of room.history({ from: 1, to: 3 }))
            list.push(entry.rev);
        return list;
    })();
    assert.deepEqual(net.last.sent.map((m) => m.type), ['text', 'text', 'history']);
    net.last.hear({ type: 'text', rev: 0, text: 'old' });
    net.last.hear({ type: 'error', code: 'bad_rev', message: 'above the head' });
    net.last.hear({ type: 'history', from: 1, to: 2, ops: [{ rev: 1 }, { rev: 2 }] });
    assert.equal(await text, 'old');
    await assert.rejects(gone, { code: 'bad_rev' });
    await new Promise(setImmediate);
    assert.deepEqual(net.last.sent[3], { type: 'history', from: 3, to: 3 });
    net.last.hear({ type: 'history', from: 3, to: 3, ops: [{ rev: 3 }] });
    assert.deepEqual(await ops, [1, 2, 3]);
    const late = room.at(1);
    net.last.end();
    await assert.rejects(late, /connection/);
});

test('an answer goes to the question it fits, whatever comes first', async () => {
    const { net, room } = online();
    const history = room.history({ from: 1, to: 3 });
    const asked = [room.at(1), room.at(), room.at(2), room.at(9), history.next()];
    const refusal = assert.rejects(asked[3], { code: 'bad_rev' });
    net.last.hear({ type: 'text', rev: 3, text: 'now' });
    net.last.hear({ type: 'error', code: 'bad_rev',
                    message: 'rev: found 9, expected at most 3, the newest revision' });
    net.last.hear({ type: 'history', from: 1, to: 1, ops: [{ rev: 1 }] });
    net.last.hear({ type: 'text', rev: 2, text: 'two' });
    net.last.hear({ type: 'text', rev: 1, text: 'one' });
    assert.deepEqual(await Promise.all(asked.slice(0, 3)), ['one', 'now', 'two']);
    await refusal;
    assert.deepEqual((await asked[4]).value, { rev: 1 });
    const refused = [room.at(1), room.at()];
    net.last.hear({ type: 'error', code: 'rate_limited', message: 'too many', retry_ms: 20 });
    for (const question of refused)
        await assert.rejects(question, { code: 'rate_limited', retry_ms: 20 });
    const later = room.at(1);
    net.last.hear({ type: 'error', code: 'unavailable', message: 'no disk' });
    await assert.rejects(later, (err) => err.code === 'unavailable' && !('retry_ms' in err));
});

test('a listener that edits: everybody hears of the changes in their order', () => {
    const { room, seen } = online();
    const order = [];
    let once = true;
    room.on('change', () => {
        if (once) {
            once = false;
            room.insert(0, 'B');
        }
    });
    let screen = room.text;
    room.on('change', ({ op, before }) => {
        assert.equal(before, screen);
        screen = ot.apply(screen, op);
        order.push(op);
    });
    room.insert(0, 'A');
    assert.deepEqual(order, [['A'], ['B']]);
    assert.equal(screen, room.text);
    assert.equal(seen.change.length, 3);
});

test('two rooms, a bad network, many seeds: they meet', () => {
    forSeeds(150, (random) => {
        const server = new ModelServer({ text: 'start' });
        const clock = new FakeClock();
        clock.random = () => random.next();
        const nets = [new FakeNet(server), new FakeNet(server)];
        const rooms = nets.map((net) => connect('ws://host/ws/r',
            { WebSocket: net.WebSocket, clock }));
        for (let i = 0; i < 60; i++) {
            const at = random.below(2);
            const what = random.next();
            if (what < 0.5)
                rooms[at].edit(ot.normalize(random.typing(Array.from(rooms[at].text).length)));
            else if (what < 0.7)
                nets[at].run();
            else if (what < 0.8)
                nets[at].up = !nets[at].up;
            else if (what < 0.9)
                nets[at].last.end();
            else
                clock.advance(random.below(8000));
        }
        nets.forEach((net) => { net.up = true; });
        for (let i = 0; i < 20; i++) {
            clock.advance(6000);
            nets.forEach((net) => net.run());
        }
        for (const room of rooms) {
            assert.equal(room.text, server.text);
            assert.equal(room.saved, true);
            room.close();
        }
    });
});

test('while people type, the whole text is never put together', () => {
    const server = new ModelServer({ text: 'abcdefghi 😀\n'.repeat(3000) });
    const { room, net } = online({}, server);
    const { room: other, net: away } = online({ name: 'Bo' }, server);
    const { toString } = Doc.prototype;
    let whole = 0;
    Doc.prototype.toString = function () {
        whole++;
        return toString.call(this);
    };
    try {
        for (let n = 0; n < 20; n++) {
            room.insert(100 * n, 'x');
            other.edit([50 + 90 * n, -1, 'y']);
            room.setCursor(7 * n);
            if (n % 3 === 0) { /* else some is pending when something comes in */
                away.run();
                net.run();
            }
        }
        for (const side of [net, away, net])
            side.run();
    } finally {
        Doc.prototype.toString = toString;
    }
    assert.equal(whole, 0);
    assert.equal(room.pendingCount, 0);
    assert.equal(room.text, other.text);
    assert.equal(room.text, server.text);
});
