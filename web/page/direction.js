/**
 * direction.js - each line runs the way of its first letter: right to left for Arabic and Hebrew.
 *
 * The browser finds the direction (dir="auto"); the editor asks the browser for it, line by line.
 * Only lines that are shown and hold such letters are marked.
 *
 * Home and End: the editor looks for what is drawn at the edge. In a line that runs to the left and
 * begins with a number that is the place behind the number, where nobody wants to be.
 */

import { EditorSelection, Prec, RangeSetBuilder } from '@codemirror/state';
import { Decoration, Direction, EditorView, keymap, ViewPlugin } from '@codemirror/view';

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const auto = Decoration.line({ attributes: { dir: 'auto' } });

function marks({ state: { doc }, visibleRanges }) {
    const builder = new RangeSetBuilder();
    let done = -1;
    for (const { from, to } of visibleRanges) {
        if (!RIGHT_TO_LEFT.test(doc.sliceString(from, to)))
            continue;
        for (let at = from; at <= to;) {
            const line = doc.lineAt(at);
            if (line.number > done && RIGHT_TO_LEFT.test(line.text))
                builder.add(line.from, line.from, auto);
            done = Math.max(done, line.number);
            at = line.to + 1;
        }
    }
    return builder.finish();
}

/* To the beginning or the end of a line that runs to the left; null: of another. */
function edgeOf(view, range, forward) {
    const line = view.state.doc.lineAt(range.head);
    if (view.textDirectionAt(line.from) !== Direction.RTL)
        return null;
    const end = forward ? line.to : line.from;
    const [here, there] = [view.coordsAtPos(range.head, range.assoc || 1),
                           view.coordsAtPos(end, forward ? -1 : 1)];
    const inRow = here && there && Math.abs(here.top - there.top) < (here.bottom - here.top) / 2;
    return inRow ? EditorSelection.cursor(end, forward ? -1 : 1) : view.moveToLineBoundary(range, forward);
}

function toEdge(forward, selects) {
    return (view) => {
        const { selection } = view.state;
        const edges = selection.ranges.map((range) => edgeOf(view, range, forward));
        if (edges.includes(null))
            return false; /* the usual keys know */
        const ranges = edges.map((edge, i) => (selects
            ? EditorSelection.range(selection.ranges[i].anchor, edge.head) : edge));
        view.dispatch({ selection: EditorSelection.create(ranges, selection.mainIndex),
                        scrollIntoView: true, userEvent: 'select' });
        return true;
    };
}

const keys = [['Home', 'Cmd-ArrowRight', false], ['End', 'Cmd-ArrowLeft', true]].flatMap(
    ([key, mac, forward]) => [{ key }, { mac }].map((which) => ({
        ...which, run: toEdge(forward, false), shift: toEdge(forward, true),
    })));

export const lineDirections = [
    Prec.high(keymap.of(keys)),
    EditorView.perLineTextDirection.of(true),
    ViewPlugin.define((view) => ({
        decorations: marks(view),
        update(update) {
            if (update.docChanged || update.viewportChanged)
                this.decorations = marks(update.view);
        },
    }), { decorations: (plugin) => plugin.decorations }),
];
