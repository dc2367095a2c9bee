/* load.mjs - writers that type into rooms, and a ledger of all they were promised.
 *
 *   const load = new Load(weftAdapter({ origin: () => server.origin }), { writers: 8, rooms: 2 });
 *   load.after(t);            // clients that outlive a failed test would keep node from ending
 *   await load.open();
 *   load.start();
 *   ...                       // faults; load.phase = n says which one, in what is printed
 *   load.healed();            // the fault is over: from here the time to converge counts
 *   load.stop();              // nobody types any more
 *   await load.settled();     // all is answered, everybody of a room has its server's text
 *   const verdict = await load.verdict();
 *   assert.ok(verdict.ok, `${verdict}`);
 *   await load.close();
 *
 * Each writer inserts 1 to `insertMax` (4) characters at random places and deletes some, so that a text stays about
 * `size` long. It types `rate` edits a second, answered or not, or, with no rate, as fast as `depth`
 * edits in flight are answered (closed loop). What it types while it is cut off counts too: the
 * client sends it later. Everything is drawn from `seed`, but who is faster is not.
 *
 * It stops at nothing: a client that gives up for good, a ledger that is full or an answer that never
 * comes show in settled(), which fails with what is missing. */

import assert from 'node:assert/strict';
import { cpSlice } from '../../web/client/text.js';
import { chance, SEED, within } from '../e2e/lib.mjs';
import { Ledger, Verdict } from './ledger.mjs';

class Writer {
    constructor(load, ledger, room, who, seed) {
        Object.assign(this, { load, ledger, room, who });
        this.random = chance(seed);
        this.client = null;
        this.open = 0; /* edits not answered */
        this.length = 0;
        this.lastAnswerMs = 0;
        this.longestGapMs = 0;
        this.timer = null;
    }

    start() {
        this.lastAnswerMs = performance.now();
        const { rate } = this.load.options;
        if (rate) {
            const every = 1000 / rate;
            const tick = () => {
                this.edit();
                this.timer = setTimeout(tick, every * (0.5 + this.random(1000) / 1000));
            };
            this.timer = setTimeout(tick, every * (this.random(1000) / 1000));
        } else {
            this.fill();
        }
    }

    stop() {
        clearTimeout(this.timer);
        this.timer = null;
    }

    fill() {
        while (this.load.typing && !this.load.options.rate && this.open < this.load.options.depth) {
            if (!this.edit())
                return;
        }
    }

    /** One edit; false where the characters are used up and there is nothing to delete. */
    edit() {
        const text = this.client.text();
        const length = countPoints(text);
        const { insertMax, size } = this.load.options;
        const canInsert = this.ledger.left >= insertMax;
        const deleting = length > 0 &&
            (!canInsert || this.random(100) < (length < size ? 20 : 65));
        if (!deleting && !canInsert)
            return false;
        if (deleting) {
            const n = Math.min(1 + this.random(insertMax), length);
            const at = this.random(length - n + 1);
            const edit = this.ledger.remove(this.who, cpSlice(text, at, at + n));
            this.sent(edit, () => this.client.remove(at, n));
        } else {
            const typed = this.ledger.take(1 + this.random(insertMax));
            const at = this.random(length + 1);
            const edit = this.ledger.insert(this.who, typed);
            this.sent(edit, () => this.client.insert(at, typed));
        }
        return true;
    }

    sent(edit, send) {
        const since = performance.now();
        this.open++;
        this.load.counters.sent++;
        send().then(() => {
            this.ledger.acked(edit);
            this.load.counters.acked++;
            this.answered(since);
        }, (error) => {
            if (!error.refused) {
                this.load.failures.push(error);
                return;
            }
            this.ledger.refused(edit);
            this.load.counters.refused++;
            this.answered(since);
        });
    }

    answered(since) {
        const now = performance.now();
        this.open--;
        this.longestGapMs = Math.max(this.longestGapMs, now - Math.max(this.lastAnswerMs, since));
        this.lastAnswerMs = now;
        this.load.noteLatency(now - since);
        if (this.open === 0)
            this.load.wake();
        this.fill();
    }
}

const countPoints = (text) => {
    let n = text.length;
    for (let at = 0; at < text.length; at++) {
        if ((text.charCodeAt(at) & 0xfc00) === 0xd800)
            n--;
    }
    return n;
};

export class Load {
    /**
     * @param {object} adapter see weft_client.mjs
     * @param {object} [options]
     * @param {number} [options.writers] in all, shared out over the rooms
     * @param {number} [options.rooms]
     * @param {string} [options.name] what rooms are called: name-0, name-1, …
     * @param {number|null} [options.rate] edits a second of each writer; null: closed loop
     * @param {number} [options.depth] edits in flight of each writer, in a closed loop
     * @param {number} [options.insertMax] code points that one edit inserts or deletes at most
     * @param {number} [options.size] code points that a text has after a while
     * @param {number} [options.seed]
     */
    constructor(adapter, options = {}) {
        this.adapter = adapter;
        this.options = {
            writers: 8, rooms: 1, name: 'load', rate: null, depth: 1, insertMax: 4, size: 2000,
            seed: SEED, ...options,
        };
        const { rooms, writers, name, seed } = this.options;
        this.typing = false;
        this.failures = []; /* errors that are no refusal */
        this.counters = { sent: 0, acked: 0, refused: 0 };
        this.latencies = []; /* ms from an edit to its answer, since the last takeLatencies() */
        this.healedAt = null;
        this.convergeMs = null; /* of the last settled() */
        this.convergeMsMax = 0;
        this.wakers = new Set();
        this.texts = new Map(); /* room -> {text, rev} of the server at the last settled() */
        this.ledgers = new Map();
        for (let i = 0; i < rooms; i++)
            this.ledgers.set(`${name}-${i}`, new Ledger(`${name}-${i}`, { seed: seed + i }));
        const names = [...this.ledgers.keys()];
        this.writers = Array.from({ length: writers }, (_, i) => {
            const room = names[i % names.length];
            return new Writer(this, this.ledgers.get(room), room, `writer ${i}`, seed * 31 + i);
        });
    }

