/* sweep.mjs - one life of a server in which one call fails, and what must hold afterwards.
 *
 * A point says which call: {kinds, at, times, error, how, files}, see shim.mjs. It is played in a
 * fixed scenario:
 *
 *   life 1   the fault is armed before the server starts. Two people type into a room, somebody
 *            pastes so much into another one that it gets a snapshot. A fault that does not go away
 *            by itself is healed once it has hit. The server is stopped, or killed, or killed in
 *            the moment when the call fails.
 *   life 2   started again, on what is in memory of the system. The two go on. Killed, and the power
 *            is cut: of what was not synced nothing is there, or, page by page, some of it.
 *   life 3   `weft check` has nothing to say. Started again, all is answered and everybody has the
 *            server's text. Stopped.
 *
 * A server may end by itself only while the fault is armed and it starts or stops, with a sentence.
 * Nobody may have been shown a revision that is not there in life 3. */

import assert from 'node:assert/strict';
import { chance, newFolder, run, Server, within } from '../e2e/lib.mjs';
import { Load } from './load.mjs';
import { Shim } from './shim.mjs';
import { weftAdapter } from './weft_client.mjs';

const PASTE = 'x'.repeat(300_000); /* more than a snapshot waits for */
const EDITS = 12;                  /* to be acknowledged in each life */

export const nameOf = (point) => `${[point.kinds].flat().join('+')}` +
    `${point.files ? ` of ${[point.files].flat().join('+')}` : ''} ${point.error ?? 'EIO'}` +
    `${point.how ? ` ${point.how}` : ''} ${point.times === 1 ? 'once' :
        point.times ? `${point.times} times` : 'for good'} at ${point.at}`;

const SENTENCE = /^weft: .{10,}$/m;

class Play {
    constructor(point, seed) {
        this.point = point;
        this.random = chance(seed);
        this.data = newFolder();
        this.shim = new Shim(this.data);
        this.port = 0;
        this.shown = 0;
        this.refusedStarts = 0;
        this.badStops = 0;
        this.load = null;
        this.killing = this.random(3) === 0;
    }

    said() {
        return `${nameOf(this.point)}: ${this.server?.said() ?? ''}`;
    }

    /** Started; where the fault keeps it from that, once more without the fault. */
    async start() {
        for (;;) {
            const server = new Server(['--limit-rooms', '100', ...(this.point.args ?? [])],
                { data: this.data, port: this.port, env: this.shim.env });
            this.server = server;
            const how = await Promise.race([server.end, server.says(/serving http/).catch(() => null)]);
            if (how !== null && how.code === undefined) {
                await server.started();
                this.port = server.port;
                return;
            }
            const ended = await server.end;
            assert.equal(ended.signal, null, this.said());
            assert.notEqual(ended.code, 0, this.said());
            assert.match(server.stderr, SENTENCE, this.said());
            assert.ok(this.shim.armed, `refused to start without a reason: ${this.said()}`);
            this.refusedStarts++;
            this.shim.heal();
        }
    }

    async stop() {
        const how = await this.server.signal('SIGTERM');
        assert.equal(how.signal, null, this.said());
        if (how.code !== 0) {
            assert.ok(this.shim.armed, `ended with ${how.code}: ${this.said()}`);
            assert.match(this.server.stderr, SENTENCE, this.said());
            this.badStops++;
        }
    }

    /** Somebody else pastes and goes; the fault may hit them. */
    async paste() {
        const client = this.server.open('/ws/big', {});
        client.ws.on('error', () => {});
        try {
            await client.welcomed();
            for (let seq = 1; seq <= (this.point.pastes ?? 1); seq++) {
                await client.ask({ type: 'insert', text: PASTE, seq },
                    (m) => (m.type === 'ack' || m.type === 'error') && m.seq === seq);
            }
            await client.leave();
        } catch (error) {
            assert.ok(this.shim.armed || this.killing || client.close_, `${error}`);
            client.ws.terminate();
        }
    }

    /** The two type until n more of their edits were acknowledged, and nothing is open any more. */
    async type(n) {
        const goal = this.load.counters.acked + n;
        this.load.start();
        if (this.killing && this.shim.armed) {
            /* The moment after the failure, before anything could put it right. */
            await this.load.until('edits to be acknowledged, or the fault to hit', () =>
                this.shim.fired > 0 || this.load.counters.acked >= goal);
            await this.server.kill();
            this.load.stop();
            return;
        }
        if (this.point.times !== 1 && this.shim.armed) {
            /* For as long as it lasts nothing may be acknowledged that has to pass the fault. */
            await this.load.until('edits to be acknowledged, or the fault to hit', () =>
                this.shim.fired > 0 || this.load.counters.acked >= goal);
            this.shim.heal();
        }
        await this.load.until('edits to be acknowledged', () => this.load.counters.acked >= goal);
        this.load.stop();
        await this.load.until('all to be answered', () => this.load.writers.every((w) => w.open === 0));
    }

