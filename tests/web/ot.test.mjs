/* The seven laws of the operation model, against a dumb model. */

import test from 'node:test';
import assert from 'node:assert/strict';
import * as ot from '../../web/client/ot.js';
import * as text from '../../web/client/text.js';
import { splitOp } from '../../web/client/split.js';
import { forSeeds } from './random.mjs';

const { LEFT, RIGHT } = ot;
const CASES = 20000;

/* The model: a document is an array of code points. */
const cps = (s) => Array.from(s);
function modelApply(doc, op) {
    const from = cps(doc);
    let at = 0;
    let out = '';
    for (const c of op) {
        if (typeof c === 'string') {
            out += c;
        } else {
            assert.ok(at + Math.abs(c) <= from.length, 'the operation fits');
            if (c > 0)
                out += from.slice(at, at + c).join('');
            at += Math.abs(c);
        }
    }
    return out + from.slice(at).join('');
}

const kind = (c) => (typeof c === 'string' ? 's' : Math.sign(c)); /* "-1" is text */

function assertNormal(op) {
    op.forEach((c, i) => {
        assert.ok(c !== 0 && c !== '', `no empty component in ${JSON.stringify(op)}`);
        assert.ok(i === 0 || kind(c) !== kind(op[i - 1]), `no twins in ${JSON.stringify(op)}`);
    });
    assert.ok(kind(op.at(-1)) !== 1, `no trailing retain in ${JSON.stringify(op)}`);
    assert.deepEqual(ot.normalize(op), op);
}

function twoOps(random) {
    const doc = random.text(10);
    const n = cps(doc).length;
    return { doc, a: ot.normalize(random.op(n)), b: ot.normalize(random.op(n)) };
}

function chain(random, length) {
    const docs = [random.text(8)];
    const ops = [];
    for (let i = 0; i < length; i++) {
        ops.push(ot.normalize(random.op(cps(docs[i]).length)));
        docs.push(modelApply(docs[i], ops[i]));
    }
    return { docs, ops };
}

test('apply, span and delta agree with the model', () => {
    forSeeds(CASES, (random) => {
        const doc = random.text(12);
        const op = random.op(cps(doc).length);
        const after = ot.apply(doc, op);
        assert.equal(after, modelApply(doc, op));
        assert.equal(cps(after).length - cps(doc).length, ot.delta(op));
        assert.ok(ot.span(op) <= cps(doc).length);
        assert.equal(ot.apply(doc, ot.normalize(op)), after);
    });
});

test('law 1: both orders of two concurrent operations give one text', () => {
    forSeeds(CASES, (random) => {
        const { doc, a, b } = twoOps(random);
        assert.equal(ot.apply(ot.apply(doc, a), ot.transform(b, a, RIGHT)),
                     ot.apply(ot.apply(doc, b), ot.transform(a, b, LEFT)));
    });
});

test('law 2: compose is apply after apply, associative, with [] neutral', () => {
    forSeeds(CASES, (random) => {
        const { docs, ops: [a, b, c] } = chain(random, 3);
        assert.equal(ot.apply(docs[0], ot.compose(a, b)), docs[2]);
        assert.deepEqual(ot.compose(ot.compose(a, b), c), ot.compose(a, ot.compose(b, c)));
        assert.deepEqual(ot.compose(a, []), a);
        assert.deepEqual(ot.compose([], a), a);
    });
});

test('law 3: invert undoes', () => {
    forSeeds(CASES, (random) => {
        const doc = random.text(10);
        const op = random.op(cps(doc).length);
        const inverse = ot.invert(op, doc);
        assert.equal(ot.apply(ot.apply(doc, op), inverse), doc);
        assertNormal(inverse);
    });
});

test('law 4: composition is exact for merging, component by component', () => {
    forSeeds(CASES, (random) => {
        const { docs, ops } = chain(random, 2 + random.below(5));
        const x = ot.normalize(random.op(cps(docs[0]).length));
        const all = ops.reduce(ot.compose);
        const byOne = ops.reduce((op, over) => ot.transform(op, over, LEFT), x);
        assert.deepEqual(ot.transform(x, all, LEFT), byOne);
    });
});

