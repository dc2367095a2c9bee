/* The editor's binding, as far as it goes without a browser: no change cuts a character.
 * The rest is tests/e2e/page_test.mjs. */

import test from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { isWellFormed } from '../../web/client/text.js';
import { Random } from './random.mjs';

const web = createRequire(new URL('../../web/client/', import.meta.url));
const load = async (name) => {
    try {
        return await import(pathToFileURL(web.resolve(name)).href.replace(/\.cjs$/, '.js'));
    } catch {
        return null;
    }
};
const SEED = Number(process.env.WEFT_SEED ?? 1);
const cm = await load('@codemirror/state');
const skip = !cm && 'no packages of the page here: run `npm ci` in web';
const { upright, wholeCharacters } = cm ? await import('../../web/client/codemirror-whole.js') : {};

const stateOf = (doc) => cm.EditorState.create({
    doc,
    extensions: [cm.EditorState.lineSeparator.of('\n'),
                 cm.EditorState.transactionFilter.of(wholeCharacters)],
});
const after = (doc, changes) => stateOf(doc).update({ changes }).state.doc.toString();

test('a change that cuts a pair is widened to the whole character', { skip }, () => {
    assert.equal(after('a😀b', { from: 2, insert: 'x' }), 'a😀xb', 'between the halves: behind');
    assert.equal(after('a😀b', { from: 1, to: 2 }), 'ab', 'the first half goes: all of it');
    assert.equal(after('a😀b', { from: 2, to: 4 }), 'a', 'the second half goes, and more');
    assert.equal(after('a😀b', { from: 2, to: 3, insert: '\ude01' }), 'a😁b', 'another second half');
    assert.equal(after('a😀b', { from: 1, to: 2, insert: '\ud83c' }), 'a\ud83c\ude00b', 'another first half');
    assert.equal(after('😀😀', { from: 1, to: 3 }), '', 'halves of two neighbours: both');
    assert.equal(after('😀', [{ from: 0, to: 1 }, { from: 1, to: 2, insert: 'x' }]), 'x', 'in two steps');
    assert.equal(after('ab', { from: 1, insert: '\ud83d' }), 'a\ufffdb', 'a lone half is no text');
    assert.equal(after('ab', { from: 1, insert: 'x\0' }), 'ax\ufffdb', 'nor is NUL');
});

test('a change that cuts nothing is left as it is', { skip }, () => {
    const tr = stateOf('a😀b').update({ changes: { from: 1, to: 3, insert: '😁' }, selection: { anchor: 1 } });
    assert.equal(tr.state.doc.toString(), 'a😁b');
    assert.equal(tr.state.selection.main.head, 1, 'nor is the selection');
});

test('random changes never leave half a character', { skip }, () => {
    const random = new Random(SEED);
    const letters = ['a', '\n', 'é', '漢', '😀', '😁', '🀄', '\ud83d', '\ude00'];
    for (let i = 0; i < 20000; i++) {
        const word = (n) => Array.from({ length: random.below(n) }, () => random.pick(letters)).join('');
        const doc = word(8).replace(/[\ud800-\udfff]/gu, 'x');
        const places = Array.from({ length: 2 * (1 + random.below(3)) }, () => random.below(doc.length + 1))
            .sort((a, b) => a - b);
        const changes = [];
        for (let k = 0; k < places.length; k += 2)
            changes.push({ from: places[k], to: places[k + 1], insert: word(4) });
        const now = after(doc, changes);
        assert.ok(isWellFormed(now), `${JSON.stringify({ doc, changes, now })}, seed ${SEED}`);
    }
});

test('a selection that is replaced around it is a caret, and not one that ends before it starts', { skip }, () => {
    const { EditorSelection } = cm;
    const state = stateOf('one two three').update({ selection: { anchor: 5, head: 7 } }).state;
    const replaced = state.update({ changes: { from: 3, to: 9, insert: '-----' } }).state;
    const { from, to } = replaced.selection.main;
    assert.ok(from <= to, `${from} to ${to}`);
    assert.equal(replaced.update(replaced.replaceSelection('x')).state.doc.length, 13);
    assert.equal(upright(EditorSelection.single(2, 5)), undefined, 'a sound one stays as it is');
});
