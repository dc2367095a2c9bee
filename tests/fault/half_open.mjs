/* half_open.mjs - runs of net_test.mjs: one end of a connection is gone and the other was not told; and
 * a reader behind a link that is too slow for the room, where it is TCP that pushes back. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { newFolder, Replica, within } from '../e2e/lib.mjs';
import { Load } from './load.mjs';
import { assertKept, count, ms, pick } from './world.mjs';
import { begin, FarLife, Links, moment, onServerSide } from './lab.mjs';

const PING_MS = pick(400, 2000);
const DEAD_MS = pick(1500, 8000); /* this process has many clients to answer for */
const SLOW_MS = 1000;
const QUICK = ['--ping-ms', String(PING_MS), '--dead-ms', String(DEAD_MS),
    '--slow-ms', String(SLOW_MS), '--limit-per-address', '10000'];

const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;
const residentKiB = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`))[1]);

/** Asks until look() is true; each question is answered by the server, in its own time. */
async function until(what, server, look) {
    let going = true;
    await within(what, (async () => {
        while (going && !await look())
            await server.get('/healthz');
    })()).finally(() => { going = false; });
}

/* ---- the client vanishes ---- */

/* What it was doing when it did. Each gets the clients, whose links are cut, and one who stays. */
const vanishings = {
    'idle': () => {},
    'in the middle of a message': (gone) => {
        /* A masked text frame of 64,000 bytes, of which 50,000 come. */
        const part = Buffer.alloc(50000, 0x61);
        part.set([0x81, 0x80 | 126, 64000 >> 8, 64000 & 0xff, 0, 0, 0, 0]);
        gone.forEach((client) => client.ws._socket.write(part));
    },
    'while it is written to': async (gone, stays) => {
        for (let i = 0; i < 20; i++) {
            await stays.ask({ type: 'insert', position: 0, text: 'x'.repeat(100000) }, 'ack');
            await stays.ask({ type: 'delete', position: 0, length: 100000 }, 'ack');
        }
    },
};

/** How a link is cut: by the relay, or by the packet filter of the server's own kernel. */
const cutters = {
    relay: (links) => links.cut('both'),
    nft: async (links) => {
        const rule = async (...words) => {
            const { code, said } = await onServerSide('nft', ...words);
            assert.equal(code, 0, `nft ${words.join(' ')}: ${said}`);
        };
        await rule('add', 'table', 'inet', 'weft');
        for (const [hook, field] of [['input', 'saddr'], ['output', 'daddr']]) {
            await rule(`add chain inet weft ${hook} { type filter hook ${hook} priority 0; }`);
            for (const address of links.addresses)
                await rule(`add rule inet weft ${hook} ip ${field} ${address} drop`);
        }
        return () => rule('delete', 'table', 'inet', 'weft');
    },
};

function vanish(how, cutter, n, rounds) {
    const words = `${n} clients vanish ${how} (${cutter})`;
    begin(words, async (t) => {
        const life = new FarLife(newFolder(), { args: QUICK }).after(t);
        await life.start();
        const { server } = life;
        const links = new Links(2);
        const stays = await server.join('half');
        await stays.ask({ type: 'insert', text: 'here', seq: 1 }, 'ack');
        const before = descriptors(life.pid);
        const resident = [];
        let longest = 0;
        for (let round = 0; round < rounds; round++) {
            const gone = [];
            for (let i = 0; i < n; i++) {
                gone.push(await server.join('half', {
                    query: { name: `Ben ${i}` }, localAddress: links.addresses[i % 2],
                }));
            }
            assert.ok(descriptors(life.pid) >= before + n, 'each has a descriptor');
            for (const client of gone) {
                client.send({ type: 'cursor', position: 0 });
                await stays.expect({ type: 'cursor', user_id: client.welcome.user_id });
            }
            if (how === 'in the middle of a message')
                vanishings[how](gone, stays);
            const heal = await cutters[cutter](links);
            const since = performance.now();
            if (how !== 'in the middle of a message')
                await vanishings[how](gone, stays);
            const left = gone.map((client) =>
                stays.expect({ type: 'leave', user_id: client.welcome.user_id }));
            await Promise.all(left);
            longest = Math.max(longest, performance.now() - since);
            const users = (await server.getJson('/api/rooms/half')).json.users;
            assert.deepEqual(users, [{ user_id: stays.welcome.user_id }]);
            const late = await server.join('half');
            assert.deepEqual(late.welcome.users, users, 'nobody, and no cursor');
            await late.leave();
            await (heal ? heal() : links.heal());
            gone.forEach((client) => client.ws.terminate());
            await until('the descriptors to be closed', server,
                () => descriptors(life.pid) <= before);
            resident.push(residentKiB(life.pid));
        }
        await life.stop();
        t.say(`${words}, ${rounds} times: gone for the others after at most ${ms(longest)} ` +
            `(--dead-ms ${DEAD_MS}); resident ${count(resident[0])} KiB after the first, ` +
            `${count(resident.at(-1))} KiB after the last`);
    });
}

/* ---- the server vanishes ---- */

/* To one who waits for an answer and to one who only watches, at the same time. */
function serverVanishes(rounds) {
    begin('the server vanishes', async (t) => {
        const life = new FarLife(newFolder()).after(t);
        await life.start();
        const links = new Links(3);
        const load = await new Load(links.adapter(() => life.origin()),
            { writers: 3, name: 'back', size: 200 }).open();
        t.after(() => load.close());
        const [ada, ben, cyd] = load.writers;
        const noticed = [];
        const back = [];
        let fewest = Infinity;
        const status = ({ who, client }, ...wanted) => within(`${who} to be ${wanted}`,
            new Promise((resolve) => {
                const off = client.room.on('status', (now) => {
                    if (wanted.includes(now)) {
                        off();
                        resolve();
                    }
                });
            }));
        load.start();
        await moment(200);
        load.stop();
        await load.settled();
        ada.client.room.on('users', (users) => { fewest = Math.min(fewest, users.size); });
        for (let round = 0; round < rounds; round++) {
            await links.cut('both', [1, 2]);
            const since = performance.now();
            ben.edit();
            const again = await Promise.all([ben, cyd].map(async (writer) => {
                await status(writer, 'connecting', 'offline');
                noticed.push(performance.now() - since);
                return { online: status(writer, 'online') };
            }));
            await links.heal();
            load.healed();
            await Promise.all(again.map(({ online }) => online));
            await load.settled();
            back.push(load.convergeMs);
        }
        /* They took their own places again: the connections that the server held to be alive. */
        assert.equal(fewest, 2, 'nobody was seen to leave');
        const names = [...ada.client.room.users.values()].map(({ name }) => name).sort();
        assert.deepEqual(names, ['writer 1', 'writer 2']);
        const { json } = await life.server.getJson('/api/rooms/back-0');
        assert.equal(json.users.length, 3);
        assertKept(await load.verdict());
        await life.stop();
        t.say(`the server vanishes, ${rounds} times: noticed after at most ` +
            `${ms(Math.max(...noticed))}, all agree at most ${ms(Math.max(...back))} after healing, ` +
            'each in the own place');
    });
}

/* ---- a reader that is too slow ---- */

/* The room gets more than the link takes: the rest is for the reader to have as one operation.
 * laterRate: what the link takes once all is written, where nobody wants to wait for the rest. */
function slowReader(rate, laterRate, bytes) {
    const words = `a reader at ${count(rate / 1000)} kbit/s in a room with ${count(bytes / 1e6)} MB of edits`;
    begin(words, async (t) => {
        const life = new FarLife(newFolder()).after(t);
        await life.start();
        const { server } = life;
        const links = new Links(1);
        const writer = await server.join('slow');
        const quick = await server.join('slow');
        const slow = await server.join('slow', { localAddress: links.addresses[0] });
        await links.set({ delay: 20, rate, queue: 16000 }, 'down');
        const size = 10000;
        let seq = 0;
        for (let sent = 0; sent < bytes; sent += size) {
            /* What lies before and behind it is changed too, so that the text says what was applied. */
            const text = `${sent} `.padEnd(size, '.');
            await writer.ask({ type: 'insert', position: 0, text, seq: ++seq }, 'ack');
            await writer.ask({ type: 'delete', position: 5, length: size - 10, seq: ++seq }, 'ack');
        }
        const { rev } = (await server.getJson('/api/rooms/slow')).json;
        const text = (await server.get('/api/rooms/slow/text')).body;
        await links.set({ rate: laterRate }, 'down');
        const replicas = {};
        const since = performance.now();
        for (const [name, client] of Object.entries({ quick, slow })) {
            await client.until(`${name} to have everything`,
                (all) => (all.at(-1).rev ?? 0) >= rev && all.at(-1).type !== 'cursor');
            const replica = new Replica(client.welcome);
            client.received.slice(1).forEach((message) => replica.take(message));
            assert.equal(replica.text, text, `${name} has the text`);
            replicas[name] = replica;
        }
        assert.equal(replicas.quick.composed, 0, 'who reads in time gets each operation');
        assert.ok(replicas.slow.composed > 0, 'the slow one got some composed');
        await life.stop();
        t.say(`${words}: ${count(slow.received.length)} messages instead of ` +
            `${count(quick.received.length)}, ${replicas.slow.composed} of them composed, the text right ` +
            `${ms(performance.now() - since)} after the last edit`);
    });
}

/* Its link takes nothing at all: 4409, and when the link heals it resumes. */
function stalledReader() {
    begin('a reader whose link takes nothing', async (t) => {
        const life = new FarLife(newFolder(), { args: ['--slow-ms', String(SLOW_MS)] }).after(t);
        await life.start();
        const { server } = life;
        const links = new Links(2);
        const load = await new Load(links.adapter(() => life.origin()),
            { writers: 2, name: 'stalled', size: 200 }).open();
        t.after(() => load.close());
        const writer = await server.join('stalled-0');
        await links.cut('down', [1]);
        const { user_id: ben } = [...writer.welcome.users].find(({ name }) => name === 'writer 1');
        const since = performance.now();
        const gone = writer.expect({ type: 'leave', user_id: ben });
        const text = 'x'.repeat(400000);
        for (let seq = 1; seq <= 20; seq += 2) {
            await writer.ask({ type: 'insert', position: 0, text, seq }, 'ack');
            await writer.ask({ type: 'delete', position: 0, length: text.length, seq: seq + 1 }, 'ack');
        }
        await gone;
        const took = performance.now() - since;
        await load.until('the other one to have it all', () => load.writers[0].client.text() === '');
        load.start();
        await moment(300);
        load.stop();
        await links.heal();
        load.healed();
        await load.settled();
        assertKept(await load.verdict());
        await life.stop();
        t.say(`a reader whose link takes nothing: closed after ${ms(took)} (--slow-ms ${SLOW_MS}, and ` +
            `as long for the CLOSE to leave), the text right ${ms(load.convergeMs)} after healing`);
    });
}

export async function beginHalfOpen() {
    const n = pick(10, 50);
    const rounds = pick(2, 6);
    for (const how of Object.keys(vanishings))
        vanish(how, 'relay', how === 'while it is written to' ? pick(4, 40) : n, rounds);
    const { code } = await onServerSide('sh', '-c', 'command -v nft');
    if (code === 0)
        vanish('idle', 'nft', n, rounds);
    else
        begin('clients vanish (nft)', async (t) => t.skip('nft is not installed'));
    serverVanishes(pick(1, 20));
    slowReader(64000, pick(16e6, 64000), pick(3e6, 4e6));
    stalledReader();
}
