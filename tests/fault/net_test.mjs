/* Bad networks: real clients and a real server, real TCP, and between them links that lose, double
 * and reorder packets, are slow, are cut both ways or one way, and heal (lab.mjs). Whatever was
 * acknowledged is there afterwards, once; everybody has the server's text soon after the link is well.
 *
 * All runs are under way at the same time, each with clients and links of its own; the tests wait for
 * them in turn. Times are printed, never judged: the bound is 5 s from healing until everybody agrees,
 * and the long form (make fault) plays outages of all lengths to find the longest. */

import assert from 'node:assert/strict';
import { chance, newFolder, SEED, test } from '../e2e/lib.mjs';
import { Verdict } from './ledger.mjs';
import { Load, quantile } from './load.mjs';
import { assertKept, checkFolder, count, judgeFolder, LONG, ms, pick, say } from './world.mjs';
import { beginHalfOpen } from './half_open.mjs';
import { begin, enter, FarLife, inside, Links, moment, packets, setMtu, tell } from './lab.mjs';

const BAD = { delay: 25, jitter: 5, loss: 2, dup: 1, reorder: 5 };

const worst = { ms: 0, heals: 0 };

/** One server, one load behind links of its own. */
async function setUp(t, name, { writers, rate, rooms = 1, args = [] }) {
    const data = newFolder();
    const life = new FarLife(data, { args }).after(t);
    await life.start();
    const links = new Links(writers);
    const load = await new Load(links.adapter(() => life.origin()),
        { writers, rooms, rate, name, size: 500 }).open();
    t.after(() => load.close());
    return { data, life, links, load, verdict: new Verdict(name), converge: [] };
}

/** Nobody types; the network is well from now on. All must be answered and all must agree. */
async function converged(world) {
    const { load, converge, verdict } = world;
    load.healed();
    await load.settled({ deadlineMs: 60000 });
    converge.push(load.convergeMs);
    worst.ms = Math.max(worst.ms, load.convergeMs);
    worst.heals++;
    verdict.merge(await load.verdict());
}

async function tearDown(t, world, words) {
    const { data, life, load, verdict, converge } = world;
    const { acked, reconnects, dups, resets } = load.figures();
    await life.stop();
    verdict.merge(await judgeFolder(data, load));
    assertKept(verdict, `seed ${SEED}`);
    await checkFolder(data);
    t.say(`${words}: ${count(acked)} acknowledged, ${verdict.figures}; ${count(reconnects)} reconnects, ` +
        `${count(dups)} resent and known already, ${resets} resets` + (converge.length === 0 ? '' :
        `; converged after p50 ${ms(quantile(converge, 0.5))} max ${ms(quantile(converge, 1))}`));
}

/* ---- links that are bad and stay so ---- */

function badLink(words, rule, { writers = 4, rate = 5, seconds }) {
    begin(words, async (t) => {
        const world = await setUp(t, 'bad', { writers, rate });
        await world.links.set(rule);
        world.load.start();
        await moment(seconds * 1000);
        world.load.stop();
        await converged(world); /* over the bad link: from the last keystroke */
        await tearDown(t, world, words);
    });
}

/* ---- links that are cut and heal ---- */

/** An outage of some of the links: both ways, one way, once or again and again. */
async function outage(links, random, lengthMs, kind) {
    const some = links.hosts.map((_, i) => i).filter(() => random(3) > 0);
    const which = some.length > 0 ? some : [0];
    if (kind === 'flapping') {
        for (const end = performance.now() + lengthMs; performance.now() < end;) {
            await links.cut('both', which);
            await moment(20 + random(800));
            await links.heal();
            await moment(20 + random(800));
        }
        await links.cut('both', which);
        await moment(random(400));
    } else {
        await links.cut(kind, which);
        await moment(lengthMs);
    }
}

function outages(words, kinds, lengths) {
    begin(words, async (t) => {
        const random = chance(SEED + words.length);
        const world = await setUp(t, 'cut', { writers: 4, rate: 5 });
        for (const [i, lengthMs] of lengths.entries()) {
            world.load.phase = i;
            world.load.start();
            await world.links.set({ delay: 10 + random(30), jitter: random(10) });
            await moment(random(1500));
            await outage(world.links, random, lengthMs, kinds[i % kinds.length]);
            /* Half of the time somebody is still typing when it heals. */
            if (random(2))
                world.load.stop();
            await world.links.heal();
            world.load.stop();
            await converged(world);
        }
        await tearDown(t, world, `${words}: ${lengths.length} outages of up to ` +
            `${ms(Math.max(...lengths))}`);
    });
}

/* The link dies, the server is killed meanwhile, and both come back, in either order. */
function outagesAndKills(rounds, lengthMax) {
    begin('link cut and server killed', async (t) => {
        const random = chance(SEED + 99);
        const world = await setUp(t, 'both', { writers: 4, rate: 5 });
        for (let i = 0; i < rounds; i++) {
            world.load.phase = i;
            world.load.start();
            await moment(300 + random(1000));
            await world.links.cut('both');
            await moment(random(lengthMax));
            await world.life.kill();
            await moment(random(lengthMax));
            const serverFirst = random(2) === 0;
            if (serverFirst)
                await world.life.start('both-0');
            await moment(random(500));
            world.load.stop();
            await world.links.heal();
            if (!serverFirst)
                await world.life.start('both-0');
            await converged(world);
        }
        await tearDown(t, world, `link cut and server killed, ${rounds} times`);
    });
}

