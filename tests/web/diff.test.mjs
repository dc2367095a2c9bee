/* diff.js: the fewest edits, in a bounded number of steps. Small texts are compared with a table of
 * all prefixes against all prefixes, large ones with the edits that were made. */

import test from 'node:test';
import assert from 'node:assert/strict';
import { diff, diffCounted } from '../../web/client/diff.js';
import * as ot from '../../web/client/ot.js';
import { forSeeds, Random } from './random.mjs';

const CASES = 20000;
const cps = (s) => Array.from(s);

/* The dumb model: fewest code points to delete and insert. */
function leastEdits(a, b) {
    const x = cps(a);
    const y = cps(b);
    let above = y.map((_, k) => k);
    above.push(y.length);
    for (let i = 1; i <= x.length; i++) {
        const row = [i];
        for (let k = 1; k <= y.length; k++) {
            row.push(x[i - 1] === y[k - 1] ? above[k - 1]
                                           : 1 + Math.min(above[k], row[k - 1]));
        }
        above = row;
    }
    return above[y.length];
}

function edits(op) {
    return op.reduce((n, c) => n + (typeof c === 'string' ? cps(c).length : Math.max(0, -c)), 0);
}

function assertTidy(op) {
    assert.deepEqual(ot.normalize(op), op);
    op.forEach((c, i) => {
        assert.ok(!(typeof c === 'string' && op[i + 1] < 0), 'the delete stands in front');
    });
}

function assertDiff(a, b) {
    const op = diff(a, b);
    assert.equal(ot.apply(a, op), b);
    assertTidy(op);
    assert.equal(edits(op), leastEdits(a, b), `${JSON.stringify([a, b])}: ${JSON.stringify(op)}`);
}

test('examples, the same as in C', () => {
    const rows = [
        ['', '', []],
        ['same', 'same', []],
        ['', 'a', ['a']],
        ['a', '', [-1]],
        ['hello', 'hallo', [1, -1, 'a']],
        ['aa', 'aaa', [2, 'a']],
        ['aaa', 'aa', [2, -1]],
        ['abcabc', 'abc', [3, -3]],
        ['start end', 'start and end', [6, 'and ']],
        ['The quick brown fox', 'A quick red fox', [-3, 'A', 7, -1, 1, -3, 'ed']],
        ['one two three', 'one 2 three four', [4, -3, '2', 6, ' four']],
        ['ab', 'ba', [-1, 1, 'a']],
        ['abcd', 'badc', [-1, 1, -1, 'a', 1, 'c']],
        ['1a2b3', '1aa4bb3', [2, -1, 'a4b']],
        ['1\r\n2\n3', '1\n2\r\n4', [1, -1, 2, '\r', 1, -1, '4']],
        ['qxaay', 'Qxaaay!', [-1, 'Q', 3, 'a', 1, '!']],
        ['qxabaaby', 'Qxaby!', [-1, 'Q', 3, -3, 1, '!']],
        ['1e\u0301.', '3e\u0300:', [-1, '3', 1, -2, '\u0300:']],
        ['😀.😁', '😁.😀', [-2, 1, '.😀']],
        ['x😀y', 'x😁y', [1, -1, '😁']],
    ];
    for (const [a, b, op] of rows)
        assert.deepEqual(diff(a, b), op);
});

test('the fewest edits, and no character is cut', () => {
    const alphabets = ['a', 'ab', 'abcd', 'abcdefghijklmnopqrstuvwxyz', '😀😁', 'aé漢😀🨀\n'];
    forSeeds(CASES, (random) => {
        const letters = cps(random.pick(alphabets));
        const some = () => Array.from({ length: random.below(30) }, () => random.pick(letters));
        const a = some();
        const b = random.chance(0.4) ? some() : a.flatMap((c) => {
            const what = random.below(8);
            return what === 0 ? [letters[0]] : what === 1 ? [letters[0], c] : what === 2 ? [] : [c];
        });
        assertDiff(a.join(''), b.join(''));
    });
});

test('every pair of short texts', () => {
    const all = [''];
    for (let i = 0; all[i].length < 5; i++)
        all.push(all[i] + 'a', all[i] + 'b');
    assert.equal(all.length, 63);
    for (const a of all) {
        for (const b of all)
            assertDiff(a, b);
    }
});

