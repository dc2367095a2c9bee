/**
 * vectors.mjs - one case for every function of ot.js, and what ot.js answers.
 *
 * The form of a case, shared with the C engine: tests/tools/lib/vector.h. Here are the inputs, the
 * functions, random cases, and a way to make a failing case small enough for a person to read.
 */

import * as ot from '../../web/client/ot.js';
import * as text from '../../web/client/text.js';
import { Random } from './random.mjs';

/** The inputs of a case, in the order of its line. */
export const INPUTS = ['doc', 'a', 'b', 'next', 'list', 'gap', 'to', 'json', 'units', 'unit'];
const NOTHING = { doc: '', a: [], b: [], next: [], list: [], gap: 0, to: '', json: '[]', units: [],
                  unit: 0 };

/** What every case is asked, in the order of the answers; uses: the inputs it depends on;
 * refuses: some cases are meant to be refused, the others are not. */
export const FUNCTIONS = [
    { name: 'apply', uses: ['doc', 'a'], answer: (c) => ot.apply(c.doc, c.a) },
    { name: 'transform left', uses: ['doc', 'a', 'b'],
      answer: (c) => ot.transform(c.a, c.b, ot.LEFT) },
    { name: 'transform right', uses: ['doc', 'a', 'b'],
      answer: (c) => ot.transform(c.a, c.b, ot.RIGHT) },
    { name: 'compose', uses: ['doc', 'a', 'next'], answer: (c) => ot.compose(c.a, c.next) },
    { name: 'compose all', uses: ['doc', 'list'], answer: (c) => ot.composeAll(c.list) },
    { name: 'invert', uses: ['doc', 'a'], answer: (c) => ot.invert(c.a, c.doc) },
    { name: 'transform_position left', uses: ['doc', 'a', 'gap'],
      answer: (c) => ot.transformPosition(c.gap, c.a, ot.LEFT) },
    { name: 'transform_position right', uses: ['doc', 'a', 'gap'],
      answer: (c) => ot.transformPosition(c.gap, c.a, ot.RIGHT) },
    { name: 'diff', uses: ['doc', 'to'], answer: (c) => ot.diff(c.doc, c.to) },
    { name: 'decode and normalise', uses: ['json'], refuses: true,
      answer: (c) => ot.fromJson(c.json) },
    { name: 'span', uses: ['doc', 'a'], answer: (c) => ot.span(c.a) },
    { name: 'delta', uses: ['doc', 'a'], answer: (c) => ot.delta(c.a) },
    { name: 'to UTF-16 counts', uses: ['doc', 'a'], answer: (c) => ot.toUtf16(c.a, c.doc) },
    { name: 'from UTF-16 counts', uses: ['doc', 'units'], refuses: true,
      answer: (c) => ot.fromUtf16(c.units, c.doc) },
    { name: 'code point to UTF-16 position', uses: ['doc', 'gap'],
      answer: (c) => text.unitAt(c.doc, c.gap) },
    { name: 'UTF-16 to code point position', uses: ['doc', 'unit'],
      answer: (c) => [text.isInside(c.doc, c.unit), text.cpAt(c.doc, c.unit)] },
    { name: 'apply what was decoded', uses: ['doc', 'json'], refuses: true,
      answer: (c) => ot.apply(c.doc, ot.fromJson(c.json)) },
];

/** The answer of a function of FUNCTIONS; null for what is refused. */
export function answer(fn, input) {
    try {
        return fn.answer(input);
    } catch (err) {
        return err instanceof ot.OpError ? null : `threw ${err.stack}`;
    }
}

/** @param {any} x @param {any} y answers: texts, numbers, null or flat arrays of those */
export function same(x, y) {
    if (!Array.isArray(x) || !Array.isArray(y))
        return x === y;
    return x.length === y.length && x.every((c, i) => c === y[i]);
}

export function toLine(input, answers) {
    return JSON.stringify([INPUTS.map((name) => input[name]), answers]);
}

/** @returns {{input: any, answers: any[]}} */
export function ofLine(line) {
    const [list, answers] = JSON.parse(line);
    return { input: Object.fromEntries(INPUTS.map((name, i) => [name, list[i]])), answers };
}

/* ---- random cases ----------------------------------------------------- */

/* Text that looks like a count is text. */
const PLAIN = ['a', 'b', 'c', ' ', '\n', '-1', '2', '0'];
const ODD = ['\r', '\t', 'é', '\u0301', '漢', '\u200d', '\ufe0f', '\u2028', '\ud7ff', '\ue000',
             '\uffff', '😀', '👨', '\u{10000}', '\u{10FFFF}', '"', '\\', '\u007f', '\u0001'];