/* The server stands still: its kernel answers, it does not. */
function standstill(lengths) {
    begin('the server stands still', async (t) => {
        const world = await setUp(t, 'still', { writers: 4, rate: 5 });
        for (const [i, lengthMs] of lengths.entries()) {
            world.load.phase = i;
            world.load.start();
            await moment(700);
            process.kill(world.life.pid, 'SIGSTOP');
            await moment(lengthMs);
            world.load.stop();
            process.kill(world.life.pid, 'SIGCONT');
            await converged(world);
        }
        await tearDown(t, world, `the server stands still: ${lengths.length} times, up to ` +
            `${ms(Math.max(...lengths))}`);
    });
}

/* Connections are reset in the middle, for one end or for both, the other one knowing or not. */
function resets(rounds) {
    begin('connections reset', async (t) => {
        const random = chance(SEED + 5);
        const world = await setUp(t, 'reset', { writers: 4, rate: 10 });
        await world.links.set({ delay: 10, jitter: 3 });
        for (let i = 0; i < rounds; i++) {
            world.load.phase = i;
            world.load.start();
            await moment(200 + random(600));
            const which = [random(4)];
            const way = ['up', 'down', 'both'][random(3)];
            if (way !== 'both' && random(2)) /* the other end is not to learn of it */
                await world.links.cut(way === 'up' ? 'down' : 'up', which);
            await world.links.set({ reset: 1 + random(3) }, way, which);
            await moment(random(1500));
            world.load.stop();
            await world.links.heal();
            await converged(world);
        }
        const { reconnects } = world.load.figures();
        assert.ok(reconnects >= rounds / 4, `a reset ends a connection: ${reconnects}`);
        await tearDown(t, world, `connections reset, ${rounds} times`);
    });
}

/* What takes far longer than a dead connection is waited for: a paste on its way up, the same on its
 * way down to others and, all in one message, to somebody who comes later. */
function longText(characters, rate) {
    begin('a long text over a slow line', async (t) => {
        const world = await setUp(t, 'long', { writers: 3, rate: 1 });
        const { load, links } = world;
        const [writer, reader, late] = load.writers;
        late.client.close();
        await links.set({ delay: 40, rate, queue: 16000 });
        const { ledger } = writer;
        const text = ledger.take(characters);
        const bytes = Buffer.byteLength(text);
        const since = performance.now();
        await new Promise((resolve) => {
            writer.sent(ledger.insert(writer.who, text),
                () => writer.client.insert(0, text).finally(resolve));
        });
        const up = performance.now() - since;
        late.client = await links.adapter(() => world.life.origin()).open(late.room, late);
        late.client.onText(() => load.wake());
        const welcome = performance.now() - since - up;
        await load.settled({ deadlineMs: 900000 });
        const down = performance.now() - since - up;
        assert.equal(reader.client.text(), text);
        world.verdict.merge(await load.verdict());
        await tearDown(t, world, `${count(bytes / 1000)} kB over ${count(rate / 1000)} kbit/s ` +
            `(${ms(bytes * 8000 / rate)} at best): acknowledged after ${ms(up)}, welcome after ` +
            `${ms(welcome)}, with the other reader after ${ms(down)}`);
    });
}

/** n lengths in ms, short and long ones alike: each up to twice as long as another. */
const lengthsOf = (random, n, least, most) => Array.from({ length: n },
    () => Math.round(least * (most / least) ** (random(1000) / 1000)));

function beginAll() {
    const random = chance(SEED);
    badLink('25±5 ms, 2 % lost, 1 % doubled, 5 % reordered', BAD,
        { seconds: pick(5, 120), rate: 8 });
    badLink('20 % lost', { delay: 15, jitter: 5, loss: 20 }, { seconds: pick(5, 120) });
    badLink('64 kbit/s', { delay: 40, rate: 64000, queue: 16000 }, { seconds: pick(5, 120), rate: 4 });
    outages('cut both ways', ['both'], LONG ? lengthsOf(random, 40, 50, 45000) : [400, 7000]);
    outages('cut one way', ['up', 'down'],
        LONG ? lengthsOf(random, 30, 200, 30000) : [2500, 5500]);
    outages('flapping', ['flapping'], LONG ? lengthsOf(random, 20, 1000, 20000) : [5000]);
    standstill(LONG ? lengthsOf(random, 10, 500, 30000) : [8500]);
    resets(pick(4, 80));
    if (LONG)
        longText(60000, 64000);
    outagesAndKills(pick(2, 20), pick(1500, 8000));
}

if (inside) {
    const since = performance.now();
    if (LONG)
        await setMtu(576 + chance(SEED)(900));
    beginAll();
    await beginHalfOpen();
    tell();
    test('all links healed', async (t) => {
        const sum = await packets();
        assert.ok(sum.lost > 0 && sum.cut > 0 && sum.doubled > 0 && sum.overtaking > 0,
            `the links were bad: ${JSON.stringify(sum)}`);
        say(t, `net: ${worst.heals} times healed, at most ${ms(worst.ms)} until everybody agreed ` +
            `(bound 5,000 ms); ${count(sum.offered)} packets, ${count(sum.lost)} lost, ` +
            `${count(sum.cut)} cut off, ${count(sum.doubled)} doubled, ${count(sum.overtaking)} ` +
            `overtaking, ${count(sum.overflowed)} overflowed; ` +
            `${Math.round((performance.now() - since) / 1000)} s (seed ${SEED})`);
    });
} else {
    await enter(import.meta.url);
}
