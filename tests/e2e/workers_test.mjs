/* --workers N: several event loops, and nobody can tell which one a room lives on.
 *
 * The whole suite can be run like that: WEFT_WORKERS=3 bash tests/run.sh e2e. Here is what only several
 * loops can get wrong: /metrics says how rooms are spread and how many connections were handed from
 * the loop that accepted them to the loop of their room. */

import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { newFolder, serve, Server, test, within } from './lib.mjs';

const LOOPS = 3;
const ARGS = ['--workers', String(LOOPS)];
/* That none of them falls to one of the loops happens once in 10^10 runs. */
const ROOMS = Array.from({ length: 60 }, (_, i) => `room ${i} ü`);

/** What /metrics says: {name: number} and {name: [by loop]}. */
async function metrics(server) {
    const found = {};
    for (const line of (await server.get('/metrics')).body.split('\n')) {
        const [, name, loop, value] = /^(\w+)(?:\{loop="(\d+)"\})? (\S+)$/.exec(line) ?? [];
        if (loop !== undefined)
            (found[name] ??= [])[loop] = Number(value);
        else if (name)
            found[name] = Number(value);
    }
    return found;
}

const sum = (list) => list.reduce((a, b) => a + b, 0);

/** Asks again, as the answer says, until it is done. */
async function retry(fn) {
    for (let tries = 0; ; tries++) {
        try {
            return await fn();
        } catch (error) {
            if (error.status !== 503 || tries > 200)
                throw error;
            await new Promise((resolve) => { setTimeout(resolve, 20); });
        }
    }
}

test('rooms are spread over the loops, and everybody in a room sees everybody', async (t) => {
    const server = await serve(t, ARGS);
    const people = await Promise.all(ROOMS.map((room) =>
        Promise.all([0, 1, 2].map(() => server.join(room)))));
    const now = await metrics(server);
    assert.equal(now.weft_loop_rooms.length, LOOPS);
    assert.ok(now.weft_loop_rooms.every((n) => n > 0), `${now.weft_loop_rooms}`);
    assert.equal(sum(now.weft_loop_rooms), ROOMS.length);
    assert.equal(now.weft_rooms, ROOMS.length);
    assert.equal(sum(now.weft_loop_connections), 3 * ROOMS.length);
    assert.equal(now.weft_connections, 3 * ROOMS.length);
    assert.ok(now.weft_loop_handed_total.every((n) => n > 0), `${now.weft_loop_handed_total}`);

    await Promise.all(people.map(async (three, i) => {
        for (const [k, one] of three.entries())
            one.send({ type: 'insert', text: `${i}.${k} `, seq: 1 });
        await Promise.all(three.map((one) => one.until('two of others and one ack', (all) =>
            all.filter((m) => m.type === 'insert').length === 2 &&
            all.some((m) => m.type === 'ack'))));
        for (const one of three) {
            assert.equal(await one.text(), await three[0].text());
            assert.deepEqual((await one.text()).trim().split(' ').sort(),
                [`${i}.0`, `${i}.1`, `${i}.2`]);
        }
    }));
    assert.equal((await metrics(server)).weft_commit_records_total, 3 * ROOMS.length);
});

test('read links lead to the loop of their room', async (t) => {
    const server = await serve(t, ARGS);
    await Promise.all(ROOMS.slice(0, 20).map(async (room) => {
        const ada = await server.join(room);
        const reader = await server.join('', { path: `/view/${ada.welcome.read_key}` });
        await ada.ask({ type: 'insert', text: room }, 'ack');
        await reader.expect({ type: 'insert', text: room });
    }));
});

