/* Readers that stop: their sockets stay open, and nothing is taken from them any more.
 *
 * In a busy room windows without and with such readers take turns, so that both are measured in one
 * run on the same machine. Afterwards the readers go on and must have the server's text, exactly. What
 * they missed reaches them composed; how often that happened is printed, because a reader whose
 * system's buffers held everything has shown nothing. The server's memory is looked at after each
 * window: its growth must stay under a bound for each reader. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chance, SEED, within } from '../e2e/lib.mjs';
import { Load, quantile } from './load.mjs';
import { assertKept, count, faultTest, Life, ms, pick, say } from './world.mjs';
import { weftAdapter } from './weft_client.mjs';

const WINDOWS = pick(1, 6);
const WINDOW_MS = pick(2000, 12000);
const READERS = pick(10, 50);
const GROWTH_KB_EACH = 1024; /* of the server's memory, for a reader that takes nothing */
const GROWTH_KB = 65536; /* and for the room: its history, its log, what waits for the disk */

const moment = (msLater) => new Promise((resolve) => { setTimeout(resolve, msLater); });
const memory = (pid, field) => Number(
    new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

/* Entries of a room are no text, so they may be as long as they like. A system holds over a MiB for a
 * reader on the same machine, and the server's own log another one: this fills both in a window. */
const NOISE = { keys: 16, bytes: 256, depth: 4 };

/** Somebody who sets all entries of the room, again and again, until stopped. */
async function noisy(life, room) {
    const { ws } = await life.server.join(room);
    ws.removeAllListeners('message');
    let seq = 0;
    let open = 0;
    let stop = null;
    const send = () => {
        seq++;
        open++;
        const meta = Object.fromEntries(Array.from({ length: NOISE.keys },
            (_, i) => [`key-${i}`, `${seq} `.padEnd(NOISE.bytes, 'x')]));
        ws.send(JSON.stringify({ type: 'meta', meta, seq }));
    };
    ws.on('message', (message) => {
        if (!message.includes('"type":"ack"', 0, 'latin1'))
            return;
        open--;
        if (!stop)
            send();
        else if (open === 0)
            stop();
    });
    while (open < NOISE.depth)
        send();
    return async () => {
        await within('the noise to be acknowledged', new Promise((resolve) => { stop = resolve; }));
        ws.close(1000);
    };
}

/** Types for a while: how long each edit took, and the server's memory afterwards. */
async function window(load, life) {
    const quiet = await noisy(life, load.writers[0].room);
    load.start();
    load.takeLatencies();
    await moment(WINDOW_MS);
    const latencies = load.takeLatencies();
    const rss = memory(life.pid, 'VmRSS');
    load.stop();
    await quiet();
    return { latencies, rss };
}

faultTest(`${READERS} readers that stop in a busy room`, { timeout: 1200000 }, async (t, data) => {
    const life = await new Life(data).after(t).start();
    const adapter = weftAdapter({ origin: () => life.origin() });
    const load = await new Load(adapter, { writers: 4, depth: 2 })
        .after(t).open();
    const [room] = load.ledgers.keys();
    await window(load, life); /* warm */
    await load.settled();
    const before = memory(life.pid, 'VmRSS');
    const free = { latencies: [], rss: 0 };
    const stopped = { latencies: [], rss: 0 };
    const resumed = [];
    let composed = 0;
    let anew = 0; /* connections that the server or the client had given up meanwhile */
    for (let i = 0; i < WINDOWS; i++) {
        const plain = await window(load, life);
        free.latencies.push(...plain.latencies);
        free.rss = Math.max(free.rss, plain.rss);
        await load.settled();

        const readers = await Promise.all(Array.from({ length: READERS }, (_, n) =>
            adapter.open(room, { who: `reader ${n}`, random: chance(SEED + n) })));
        t.after(() => readers.forEach((reader) => reader.close()));
        for (const { socket } of readers)
            socket.pause();
        const held = await window(load, life);
        stopped.latencies.push(...held.latencies);
        stopped.rss = Math.max(stopped.rss, held.rss);
        await load.settled(); /* the others do not wait for them */

        const { text, rev } = load.texts.get(room);
        const since = performance.now();
        for (const reader of readers) {
            reader.socket.on('message', (message) => {
                if (message.includes('"from":', 0, 'latin1'))
                    composed++;
            });
            reader.onText(() => load.wake());
            reader.socket.resume();
        }
        const late = () => readers.filter((reader) => reader.rev() !== rev);
        await load.until('the readers to have the text', () => late().length === 0)
            .catch((error) => {
                error.message += `\nwindow ${i}, ${late().length} readers: ` + late().slice(0, 5)
                    .map(({ room: { status }, closes, counters, socket }) => JSON.stringify({
                        status, closes, counters, paused: socket.isPaused, state: socket.readyState,
                        buffered: socket._socket?.readableLength,
                    })).join('\n') + `\n${late().slice(0, 5).map((r) => r.rev())} of ${rev}`;
                throw error;
            });
        resumed.push(performance.now() - since);
        for (const reader of readers) {
            assert.equal(reader.text(), text, 'a reader that went on has the server\'s text');
            anew += reader.counters.connects - 1;
            reader.close();
        }
    }
    const verdict = await load.verdict();
    assertKept(verdict, `seed ${SEED}`);
    const growth = stopped.rss - before;
    assert.ok(growth < READERS * GROWTH_KB_EACH + GROWTH_KB,
        `the server grew by ${growth} KiB over ${READERS} readers that take nothing`);
    await life.stop();
    const [f, s] = [free, stopped].map(({ latencies }) =>
        [0.5, 0.99].map((p) => quantile(latencies, p)));
    const edits = free.latencies.length + stopped.latencies.length;
    say(t, `stopped readers: ${READERS} in a room with ${count(edits / (WINDOWS * 2 * WINDOW_MS / 1000))} ` +
        `edits/s: ${verdict.figures}; edit to acknowledgement without them p50 ${ms(f[0])} p99 ${ms(f[1])}, ` +
        `with them ${ms(s[0])} and ${ms(s[1])}: ratio ${(s[0] / f[0]).toFixed(2)} and ` +
        `${(s[1] / f[1]).toFixed(2)}; memory ${count(before / 1024)} MiB, at most ` +
        `${count(free.rss / 1024)} without and ${count(stopped.rss / 1024)} MiB with them; going on, they ` +
        `had the text after ${ms(quantile(resumed, 0.5))}, with ${composed} composed edits and ${anew} ` +
        `of them connected anew (seed ${SEED})`);
});
