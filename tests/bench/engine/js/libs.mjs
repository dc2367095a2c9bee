// The operation libraries behind one face. Positions are UTF-16 units in all but ot-text-unicode;
// the texts they are asked about are ASCII, where that is the same.
//
//     op(edit, n)    an edit of a document of n characters
//     left(a, b)     a after b, a's text in front where both insert at one place
//     both(a, b)     that, and b after a
import { ChangeSet, Text } from '@codemirror/state';
import ot from 'ot';
import * as unicode from 'ot-text-unicode';

const { TextOperation } = ot;
const { type } = unicode;

const otjs = {
    op(e, n) {
        const op = new TextOperation().retain(e.pos);
        if (e.del) op.delete(e.del);
        if (e.text) op.insert(e.text);
        return op.retain(n - e.pos - e.del);
    },
    compose: (a, b) => a.compose(b),
    left: (a, b) => TextOperation.transform(a, b)[0],
    both: (a, b) => TextOperation.transform(a, b),
    doc: (text) => text,
    apply: (doc, op) => op.apply(doc),
    text: (doc) => doc,
};

const otTextUnicode = {
    op(e) {
        const op = e.pos ? [e.pos] : [];
        if (e.del) op.push({ d: e.del });
        if (e.text) op.push(e.text);
        return op;
    },
    compose: (a, b) => type.compose(a, b),
    left: (a, b) => type.transform(a, b, 'left'),
    both: (a, b) => [type.transform(a, b, 'left'), type.transform(b, a, 'right')],
    doc: (text) => text,
    apply: (doc, op) => type.apply(doc, op),
    text: (doc) => doc,
};

const codemirror = {
    op: (e, n) => ChangeSet.of({ from: e.pos, to: e.pos + e.del, insert: e.text }, n),
    compose: (a, b) => a.compose(b),
    left: (a, b) => a.map(b, true),
    both: (a, b) => [a.map(b, true), b.map(a)],
    doc: (text) => Text.of(text.split('\n')),
    apply: (doc, op) => op.apply(doc),
    text: (doc) => doc.toString(),
};

export const libs = { 'ot.js': otjs, 'ot-text-unicode': otTextUnicode, codemirror };

// Edits that follow one another, from a text of n characters.
export function sequence(lib, list, n) {
    return list.map((e) => {
        const op = lib.op(e, n);
        n += e.text.length - e.del;
        return op;
    });
}

// As a balanced tree: from the left it would be quadratic.
export function composeAll(lib, ops, from = 0, to = ops.length) {
    if (to - from === 1) return ops[from];
    const mid = (from + to) >> 1;
    return lib.compose(composeAll(lib, ops, from, mid), composeAll(lib, ops, mid, to));
}