test('one kept connection asks about rooms of all loops', async (t) => {
    const server = await serve(t, ARGS);
    const rooms = ROOMS.slice(0, 30);
    await Promise.all(rooms.map(async (room) => {
        const one = await server.join(room);
        await one.ask({ type: 'insert', text: `text of ${room}` }, 'ack');
        await one.leave();
    }));
    const before = sum((await metrics(server)).weft_loop_handed_total);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const ports = new Set();
    const get = (path) => within(`GET ${path}`, new Promise((resolve, reject) => {
        const request = http.get({ host: server.host, port: server.port, path, agent }, (answer) => {
            let body = '';
            ports.add(answer.socket.localPort);
            answer.setEncoding('utf8');
            answer.on('data', (part) => { body += part; });
            answer.on('end', () => resolve({ status: answer.statusCode, body }));
        });
        request.on('error', reject);
    }), () => server.said());
    for (const room of rooms) {
        const at = `/api/rooms/${encodeURIComponent(room)}`;
        assert.deepEqual(await get(`${at}/text`), { status: 200, body: `text of ${room}` });
        assert.equal((await get('/healthz')).status, 200);
        assert.equal(JSON.parse((await get(at)).body).length, `text of ${room}`.length);
        assert.equal((await get('/api/rooms/%ff/text')).status, 400);
        assert.equal((await get('/')).status, 200);
    }
    assert.equal(ports.size, 1, 'all over one connection');
    assert.ok(sum((await metrics(server)).weft_loop_handed_total) >= before + 5,
        'it went from loop to loop');
});

test('requests sent ahead are answered in their order, each by the loop of its room', async (t) => {
    const server = await serve(t, ARGS);
    const rooms = ROOMS.slice(0, 24);
    await Promise.all(rooms.map(async (room) => {
        const one = await server.join(room);
        await one.ask({ type: 'insert', text: `<${room}>` }, 'ack');
        await one.leave();
    }));
    const heads = rooms.map((room, i) => `GET /api/rooms/${encodeURIComponent(room)}/text ` +
        `HTTP/1.1\r\nHost: x\r\n${i + 1 === rooms.length ? 'Connection: close\r\n' : ''}\r\n`);
    const whole = heads.join('');
    for (const piece of [whole.length, 100, 7]) {
        const got = await within('all answers', new Promise((resolve, reject) => {
            const socket = net.connect(server.port, server.host);
            let text = '';
            socket.setNoDelay(true);
            socket.setEncoding('utf8');
            socket.on('data', (part) => { text += part; });
            socket.on('end', () => resolve(text));
            socket.on('error', reject);
            for (let at = 0; at < whole.length; at += piece)
                socket.write(whole.slice(at, at + piece));
        }), () => server.said());
        assert.deepEqual(got.match(/<[^>]+>/g), rooms.map((room) => `<${room}>`), `in ${piece}s`);
    }
});

test('--limit-connections and --limit-per-address count over all loops', async (t) => {
    const server = await serve(t, [...ARGS, '--limit-connections', '10', '--limit-per-address', '8']);
    const here = await Promise.all(ROOMS.slice(0, 8).map((room) => server.join(room)));
    const late = await Promise.all(ROOMS.slice(8, 14).map((room) => server.open(
        `/ws/${encodeURIComponent(room)}`).refused()));
    assert.deepEqual(late.map(({ status }) => status), late.map(() => 429));
    const others = { localAddress: '127.0.0.2' };
    here.push(...await Promise.all(ROOMS.slice(8, 10).map((room) => server.join(room, others))));
    for (const room of ROOMS.slice(10, 16)) {
        const one = server.open(`/ws/${encodeURIComponent(room)}`, others);
        assert.equal((await one.closed()).code, 1013, one.said());
    }
    await here.pop().leave();
    await server.join('one more', others);
});

test('--limit-rooms: rooms of one loop make place for those of another', async (t) => {
    const server = await serve(t, [...ARGS, '--limit-rooms', '4']);
    const people = [];
    for (const room of ROOMS.slice(0, 4))
        people.push(await server.join(room));
    for (const room of ROOMS.slice(4, 10))
        assert.equal((await server.open(`/ws/${encodeURIComponent(room)}`).refused()).status, 503);
    for (const room of ROOMS.slice(10, 40)) {
        await people.shift().leave();
        people.push(await retry(() => server.join(room)));
        const { weft_rooms: rooms } = await metrics(server);
        /* The other loop may still be about to evict the one that makes place. */
        assert.ok(rooms <= 5, `${rooms} rooms`);
    }
    await within('the last one to go', (async () => {
        while ((await metrics(server)).weft_rooms > 4)
            await server.get('/healthz');
    })());
});

