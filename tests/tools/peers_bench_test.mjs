/* What `make bench-peers` makes of its answers: medians, ratios within a repetition, goals, tables and
 * plots, from made-up answers; and that the floors deliver what `weft bench` sends them, all of it and
 * once, which the generator counts. No time is looked at. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { hotRoomSvg, latencySvg } from '../bench/peers/plot.mjs';
import { slope } from '../bench/engine/report.mjs';
import { cell, figure, goalsTable, growthTable, intoPage, judge, limits, markdown, median, number, ratios, scenarioTable, spread } from '../bench/peers/report.mjs';
import { ServerProcess, freePort } from '../bench/loss/server.mjs';
import { GROWTH, SCENARIOS, figureHead, figuresOf } from '../bench/peers/scenarios.mjs';

const SIDES = [
    { id: 'weft', title: 'weft', kind: 'weft', versions: 'weft 1', durable: true },
    { id: 'epoll', title: 'floor', kind: 'floor', versions: 'floor.c' },
    { id: 'slow', title: 'slow', kind: 'peer', versions: 'slow 1' },
];

/* p50 of weft 100, 240, 90 beside 100, 200, 60 of the floor: ratios 1, 1.2, 1.5, not 100 / 100. */
const RESULTS = [
    ['weft', 0, 100], ['epoll', 0, 100], ['epoll', 1, 200], ['weft', 1, 240], ['weft', 2, 90], ['epoll', 2, 60],
].map(([side, repetition, p50]) => ({
    scenario: 's1', repetition, side, sync: 10 * (repetition + 1), figures: { deliver_p50: p50 },
}));
const S1 = {
    id: 's1', title: 'S1', figures: ['deliver_p50', 'ops'],
    goals: [{ figure: 'deliver_p50', against: 'epoll', most: 1.3, words: 'as fast as' }],
};

test('medians', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.deepEqual(spread([5, 1, 3]), { median: 3, least: 1, most: 5, n: 3 });
    assert.equal(spread([]), null);
});

test('ratios are taken within a repetition', () => {
    assert.deepEqual(ratios(RESULTS, 's1', 'weft', 'epoll', 'deliver_p50'),
        { median: 1.2, least: 1, most: 1.5, n: 3 });
    /* Not by the place in the list: a repetition that one side lacks is left out of the ratios. */
    const without = RESULTS.filter((r) => !(r.side === 'epoll' && r.repetition === 1));
    assert.deepEqual(ratios(without, 's1', 'weft', 'epoll', 'deliver_p50'),
        { median: 1.25, least: 1, most: 1.5, n: 2 });
    assert.equal(ratios(RESULTS, 's1', 'weft', 'nobody', 'deliver_p50'), null);
    assert.equal(ratios(RESULTS, 's2', 'weft', 'epoll', 'deliver_p50'), null);
});

test('what is added to the floor is of the same repetition', () => {
    const found = ratios(RESULTS, 's1', 'weft', 'epoll', 'deliver_p50', (sync) => sync + 40);
    const wanted = [100 / 150, 240 / 260, 90 / 130];
    assert.deepEqual([found.least, found.median, found.most], wanted.sort((a, b) => a - b));
    const unsynced = RESULTS.map((r) => ({ ...r, sync: undefined }));
    assert.equal(ratios(unsynced, 's1', 'weft', 'epoll', 'deliver_p50', (sync) => sync + 40), null);
});

test('the base of a scenario is what the side itself showed before', () => {
    const both = [{ scenario: 's7', repetition: 0, side: 'weft', figures: { deliver_p99: 30 }, base: { deliver_p99: 20 } },
        { scenario: 's7', repetition: 1, side: 'weft', figures: { deliver_p99: 30 } }];
    assert.deepEqual(ratios(both, 's7', 'weft', 'base', 'deliver_p99'),
        { median: 1.5, least: 1.5, most: 1.5, n: 1 });
});

