/** search.js - finding and replacing, loaded when somebody wants to. */

import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from '@codemirror/search';
import { Prec } from '@codemirror/state';
import { keymap } from '@codemirror/view';

const finding = [
    search({ top: true }),
    highlightSelectionMatches(),
    Prec.high(keymap.of(searchKeymap)),
];

/**
 * Opens the panel. The first time it is put in, and answers its keys itself from then on.
 * @param {import('@codemirror/view').EditorView} view
 * @param {import('@codemirror/state').Compartment} place where it is put in
 */
export function find(view, place) {
    if (place.get(view.state).length === 0)
        view.dispatch({ effects: place.reconfigure(finding) });
    openSearchPanel(view);
}