test('half a pair counts as a character of its own', () => {
    forSeeds(CASES / 4, (random) => {
        const units = ['\ud83d', '\ude00', '\ude01', 'a'];
        const some = () => Array.from({ length: random.below(9) }, () => random.pick(units)).join('');
        assertDiff(some(), some());
    });
});

function lines(random, length, base = 97) {
    let s = '';
    while (s.length < length) {
        for (let n = 40 + random.below(30); n > 0; n--)
            s += String.fromCodePoint(base + random.below(20));
        s += '\n';
    }
    return s;
}

/* What became of a text, with an edit about every so many characters; and how many. */
function edited(random, s, every) {
    const out = [];
    let next = random.below(2 * every);
    let made = 0;
    for (const c of s) {
        if (next-- > 0) {
            out.push(c);
            continue;
        }
        next = Math.floor(every / 2) + random.below(every);
        made++;
        if (random.chance(0.5))
            out.push(c, 'A');
    }
    return [out.join(''), made];
}

function large(a, b) {
    const { op, steps } = diffCounted(a, b);
    assert.equal(ot.apply(a, op), b);
    assertTidy(op);
    assert.ok(steps <= 2 ** 24 + 5 * (a.length + b.length), `${steps} steps`);
    return edits(op);
}

test('long texts: exact where little differs, close where much does', () => {
    for (const base of [97, 0x1f600]) {
        const random = new Random(1);
        const a = lines(random, 200000, base);
        const [few, n] = edited(random, a, 1000);
        assert.equal(large(a, few), n);
        const [many, m] = edited(random, a, 15);
        assert.ok(m > 4096);
        assert.ok(large(a, many) <= m * 1.05);
    }
});

test('long texts: what was pasted between does not hide what is the same', () => {
    const random = new Random(2);
    const parts = [1, 2, 3].map(() => lines(random, 60000));
    const news = parts.map((s) => edited(random, s, 1000));
    const pasted = [lines(random, 20000), lines(random, 20000)];
    const made = news.reduce((n, [, k]) => n + k, 40000);
    const b = news[0][0] + pasted[0] + news[1][0] + pasted[1] + news[2][0];
    assert.ok(large(parts.join(''), b) <= made * 1.05);
});

test('long texts: ways that pass one another', () => {
    const random = new Random(4);
    const stretch = Array.from({ length: 5000 }, () => String.fromCharCode(97 + random.below(26)));
    const s = stretch.join('');
    const made = large(s.repeat(10), 'A' + s.repeat(9) + 'Z');
    assert.ok(made >= 5002 && made <= 5300, `${made} edits`);
});

test('long texts: the steps are bounded', () => {
    const random = new Random(3);
    const a = lines(random, 300000);
    const other = lines(random, 300000, 65);
    assert.ok(large(a, other) > 500000);
    const bits = () => Array.from({ length: 400000 }, () => 'ab'[random.below(2)]).join('');
    assert.ok(large(bits(), bits()) < 800000 - 10000);
});

test('the steps are exact: the same rows as in tests/property/diff_prop_test.c', () => {
    const rows = [
        ['same', 'same', 0],
        ['abc', 'abxc', 0],
        ['ab', 'ba', 9],
        ['kitten', 'sitting', 42],
        ['abc', 'xxxxxxxbxxxxxxxxxxxxxaxxxxxxxxxxxxxxcxxxx', 352],
        ['xxxxxxxbxxxxxxxxxxxxxaxxxxxxxxxxxxxxcxxxx', 'abc', 312],
        ['qaaaaaaaaaaaaaaaaaaaaaaaaaaaaaap', 'raaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaas', 71],
        ['The quick brown fox jumps over the lazy dog',
         'A quick red fox leaps over lazy dogs!', 386],
        ['😀😁xyz', 'zy😁😀', 25],
    ];
    for (const [a, b, steps] of rows)
        assert.equal(diffCounted(a, b).steps, steps, JSON.stringify([a, b]));
});

