/* The parts of time travel that need no browser. */

import test from 'node:test';
import assert from 'node:assert/strict';
import * as ot from '../../web/client/ot.js';
import { cpLength } from '../../web/client/text.js';
import { Asking } from '../../web/page/history/asking.js';
import { Authorship } from '../../web/page/history/authorship.js';
import { Pages } from '../../web/page/history/pages.js';
import { AS_WRITTEN, Player } from '../../web/page/history/player.js';
import { changesOf } from '../../web/client/changes.js';
import { Replay, touched } from '../../web/page/history/replay.js';
import { PAGE, PAUSE_MS, Timeline } from '../../web/page/history/timeline.js';
import { shares, Who } from '../../web/page/history/who.js';
import { forSeeds, forSeedsAsync } from './random.mjs';

/** A random history, the text at each revision, and who wrote each of its characters. */
function randomPast(random, revs, { long = false, authors = 4 } = {}) {
    const ops = [];
    const texts = [''];
    const writers = [[]];
    let at = 1700000000000;
    for (let rev = 1; rev <= revs; rev++) {
        const text = texts[rev - 1];
        const n = cpLength(text);
        let op = random.chance(long ? 0.98 : 0.6) ? random.typing(n) : random.op(n);
        if (random.chance(0.05))
            op = [];
        op = ot.normalize(op);
        const author = random.below(authors);
        at += random.chance(0.05) ? PAUSE_MS + random.below(1000) : random.below(5000);
        ops.push({ rev, user_id: `id-${author}-${random.below(3)}`, name: `N${author}`, at, op });
        texts.push(ot.apply(text, op));
        writers.push(written(writers[rev - 1], op, author));
    }
    return { ops, texts, writers };
}

/* One entry a character: the dumb way. */
function written(before, op, author) {
    const after = [];
    let at = 0;
    for (const c of op) {
        if (typeof c === 'string') {
            after.push(...Array.from(c, () => author));
        } else {
            if (c > 0)
                after.push(...before.slice(at, at + c));
            at += Math.abs(c);
        }
    }
    return after.concat(before.slice(at));
}

const spread = ({ authors, lengths }) =>
    [...authors].flatMap((author, i) => new Array(lengths[i]).fill(author));

test('authorship is that of a model with one entry a character', () => {
    forSeeds(150, (random) => {
        const { ops, writers } = randomPast(random, 120);
        let who = new Authorship(undefined, 1 + random.below(4));
        const number = ({ name }) => Number(name.slice(1));
        ops.forEach((entry, i) => {
            who.apply(entry.op, number(entry));
            const runs = who.runs();
            assert.deepEqual(spread(runs), writers[i + 1], `revision ${i + 1}`);
            runs.authors.forEach((author, k) =>
                assert.ok(runs.lengths[k] > 0 && (k === 0 || author !== runs.authors[k - 1])));
            if (random.chance(0.05)) /* and goes on from what was noted down */
                who = new Authorship(runs, 1 + random.below(4));
        });
    });
});

test('an operation that reaches behind the text is refused', () => {
    assert.throws(() => new Authorship().apply([1, 'x'], 0), /behind the text/);
    assert.throws(() => new Authorship().apply([-1], 0), /behind the text/);
});

