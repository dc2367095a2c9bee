/* The index of astral characters against counting from the start. */

import test from 'node:test';
import assert from 'node:assert/strict';
import * as ot from '../../web/client/ot.js';
import { Units } from '../../web/client/units.js';
import { cpAt, cpLength, unitAt } from '../../web/client/text.js';
import { forSeeds } from './random.mjs';

function agrees(index, text) {
    assert.equal(index.units, text.length);
    assert.equal(index.cps, cpLength(text));
    for (let cp = 0; cp <= index.cps; cp++)
        assert.equal(index.unitAt(text, cp), unitAt(text, cp), `unit of ${cp}`);
    for (let unit = 0; unit <= text.length; unit++)
        assert.equal(index.cpAt(text, unit), cpAt(text, unit), `code point of ${unit}`);
}

test('the index agrees with counting, over edits', () => {
    forSeeds(3000, (random) => {
        let text = random.chance(0.2) ? 'abc'.repeat(random.below(20)) : random.text(60);
        const index = new Units(text, 2 + random.below(8));
        agrees(index, text);
        for (let n = random.below(12); n > 0; n--) {
            const op = ot.normalize(random.chance(0.1) ? [-cpLength(text), 'x'].filter(Boolean)
                : random.chance(0.2) ? [random.below(cpLength(text) + 1), random.text(60) + 'x']
                : random.op(cpLength(text)));
            const inUnits = index.edit(text, op);
            assert.deepEqual(inUnits, ot.toUtf16(op, text));
            assert.equal(ot.apply(text, inUnits, true), ot.apply(text, op));
            text = ot.apply(text, op);
            if (random.chance(0.6)) /* otherwise several edits go over blocks nobody looked into */
                agrees(index, text);
        }
        agrees(index, text);
    });
});

test('a long text is walked once, not for every place', () => {
    let text = ('😀' + 'x'.repeat(999)).repeat(200);
    const index = new Units(text);
    assert.equal(index.cpAt(text, text.length), 200000);
    /* From now on no more than a block or two of it is read for a place. */
    let read = 0;
    const watched = { length: text.length, charCodeAt: (i) => (read++, text.charCodeAt(i)),
                      slice: (a, b) => (read += b - a, text.slice(a, b)) };
    for (let cp = 0; cp < 200000; cp += 1000)
        assert.equal(index.unitAt(watched, cp), cp + cp / 1000);
    for (let n = 0; n < 100; n++) {
        index.edit(watched, [150000 + n, 'é']);
        text = ot.apply(text, [150000 + n, 'é']);
        watched.length = text.length;
    }
    assert.ok(read > 0 && read < 300 * 3 * 2048, `${read} units read`);
    agrees(new Units(text.slice(0, 3000)), text.slice(0, 3000));
});