test('--limit-memory counts over all loops', async (t) => {
    const server = await serve(t, [...ARGS, '--limit-memory', '2M']);
    for (const room of ROOMS.slice(0, 12)) {
        const one = await retry(() => server.join(room));
        await one.ask({ type: 'insert', text: 'x'.repeat(600000), seq: 1 }, 'ack');
        await one.leave();
    }
    await within('the rooms to leave memory', (async () => {
        while ((await metrics(server)).weft_rooms > 3)
            await server.get('/healthz');
    })(), () => server.said());
    const back = await retry(() => server.join(ROOMS[0]));
    assert.equal(back.welcome.length, 600000);
});

test('after kill -9, with another number of loops, everybody goes on', async (t) => {
    const data = newFolder();
    const rooms = ROOMS.slice(0, 24);
    let server = await new Server(ARGS, { data }).started();
    t.after(() => (server.ended ? null : server.kill()));
    const old = await Promise.all(rooms.map((room) => server.join(room)));
    await Promise.all(old.map(async (one, i) => {
        for (let seq = 1; seq <= 20; seq++)
            one.send({ type: 'insert', text: `${i}.${seq} `, seq });
        await one.expect({ type: 'ack', seq: 20 });
    }));
    const texts = await Promise.all(old.map((one) => one.text()));
    for (const [i, text] of texts.entries())
        assert.equal(text.trim().split(' ').length, 20, `${i}: ${text}`);
    for (const workers of ['2', '1', '4']) {
        const { port } = server;
        await server.kill();
        server = await new Server(['--workers', workers], { data, port }).started();
        await Promise.all(rooms.map(async (room, i) => {
            const { welcome } = old[i];
            const one = await server.join(room, {
                session: welcome.session, query: { epoch: welcome.epoch, rev: '20' },
            });
            assert.equal(one.welcome.user_id, welcome.user_id);
            assert.equal(one.welcome.seq, 20);
            one.send({ type: 'insert', text: 'again', seq: 20 });
            const ack = await one.expect({ type: 'ack', seq: 20 });
            assert.deepEqual([ack.dup, ack.rev], [true, 20]);
            assert.equal(await one.text(), texts[i]);
        }));
    }
    await server.stop();
});

test('SIGTERM ends all loops: all is on disk, everybody is told, one line each', async (t) => {
    const data = newFolder();
    const server = await serve(t, ARGS, { data });
    const people = await Promise.all(ROOMS.map((room) => server.join(room)));
    for (const [i, one] of people.entries())
        one.send({ type: 'insert', text: `last words ${i}`, seq: 1 });
    await Promise.all(people.map((one) => one.expect({ type: 'ack', seq: 1 })));
    await server.stop();
    for (const one of people) {
        assert.equal((await one.closed()).code, 1012, one.said());
        assert.equal(one.received.at(-1).type, 'closing');
    }
    for (const line of ['stopping', 'flushed', 'stopped'])
        assert.equal(server.stderr.split(`msg="${line}"`).length, 2, server.said());
    assert.match(server.stderr, /msg="stopping" signal=SIGTERM connections=60 rooms=60/);
    assert.match(server.stderr, /msg="stopped" how="everybody closed" .*connections_cut=0/);
    const again = await serve(t, ['--workers', '2'], { data });
    for (const [i, room] of ROOMS.entries())
        assert.equal((await again.get(`/api/rooms/${encodeURIComponent(room)}/text`)).body,
            `last words ${i}`);
});

test('an address that is in use is refused, although loops share one', async (t) => {
    for (const [first, second] of [['3', '3'], ['1', '3'], ['3', '1']]) {
        const server = await serve(t, ['--workers', first]);
        const other = new Server(['--workers', second], { data: newFolder(), port: server.port });
        assert.deepEqual(await within('it to give up', other.end), { code: 1, signal: null });
        assert.match(other.stderr, /the address is in use/);
    }
});