test('a replay moves on and back, an editor with it, and counts in both units', () => {
    forSeeds(150, (random) => {
        const { ops, texts } = randomPast(random, 60);
        const replay = new Replay();
        let shown = '';
        const take = (op) => {
            shown = ot.apply(shown, op, true);
            const moved = changesOf(op).reduceRight((doc, { from, to = from, insert = '' }) =>
                doc.slice(0, from) + insert + doc.slice(to), before);
            assert.equal(moved, shown, 'as a list of changes');
        };
        let before = '';
        for (let i = 0; i < 80; i++) {
            before = shown;
            const { rev } = replay;
            const step = 1 + random.below(5);
            if (random.chance(0.15)) {
                const to = random.below(texts.length);
                take(replay.jump(to, texts[to]));
            } else if (random.chance(0.2)) {
                const from = Math.max(0, rev - step);
                replay.lookBack(from, texts[from], ops.slice(from, rev).map(({ op }) => op));
                for (let r = from; r < rev; r++)
                    assert.ok(replay.canGoBack(r));
                take(replay.backward(from));
            } else if (random.chance(0.4) && replay.canGoBack(rev - 1)) {
                take(replay.backward(rev - 1));
            } else {
                const to = Math.min(ops.length, rev + step);
                if (to > rev)
                    take(replay.forward(ops.slice(rev, to).map(({ op }) => op)));
            }
            assert.equal(replay.text, texts[replay.rev], `revision ${replay.rev}`);
            assert.equal(shown, replay.text);
            const cp = random.below(cpLength(shown) + 1);
            const unit = Array.from(shown).slice(0, cp).join('').length;
            assert.equal(replay.unitAt(cp), unit);
            assert.equal(replay.cpAt(unit), cp);
        }
    });
    const replay = new Replay();
    replay.jump(1, 'ab');
    assert.throws(() => replay.lookBack(0, 'x', [['y']]), /do not lead to the text/);
});

test('what an operation has touched', () => {
    assert.deepEqual(touched([2, 'a😀', 3, -2, 1, -1, 'x']),
        [{ from: 2, to: 4 }, { from: 7, to: 7 }, { from: 8, to: 9 }]);
    assert.deepEqual(touched([]), []);
    assert.deepEqual(touched(['x', -3]), [{ from: 0, to: 1 }]);
    assert.equal(touched([].concat(...Array.from({ length: 50 }, () => [1, 'x'])), 10).length, 10);
});

/** All places to stop at, by looking at every revision. */
function stopsOf(ops, kind, name) {
    const stops = [];
    ops.forEach((entry, i) => {
        const next = ops[i + 1];
        if (kind === 'pause' ? !next || next.at - entry.at >= PAUSE_MS
            : kind === 'turn' ? !next || next.name !== entry.name
                : entry.name === name && next?.name !== name)
            stops.push(entry.rev);
    });
    return stops;
}

test('jumps stop where a look at every revision says, and ask for what is not known', () => {
    forSeeds(40, (random) => {
        const revs = 1 + random.below(3 * PAGE);
        const { ops } = randomPast(random, 0);
        for (let rev = 1, at = 0; rev <= revs; rev++) {
            at += random.chance(0.01) ? PAUSE_MS : 10;
            ops.push({ rev, user_id: 'x', name: `N${random.chance(0.97) && rev > 1
                ? ops[rev - 2].name.slice(1) : random.below(5)}`, at, op: [] });
        }
        const line = new Timeline();
        line.head = revs;
        const give = (rev) => {
            const first = Math.floor((rev - 1) / PAGE) * PAGE;
            line.add(ops.slice(first, first + PAGE));
        };
        give(1);
        const kind = random.pick(['pause', 'turn', 0]);
        const stops = stopsOf(ops, kind, line.authors[0].name);
        for (const step of [1, -1]) {
            const from = random.below(revs + 1);
            let found = line.stop(kind, from, step);
            for (let tries = 0; found?.need !== undefined; tries++) {
                assert.ok(!line.has(found.need) && tries < 10, 'asks for what it does not know');
                give(found.need);
                found = line.stop(kind, found.from, step);
            }
            const wanted = step > 0 ? stops.find((rev) => rev > from)
                : stops.filter((rev) => rev < from).pop() ?? (kind === 0 || from === 0 ? undefined : 0);
            assert.equal(found?.rev, wanted, `${kind} from ${from} by ${step} of ${revs}`);
        }
        assert.equal(line.stop('each', revs, 1), null);
        assert.deepEqual(line.stop('each', revs, -1), { rev: revs - 1 });
    });
});

