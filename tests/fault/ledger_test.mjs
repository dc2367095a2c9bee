/* The ledger must be able to say each of the things it is asked about, and nothing else. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { characters, Ledger } from './ledger.mjs';

const COUNTS = ['lost', 'twice', 'ghosts', 'undead', 'disordered', 'unequal'];

/** The counts of a verdict that are not 0. */
function broken(verdict) {
    const out = {};
    for (const kind of COUNTS) {
        if (verdict[kind])
            out[kind] = verdict[kind];
    }
    assert.equal(verdict.ok, Object.keys(out).length === 0);
    return out;
}

/** Ada typed `a` and Ben `b`, both acknowledged; `c` is Ada's and was never answered. */
function typed() {
    const ledger = new Ledger('notes', { seed: 3 });
    const [a, b, c] = [ledger.take(3), ledger.take(2), ledger.take(1)];
    ledger.acked(ledger.insert('Ada', a));
    ledger.phase = 7;
    ledger.acked(ledger.insert('Ben', b));
    const open = ledger.insert('Ada', c);
    return { ledger, a, b, c, open, of: (text) => [...text] };
}

test('every character is another one, and none is changed by a normal form', () => {
    assert.ok(characters() > 900000, `${characters()}`);
    const ledger = new Ledger('x', { seed: 5 });
    const text = ledger.take(200000);
    assert.equal(new Set(text).size, 200000);
    for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'])
        assert.equal(text.normalize(form), text);
    assert.equal(text, Buffer.from(text, 'utf8').toString('utf8'));
    assert.equal(JSON.parse(JSON.stringify(text)), text);
    assert.doesNotMatch(text, /[\s\p{Cc}\p{M}]/u);
    ledger.take(ledger.left);
    assert.throws(() => ledger.take(1), /used up/);
});

test('what is whole is found whole', () => {
    const { ledger, a, b, c } = typed();
    assert.deepEqual(broken(ledger.judge(a + b)), {});
    assert.deepEqual(broken(ledger.judge(b + a + c)), {}, 'what was not answered may be there');
    const inside = [...a][0] + b + [...a].slice(1).join('');
    assert.deepEqual(broken(ledger.judge(inside)), {});
    assert.equal(ledger.judge(a + b).figures, 'lost 0, twice 0, ghosts 0, undead 0');
});

test('lost: who typed it, and when it was acknowledged', () => {
    const { ledger, a, b, of } = typed();
    const verdict = ledger.judge(a + of(b)[0]);
    assert.deepEqual(broken(verdict), { lost: 1 });
    assert.match(`${verdict}`, /lost 1, .*\nnotes: .*lost: U\+[0-9A-F]+ typed by Ben, edit 1, acked at [\d.]+ s, in phase 7/);
    assert.deepEqual(broken(ledger.judge('')), { lost: 5 });
});

test('twice, ghosts, disordered', () => {
    const { ledger, a, b, of } = typed();
    assert.deepEqual(broken(ledger.judge(a + b + of(b)[1])), { twice: 1 });
    assert.deepEqual(broken(ledger.judge(a + b + b + b)).twice, 2, 'characters, not copies');
    assert.deepEqual(broken(ledger.judge(`${a}${b} `)), { ghosts: 1 });
    const notSent = ledger.take(1);
    assert.deepEqual(broken(ledger.judge(a + b + notSent)), { ghosts: 1 });
    assert.deepEqual(broken(ledger.judge(b + of(a)[1] + of(a)[0] + of(a)[2])), { disordered: 1 });
});

test('a delete: sent, it may be gone; acknowledged, it must be', () => {
    const { ledger, a, b, of } = typed();
    const edit = ledger.remove('Ben', of(a)[0]);
    const without = of(a).slice(1).join('') + b;
    assert.deepEqual(broken(ledger.judge(a + b)), {});
    assert.deepEqual(broken(ledger.judge(without)), {});
    ledger.acked(edit);
    assert.deepEqual(broken(ledger.judge(without)), {});
    assert.deepEqual(broken(ledger.judge(a + b)), { undead: 1 });
    assert.throws(() => ledger.acked(edit), /already/);
});

test('refused: it must not be there, and a refused delete changes nothing', () => {
    const { ledger, a, b, c, open, of } = typed();
    ledger.refused(open);
    assert.deepEqual(broken(ledger.judge(a + b)), {});
    assert.deepEqual(broken(ledger.judge(a + b + c)), { ghosts: 1 });
    ledger.refused(ledger.remove('Ada', of(b)[0]));
    assert.deepEqual(broken(ledger.judge(a + b)), {});
});

test('a log: each acknowledged insert once, deleted since or not', () => {
    const { ledger, a, b, c, of } = typed();
    ledger.acked(ledger.remove('Ben', a));
    const log = [[a], [3, b], [-3]];
    assert.deepEqual(broken(ledger.judge(b)), {});
    assert.deepEqual(broken(ledger.judgeLog(log)), {});
    assert.deepEqual(broken(ledger.judgeLog([...log, [c]])), {});
    assert.deepEqual(broken(ledger.judgeLog([[b], []])), { lost: 3 }, 'the text hides these');
    assert.deepEqual(broken(ledger.judgeLog([...log, [2, of(a)[0]]])), { twice: 1 });
    assert.deepEqual(broken(ledger.judgeLog([...log, [1, '\n']])), { ghosts: 1 });
});

test('what its author deleted before it was acknowledged need not be in the log', () => {
    const { ledger, a, b, c, open } = typed();
    ledger.acked(ledger.remove('Ada', c));
    ledger.acked(open);
    assert.deepEqual(broken(ledger.judgeLog([[a], [b]])), {});
});

test('verdicts add up', () => {
    const { ledger, a, b, of } = typed();
    const sum = ledger.judge(a).merge(ledger.judge(a + b + of(a)[2]));
    assert.deepEqual([sum.lost, sum.twice], [2, 1]);
});

test('what nobody was given cannot be noted', () => {
    const { ledger, a } = typed();
    assert.throws(() => ledger.insert('Ada', '\n'), /nobody's/);
    assert.throws(() => ledger.insert('Ada', a), /again/);
});