    /** Closed after the test, however it ends. */
    after(t) {
        t.after(() => this.close());
        return this;
    }

    /** Everybody joins. */
    async open() {
        await within('all writers to join', Promise.all(this.writers.map(async (writer) => {
            writer.client = await this.adapter.open(writer.room,
                { who: writer.who, random: chance(this.options.seed + 7) });
            writer.client.onText(() => this.wake());
        })));
        return this;
    }

    start() {
        this.typing = true;
        for (const writer of this.writers)
            writer.start();
    }

    /** No more typing; what is typed stays with the clients until it is answered. */
    stop() {
        this.typing = false;
        for (const writer of this.writers)
            writer.stop();
    }

    /** The fault is over. */
    healed() {
        this.healedAt = performance.now();
    }

    /** What is going on, in what is printed of a lost character. */
    set phase(n) {
        for (const ledger of this.ledgers.values())
            ledger.phase = n;
    }

    /** Waits until all is answered and all clients of each room show the server's text. */
    async settled({ deadlineMs } = {}) {
        assert.ok(!this.typing, 'stop() comes before settled()');
        await this.until('all edits to be answered', () => this.writers.every((w) => w.open === 0),
            deadlineMs);
        await this.askTexts();
        await this.until('everybody to show the server\'s text', () => this.unequal().length === 0,
            deadlineMs);
        if (this.healedAt !== null) {
            this.convergeMs = performance.now() - this.healedAt;
            this.convergeMsMax = Math.max(this.convergeMsMax, this.convergeMs);
            this.healedAt = null;
        }
        return this;
    }

    async askTexts() {
        for (const room of this.ledgers.keys()) {
            this.texts.set(room, await within(`the server to tell the text of ${room}`,
                this.adapter.serverText(room)));
        }
    }

    /** The writers whose text or revision is not the server's of the last settled(). */
    unequal() {
        return this.writers.filter(({ client, room }) => {
            const { text, rev } = this.texts.get(room);
            return client.text() !== text || (rev !== undefined && client.rev() !== rev);
        });
    }

    /** What became of everything that was typed: the servers' texts as they are now, and the clients'. */
    async verdict() {
        const sum = new Verdict('load');
        await this.askTexts();
        for (const [room, ledger] of this.ledgers)
            sum.merge(ledger.judge(this.texts.get(room).text));
        for (const { who, room, client } of this.unequal()) {
            sum.add('unequal', `${who} in ${room} is at ${client.rev()} with ${client.text().length}` +
                ` units, the server at ${this.texts.get(room).rev} with ${this.texts.get(room).text.length}`);
        }
        return sum;
    }

    /** Figures so far: sent, acked, refused, reconnects, found, dups, resets, longestGapMs, characters. */
    figures() {
        const sum = { ...this.counters, reconnects: 0, found: 0, dups: 0, resets: 0,
            longestGapMs: 0 };
        for (const { client, longestGapMs } of this.writers) {
            sum.reconnects += Math.max(0, (client?.counters.connects ?? 0) - 1);
            sum.found += client?.counters.found ?? 0;
            sum.dups += client?.counters.dups ?? 0;
            sum.resets += client?.counters.resets ?? 0;
            sum.longestGapMs = Math.max(sum.longestGapMs, longestGapMs);
        }
        sum.characters = [...this.ledgers.values()].reduce((n, l) => n + l.sent.characters, 0);
        sum.convergeMsMax = this.convergeMsMax;
        return sum;
    }

    noteLatency(ms) {
        this.latencies.push(ms);
    }

    /** The latencies since the last call. */
    takeLatencies() {
        const { latencies } = this;
        this.latencies = [];
        return latencies;
    }

    async close() {
        this.stop();
        for (const { client } of this.writers)
            await client?.close();
    }

    /* ---- waiting ---- */

    wake() {
        for (const look of [...this.wakers])
            look();
    }

    until(what, done, deadlineMs) {
        let look;
        return within(what, new Promise((resolve, reject) => {
            look = () => {
                if (this.failures.length > 0)
                    reject(this.failures[0]);
                else if (done())
                    resolve();
                else
                    return;
                this.wakers.delete(look);
            };
            this.wakers.add(look);
            look();
        }), () => {
            this.wakers.delete(look);
            return this.said();
        }, deadlineMs);
    }

    said() {
        return [`seed ${this.options.seed}`, ...this.writers.map(({ who, room, open, client }) =>
            `${who} in ${room}: ${open} edits open, ${client ? `rev ${client.rev()}, ` +
            `${client.text().length} units, ${client.room?.status ?? ''}${client.fatal ?? ''}` : 'never joined'}`),
        ...[...this.texts].map(([room, { text, rev }]) =>
            `${room}: the server is at ${rev} with ${text.length} units`)].join('\n');
    }
}

/** The p-th part of numbers (0.5: the median). */
export function quantile(numbers, p) {
    if (numbers.length === 0)
        return NaN;
    const sorted = Float64Array.from(numbers).sort();
    return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))];
}
