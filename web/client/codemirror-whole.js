/**
 * codemirror-whole.js - no transaction cuts a character in half.
 *
 * A regular expression without /u, a plug-in, a naive difference of two texts: any of them
 * may replace one half of a surrogate pair. Nobody else in the room can hold half a
 * character, so such a change is widened to the whole one:
 *
 *   what is put between the halves goes behind the character
 *   of what is removed by half, all is removed
 *   where a half is replaced by another half, the character is replaced by a character
 *
 * What can never be text (a lone half, NUL) becomes U+FFFD.
 *
 * Cost: two characters looked at per change, and one regular expression over what is put in.
 */

import { EditorSelection, Transaction } from '@codemirror/state';
import { isHigh, isLow, isWellFormed, toWellFormed } from './text.js';

/** For EditorState.transactionFilter. @param {import('@codemirror/state').Transaction} tr */
export function wholeCharacters(tr) {
    if (!tr.docChanged)
        return tr;
    const { doc } = tr.startState;
    const list = [];
    let widened = false;
    tr.changes.iterChanges((fromA, toA, fromB, toB, inserted) => {
        const was = { from: fromA, to: toA, insert: inserted.toString() };
        const now = widen(doc, was);
        widened ||= now !== was;
        list.push(now);
    }, true);
    if (!widened) {
        const selection = tr.selection ? undefined : upright(tr.newSelection);
        return selection ? [tr, { selection, sequential: true }] : tr;
    }
    const userEvent = tr.annotation(Transaction.userEvent);
    const changes = tr.startState.changes(joined(list));
    return [{
        changes,
        selection: upright(tr.startState.selection.map(changes)),
        effects: tr.effects,
        annotations: userEvent === undefined ? [] : [Transaction.userEvent.of(userEvent)],
        scrollIntoView: tr.scrollIntoView,
    }];
}

/**
 * Where text around a whole selection is replaced, the editor maps its start behind what was put
 * in and its end before it: a selection that ends before it starts, on which the next key throws.
 * @param {EditorSelection} selection mapped through a change
 * @returns {EditorSelection | undefined} a sound one in its place; undefined: it is sound
 */
export function upright(selection) {
    if (selection.ranges.every(({ from, to }) => from <= to))
        return undefined;
    return EditorSelection.create(selection.ranges.map((range) =>
        (range.from <= range.to ? range : EditorSelection.cursor(range.from))), selection.mainIndex);
}

/** Between the two halves of a pair? */
function isCut(doc, at) {
    if (at === 0 || at >= doc.length)
        return false;
    const around = doc.sliceString(at - 1, at + 1);
    return isHigh(around.charCodeAt(0)) && isLow(around.charCodeAt(1));
}

function widen(doc, change) {
    let { from, to, insert } = change;
    const cutFrom = isCut(doc, from);
    const cutTo = to === from ? cutFrom : isCut(doc, to);
    if (!cutFrom && !cutTo && isWellFormed(insert))
        return change;
    if (cutFrom && from === to) {
        from = to = from + 1;
    } else {
        if (cutFrom) {
            from--;
            if (isLow(insert.charCodeAt(0)))
                insert = doc.sliceString(from, from + 1) + insert;
        }
        if (cutTo) {
            if (isHigh(insert.charCodeAt(insert.length - 1)))
                insert += doc.sliceString(to, to + 1);
            to++;
        }
    }
    return { from, to, insert: toWellFormed(insert) };
}

/* Two changes that were widened towards each other may now share a character. */
function joined(list) {
    const out = [];
    for (const change of list) {
        const last = out[out.length - 1];
        if (last === undefined || change.from >= last.to) {
            out.push({ ...change });
            continue;
        }
        last.to = Math.max(last.to, change.to);
        last.insert += change.insert;
    }
    return out;
}