test('goals', () => {
    const [goal] = S1.goals;
    assert.equal(judge(S1, goal, RESULTS).met, true);
    assert.equal(judge(S1, { ...goal, most: 1.19 }, RESULTS).met, false);
    assert.equal(judge(S1, { ...goal, most: undefined, least: 1.2 }, RESULTS).met, true);
    assert.equal(judge(S1, { ...goal, most: undefined, least: 1.21 }, RESULTS).met, false);
    assert.equal(judge(S1, { ...goal, against: 'nobody' }, RESULTS).met, null);
    assert.equal(judge(S1, { figure: 'deliver_p50', most: 100, words: '' }, RESULTS).met, true);
    assert.equal(judge(S1, { figure: 'deliver_p50', most: 99, words: '' }, RESULTS).met, false);
    const lines = goalsTable([judge(S1, goal, RESULTS), judge(S1, { ...goal, most: 1 }, RESULTS),
        judge(S1, { ...goal, against: 'nobody' }, RESULTS)]);
    assert.equal(lines[2], '| S1 | as fast as | 1.20 (1.00-1.50) × | met |');
    assert.match(lines[3], /NOT met/);
    assert.equal(lines[4], '| S1 | as fast as | - | not measured |');
});

test('a table says what failed and never a figure that was not measured', () => {
    const results = [...RESULTS, { scenario: 's1', repetition: 0, side: 'slow', failure: 'it was | reset' }];
    const lines = scenarioTable(S1, SIDES, results, (name) => name);
    assert.equal(lines[0], '| server | deliver_p50 | ops | deliver_p50 × epoll | n |');
    assert.equal(lines[2], '| weft | 100 (90.0-240) | - | 1.20 (1.00-1.50) | 3 |');
    assert.equal(lines[4], '| slow | it was / reset |  |  | 0 |');
    assert.equal(lines.length, 5);
    for (const line of lines)
        assert.equal(line.split('|').length, lines[0].split('|').length, line);
    const half = [...RESULTS, { scenario: 's1', repetition: 3, side: 'weft', failure: 'gone' }];
    assert.match(scenarioTable(S1, SIDES, half, (name) => name)[2], /\| 3; 1 failed \|$/);
});

test('numbers', () => {
    assert.deepEqual([0, 0.0123, 0.997, 1.234, 9.999, 12.34, 99.96, 1234567].map(number),
        ['0', '0.012', '1.00', '1.23', '10.0', '12.3', '100', '1,234,567']);
    assert.equal(cell(null), '-');
    assert.equal(cell(spread([2])), '2.00');
});

test('slopes', () => {
    const line = (power) => [1, 10, 100].map((n) => ({ n, value: 7 * n ** power }));
    for (const power of [0, 0.5, 1, -1])
        assert.ok(Math.abs(slope(line(power)) - power) < 1e-9);
    assert.equal(slope([{ n: 1, value: 1 }]), null);
    assert.deepEqual(growthTable({ heading: 'Rooms', title: 'CPU', x: 'rooms', points: line(1), slope: 1 }), [
        '| Rooms: rooms | 1 | 10 | 100 | slope |', '| --- | ---: | ---: | ---: | ---: |',
        '| CPU | 7.00 | 70.0 | 700 | 1.00 |', '']);
});

test('figures are those of the answer, in the unit of their head', () => {
    const json = {
        join: { per_s: 5, bytes_each: 1.05e6, server_cpu_us_each: 1500, bytes_per_connection: 4096,
            latency_us: { p50: 2500, max: 9000 } },
        load: { ack_us: { p50: 7 }, server_cpu_percent: 50, memory: { peak_bytes: 3e6 } },
    };
    assert.deepEqual(figuresOf(['join_mb', 'join_cpu_ms', 'join_cpu', 'conn_kb', 'join_p50', 'join_max', 'joins',
        'ack_p50', 'ack_p99', 'cpu', 'rss'], json), {
        join_mb: 1.05, join_cpu_ms: 1.5, join_cpu: 1500, conn_kb: 4, join_p50: 2.5, join_max: 9, joins: 5,
        ack_p50: 7, cpu: 50, rss: 3 });
    assert.deepEqual(figuresOf(['ack_p50', 'rss', 'ops'], { failure: 'gone' }), {});
});

