/* `weft bench` against the server: small forms of each scenario, what it counts, the JSON, and how it
 * ends when there is nothing to measure. No time is asserted. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { load, newFolder, run, serve, test } from './lib.mjs';

const WebSocketServer = (await load('ws'))?.WebSocketServer;

const LIMITS = ['--rate-messages', '0'];
const SHORT = ['--seconds', '0.3', '--warm-ms', '50'];

/** Runs it against `server`; the JSON stands beside the code and what was printed. */
async function bench(server, ...args) {
    const file = path.join(newFolder(), 'bench.json');
    const url = server.origin.replace('http:', 'ws:');
    const ran = await run(['bench', '--url', url, '--json', file, ...args]);
    const json = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
    return { ...ran, json };
}

function said(ran) {
    return `${ran.stdout}${ran.stderr}`;
}

/** What was typed was acknowledged, and each other reader of the room was given it once. */
function counted(ran, readers) {
    const { load } = ran.json;
    assert.equal(ran.code, 0, said(ran));
    assert.equal(ran.json.ok, true);
    assert.ok(load.sent > 0);
    assert.equal(load.acknowledged, load.sent);
    assert.equal(load.delivered, load.acknowledged * readers);
    assert.equal(load.expected, load.delivered);
    assert.equal(load.refused, 0);
    assert.equal(load.lost_times, 0);
    return load;
}

const PERCENTILES = ['max', 'mean', 'min', 'n', 'p50', 'p90', 'p99', 'p999'];

test('s1: one types, one reads, closed loop', async (t) => {
    const server = await serve(t, LIMITS);
    const ran = await bench(server, '--scenario', 's1', ...SHORT, '--pid', `${server.child.pid}`);
    const load = counted(ran, 1);
    assert.equal(load.due, load.sent);
    assert.deepEqual(Object.keys(load.delivery_us).sort(), PERCENTILES);
    assert.ok(load.delivery_us.n <= load.delivered && load.delivery_us.n > 0);
    assert.equal(load.delivery_us.n, load.ack_us.n);
    assert.equal(load.offered_per_s, undefined);
    for (const key of ['seconds', 'ops_per_s', 'deliveries_per_s', 'server_cpu_us_per_op',
        'server_cpu_us_per_delivery', 'server_cpu_percent', 'generator_cpu_percent'])
        assert.ok(load[key] > 0, key);
    assert.ok(load.memory.peak_bytes >= load.memory.rss_bytes);
    assert.equal(ran.json.join.n, 2);
    assert.equal(ran.json.join.latency_us.n, 2);
    assert.equal(ran.json.options.clients, 2);
    assert.match(ran.stdout, /^acknowledged .*\ndelivered /m);
});

test('s2: open loop, and nothing about a server whose process was not named', async (t) => {
    const server = await serve(t, LIMITS);
    const ran = await bench(server, '--scenario', 's2', '--clients', '12', ...SHORT);
    const load = counted(ran, 11);
    assert.equal(load.due, load.sent);
    assert.equal(load.offered_per_s, 100);
    assert.ok(load.late_us.n > 0);
    assert.deepEqual(Object.keys(load).filter((key) => /server|memory/.test(key)), []);
    assert.doesNotMatch(ran.stdout, /^server/m);
});

test('several operations of a writer on their way, longer ones, into a text', async (t) => {
    const server = await serve(t, LIMITS);
    const ran = await bench(server, '--clients', '5', '--writers', '5', '--window', '16', '--chars',
        '20', '--document', '5000', '--document-ops', '500', '--room', 'wide', ...SHORT);
    const load = counted(ran, 4);
    assert.equal(ran.json.join.document_characters, 5000);
    const { json } = await server.getJson('/api/rooms/wide-0');
    assert.equal(json.rev, 500 + load.sent);
    assert.equal(json.length, 5000 + 20 * load.sent);
});

