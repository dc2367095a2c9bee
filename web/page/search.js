/** search.js - finding and replacing, loaded when somebody wants to. */

import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from '@codemirror/search';
import { Prec } from '@codemirror/state';
import { keymap } from '@codemirror/view';

export const finding = [
    search({ top: true }),
    highlightSelectionMatches(),
    Prec.high(keymap.of(searchKeymap)),
];

export { openSearchPanel };