test('scenarios and growth name figures that there are, and goals that can be judged', () => {
    const side = { id: 'weft', protocol: 'weft', hot: 1000 };
    for (const scenario of SCENARIOS) {
        for (const name of [...scenario.figures, ...scenario.goals.map((g) => g.figure)])
            assert.ok(figureHead(name), name);
        for (const goal of scenario.goals) {
            assert.ok(scenario.figures.includes(goal.figure));
            assert.notEqual(goal.most === undefined, goal.least === undefined);
        }
        for (const quick of [true, false])
            assert.ok(scenario.args({ quick, side }).every((arg) => typeof arg === 'string'), scenario.id);
    }
    for (const growth of GROWTH) {
        assert.ok(growth.few.every((n) => growth.points.includes(n)));
        for (const n of growth.points)
            assert.ok(growth.args(n, { quick: false, side }).every((arg) => /^-?-?[\w.-]+$/.test(arg)), growth.id);
    }
});

test('what limits each', () => {
    const run = (side, cpu, generator, kernel) =>
        ({ scenario: 's3', repetition: 0, side, kernel, figures: { ops: 1, cpu, generator } });
    const lines = limits('s3', SIDES, [run('weft', 99, 60, 80), run('epoll', 50, 95), run('slow', 40, 30)]);
    assert.deepEqual(lines.slice(2), [
        '| weft | its core | 99.0 % | 60.0 % | 80.0 % |',
        '| floor | the generator: it could do more | 50.0 % | 95.0 % | - |',
        '| slow | the 100 ms, before its core is full | 40.0 % | 30.0 % | - |']);
    assert.deepEqual(limits('s3', SIDES, []), []);
});

test('the page and the plots, also of nearly nothing', () => {
    const curves = [{ heading: 'Rooms', title: 'CPU', x: 'rooms', points: [{ n: 1, value: 1 }], slope: null }];
    const page = markdown({ head: ['One run.'], scenarios: [S1], sides: SIDES, results: RESULTS,
        goals: [judge(S1, S1.goals[0], RESULTS)], growth: curves, left: [{ title: 'gone', why: 'no node' }],
        heads: (name) => name });
    for (const part of ['One run.', '| S1 | as fast as |', '**S1**', '- gone: no node', '| weft | weft 1 | on disk |'])
        assert.ok(page.includes(part), part);
    assert.ok(!/undefined|NaN|null/.test(page));
    const of = (id) => figure(RESULTS, 's1', id, 'deliver_p50');
    for (const svg of [hotRoomSvg(SIDES, of), hotRoomSvg(SIDES, () => null), latencySvg(SIDES, ['s1'], (s, id) => of(id)),
        latencySvg(SIDES, ['s1'], () => null)]) {
        assert.match(svg, /^<svg .*<\/svg>\n$/s);
        assert.ok(!/undefined|NaN|Infinity/.test(svg));
    }
});

test('the page is written between its marks, again and again', () => {
    const page = readFileSync(new URL('../../docs/performance.md', import.meta.url), 'utf8');
    const once = intoPage(page, '| new |');
    assert.match(once, /<!-- bench-peers: from here -->\n\n\| new \|\n\n<!-- bench-peers: to here -->/);
    assert.equal(intoPage(intoPage(page, 'other'), '| new |'), once);
    const outside = (text) => text.replace(/(<!-- bench-peers: from here -->)[^]*(<!-- bench-peers: to here -->)/, '$1$2');
    assert.equal(outside(once), outside(page));
    assert.throws(() => intoPage('no marks', ''));
});

const build = process.env.WEFT_BUILD || 'build/release';
const weft = process.env.WEFT_BIN || join(build, 'weft');
const floor = join(build, 'tools/weft-floor');
const folder = process.env.WEFT_TMP || tmpdir();