test('authors are told apart by name, and have colours of their own', () => {
    const line = new Timeline((name) => (name === 'Cem' ? '#ABCDEF' : undefined));
    line.head = 9;
    const entry = (rev, userId, name) => ({ rev, user_id: userId, name, at: rev, op: ['x'] });
    line.add([entry(1, 'a', 'Ada'), entry(2, 'b', 'Ada'), entry(3, 'c', 'Bob'), entry(4, 'd'),
              entry(5, 'e'), entry(6, 'd'), entry(7, 'f', 'Cem')]);
    line.add([entry(7, 'f', 'Cem'), entry(9, 'x', 'not due yet')]);
    assert.deepEqual(line.authors.map(({ name, changes }) => [name, changes]),
        [['Ada', 2], ['Bob', 1], ['', 2], ['', 1], ['Cem', 1]]);
    assert.equal(new Set(line.authors.map(({ color }) => color)).size, 5);
    assert.equal(line.authors[4].color, '#abcdef');
    assert.equal(line.authorOf(8), -1);
    assert.ok(Number.isNaN(line.timeOf(8)));
    const again = new Timeline();
    again.add([entry(1, 'z', 'Ada')]);
    assert.equal(again.authors[0].color, line.authors[0].color, 'the same at each visit');
    const columns = line.columns(9);
    assert.deepEqual(columns.map(({ author }) => author), [0, 0, 1, 2, 3, 2, 4, -1, -1]);
    assert.equal(line.columns(3).length, 3);
});

/** A room that answers from an array, slowly or not at all. */
class FakeRoom {
    status = 'online';
    asked = [];
    failures = []; /* thrown one by one */
    listeners = new Set();
    base = 0;

    constructor({ ops, texts }) {
        this.ops = ops;
        this.texts = texts;
    }

    on(event, fn) {
        this.listeners.add(fn);
        return () => this.listeners.delete(fn);
    }

    async at(rev) {
        if (rev < this.base)
            throw Object.assign(new Error(`rev: found ${rev}, expected at least ${this.base}, the ` +
                                          'oldest revision the log keeps'), { code: 'gone' });
        this.asked.push(['text', rev]);
        if (this.failures.length > 0)
            throw this.failures.shift();
        await null;
        return this.texts[rev];
    }

    async *history({ from, to }) {
        if (from <= this.base)
            throw Object.assign(new Error(`from: found ${from}, expected at least ${this.base + 1}, ` +
                                          'the oldest revision the log keeps'), { code: 'gone' });
        this.asked.push(['history', from, to]);
        if (this.failures.length > 0)
            throw this.failures.shift();
        await null;
        yield* this.ops.slice(from - 1, to);
    }
}

/** A clock that stands still but for those who wait for it. */
function fakeClock() {
    const clock = {
        time: 0,
        now: () => clock.time,
        wait: async (ms) => { clock.time += ms; },
        frame: async () => { clock.time += 16; },
        rest: async () => {},
    };
    return clock;
}

function parts(past) {
    const clock = fakeClock();
    const room = new FakeRoom(past);
    const timeline = new Timeline();
    timeline.head = past.ops.length;
    const asking = new Asking(room, clock);
    const pages = new Pages(asking, timeline);
    const shown = [];
    let text = '';
    const player = new Player({
        asking, pages, timeline, clock, onState: () => {},
        onShow: (op) => {
            text = ot.apply(text, op, true);
            assert.equal(text, past.texts[player.rev], `revision ${player.rev} is shown as it was`);
            shown.push(player.rev);
        },
    });
    return { clock, room, timeline, asking, pages, player, shown };
}

