/**
 * direction.js - each line runs the way of its first letter: right to left for Arabic and Hebrew.
 *
 * The browser finds the direction (dir="auto"); the editor asks the browser for it, line by line.
 * Only lines that are shown and hold such letters are marked.
 */

import { RangeSetBuilder } from '@codemirror/state';
import { Decoration, EditorView, ViewPlugin } from '@codemirror/view';

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

export const lineDirections = [
    EditorView.perLineTextDirection.of(true),
    ViewPlugin.define((view) => ({
        decorations: marks(view),
        update(update) {
            if (update.docChanged || update.viewportChanged)
                this.decorations = marks(update.view);
        },
    }), { decorations: (plugin) => plugin.decorations }),
];