for (const how of ['each', 'coalesce']) {
    test(`the floor delivers: ${how}`, async () => {
        const port = await freePort();
        const server = new ServerProcess({ argv: [floor, String(port), how], port });
        await server.started();
        const json = join(folder, `floor-${how}.json`);
        /* Frames of 7 and of 16 bits of length; cursors between; one who never reads. */
        for (const more of [[], ['--chars', '2000', '--window', '16'],
            ['--cursors', '3', '--cursor-rate', '50'], ['--slow-readers', '1', '--chars', '2000', '--window', '64']]) {
            const made = spawnSync(weft, ['bench', '--url', `ws://127.0.0.1:${port}`, '--protocol', 'relay',
                '--rooms', '3', '--clients', '4', '--writers', '3', '--window', '4', '--warm-ms', '0',
                '--seconds', '0.2', '--pid', String(server.child.pid), '--json', json, ...more],
            { encoding: 'utf8', timeout: 60000 });
            assert.equal(made.status, 0, made.stderr);
            const { load, join: joined } = JSON.parse(readFileSync(json, 'utf8'));
            assert.equal(joined.n, 12);
            assert.ok(load.acknowledged > 0);
            assert.equal(load.acknowledged, load.sent);
            assert.equal(load.delivered, load.expected);
            assert.equal(load.delivered, load.acknowledged * (more[0] === '--slow-readers' ? 2 : 3));
            assert.equal(load.cursors_read, load.cursors_sent * 3);
            assert.ok(more[0] !== '--cursors' || load.cursors_sent > 0);
        }
        assert.equal(server.how, undefined, server.said);
        await server.end('SIGKILL');
    });
}

/* A raw connection that is upgraded; nothing of what comes later is read. */
async function enter(port) {
    const socket = net.connect(port, '127.0.0.1');
    socket.write('GET /one HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
    const [answer] = await once(socket, 'data');
    socket.pause();
    assert.match(String(answer), /^HTTP\/1.1 101 [^]*Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n\r\n$/);
    return socket;
}

for (const how of ['each', 'coalesce']) {
    test(`the floor keeps for a slow reader what his socket does not take: ${how}`, async () => {
        const FRAMES = 400;
        const BYTES = 60000;
        const port = await freePort();
        const server = new ServerProcess({ argv: [floor, String(port), how], port });
        await server.started();
        const [reader, writer] = [await enter(port), await enter(port)];
        let echoed = 0;
        writer.on('data', (data) => { echoed += data.length; });
        writer.resume();
        for (let i = 0; i < FRAMES; i++) {
            const frame = Buffer.alloc(8 + BYTES, i % 251);
            frame.set([0x82, 0x80 | 126, BYTES >> 8, BYTES & 255, 0, 0, 0, 0]); /* a mask of nothing */
            writer.write(frame);
        }
        while (echoed < FRAMES * (BYTES + 4)) /* all has been sent on, as far as it was taken */
            await once(writer, 'data');
        const parts = [];
        let read = 0;
        reader.on('data', (data) => { parts.push(data); read += data.length; });
        reader.resume();
        while (read < FRAMES * (BYTES + 4))
            await once(reader, 'data');
        const all = Buffer.concat(parts);
        assert.equal(all.length, FRAMES * (BYTES + 4));
        for (let i = 0; i < FRAMES; i++) {
            const wanted = Buffer.alloc(4 + BYTES, i % 251);
            wanted.set([0x82, 126, BYTES >> 8, BYTES & 255]);
            assert.ok(wanted.equals(all.subarray(i * (BYTES + 4), (i + 1) * (BYTES + 4))), `frame ${i}`);
        }
        reader.destroy();
        writer.destroy();
        await server.end('SIGKILL');
    });
}

test('the floor measures a sync', () => {
    const made = spawnSync(floor, ['sync', join(folder, 'sync'), '5'], { encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
    assert.ok(Number(made.stdout) > 0);
    assert.equal(spawnSync(floor, ['sync', '/nowhere/at/all', '5']).status, 1);
    assert.equal(spawnSync(floor, ['1234', 'both']).status, 2);
});
