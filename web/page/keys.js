/**
 * keys.js - what the keys do in a plain text.
 *
 * CodeMirror's default keymap without the commands that look at syntax: those bring the whole
 * language machinery with them, a sixth of the first load, and come with a room's language
 * (languages.js puts the full keymap before this one).
 */

import * as cm from '@codemirror/commands';

const both = (key, run, shift, more) => ({ key, run, shift, preventDefault: true, ...more });

/* What a Mac does everywhere with Ctrl and a letter. */
const mac = [
    ['b', cm.cursorCharLeft, cm.selectCharLeft], ['f', cm.cursorCharRight, cm.selectCharRight],
    ['p', cm.cursorLineUp, cm.selectLineUp], ['n', cm.cursorLineDown, cm.selectLineDown],
    ['a', cm.cursorLineStart, cm.selectLineStart], ['e', cm.cursorLineEnd, cm.selectLineEnd],
    ['d', cm.deleteCharForward], ['h', cm.deleteCharBackward], ['k', cm.deleteToLineEnd],
    ['Alt-h', cm.deleteGroupBackward], ['o', cm.splitLine], ['t', cm.transposeChars],
    ['v', cm.cursorPageDown],
].map(([key, run, shift]) => ({ mac: `Ctrl-${key}`, run, shift }));

/** @type {import('@codemirror/view').KeyBinding[]} */
export const plainKeys = [
    both('ArrowLeft', cm.cursorCharLeft, cm.selectCharLeft),
    both('ArrowRight', cm.cursorCharRight, cm.selectCharRight),
    both('Mod-ArrowLeft', cm.cursorGroupLeft, cm.selectGroupLeft, { mac: 'Alt-ArrowLeft' }),
    both('Mod-ArrowRight', cm.cursorGroupRight, cm.selectGroupRight, { mac: 'Alt-ArrowRight' }),
    { mac: 'Cmd-ArrowLeft', run: cm.cursorLineBoundaryLeft, shift: cm.selectLineBoundaryLeft,
      preventDefault: true },
    { mac: 'Cmd-ArrowRight', run: cm.cursorLineBoundaryRight, shift: cm.selectLineBoundaryRight,
      preventDefault: true },
    both('ArrowUp', cm.cursorLineUp, cm.selectLineUp),
    both('ArrowDown', cm.cursorLineDown, cm.selectLineDown),
    { mac: 'Cmd-ArrowUp', run: cm.cursorDocStart, shift: cm.selectDocStart },
    { mac: 'Cmd-ArrowDown', run: cm.cursorDocEnd, shift: cm.selectDocEnd },
    { mac: 'Ctrl-ArrowUp', run: cm.cursorPageUp, shift: cm.selectPageUp },
    { mac: 'Ctrl-ArrowDown', run: cm.cursorPageDown, shift: cm.selectPageDown },
    { key: 'PageUp', run: cm.cursorPageUp, shift: cm.selectPageUp },
    { key: 'PageDown', run: cm.cursorPageDown, shift: cm.selectPageDown },
    both('Home', cm.cursorLineBoundaryBackward, cm.selectLineBoundaryBackward),
    both('End', cm.cursorLineBoundaryForward, cm.selectLineBoundaryForward),
    { key: 'Mod-Home', run: cm.cursorDocStart, shift: cm.selectDocStart },
    { key: 'Mod-End', run: cm.cursorDocEnd, shift: cm.selectDocEnd },
    { key: 'Enter', run: cm.insertNewlineKeepIndent, shift: cm.insertNewlineKeepIndent },
    { key: 'Mod-a', run: cm.selectAll },
    both('Backspace', cm.deleteCharBackward, cm.deleteCharBackward),
    both('Delete', cm.deleteCharForward),
    both('Mod-Backspace', cm.deleteGroupBackward, undefined, { mac: 'Alt-Backspace' }),
    both('Mod-Delete', cm.deleteGroupForward, undefined, { mac: 'Alt-Delete' }),
    { mac: 'Mod-Backspace', run: cm.deleteLineBoundaryBackward, preventDefault: true },
    { mac: 'Mod-Delete', run: cm.deleteLineBoundaryForward, preventDefault: true },
    ...mac,
    { key: 'Alt-ArrowUp', run: cm.moveLineUp },
    { key: 'Alt-ArrowDown', run: cm.moveLineDown },
    { key: 'Shift-Alt-ArrowUp', run: cm.copyLineUp },
    { key: 'Shift-Alt-ArrowDown', run: cm.copyLineDown },
    { key: 'Mod-Alt-ArrowUp', run: cm.addCursorAbove },
    { key: 'Mod-Alt-ArrowDown', run: cm.addCursorBelow },
    { key: 'Escape', run: cm.simplifySelection },
    { key: 'Alt-l', mac: 'Ctrl-l', run: cm.selectLine },
    { key: 'Shift-Mod-k', run: cm.deleteLine },
    { key: 'Mod-[', run: cm.indentLess },
    { key: 'Mod-]', run: cm.indentMore },
];