test('a player gets everywhere: seeking, playing both ways, jumping', async () => {
    await forSeedsAsync(12, async (random) => {
        const past = randomPast(random, 30 + random.below(1300), { long: true });
        const { player, shown, timeline } = parts(past);
        const { head } = timeline;
        player.start(head, past.texts[head]);
        for (let i = 0; i < 20; i++) {
            await player.seek(random.below(head + 1));
            assert.equal(player.rev, player.target);
        }
        await Promise.all([player.seek(3), player.seek(7), player.seek(head + 9)]);
        assert.equal(player.rev, head, 'the last one counts');
        shown.length = 0;
        player.speed = 20;
        await player.seek(Math.max(0, head - 25));
        const from = player.rev;
        shown.length = 0;
        await player.play(1);
        assert.deepEqual(shown, Array.from({ length: head - from }, (_, i) => from + i + 1),
            'each revision once');
        assert.equal(player.playing, 0);
        player.speed = 5000;
        await player.play(-1);
        assert.equal(player.rev, 0);
        assert.ok(shown.every((rev, i) => i <= head - from || rev < shown[i - 1]));
        player.speed = AS_WRITTEN;
        const played = player.play(1);
        while (player.rev < Math.min(head, 12))
            await null;
        player.pause();
        await played;
        assert.ok(player.rev >= Math.min(head, 12));
        await player.seek(0);
        const stops = [];
        while (await player.jump('pause', 1))
            stops.push(player.rev);
        assert.deepEqual(stops, stopsOf(past.ops, 'pause'));
    });
});

test('as it was written: the times of the log, and pauses cut short', async () => {
    const at = [0, 100, 150, 150 + 10 * PAUSE_MS, 150 + 10 * PAUSE_MS + 50];
    const ops = at.map((time, i) => ({ rev: i + 1, user_id: 'a', name: 'Ada', at: time, op: ['x'] }));
    const past = { ops, texts: ['', 'x', 'xx', 'xxx', 'xxxx', 'xxxxx'] };
    const { player, clock } = parts(past);
    player.speed = AS_WRITTEN;
    await player.play(1);
    const took = clock.time;
    assert.ok(took >= 1000 + 100 + 50 + 1000 + 50 && took < 2600, `${took} ms`);
});

test('a page that was let go is got again, and a strip is filled from where one looks', async () => {
    const past = { ops: [], texts: [] };
    for (let rev = 1; rev <= 140 * PAGE; rev++)
        past.ops.push({ rev, user_id: 'a', name: 'Ada', at: rev, op: ['x'] });
    const { pages, timeline, room, clock } = parts(past);
    await pages.need(70 * PAGE);
    assert.deepEqual(room.asked, [['history', 69 * PAGE + 1, 70 * PAGE]]);
    await pages.fill(() => 70 * PAGE, () => clock.wait(30));
    assert.ok(timeline.has(1) && timeline.has(140 * PAGE));
    assert.deepEqual(room.asked.slice(1, 4).map(([, from]) => (from - 1) / PAGE), [68, 70, 67]);
    assert.equal(room.asked.length, 140, 'each page once');
    assert.equal(pages.ops(69 * PAGE + 1, 70 * PAGE), null, 'the first of them was let go');
    assert.equal((await pages.all(69 * PAGE + 1, 70 * PAGE)).length, PAGE);
    assert.equal(room.asked.length, 141);
});

test('a head that grows is asked for from where it grew', async () => {
    const past = randomPast(new (class { below() { return 0; } chance() { return false; }
        typing() { return ['x']; } op() { return ['x']; } })(), 20);
    const { pages, timeline, room } = parts(past);
    timeline.head = 12;
    await pages.need(5);
    timeline.head = 20;
    await pages.need(20);
    assert.deepEqual(room.asked, [['history', 1, 12], ['history', 13, 20]]);
    assert.equal(pages.ops(1, 20).length, 20);
});