    note() {
        for (const { client } of this.load.writers)
            this.shown = Math.max(this.shown, client.rev() ?? 0);
    }

    async play() {
        const { shim } = this;
        shim.fail(this.point.kinds, this.point);
        await this.start();
        this.load = new Load(weftAdapter({ origin: () => this.server.origin, delayMaxMs: 20 }),
            { writers: 2, rooms: 1, seed: this.random(1 << 30), size: 60 });
        await this.load.open();
        const pasting = this.paste();
        if (this.point.pastes)
            await pasting; /* they make the calls that are to fail */
        await this.type(EDITS);
        await pasting;
        this.note();
        /* A room of which nothing was stored is another one when it is asked for again. */
        const resets = this.shown > 0 ? 0 : this.load.writers.length;
        if (!this.killing && this.random(2) === 0)
            await this.stop();
        else if (!this.server.ended)
            await this.server.kill();
        shim.heal();
        this.fired = shim.fired;
        this.calls = shim.count;

        await this.start();
        await this.type(EDITS);
        this.load.start(); /* cut in the middle of it */
        const more = this.load.counters.acked + 2;
        await this.load.until('more edits', () => this.load.counters.acked >= more);
        await this.server.kill();
        this.load.stop();
        this.note();
        this.lostPages = shim.powerCut(this.random(2) === 0 ? undefined : this.random);

        const check = await run(['check', '--data', this.data]);
        assert.equal(check.code, 0, `weft check: ${check.stdout}${check.stderr}\n${this.said()}`);
        await this.start();
        await this.load.settled();
        const verdict = await this.load.verdict();
        const { text, rev } = this.load.texts.get('load-0');
        assert.ok(verdict.ok, `${verdict}\n${this.said()}`);
        assert.ok(rev >= this.shown, `shown ${this.shown}, there are ${rev} (${text.length})`);
        assert.ok(this.load.figures().resets <= resets, 'somebody knew more than the server');
        await this.load.close();
        await this.stop();
        return { fired: this.fired, calls: this.calls, lostPages: this.lostPages,
            acked: this.load.counters.acked, refusedStarts: this.refusedStarts,
            badStops: this.badStops, verdict };
    }

    async end() {
        await this.load?.close();
        if (this.server && !this.server.ended)
            await this.server.kill();
        this.shim.done();
    }
}

/** Plays one point; what it saw, or an error that names it. */
export async function playPoint(point, seed) {
    const play = new Play(point, seed);
    try {
        return await play.play();
    } catch (error) {
        error.message = `${nameOf(point)} (seed ${seed}): ${error.message}\n${play.said()}`;
        throw error;
    } finally {
        await play.end();
    }
}

/** How many calls of these kinds the scenario makes, none of them failing. */
export async function countCalls(point, seed = 1) {
    const { calls } = await playPoint({ ...point, at: 1e9, times: 1 }, seed);
    return calls;
}

/** Plays all points, some at a time. @returns {object} sums */
export async function sweep(points, seed, { jobs = 3, play = playPoint } = {}) {
    const sum = { points: 0, hit: 0, acked: 0, lost: 0, twice: 0, ghosts: 0, refusedStarts: 0,
        badStops: 0, lostPages: 0 };
    const failures = [];
    let next = 0;
    await Promise.all(Array.from({ length: jobs }, async () => {
        while (next < points.length && failures.length < 3) {
            const i = next++;
            try {
                const seen = await play(points[i], seed + i);
                sum.points++;
                sum.hit += seen.fired > 0;
                for (const key of ['acked', 'refusedStarts', 'badStops', 'lostPages'])
                    sum[key] += seen[key] ?? 0;
                for (const key of ['lost', 'twice', 'ghosts'])
                    sum[key] += seen.verdict?.[key] ?? 0;
            } catch (error) {
                failures.push(error);
            }
        }
    }));
    assert.equal(failures.length, 0, failures.map((error) => error.message).join('\n\n'));
    return sum;
}

export const wordsOf = (sum) => `${sum.points} points, ${sum.hit} hit, ${sum.acked} edits ` +
    `acknowledged: crashes 0, lost ${sum.lost}, twice ${sum.twice}, ghosts ${sum.ghosts}; ` +
    `${sum.refusedStarts} refused to start, ${sum.badStops} said so when they stopped, ` +
    `${sum.lostPages} pages lost at cuts`;
