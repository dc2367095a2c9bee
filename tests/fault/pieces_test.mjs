/* Bytes come in other pieces than they were sent in: cut at every position of a connection's first
 * bytes, one by one, and, under load, in pieces and lumps of any size, both ways. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import { chance, SEED, within } from '../e2e/lib.mjs';
import { Load } from './load.mjs';
import {
    assertKept, checkFolder, count, faultTest, judgeFolder, Life, pick, say,
} from './world.mjs';
import { weftAdapter } from './weft_client.mjs';

/* ---- every position ---- */

/** A client's frame, masked. */
function frame(opcode, payload, { fin = true } = {}) {
    const body = Buffer.from(payload);
    const mask = randomBytes(4);
    const head = body.length < 126 ? [0x80 | body.length]
        : [0x80 | 126, body.length >> 8, body.length & 0xff];
    return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode, ...head]), mask,
        body.map((byte, i) => byte ^ mask[i % 4])]);
}

/** The payloads of whole frames in what a server sent, with their opcodes. */
function framesOf(bytes) {
    const frames = [];
    for (let at = 0; at + 2 <= bytes.length;) {
        let [len, from] = [bytes[at + 1] & 127, at + 2];
        if (len === 126)
            [len, from] = [bytes.readUInt16BE(at + 2), at + 4];
        if (from + len > bytes.length)
            break;
        frames.push({ opcode: bytes[at] & 15, payload: bytes.subarray(from, from + len) });
        at = from + len;
    }
    return frames;
}

/* A conversation as the client sends it, which waits for nothing: a ping of ours is answered, and one
 * of WebSocket's, and two edits. */
const ANSWERS = 5; /* with the welcome; then it closes */
const KEY = 'AAAAAAAAAAAAAAAAAAAAAA==';
const ACCEPT = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

function conversation(host) {
    return Buffer.concat([
        Buffer.from(`GET /ws/pieces?name=Ad%C3%A4 HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\n` +
            'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
            `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Protocol: weft.v1\r\n\r\n`),
        frame(1, '{"type":"ping"}'),
        frame(1, '{"type":"insert","position":0,"te', { fin: false }),
        frame(9, 'between'),
        frame(0, 'xt":"ä😀","seq":1}'),
        frame(1, `{"type":"delete","position":0,"seq":2${' '.repeat(100)}}`),
    ]);
}

/** Sends the pieces, each once the server has taken the one before; what came back. */
async function converse(server, pieces) {
    const socket = net.connect(server.port, server.host).setNoDelay(true);
    const parts = [];
    const read = () => {
        const all = Buffer.concat(parts);
        const at = all.indexOf('\r\n\r\n') + 4;
        return { head: all.toString('latin1', 0, at), frames: at > 3 ? framesOf(all.subarray(at)) : [] };
    };
    const ended = new Promise((resolve, reject) => {
        socket.on('data', (data) => {
            parts.push(data);
            if (read().frames.length === ANSWERS)
                socket.write(frame(8, [3, 232]));
        });
        socket.on('end', resolve);
        socket.on('error', reject);
    });
    ended.catch(() => {});
    await new Promise((resolve) => { socket.on('connect', resolve); });
    for (const piece of pieces) {
        await new Promise((resolve) => { socket.write(piece, resolve); });
        /* One thread serves all: when this is answered, the piece was read. */
        if (piece !== pieces.at(-1))
            await server.get('/healthz');
    }
    await within(`an answer to pieces of ${pieces.map((p) => p.length).slice(0, 5)}`, ended,
        () => `${Buffer.concat(parts)}\n${server.said()}`);
    socket.destroy();
    return read();
}

function judge({ head, frames }, ends, words) {
    assert.match(head, /^HTTP\/1\.1 101 /, words);
    assert.ok(head.includes(ACCEPT), words);
    const said = frames.map(({ opcode, payload }) => {
        if (opcode !== 1)
            return [opcode, opcode === 8 ? payload.readUInt16BE(0) : payload.toString()];
        const { type, seq, rev } = JSON.parse(payload);
        return type === 'ack' ? [type, seq, rev] : [type];
    });
    const sorted = (list) => list.map((one) => JSON.stringify(one)).sort();
    assert.deepEqual(sorted(said), sorted([['welcome'], ['pong'], [10, 'between'],
        ['ack', 1, ends - 1], ['ack', 2, ends], [8, 1000]]), words);
}