test('questions wait for the server\'s patience and for the connection', async () => {
    const past = { ops: [], texts: Array.from({ length: 300 }, () => 'x') };
    const { asking, clock, room } = parts(past);
    for (let i = 0; i < 200; i++)
        await asking.text(i);
    assert.ok(clock.time >= 100 / 25 * 1000 - 200, `${clock.time} ms for 200 questions`);
    room.failures.push(Object.assign(new Error('slow'), { code: 'rate_limited' }));
    const before = clock.time;
    assert.equal(await asking.text(5), 'x');
    assert.ok(clock.time - before >= 1000);
    room.failures.push(Object.assign(new Error('slow'), { code: 'unavailable', retry_ms: 7000 }));
    const later = clock.time;
    assert.equal(await asking.text(6), 'x');
    assert.ok(clock.time - later >= 7000, 'as long as the server says');
    room.failures.push(new Error('the connection was lost'));
    room.status = 'offline';
    const waiting = asking.text(7);
    await new Promise((resolve) => { setImmediate(resolve); });
    assert.equal(room.asked.length, 205);
    room.status = 'online';
    for (const listener of room.listeners)
        listener('online');
    assert.equal(await waiting, 'x');
    room.failures.push(Object.assign(new Error('too old'), { code: 'gone' }));
    await assert.rejects(asking.text(1), { code: 'gone' });
    asking.stop();
    await assert.rejects(asking.text(1), /nobody waits/);
});

test('who wrote the text at any revision, whatever was asked before', async () => {
    await forSeedsAsync(4, async (random) => {
        const past = randomPast(random, 5200, { long: true, authors: 3 });
        const { pages, timeline, clock } = parts(past);
        const who = new Who(pages, timeline, clock);
        for (let i = 0; i < 14; i++) {
            const rev = random.below(past.ops.length + 1);
            const runs = who.now(rev) ?? await who.at(rev);
            assert.deepEqual(spread(runs).map((author) => timeline.authors[author].name),
                past.writers[rev].map((author) => `N${author}`), `revision ${rev}`);
            const total = shares(runs).reduce((sum, { share }) => sum + share, 0);
            assert.ok(past.writers[rev].length === 0 || Math.abs(total - 1) < 1e-9);
        }
        const [first, second] = await Promise.all([who.at(10), who.at(20)]);
        assert.equal(first, null, 'another one was asked for');
        assert.equal(spread(second).length, past.writers[20].length);
    });
});

test('a log whose beginning has gone', async () => {
    await forSeedsAsync(6, async (random) => {
        const past = randomPast(random, 2300, { long: true, authors: 3 });
        const { asking, room, pages, timeline, player, clock } = parts(past);
        const base = 1 + random.below(2299);
        room.base = base;
        assert.equal(await asking.base(), base);
        timeline.base = base;
        const who = new Who(pages, timeline, clock);
        who.beginAt(base, cpLength(past.texts[base]));
        player.start(2300, past.texts[2300]);
        for (const rev of [0, base + 1, base, 2300 - random.below(2300 - base)]) {
            await player.seek(rev);
            assert.equal(player.rev, Math.max(base, rev));
        }
        player.speed = 5000;
        await player.seek(2300);
        await player.play(-1);
        assert.equal(player.rev, base);
        await player.play(1);
        assert.equal(player.rev, 2300);
        await pages.fill(() => player.rev, () => clock.wait(30));
        assert.ok(timeline.has(base + 1) && timeline.has(2300) && !timeline.has(base));
        assert.equal(timeline.columns(2300 - base).filter(({ author }) => author < 0).length, 0);
        while (await player.jump('turn', -1))
            assert.ok(player.rev >= base);
        assert.equal(player.rev, base);
        for (const rev of [base, 2300, base + random.below(2300 - base)]) {
            const dumb = past.ops.slice(base, rev).reduce(
                (list, { op, name }) => written(list, op, name), Array.from(past.texts[base], () => ''));
            assert.deepEqual(spread(await who.at(rev)).map((i) => timeline.authors[i].name), dumb);
        }
    });
});
