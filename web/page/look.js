/**
 * look.js - how CodeMirror looks on this page, live and in the history.
 *
 * All colours are the style sheet's variables, so light and dark need no second theme here.
 */

import { EditorView } from '@codemirror/view';

export const look = EditorView.theme({
    '&': { height: '100%', backgroundColor: 'transparent', color: 'var(--ink)' },
    '&.cm-focused': { outline: 'none' },
    /* Lines that run to the left say so themselves (direction.js), whatever the page does. The lines'
     * padding in parts of the scroller: in per cent of themselves every line would be laid out anew at
     * each key. */
    '.cm-scroller': { direction: 'ltr', font: 'var(--text-size)/1.65 var(--mono)', overflowX: 'auto',
                      containerType: 'inline-size' },
    '.cm-content': { padding: '22px 0 40vh', caretColor: 'var(--accent)', minHeight: '100%' },
    '.cm-line': { padding: '0 max(20px, calc((100cqi - 92ch) / 2))' },
    '.cm-cursor': { borderInlineStartColor: 'var(--accent)', borderInlineStartWidth: '2px' },
    '.cm-placeholder': { color: 'var(--soft)' },
    '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground':
        { background: 'color-mix(in srgb, var(--accent) 22%, transparent)' },
    '.cm-selectionMatch': { backgroundColor: 'color-mix(in srgb, var(--accent) 12%, transparent)' },
    '&.cm-focused .cm-matchingBracket': {
        backgroundColor: 'transparent', outline: '1px solid var(--soft)', borderRadius: '2px',
    },
    /* A light ground, so that every colour still reads on it, and a line. */
    '.cm-searchMatch': {
        backgroundColor: 'color-mix(in srgb, var(--busy) 12%, transparent)',
        outline: '1px solid color-mix(in srgb, var(--busy) 60%, transparent)', borderRadius: '2px',
    },
    '.cm-searchMatch-selected': {
        backgroundColor: 'color-mix(in srgb, var(--busy) 22%, transparent)',
        outline: '2px solid var(--busy)',
    },
    '.cm-searchMatch .cm-selectionMatch': { backgroundColor: 'transparent' },
    '.cm-panels': { backgroundColor: 'var(--ground)', color: 'var(--ink)' },
    '.cm-panels-top': { borderBottom: '1px solid var(--line)' },
    '.cm-panel.cm-search': { padding: '8px 14px', fontFamily: 'var(--ui)' },
    '.cm-specialChar': { color: 'var(--bad)' },
});