/* Texts that need every part of the rules, made in the same way in C. */
function golden([first, letters, every, paste, lines], seed) {
    let state = seed;
    const next = (below) => {
        state = (Math.imul(state, 1103515245) + 12345) >>> 0;
        return (state >>> 8) % below;
    };
    const letter = (n) => String.fromCodePoint(first + n);
    const line = () => {
        const len = next(8) === 0 ? 2 : 10 + next(40);
        const same = next(6) === 0;
        return Array.from({ length: len }, (_, i) => letter(same ? i % 7 : next(letters))).join('') +
               '\n';
    };
    const sides = ['', ''];
    for (let i = 0; i < lines; i++) {
        for (const c of line()) {
            const what = next(every);
            sides[0] += c;
            if (what === 0)
                sides[1] += letter(next(letters));
            if (what > 1)
                sides[1] += c;
        }
        if (next(paste) === 0) {
            const side = next(2);
            for (let n = next(12); n > 0; n--)
                sides[side] += line();
        }
    }
    return sides;
}

const GOLDEN_SUM_START = 0x811c9dc5;

/* One number for all components, going on from `sum`. */
function goldenSum(sum, op) {
    for (const c of op) {
        const much = typeof c === 'string' ? cps(c).length * 4 + 1 : c > 0 ? c * 4 : -c * 4 + 2;
        sum = Math.imul(sum ^ much, 0x01000193);
    }
    return sum >>> 0;
}

test('large results are exact: the same rows as in tests/property/diff_prop_test.c', () => {
    const rows = [
        [[97, 20, 60, 30, 3000], 5211785, 7295, 1566351062],
        [[97, 20, 8, 40, 3000], 8849717, 11981, 4205149867],
        [[97, 2, 12, 10, 6000], 18356891, 41740, 971853485],
        [[97, 3, 3, 50, 4000], 4248371, 3, 3178434478],
        [[97, 26, 400, 5, 3000], 6045091, 4668, 571871575],
        [[97, 1, 30, 20, 3000], 14197152, 13446, 1671690980],
    ];
    for (const [texts, ...expected] of rows) {
        const { op, steps } = diffCounted(...golden(texts, texts[1]));
        assert.deepEqual([steps, op.length, goldenSum(GOLDEN_SUM_START, op)], expected);
    }
});

test('results under small bounds are exact: the same rows as in tests/property/diff_small_test.c', () => {
    const names = ['rounds', 'roundsInside', 'roundsStuck', 'worth', 'linesMax', 'lineCpMin',
                   'hunksMax', 'steps', 'stepsPerCp'];
    const CASES_OF_ROW = 200;
    const rows = [
        [[8, 3, 5, 4, 1000, 4, 1000, 1000000, 4], [97, 20, 12, 5, 8], 129720, 4269424464],
        [[8, 3, 5, 4, 1000, 4, 1000, 1000000, 4], [0x1f600, 20, 12, 5, 8], 129720, 4269424464],
        [[20, 4, 20, 4, 1000, 4, 1000, 1000000, 4], [97, 2, 6, 4, 6], 339312, 1438880158],
        [[16, 1, 1, 2, 1000, 12, 1000, 1000000, 4], [97, 3, 5, 3, 8], 196546, 3999652924],
        [[6, 2, 6, 3, 9, 4, 1000, 1000000, 4], [97, 26, 20, 4, 8], 112555, 2976711581],
        [[6, 6, 6, 1, 12, 1, 3, 1000000, 4], [97, 20, 16, 8, 10], 340322, 3209828894],
        [[12, 4, 8, 4, 1000, 4, 5, 700, 1], [97, 4, 7, 5, 8], 180763, 427231929],
        [[12, 4, 8, 4, 1000, 4, 5, 0, 2], [0x4e00, 20, 7, 2, 9], 151214, 1397715237],
        [[30, 8, 30, 6, 1000, 4, 1, 1000000, 4], [97, 1, 10, 4, 8], 434945, 1075227163],
        [[2, 1, 2, 4, 2, 2, 1000, 1000000, 4], [97, 26, 30, 9, 5], 35100, 4077488411],
    ];
    const results = rows.map(([values, texts]) => {
        const bounds = Object.fromEntries(names.map((name, i) => [name, values[i]]));
        let sum = GOLDEN_SUM_START;
        let steps = 0;
        for (let seed = 0; seed < CASES_OF_ROW; seed++) {
            const [a, b] = golden(texts, Math.imul(seed, 0x9e3779b9) >>> 0);
            const made = diffCounted(a, b, bounds);
            assert.equal(ot.apply(a, made.op), b);
            steps += made.steps;
            sum = goldenSum(sum, made.op);
        }
        return [values, texts, steps, sum];
    });
    assert.deepEqual(results, rows);
});