test('s3: a ramp ends with a rate that was held', async (t) => {
    /* Where a writer may send 100 messages a second the ramp is short on any machine. */
    const server = await serve(t, ['--rate-messages', '100', '--rate-burst', '1']);
    const ran = await bench(server, '--scenario', 's3', '--clients', '6', '--writers', '2',
        '--rate', '40', '--step-ms', '700', '--ramp-p99-ms', '500', ...SHORT);
    counted(ran, 5);
    const { ramp } = ran.json;
    assert.equal(ramp[0].offered_per_s, 80);
    assert.ok(ramp.some((step) => step.held) && ramp.some((step) => !step.held), said(ran));
    assert.ok(ramp.some((step) => step.held && step.offered_per_s === ran.json.load.offered_per_s));
});

test('s4: many rooms, everybody types', async (t) => {
    const server = await serve(t, LIMITS);
    const ran = await bench(server, '--scenario', 's4', '--rooms', '25', '--room', 'many', ...SHORT);
    const load = counted(ran, 3);
    assert.equal(load.offered_per_s, 200);
    assert.equal(ran.json.join.n, 100);
    let revs = 0;
    for (let room = 0; room < 25; room++)
        revs += (await server.getJson(`/api/rooms/many-${room}`)).json.rev;
    assert.equal(revs, load.sent);
});

test('s5: connections at rest', async (t) => {
    const server = await serve(t, LIMITS);
    const ran = await bench(server, '--scenario', 's5', '--rooms', '50', '--join-rate', '1000',
        '--pid', `${server.child.pid}`, ...SHORT);
    assert.equal(ran.code, 0, said(ran));
    assert.equal(ran.json.join.n, 200);
    assert.equal(ran.json.join.latency_us.n, 200);
    assert.ok(ran.json.join.server_cpu_us_each > 0);
    assert.equal(typeof ran.json.join.bytes_per_connection, 'number');
    const { load } = ran.json;
    assert.equal(load.sent, 0);
    for (const key of ['ops_per_s', 'deliveries_per_s', 'ack_us', 'delivery_us', 'server_cpu_us_per_op'])
        assert.equal(load[key], undefined, key); /* not measured, so not there */
});

test('s6: joining a text', async (t) => {
    const server = await serve(t, LIMITS);
    const ran = await bench(server, '--scenario', 's6', '--document', '100000', '--document-ops',
        '1000', '--clients', '3', ...SHORT);
    assert.equal(ran.code, 0, said(ran));
    const { join } = ran.json;
    assert.equal(join.n, 3);
    assert.equal(join.document_operations, 1000);
    assert.ok(join.bytes_each > 100000 && join.bytes_each < 110000, `${join.bytes_each}`);
});

test('s7: cursors move while some type', async (t) => {
    const server = await serve(t, LIMITS);
    const ran = await bench(server, '--scenario', 's7', '--clients', '10', '--cursors', '10', ...SHORT);
    const load = counted(ran, 9);
    assert.ok(load.cursors_sent > 0 && load.cursors_read > 0);
    assert.ok(load.cursors_read <= load.cursors_sent * 9);
});

test('nothing is expected of who reads nothing', async (t) => {
    const server = await serve(t, LIMITS);
    const ran = await bench(server, '--clients', '8', '--slow-readers', '3', ...SHORT);
    counted(ran, 4);
});

test('a rate that is not taken is said', async (t) => {
    const server = await serve(t, ['--rate-messages', '100', '--rate-burst', '1']);
    const ran = await bench(server, '--rate', '400', '--seconds', '1.5', '--warm-ms', '0');
    assert.equal(ran.code, 1, said(ran));
    assert.match(ran.stderr, /did not take the rate: 400 op\/s were offered, \d+ acknowledged, and at the end it was [\d.]+ s behind/);
    assert.equal(ran.json.ok, false);
    assert.ok(ran.json.load.ops_per_s < 380); /* measured, so it is there */
    assert.equal(ran.json.load.delivery_us, undefined); /* those that never came would be missing */

    const ramp = await bench(server, '--rate', '400', '--ramp-p99-ms', '200', '--step-ms', '500', ...SHORT);
    assert.equal(ramp.code, 1, said(ramp));
    assert.match(ramp.stderr, /not even 400 op\/s were held/);
    assert.equal(ramp.json.load, undefined);
});