const JSON_GOOD = ['1', '2', '3', '-1', '-2', '-3', '"x"', '"é"', '"😀"', '"\\ud83d\\ude00"',
                   '"\\r\\n"', '"e\u0301"', '"1.5e3"', '"\\"\\\\\\/"', '"\\u0041"', '"-2"', '"7"'];
const JSON_ODD = ['0', '-0', '""', '"\\ud83d"', '"\\ude00\\ud83d"', '"\\u0000"', '1.0', '2e0',
                  '-1.5', '1E2', '2147483647', '2147483648', '-2147483647', '-2147483648',
                  '9007199254740993', '1e400', 'true', 'null', '[1]', '{}', '01', '+1', '-',
                  '"a\tb"', '"\u007f"', "'x'", '1 2', '{"a":1}', '"\\x"', '99999999999999999999',
                  '"\\', '"', '[', '\ufeff', '1073741824', '-1073741824', '\u2028', 'NaN',
                  '\u00a0', '0x1', '1.', '.5', 'undefined', '-1e-1', '/**/'];
const JSON_COMMA = [',', ',', ',', ', ', ' ,\n', '\t,\r\n', ',,', ' ', ',]'];

function size(random, most) {
    const n = random.below(1000);
    return random.below((n < 600 ? 6 : n < 900 ? 24 : n < 997 ? 120 : most) + 1);
}

function someText(random, most) {
    let s = '';
    const odd = random.chance(0.3) ? 0 : 0.35; /* a third has none but plain characters */
    for (let n = random.below(most + 1); n > 0; n--)
        s += random.pick(random.chance(odd) ? ODD : PLAIN);
    return s;
}

/** An operation in normal form; `n` is what it may span. */
function someOp(random, n, most) {
    const op = [];
    let left = n;
    for (let i = random.below(most + 1); i > 0; i--) {
        const kind = random.below(10);
        if (kind < 4) {
            join(op, random.pick(random.chance(0.3) ? ODD : PLAIN) +
                     someText(random, random.chance(0.9) ? 2 : 40));
        } else if (left > 0) {
            const k = random.chance(0.05) ? left
                                          : 1 + random.below(random.chance(0.5) ? Math.min(3, left)
                                                                                : left);
            left -= k;
            join(op, kind < 7 ? k : -k);
        }
    }
    return trimmed(op);
}

const kindOf = (c) => (typeof c === 'string' ? 's' : Math.sign(c));

function join(op, c) {
    const end = op.length - 1;
    if (end >= 0 && kindOf(op[end]) === kindOf(c))
        op[end] += c;
    else
        op.push(c);
}

/* Without a retain at the end. */
function trimmed(op) {
    return op.length > 0 && kindOf(op[op.length - 1]) === 1 ? op.slice(0, -1) : op;
}

/* Counting again, by other means than what is tested. */
const lengthOf = (s) => Array.from(s).length;
const spanOf = (op) => op.reduce((n, c) => n + (typeof c === 'string' ? 0 : Math.abs(c)), 0);
const grows = (op) => op.reduce((n, c) => n + (typeof c === 'string' ? lengthOf(c)
                                                                     : Math.min(c, 0)), 0);

function someList(random, length) {
    const list = [];
    for (let n = random.chance(0.002) ? 200 : random.below(6), at = length; n > 0; n--) {
        const op = someOp(random, at, 4);
        at += grows(op);
        list.push(op);
    }
    return list;
}

function someJson(random) {
    const good = random.chance(0.6);
    let s = good || random.chance(0.95) ? '[' : '';
    for (let n = random.below(8), first = true; n > 0; n--, first = false) {
        s += first ? '' : random.pick(good ? JSON_COMMA.slice(0, 6) : JSON_COMMA);
        s += random.pick(good || random.chance(0.8) ? JSON_GOOD : JSON_ODD);
    }
    s += good || random.chance(0.95) ? ']' : ',';
    return random.chance(0.04) ? s + random.pick(JSON_ODD) : s;
}

/** What a text becomes: another one, or itself with a few pieces out, in and around. */
function someOther(random, doc) {
    if (random.chance(0.2))
        return someText(random, size(random, 3000));
    const list = Array.from(doc);
    for (let n = random.below(4); n > 0; n--) {
        const at = random.below(list.length + 1);
        list.splice(at, random.below(4), ...Array.from(someText(random, 4)));
    }
    return list.join('');
}

/** @param {number} seed */
export function someCase(seed) {
    const random = new Random(seed);
    const doc = someText(random, size(random, 3000));
    const length = lengthOf(doc);
    const most = random.chance(0.9) ? 6 : 40;
    const a = someOp(random, length, most);
    return {
        doc, a,
        b: someOp(random, length, most),
        next: someOp(random, length + grows(a), most),
        list: someList(random, length),
        gap: random.below(length + 1),
        to: someOther(random, doc),
        json: someJson(random),
        units: someOp(random, doc.length + random.below(2), random.chance(0.6) ? 2 : 6),
        unit: random.below(doc.length + 1),
    };
}