faultTest('a connection\'s bytes cut at every position, and one by one', async (t, data) => {
    const life = await new Life(data).after(t).start();
    const { server } = life;
    const whole = conversation(`${life.host}:${life.port}`);
    let rounds = 0;
    const play = async (pieces, words) => {
        const answer = await converse(server, pieces);
        rounds++;
        const { rev } = (await server.getJson('/api/rooms/pieces')).json;
        assert.equal(rev, 2 * rounds, `${words}: both edits were taken`);
        judge(answer, rev, words);
    };
    await play([whole], 'in one piece');
    for (let at = 1; at < whole.length; at += pick(3, 1))
        await play([whole.subarray(0, at), whole.subarray(at)], `cut at ${at} of ${whole.length}`);
    await play([...whole].map((byte) => Buffer.from([byte])), 'byte by byte');
    /* Each round inserts two and takes one away again. */
    assert.equal((await server.get('/api/rooms/pieces/text')).body, '😀'.repeat(rounds));
    await life.stop();
    say(t, `pieces: ${rounds} connections of ${whole.length} bytes cut at every ` +
        `${pick('third ', '')}position, and one byte by byte`);
});

/* ---- any size, under load ---- */

/** Passes bytes on in pieces of other sizes; `small`: most of them one byte. */
function proxy(target, random, small) {
    const counters = { pieces: 0, bytes: 0 };
    const pass = (from, to) => {
        let held = Buffer.alloc(0);
        let going = false;
        const next = () => {
            going = held.length > 0;
            if (!going)
                return;
            const n = small ? 1 + (random(20) ? 0 : random(200)) : 1 + random(1 << random(14));
            counters.pieces++;
            counters.bytes += Math.min(n, held.length);
            to.write(held.subarray(0, n), () => setImmediate(next));
            held = held.subarray(n);
        };
        from.on('data', (data) => {
            held = Buffer.concat([held, data]);
            if (!going) {
                going = true;
                /* Now and then more is waited for, so that messages come in one lump. */
                setTimeout(next, random(4) ? 0 : random(30));
            }
        });
        from.on('close', () => to.destroy());
        from.on('error', () => to.destroy());
    };
    const server = net.createServer({ noDelay: true }, (near) => {
        const { host, port } = target();
        const far = net.connect(port, host).setNoDelay(true);
        pass(near, far);
        pass(far, near);
    });
    return new Promise((resolve) => {
        server.listen(0, '127.0.0.1', () => resolve({
            origin: `http://127.0.0.1:${server.address().port}`, counters, close: () => server.close(),
        }));
    });
}

for (const small of [true, false]) {
    const words = small ? 'nearly every byte by itself' : 'pieces and lumps of any size';
    faultTest(`under load: ${words}`, { timeout: 7200000 }, async (t, data) => {
        const random = chance(SEED);
        const life = await new Life(data).after(t).start();
        const between = await proxy(() => life.server, random, small);
        t.after(() => between.close());
        const load = await new Load(weftAdapter({
            origin: () => between.origin, httpOrigin: () => life.origin(),
        }), { writers: 4, rate: small ? 6 : null, depth: 2, name: 'pieces', size: 300 }).open();
        t.after(() => load.close());
        load.start();
        /* The time it goes on is what is tried. */
        await new Promise((resolve) => { setTimeout(resolve, pick(1000, 30000)); });
        load.stop();
        await load.settled();
        const verdict = await load.verdict();
        await life.stop();
        verdict.merge(await judgeFolder(data, load));
        assertKept(verdict, `seed ${SEED}`);
        await checkFolder(data);
        const { acked } = load.figures();
        say(t, `pieces: ${words}: ${count(acked)} acknowledged, ${count(between.counters.bytes)} bytes in ` +
            `${count(between.counters.pieces)} pieces, ${verdict.figures} (seed ${SEED})`);
    });
}