/** One operation of a chain, its parts put together in random order. */
function bracketed(random, ops) {
    const parts = [...ops];
    while (parts.length > 1) {
        const at = random.below(parts.length - 1);
        parts.splice(at, 2, ot.compose(parts[at], parts[at + 1]));
    }
    return parts[0];
}

test('law 4: over histories of up to 64 operations, in any bracketing', () => {
    forSeeds(CASES / 20, (random) => {
        const { docs, ops } = chain(random, 1 + random.below(64));
        const x = ot.normalize(random.op(cps(docs[0]).length));
        const byOne = ops.reduce((op, over) => ot.transform(op, over, LEFT), x);
        const all = ot.composeAll(ops);
        assert.deepEqual(bracketed(random, ops), all);
        assert.deepEqual(ot.transform(x, all, LEFT), byOne);
        const cut = random.below(ops.length + 1);
        const halves = [ops.slice(0, cut), ops.slice(cut)].map(ot.composeAll);
        assert.deepEqual(halves.reduce((op, over) => ot.transform(op, over, LEFT), x), byOne);
        assert.equal(ot.apply(docs[0], all), docs.at(-1));
    });
});

test('a list of operations is not composed from one end', () => {
    /* Every second character replaced: a left fold would write n² components, halves 2n log n. */
    const n = 1024;
    const ops = Array.from({ length: n }, (_, i) => [...(i > 0 ? [2 * i] : []), 'x', -1]);
    const push = Array.prototype.push;
    let written = 0;
    let all;
    try {
        Array.prototype.push = function counted(...items) {
            written += items.length;
            return push.apply(this, items);
        };
        all = ot.composeAll(ops);
    } finally {
        Array.prototype.push = push;
    }
    assert.equal(all.length, 3 * n - 1);
    assert.ok(written >= all.length && written < 4 * n * Math.log2(n), `wrote ${written}`);
    assert.deepEqual(ot.composeAll([]), []);
    assert.deepEqual(ot.composeAll([['a', 'b', 3]]), ['ab']);
});

test('law 5: positions move over a composition as over its parts', () => {
    forSeeds(CASES, (random) => {
        const { docs, ops: [a, b] } = chain(random, 2);
        for (let p = 0; p <= cps(docs[0]).length; p++) {
            assert.equal(ot.transformPosition(p, ot.compose(a, b), LEFT),
                         ot.transformPosition(ot.transformPosition(p, a, LEFT), b, LEFT));
        }
    });
});

test('a position goes where a mark put there goes', () => {
    forSeeds(CASES, (random) => {
        const doc = random.text(10);
        const op = ot.normalize(random.op(cps(doc).length));
        for (let p = 0; p <= cps(doc).length; p++) {
            /* The mark is an insert at the gap; U+FFFC stands nowhere else. LEFT stays: the
             * mark goes in front of what op inserts there, as transform's LEFT does. */
            for (const side of [LEFT, RIGHT]) {
                const mark = ot.transform(ot.normalize([p, '\ufffc']), op, side);
                const at = cps(ot.apply(ot.apply(doc, op), mark)).indexOf('\ufffc');
                assert.equal(ot.transformPosition(p, op, side), at);
            }
        }
    });
});

test('law 6: a delete takes only what its author has seen', () => {
    forSeeds(CASES, (random) => {
        const doc = random.text(10);
        const n = cps(doc).length;
        const insert = ot.normalize([random.below(n + 1), '<<kept>>']);
        const other = ot.normalize(random.op(n));
        const after = ot.apply(ot.apply(doc, insert), ot.transform(other, insert, LEFT));
        const kept = cps(after).filter((c) => '<kept>'.includes(c)).join('');
        assert.equal(kept, '<<kept>>');
    });
});

/* A server's log: everybody writes against some older revision and is merged LEFT over what came
 * since. Each inserted character is its own (private use), so that one sees what became of it. */
