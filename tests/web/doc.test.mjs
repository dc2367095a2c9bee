/* A text in chunks against plain strings. */

import test from 'node:test';
import assert from 'node:assert/strict';
import * as ot from '../../web/client/ot.js';
import { Doc } from '../../web/client/doc.js';
import { cpAt, cpLength, isInside, unitAt } from '../../web/client/text.js';
import { forSeeds } from './random.mjs';

function agrees(doc, text, usual) {
    assert.equal(doc.chunks.map((chunk) => chunk.text).join(''), text);
    assert.equal(String(doc), text);
    assert.equal(doc.units, text.length);
    assert.equal(doc.cps, cpLength(text));
    for (let cp = 0; cp <= doc.cps; cp++)
        assert.equal(doc.unitAt(cp), unitAt(text, cp), `unit of ${cp}`);
    for (let unit = 0; unit <= text.length; unit++)
        assert.equal(doc.cpAt(unit), cpAt(text, unit), `code point of ${unit}`);
    let at = 0;
    for (const chunk of doc.chunks) {
        assert.equal(chunk.cps, cpLength(chunk.text));
        assert.ok(chunk.text.length > 0, 'no chunk is empty');
        assert.ok(!isInside(text, at), 'no pair is cut');
        assert.ok(chunk.text.length <= 2 * usual + 1, 'none is too long');
        assert.ok(chunk.text.length >= (usual >> 2) || doc.chunks.length === 1, 'or too short');
        at += chunk.text.length;
    }
}

test('edits in chunks are edits of the text, with astral characters', () => {
    forSeeds(600, (random) => {
        const usual = 4 + random.below(12);
        let text = random.chance(0.2) ? 'abc'.repeat(random.below(40)) : random.text(120);
        let doc = Doc.of(text, usual);
        const versions = [];
        agrees(doc, text, usual);
        for (let n = random.below(16); n > 0; n--) {
            const length = cpLength(text);
            const at = random.below(length + 1);
            const op = ot.normalize(random.chance(0.05) ? [-length, 'x']
                : random.chance(0.2) ? [at, random.text(120)]
                : random.chance(0.3) ? [at, -random.below(length - at + 1)]
                : random.op(length));
            const inUnits = doc.toUtf16(op);
            assert.deepEqual(inUnits, ot.toUtf16(op, text));
            versions.push([doc, text]);
            doc = doc.apply(op);
            text = ot.apply(text, op);
            agrees(doc, text, usual);
        }
        for (const [before, was] of versions)
            agrees(before, was, usual);
    });
});

test('typing at the end, at the start and backwards leaves chunks of a good length', () => {
    for (const at of [(n) => n, () => 0, (n) => n >> 1]) {
        let doc = Doc.of('', 64);
        for (let n = 0; n < 2000; n++)
            doc = doc.apply([at(n), n % 7 ? 'x' : '😀'].filter(Boolean));
        agrees(doc, String(doc), 64);
        for (let n = 2000; n > 0; n--)
            doc = doc.apply([at(n - 1), -1].filter(Boolean));
        assert.equal(String(doc), '');
        assert.equal(doc.chunks.length, 0);
    }
});

test('an operation that does not fit is refused, with the length that would', () => {
    const doc = Doc.of('a😀b');
    assert.throws(() => doc.apply([4, 'x']), /spans 4 code points; expected at most 3/);
    assert.throws(() => doc.apply([-4]), ot.OpError);
    assert.throws(() => Doc.of('').apply([-1]), ot.OpError);
});

test('an edit of a long text leaves all chunks but one or two as they are', () => {
    const line = 'the quick brown 😀 fox\n';
    let doc = Doc.of(line.repeat(50000));
    for (let n = 0; n < 100; n++) {
        const before = new Set(doc.chunks);
        doc = doc.apply([doc.cps - 20000 + n, 'é']);
        const fresh = doc.chunks.filter((chunk) => !before.has(chunk));
        assert.ok(fresh.length <= 2, `${fresh.length} new chunks`);
    }
});

test('an edit of five million units looks at the chunks around it, and its places cost no more', () => {
    let doc = Doc.of('the quick brown 😀 fox\n'.repeat(230000));
    let looks = 0;
    let counted = null;
    const watch = (chunk) => ({
        get text() { looks += counted !== null; counted?.add(chunk); return chunk.text; },
        cps: chunk.cps,
    });
    for (const [b, chunk] of doc.chunks.entries())
        doc.chunks[b] = watch(chunk);
    doc = doc.apply([7, 'x']); /* the first one counts them all */
    assert.ok(doc.chunks.length > 2000);
    for (let n = 1; n < 50; n++) {
        const at = Math.floor(doc.cps * n / 50);
        const op = n % 3 ? [at, 'é'] : [at, -1, 'é', 3, -2];
        looks = 0;
        counted = new Set();
        const unit = doc.unitAt(at);
        doc.toUtf16(op);
        doc = doc.apply(op);
        assert.equal(doc.cpAt(unit), at);
        doc.cpAt(doc.units >> 1);
        assert.ok(counted.size <= 6, `${counted.size} chunks`);
        assert.ok(looks < 60, `${looks} looks`);
        counted = null;
    }
});