test('a server that dies in the middle leaves no figure of the load', async (t) => {
    const server = await serve(t, LIMITS);
    const witness = await server.join('doomed-0');
    const running = bench(server, '--room', 'doomed', '--seconds', '3600', '--clients', '3');
    await witness.expect({ type: 'insert' });
    await server.kill();
    const ran = await running;
    assert.equal(ran.code, 1, said(ran));
    assert.match(ran.stderr, /connection \d of 3 was lost/);
    assert.equal(ran.json.ok, false);
    assert.match(ran.json.failure, /was lost/);
    assert.equal(ran.json.load, undefined);
    assert.doesNotMatch(ran.stdout, /^(acknowledged|delivered|measured)/m);
});

test('no server, and one that refuses', async (t) => {
    const server = await serve(t, ['--limit-per-address', '3']);
    const refused = await bench(server, '--clients', '8', ...SHORT);
    assert.equal(refused.code, 1, said(refused));
    assert.match(refused.stderr, /could not join.*429/);
    assert.equal(refused.json.join, undefined);
    await server.stop();
    const nobody = await bench(server, ...SHORT);
    assert.equal(nobody.code, 1);
    assert.match(nobody.stderr, /nothing could be connected to at 127.0.0.1:\d+: Connection refused/);
    assert.equal(nobody.json.load, undefined);
});

test('a full room', async (t) => {
    const server = await serve(t, ['--limit-people', '2']);
    const ran = await bench(server, '--clients', '4', ...SHORT);
    assert.equal(ran.code, 1, said(ran));
    assert.match(ran.stderr, /could not join/);
});

test('something that is no WebSocket there, or another', async (t) => {
    const server = await serve(t);
    const ran = await run(['bench', '--url', `${server.origin.replace('http:', 'ws:')}/elsewhere`]);
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /answered the upgrade with "HTTP\/1.1 404/);
});

test('what is not understood', async () => {
    for (const [args, says] of [
        [['--scenario', 's9'], /--scenario: found s9/],
        [['--url', 'http://127.0.0.1:80'], /--url: found http/],
        [['--pid', '1x'], /--pid: found 1x/],
        [['--protocol', 'morse'], /--protocol/],
        [['--json', '/nowhere/at/all'], /--json: .*No such file/],
        [['--nonsense', '1'], /--nonsense: unknown flag/],
    ]) {
        const ran = await run(['bench', ...args]);
        assert.equal(ran.code, 2, said(ran));
        assert.match(ran.stderr, says);
        assert.equal(ran.stdout, '');
    }
    const help = await run(['bench', '--help']);
    assert.equal(help.code, 0);
    for (const word of ['--url', '--scenario', 's7', 'weft.v1'])
        assert.ok(help.stdout.includes(word), word);
});

test('JSON on standard output is all that is there', async (t) => {
    const server = await serve(t, LIMITS);
    const ran = await run(['bench', '--url', server.origin.replace('http:', 'ws:'), '--json', '-', ...SHORT]);
    assert.equal(ran.code, 0, said(ran));
    assert.equal(JSON.parse(ran.stdout).load.acknowledged > 0, true);
    assert.match(ran.stderr, /^delivered/m);
});

/* ---- servers that are not weft ---- */

/** One room that speaks weft.v1 as `typed` says: typed(room, author, message) for each operation. */
async function pretend(t, typed) {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    t.after(() => {
        for (const client of wss.clients)
            client.terminate();
        wss.close();
    });
    await new Promise((resolve) => { wss.on('listening', resolve); });
    const room = { rev: 0, clients: wss.clients, waiting: [] };
    wss.on('connection', (ws) => {
        ws.say = (message) => ws.send(typeof message === 'string' ? message : JSON.stringify(message));
        ws.say({ type: 'welcome', protocol: 'weft.v1', rev: room.rev, text: '', length: 0 });
        ws.on('message', (text) => typed(room, ws, JSON.parse(text)));
    });
    return { origin: `http://127.0.0.1:${wss.address().port}` };
}

const others = (room, author) => [...room.clients].filter((ws) => ws !== author);

/** As it should be. */
function honest(room, author, { seq }) {
    const rev = ++room.rev;
    for (const ws of others(room, author))
        ws.say({ type: 'insert', rev, user_id: 'u', position: 0, text: 'x' });
    author.say({ type: 'ack', rev, seq });
}