test('law 6: over histories, what is logged stays until somebody who saw it deletes it', () => {
    forSeeds(CASES / 20, (random) => {
        const docs = [random.text(6)];
        const log = [];
        let fresh = 0xf0000;
        for (let n = 1 + random.below(12); n > 0; n--) {
            const base = random.below(docs.length);
            const seen = cps(docs[base]);
            const op = ot.normalize(random.op(seen.length).map((c) =>
                typeof c === 'string' ? String.fromCodePoint(fresh++) : c));
            const merged = log.slice(base).reduce((x, over) => ot.transform(x, over, LEFT), op);
            const before = cps(docs.at(-1));
            const after = new Set(cps(ot.apply(docs.at(-1), merged)));
            for (const c of before) {
                if (c.codePointAt(0) >= 0xf0000 && !after.has(c))
                    assert.ok(seen.includes(c), 'deleted by somebody who had not seen it');
            }
            for (const c of op)
                assert.ok(typeof c !== 'string' || cps(c).every((one) => after.has(one)));
            log.push(merged);
            docs.push(ot.apply(docs.at(-1), merged));
        }
    });
});

test('law 7: results are in normal form', () => {
    forSeeds(CASES, (random) => {
        const { doc, a, b } = twoOps(random);
        assertNormal(ot.normalize(random.op(9)));
        assertNormal(ot.transform(a, b, LEFT));
        assertNormal(ot.transform(a, b, RIGHT));
        assertNormal(ot.compose(a, ot.normalize(random.op(cps(ot.apply(doc, a)).length))));
        assertNormal(ot.diff(doc, random.text(10)));
        assertNormal(ot.invert(a, doc));
        assertNormal(ot.composeAll(chain(random, random.below(4)).ops));
        assertNormal(ot.toUtf16(a, doc));
        assertNormal(ot.fromUtf16(ot.toUtf16(b, doc), doc));
        assertNormal(ot.fromJson(JSON.stringify(random.op(9))));
    });
});

test('small cases, exhaustively: laws 1 and 4', () => {
    /* All operations of up to three components on "12". */
    const all = (n) => {
        const found = new Map();
        const walk = (op, left, depth) => {
            const normal = ot.normalize(op);
            found.set(JSON.stringify(normal), normal);
            if (depth === 0)
                return;
            walk([...op, 'x'], left, depth - 1);
            for (let k = 1; k <= left; k++) {
                walk([...op, k], left - k, depth - 1);
                walk([...op, -k], left - k, depth - 1);
            }
        };
        walk([], n, 3);
        return [...found.values()];
    };
    const mark = (op, s) => op.map((c) => (typeof c === 'string' ? s : c));
    let cases = 0;
    for (const a of all(2)) {
        for (const x of all(2)) {
            const one = mark(a, 'A');
            const two = mark(x, 'X');
            assert.equal(ot.apply(ot.apply('12', one), ot.transform(two, one, RIGHT)),
                         ot.apply(ot.apply('12', two), ot.transform(one, two, LEFT)));
            for (const b of all(2 + ot.delta(one))) {
                const three = mark(b, 'B');
                assert.deepEqual(
                    ot.transform(two, ot.compose(one, three), LEFT),
                    ot.transform(ot.transform(two, one, LEFT), three, LEFT));
                cases++;
            }
        }
    }
    assert.ok(cases > 10000);
});

test('the order of a neighbouring insert and delete is kept', () => {
    assert.deepEqual(ot.normalize(['x', -3]), ['x', -3]);
    assert.deepEqual(ot.normalize([-3, 'x']), [-3, 'x']);
    assert.deepEqual(ot.transform([1, 'y'], ['x', -3], LEFT), [1, 'y']);
    assert.deepEqual(ot.transform([1, 'y'], [-3, 'x'], LEFT), ['y']);
    assert.deepEqual(ot.compose([-3], ['x']), [-3, 'x']);
    assert.deepEqual(ot.compose(['x', -3], [1, 'y']), ['x', -3, 'y']);
    assert.deepEqual(ot.invert(['x', -3], 'abc'), [-1, 'abc']);
});

test('the later operation goes left at a tie', () => {
    assert.deepEqual(ot.transform(['a'], ['b'], LEFT), ['a']);
    assert.deepEqual(ot.transform(['b'], ['a'], RIGHT), [1, 'b']);
});