/* Of letters from `first` on, `lines` of 40 with a change every few of them, but for some lines. */
function changedLines(random, first, lines) {
    const letter = () => String.fromCodePoint(first + random.below(20));
    const sides = ['', ''];
    for (let i = 0; i < lines; i++) {
        const changes = random.chance(0.7) ? 0.3 : 0;
        for (let k = 0; k < 40; k++) {
            const kept = letter();
            sides[0] += random.chance(changes / 2) ? kept + letter() : kept;
            sides[1] += random.chance(changes) ? letter() : kept;
        }
        sides[0] += '\n';
        sides[1] += '\n';
    }
    return sides;
}

function letters(random, alphabet, n) {
    return Array.from({ length: n }, () => random.pick(alphabet)).join('');
}

/** Two texts with more between them than the first search of diff() reaches. @param {number} seed */
export function someLargeCase(seed) {
    const random = new Random(seed);
    const first = random.pick([0x61, 0xe0, 0x1f600]);
    const kind = seed % 6;
    const [doc, to] =
        kind === 0 ? [letters(random, 'ab', 12000), letters(random, 'ab', 12000)] :
        kind === 1 ? [letters(random, 'abcdefgh \n', 20000), letters(random, 'ABCDEFGH', 20000)] :
                     changedLines(random, first, 500);
    return { ...NOTHING, doc, to };
}

/* ---- for the reader of a failure -------------------------------------- */

/** Whether each operation fits what it is written against. */
function isSound(c) {
    const length = lengthOf(c.doc);
    let at = length;
    for (const op of c.list) {
        if (spanOf(op) > at)
            return false;
        at += grows(op);
    }
    return spanOf(c.a) <= length && spanOf(c.b) <= length && c.gap <= length &&
           spanOf(c.next) <= length + grows(c.a) && c.unit <= c.doc.length;
}

function* smaller(value) {
    if (typeof value === 'number') {
        if (value !== 0) {
            yield Math.trunc(value / 2);
            yield value - Math.sign(value);
        }
    } else {
        const text = typeof value === 'string';
        const list = Array.from(value);
        const made = (parts) => (text ? parts.join('') : parts);
        for (let n = (list.length + 1) >> 1; n > 0; n >>= 1) {
            for (let i = 0; i + n <= list.length && i < 40 * n; i += n)
                yield made([...list.slice(0, i), ...list.slice(i + n)]);
        }
        for (let i = 0; i < list.length && i < 40; i++) {
            const ones = !text ? smaller(list[i]) : /[a-z]/.test(list[i]) ? [] : ['x'];
            for (const one of ones)
                yield made([...list.slice(0, i), one, ...list.slice(i + 1)]);
        }
    }
}

const inNormalForm = (op) => {
    const out = [];
    op.forEach((c) => c && join(out, c));
    return trimmed(out);
};

/* Bytes: a letter weighs less than what takes an escape or is not ASCII. */
const weight = (c) => Buffer.byteLength(JSON.stringify(c)) + c.gap + c.unit + 8 * spanOf(c.a);

/**
 * The smallest case found on which `differing` still finds a difference.
 * @param {any} input @param {string[]} uses
 * @param {(cases: any[]) => number} differing the first of the cases that still fails, or -1
 */
export function shrink(input, uses, differing) {
    let best = { ...NOTHING, ...Object.fromEntries(uses.map((name) => [name, input[name]])) };
    for (let round = 0; round < 300; round++) {
        const tries = [];
        for (const name of uses) {
            for (const value of smaller(best[name])) {
                const made = { ...best, [name]: value };
                for (const op of ['a', 'b', 'next', 'units'])
                    made[op] = inNormalForm(made[op]);
                made.list = made.list.map(inNormalForm);
                if (isSound(made) && weight(made) < weight(best))
                    tries.push(made);
            }
        }
        const next = tries.length ? differing(tries) : -1;
        if (next < 0)
            break;
        best = tries[next];
    }
    return best;
}

/** A case in words. */
export function words(fn, input, theirs) {
    const lines = fn.uses.map((name) => `    ${name.padEnd(6)} ${JSON.stringify(input[name])}`);
    const mine = answer(fn, input);
    return [...lines, `    C says          ${JSON.stringify(theirs)}`,
            `    JavaScript says ${typeof mine === 'string' && mine.startsWith('threw')
                ? mine : JSON.stringify(mine)}`].join('\n');
}