test('composed operations, and many in one read, are counted one by one', async (t) => {
    /* Ten at a time: seven as one composed edit, then three by themselves, all in one write; the
     * author has its acks after everybody else has them. The last ones may be fewer. */
    const answer = (room, author) => {
        const seqs = room.waiting.splice(0);
        const from = room.rev;
        const composed = Math.max(seqs.length - 3, 0);
        for (const ws of others(room, author)) {
            ws._socket.cork();
            if (composed > 0)
                ws.say({ type: 'edit', from, rev: from + composed, op: ['x'.repeat(composed)] });
            for (let i = composed + 1; i <= seqs.length; i++)
                ws.say({ type: 'insert', rev: from + i, user_id: 'u', position: 0, text: 'x' });
            ws._socket.uncork();
        }
        for (const seq of seqs)
            author.say({ type: 'ack', rev: ++room.rev, seq });
    };
    const room = await pretend(t, (room, author, { seq }) => {
        clearTimeout(room.timer);
        room.timer = setTimeout(answer, 100, room, author);
        if (room.waiting.push(seq) === 10)
            answer(room, author);
    });
    const ran = await bench(room, '--clients', '4', '--window', '10', ...SHORT);
    const load = counted(ran, 3);
    assert.equal(load.delivery_us.n, 3 * load.ack_us.n);
});

test('who stands still is charged with what was due meanwhile', async (t) => {
    /* For a second from the first operation on nothing is answered, so one is on its way and no other
     * is sent. Of the three seconds that are measured, what was due in the first 0.3 is a tenth, and
     * has waited 0.7 s at least, on any machine. */
    let asleep = true;
    const room = await pretend(t, (room, author, message) => {
        room.waiting.push(() => honest(room, author, message));
        if (room.waiting.length === 1 && asleep)
            setTimeout(() => { asleep = false; room.waiting.splice(0).forEach((answer) => answer()); }, 1000);
        else if (!asleep)
            room.waiting.splice(0).forEach((answer) => answer());
    });
    const ran = await bench(room, '--rate', '50', '--in-flight', '1', '--seconds', '3', '--warm-ms', '0');
    const { load } = ran.json;
    assert.equal(ran.code, 0, said(ran));
    assert.equal(load.due, 150);
    assert.equal(load.delivered, 150);
    assert.ok(load.ack_us.p90 >= 690000 && load.delivery_us.p90 >= 690000, said(ran));
    assert.ok(load.delivery_us.max >= 990000);
});

for (const [name, typed, says] of [
    ['acknowledges nothing', () => {}, /1 operations were not acknowledged and 0 not delivered/],
    ['delivers nothing', (room, author, { seq }) => author.say({ type: 'ack', rev: ++room.rev, seq }),
        /0 operations were not acknowledged and \d+ not delivered/],
    ['acknowledges what nobody typed',
        (room, author) => author.say({ type: 'ack', rev: ++room.rev, seq: 7000 }), /of operation 7000/],
    ['delivers twice', (room, author, message) => {
        honest(room, author, message);
        others(room, author)[0].say({ type: 'insert', rev: room.rev, user_id: 'u', position: 0, text: 'x' });
    }, /this is not weft: an operation that is not of the next revision/],
    ['delivers what nobody typed', (room, author, message) => {
        honest(room, author, message);
        room.rev++;
        for (const ws of room.clients)
            ws.say({ type: 'insert', rev: room.rev, user_id: 'u', position: 0, text: 'x' });
    }, /deliveries of operations that are not ours, or twice/],
    ['refuses', (room, author, { seq }) => author.say({ type: 'error', code: 'unavailable', message: 'm', seq }),
        /refused \d+ messages, the first with .*unavailable/],
    ['says something else', (room, author) => author.say('{"jsonrpc":"2.0"}'), /this is not weft/],
    ['goes away', (room, author) => author.close(1012, 'again'), /closed with 1012: again/],
]) {
    test(`a server that ${name}`, async (t) => {
        const room = await pretend(t, typed);
        const ran = await bench(room, '--timeout-ms', '500', ...SHORT);
        assert.equal(ran.code, 1, said(ran));
        assert.match(ran.stderr, says);
        assert.equal(ran.json.ok, false);
        assert.equal(ran.json.load?.delivery_us, undefined);
    });
}