test('splice replaces as little as can be, follows the caret and cuts no character', () => {
    assert.deepEqual(ot.splice('😀', '😁'), [-1, '😁']);
    assert.deepEqual(ot.splice('\u{1F600}', '\u{1FA00}'), [-1, '\u{1FA00}']);
    assert.deepEqual(ot.splice('aa', 'aaa', 1), ['a']);
    assert.deepEqual(ot.splice('aa', 'aaa', 2), [1, 'a']);
    assert.deepEqual(ot.splice('aa', 'aaa', 3), [2, 'a']);
    assert.deepEqual(ot.splice('aaa', 'aa', 1), [1, -1]);
    assert.deepEqual(ot.splice('abc', 'xbc', 3), [-1, 'x']);
    assert.deepEqual(ot.splice('same', 'same'), []);
    assert.deepEqual(ot.splice('😀😀', '😀😀😀', 2), ['😀']);
    forSeeds(CASES, (random) => {
        const from = random.text(8);
        const to = random.chance(0.5) ? random.text(8)
                                      : ot.apply(from, random.typing(cps(from).length));
        const op = ot.splice(from, to, random.chance(0.5) ? random.below(to.length + 1) : undefined);
        assert.equal(ot.apply(from, ot.check(op)), to);
        assertNormal(op);
        const kept = kind(op[0]) === 1 ? op[0] : 0;
        const dropped = op.reduce((n, c) => (kind(c) === -1 ? n - c : n), 0);
        const put = op.reduce((s, c) => (typeof c === 'string' ? s + c : s), '');
        const old = cps(from).slice(kept, kept + dropped);
        if (old.length && put) {
            assert.notEqual(old[0], cps(put)[0]);
            assert.notEqual(old[old.length - 1], cps(put)[cps(put).length - 1]);
        }
    });
});

test('splice of long texts', () => {
    const long = 'x'.repeat(10000) + 'y' + 'x'.repeat(10000);
    assert.deepEqual(ot.splice(long, long.replace('y', '')), [10000, -1]);
    assert.deepEqual(ot.splice(long, long.replace('y', 'yz')), [10001, 'z']);
    assert.deepEqual(ot.splice(long, long + 'x', long.length + 1), [20001, 'x']);
});

test('what is malformed or does not fit is refused whole', () => {
    for (const bad of [null, 'x', {}, [0], [''], [1.5], [null], [true], ['\ud83d'], ['\ude00a'],
                       ['a\0b'], [NaN], [Infinity], [[1]]])
        assert.throws(() => ot.check(bad), ot.OpError, JSON.stringify(bad));
    assert.doesNotThrow(() => ot.check([1, '😀', -2, 'x', 'y', 3]));
    assert.throws(() => ot.apply('😀', [2, 'x']), ot.OpError);
    assert.throws(() => ot.apply('abc', [-4]), ot.OpError);
    assert.throws(() => ot.invert([-4], 'abc'), ot.OpError);
});

test('a refusal says what was found and what is expected', () => {
    const refused = (fn, words) => assert.throws(fn, (err) => {
        assert.ok(err instanceof ot.OpError);
        assert.equal(err.message, words);
        return true;
    });
    const part = 'a positive integer (keep), a negative integer (delete) or text that is not ' +
                 'empty (insert)';
    refused(() => ot.check({ a: 1 }), 'op: found {"a":1}; expected an array such as [5,"hi",-2]');
    refused(() => ot.check([1, 2.5]), `op[1]: found 2.5; expected ${part}`);
    refused(() => ot.check([NaN]), `op[0]: found NaN; expected ${part}`);
    refused(() => ot.check([, 1]), `op[0]: found undefined; expected ${part}`);
    refused(() => ot.check(['a', '\ud83d']),
            'op[1]: found a lone surrogate or a NUL; expected text without it');
    refused(() => ot.check([2147483647, -1]),
            'op[1]: found counts that pass 2147483647; expected at most that in all');
    refused(() => ot.check(new Array(ot.PARTS_MAX + 1)),
            'op: found 1048577 parts; expected at most 1048576');
    refused(() => ot.fromJson('[1.0]'),
            'op: found 1.0; expected integers without point and exponent');
    refused(() => ot.apply('😀b', [1, -2]), 'op: found an operation that spans 3 code points; ' +
                                            'expected at most 2, the document\'s length');
    refused(() => ot.toUtf16([-3], 'ab'), 'op: found an operation that spans 3 code points; ' +
                                          'expected at most 2, the document\'s length');
    refused(() => ot.fromUtf16([4], '😀b'), 'op: found an operation that spans 4 units; ' +
                                            'expected at most 3, the document\'s length');
    refused(() => ot.fromUtf16([1, 'x'], '😀b'),
            'op: found unit 1, inside a pair; expected a place between characters');
    assert.deepEqual(ot.fromJson(' ["1.5e3\\"2.0", 3, -1 ] '), ['1.5e3"2.0', 3, -1]);
});

