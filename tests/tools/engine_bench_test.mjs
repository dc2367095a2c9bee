/* One tiny run of everything that `make bench-engine` asks of weft: the answers are checked against
 * dumb models, the times are not looked at. So that the benchmark measures what it says it does. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import * as ot from '../../web/client/ot.js';
import * as gen from '../bench/engine/gen.mjs';
import { Worker } from '../bench/engine/worker.mjs';

const folder = mkdtempSync(join(process.env.WEFT_TMP || tmpdir(), 'engine-'));
const sha = (text) => createHash('sha256').update(text).digest('hex');

/* Without recordings everywhere: a session is then generated. */
process.env.WEFT_TRACES = folder;
let weft;
before(() => {
    weft = new Worker('weft', join(process.env.WEFT_BUILD || 'build/release', 'bench/engine_bench'),
        []);
});
after(() => {
    weft.end();
    rmSync(folder, { recursive: true });
});

let files = 0;
const file = (list) => gen.writeEdits(join(folder, `${files++}.edits`), list);

async function ask(...words) {
    const said = await weft.ask(...words);
    assert.equal(said.error, undefined);
    return said;
}

const PATTERNS = {
    ascii: 'The quick brown fox jumps over the lazy dog; 0123456789 abcdef.\n',
    mixed: 'Zażółć gęślą jaźń, 你好世界 😀 naïve façade, the quick fox 123\n',
};

function base(kind, n) {
    const pattern = Array.from(PATTERNS[kind]);
    return Array.from({ length: n }, (_, i) => pattern[i % pattern.length]).join('');
}

function play(start, list) {
    const cps = Array.from(start);
    for (const e of list)
        cps.splice(e.pos, e.del, ...e.text);
    return cps.join('');
}

const opOf = (e) => ot.normalize([e.pos, -e.del, e.text].filter((c) => c));

const LISTS = {
    typed: gen.typed(1, 300, 1000),
    scattered: gen.scattered(2, 300, 1000),
    'two writers': gen.twoWriters(300, 1000),
    spread: gen.spread(20, 1000),
};

for (const [name, list] of Object.entries(LISTS)) {
    test(`edits: ${name}`, async () => {
        for (const kind of ['ascii', 'mixed']) {
            const end = play(base(kind, 1000), list);
            const said = await ask('edit', 'weft', 1000, kind, file(list), 0);
            assert.equal(said.sha, sha(end));
            assert.equal(said.n, list.length);
            const held = await ask('memory', 'weft', 1000, kind, file(list));
            assert.equal(held.sha, sha(end));
            assert.equal(held.text, Buffer.byteLength(end));
            assert.ok(held.bytes >= held.text);
        }
    });
    test(`as one operation: ${name}`, async () => {
        const end = sha(play(base('ascii', 1000), list));
        assert.equal((await ask('compose', 'weft', file(list), 1000, list.length, 0)).sha, end);
        assert.equal((await ask('apply', 'weft', file(list), 1000, 0)).sha, end);
        const said = await ask('diff', 'weft', 1000, file(list), 0);
        assert.equal(said.right, true);
        assert.ok(said.parts > 0);
    });
}

test('a session without a recording', async () => {
    const { list, recorded } = gen.session('sveltecomponent');
    assert.equal(recorded, false);
    const [patches, endCp] = gen.SESSIONS.sveltecomponent;
    const end = play('', list);
    assert.equal(list.length, patches);
    assert.ok(end.length > endCp / 2 && end.length < endCp * 2, `${end.length} characters`);
    assert.equal((await ask('edit', 'weft', 0, 'ascii', file(list), 0)).sha, sha(end));
});

test('positions', async () => {
    const n = 777;
    const text = Array.from(base('mixed', n));
    let at = 12345n;
    let sum = 0;
    for (let i = 0; i < 200; i++) {
        at = (at * 1103515245n + 12345n) & 0x7fffffffn;
        sum += text.slice(0, Number(at % BigInt(n))).join('').length;
    }
    assert.equal((await ask('convert', 'weft', n, 200, 0)).sha, String(sum));
});

/* Two single edits of one text: gap by gap, a's text in front of b's. */
function merged(start, a, b) {
    const gone = (e, i) => i >= e.pos && i < e.pos + e.del;
    let out = '';
    for (let i = 0; i <= start.length; i++) {
        for (const e of [a, b])
            out += e.pos === i ? e.text : '';
        out += i < start.length && !gone(a, i) && !gone(b, i) ? start[i] : '';
    }
    return out;
}

test('pairs', async () => {
    const [a, b] = [gen.singles(1, 400, 60), gen.singles(2, 400, 60)];
    const said = await ask('pair', 'weft', file(a), file(b), 60, 0);
    const all = a.map((e, i) => merged(base('ascii', 60), e, b[i]));
    assert.equal(said.sha, sha(all.join('')));
    assert.equal(said.allocs, 0);
});

/* By the client's implementation, one by one. */
function mergedOneByOne(start, logged, own) {
    let arrived = logged.map(opOf);
    let text = play(start, logged);
    for (const e of own) {
        let op = opOf(e);
        arrived = arrived.map((other) => {
            const moved = ot.transform(other, op, ot.RIGHT);
            op = ot.transform(op, other, ot.LEFT);
            return moved;
        });
        text = ot.apply(text, op);
    }
    return text;
}

test('two histories', async () => {
    for (const make of [gen.typed, gen.scattered]) {
        const [logged, own] = [make(3, 120, 500), make(4, 80, 500)];
        const end = sha(mergedOneByOne(base('ascii', 500), logged, own));
        const pairs = await ask('allpairs', 'weft', file(own), file(logged), 500, 80);
        const cut = mergedOneByOne(base('ascii', 500), logged.slice(0, 80), own);
        assert.equal(pairs.sha, sha(cut));
        const offline = await ask('offline', 'weft', file(logged), file(own), 500);
        assert.equal(offline.sha, end);
        assert.ok(offline.wire_bytes > 80);
    }
});

test('far behind', async () => {
    for (const revs of [1, 2, 100, 300])
        assert.equal((await ask('behind', 'weft', file(LISTS.typed), 1000, revs)).right, true);
});

test('a session of two', async () => {
    const path = join(folder, 'said');
    const said = await ask('session', 'weft', 'nobody', path, 300);
    assert.equal(said.session, 'generated');
    assert.equal(said.n, 300);
    /* What was handed to the room, merged by the client's implementation. */
    const log = [];
    let text = '';
    for (const line of readFileSync(path, 'utf8').trimEnd().split('\n')) {
        const [rev, length, op] = JSON.parse(line);
        assert.ok(ot.span(op) <= length);
        log.push(log.slice(rev).reduce((o, other) => ot.transform(o, other, ot.LEFT), op));
        text = ot.apply(text, log.at(-1));
    }
    assert.equal(said.sha, sha(text));
});

test('what it does not know', async () => {
    assert.match((await weft.ask('dance')).error, /unknown/);
});