test('counts in UTF-16 units, there and back', () => {
    assert.deepEqual(ot.toUtf16([1, 'x', -1, '😀'], 'a😀b'), [1, 'x', -2, '😀']);
    assert.deepEqual(ot.fromUtf16([3, -1], 'a😀b'), [2, -1]);
    forSeeds(CASES, (random) => {
        const { doc, a } = twoOps(random);
        const units = ot.toUtf16(a, doc);
        assert.deepEqual(ot.fromUtf16(units, doc), a);
        /* What an editor does with it: strings cut by units. */
        let at = 0;
        let after = '';
        for (const c of units) {
            if (typeof c === 'string')
                after += c;
            else if (c > 0)
                after += doc.slice(at, at + c);
            at += typeof c === 'string' ? 0 : Math.abs(c);
        }
        assert.equal(after + doc.slice(at), modelApply(doc, a));
    });
});

test('units and code points convert both ways', () => {
    forSeeds(2000, (random) => {
        const s = random.text(12);
        const list = cps(s);
        assert.equal(text.cpLength(s), list.length);
        for (let cp = 0; cp <= list.length; cp++) {
            const unit = list.slice(0, cp).join('').length;
            assert.equal(text.unitAt(s, cp), unit);
            assert.equal(text.cpAt(s, unit), cp);
            assert.ok(!text.isInside(s, unit));
            if (cp > 0 && list[cp - 1].length === 2) {
                assert.ok(text.isInside(s, unit - 1));
                assert.equal(text.cpAt(s, unit - 1), cp);
            }
            assert.equal(text.cpSlice(s, cp), list.slice(cp).join(''));
            assert.equal(text.cpSlice(s, cp, cp + 2), list.slice(cp, cp + 2).join(''));
        }
        assert.equal(text.jsonBytes(s), Buffer.byteLength(JSON.stringify(s)));
    });
    assert.equal(text.jsonBytes('"\\\u0001\b\v\f\u007f'),
                 Buffer.byteLength(JSON.stringify('"\\\u0001\b\v\f\u007f')));
    assert.equal(text.toWellFormed('a\ud83db\0😀\ude00'), 'a\ufffdb\ufffd😀\ufffd');
    assert.ok(text.isWellFormed('😀é漢'));
});

test('a large operation splits into pieces that compose to it', () => {
    forSeeds(3000, (random) => {
        const doc = random.text(30);
        const op = ot.normalize(random.op(cps(doc).length, 14));
        const max = 8 + random.below(30);
        const pieces = [];
        for (let rest = op; rest.length;) {
            const [head, next] = splitOp(rest, max);
            const changes = head.filter((c) => kind(c) !== 1);
            assert.ok(changes.length > 0, 'every piece gets on');
            const text1 = changes.length === 1 && typeof changes[0] === 'string' &&
                          cps(changes[0]).length === 1;
            assert.ok(Buffer.byteLength(JSON.stringify(head)) <= max || text1 ||
                      changes.every((c) => kind(c) === -1) && changes.length === 1, 'fits');
            assertNormal(head);
            pieces.push(head);
            rest = next;
        }
        assert.deepEqual(pieces.reduce(ot.compose, []), op);
    });
});
