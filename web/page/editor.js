/**
 * editor.js - CodeMirror as this page wants it; how it looks is look.js.
 *
 * Tab leaves the editor, as everywhere on a page; Ctrl+] and Ctrl+[ indent. Languages are loaded
 * when a room asks for one, finding and replacing when somebody wants to find.
 */

import { history, historyKeymap, isolateHistory, redo, undo } from '@codemirror/commands';
import { Compartment, EditorState } from '@codemirror/state';
import { drawSelection, dropCursor, EditorView, highlightSpecialChars, keymap, placeholder }
    from '@codemirror/view';
import { bindCodeMirror } from '../client/codemirror.js';
import { diff, toUtf16 } from '../client/ot.js';
import { changesOf } from '../client/changes.js';
import { lineDirections } from './direction.js';
import { plainKeys } from './keys.js';
import { look } from './look.js';

const STEP = isolateHistory.of('full');

export class Editor {
    #wrap = new Compartment();
    #language = new Compartment();
    #words = new Compartment();
    #search = new Compartment();
    #languageName = '';
    /** Finds instead, while something else stands over the text: a function, or null. */
    finder = null;

    /**
     * @param {import('../client/room.js').Room} room
     * @param {HTMLElement} parent
     * @param {{wrap: boolean, label: string, phrases: object,
     *          onUpdate: (update: import('@codemirror/view').ViewUpdate) => void}} options
     */
    constructor(room, parent, { wrap, label, phrases, onUpdate }) {
        this.room = room;
        this.view = new EditorView({
            doc: room.text,
            parent,
            extensions: [
                highlightSpecialChars(),
                history(),
                drawSelection(),
                dropCursor(),
                EditorState.allowMultipleSelections.of(true),
                EditorState.phrases.of(phrases),
                lineDirections,
                EditorView.contentAttributes.of({
                    'aria-label': label, spellcheck: 'true', autocapitalize: 'sentences',
                    autocorrect: 'on', tabindex: '0',
                }),
                keymap.of([{ key: 'Mod-f', run: () => this.#startFinding() }]),
                look,
                this.#wrap.of(wrap ? EditorView.lineWrapping : []),
                this.#language.of([]), /* its keys before the plain ones */
                keymap.of([...plainKeys, ...historyKeymap]),
                this.#words.of([]),
                this.#search.of([]),
                bindCodeMirror(room),
                EditorView.updateListener.of(onUpdate),
            ],
        });
    }

    get length() { return this.view.state.doc.length; }

    focus() { this.view.focus(); }
    find() { (this.finder ?? (() => this.#startFinding()))(); }
    undo() { undo(this.view); }
    redo() { redo(this.view); }

    /** Makes it another text; taken back in one step. @param {string} text */
    become(text) {
        const now = this.view.state.doc.toString();
        this.view.dispatch({ changes: changesOf(toUtf16(diff(now, text), now)), annotations: STEP });
    }

    /** The same for something put in; the caret goes behind it. @param {number} unit */
    insert(unit, text) {
        const from = Math.min(unit, this.length);
        this.view.dispatch({
            changes: { from, insert: text }, annotations: STEP, userEvent: 'input.drop',
            selection: { anchor: from + text.length }, scrollIntoView: true,
        });
    }

    setWrap(wrap) {
        this.#set(this.#wrap, wrap ? EditorView.lineWrapping : []);
    }

    setPlaceholder(words) {
        this.#set(this.#words, placeholder(words));
    }

    /** @param {string} name as in the room's meta; '' or one nobody knows: plain text */
    async setLanguage(name) {
        this.#languageName = name;
        const support = name && await import('./languages.js')
            .then(({ languageSupport }) => languageSupport(name), () => null);
        if (this.#languageName === name) /* none other was asked for meanwhile */
            this.#set(this.#language, support || []);
    }

    /** Line and column, from 1, of the caret. */
    where() {
        const { head } = this.view.state.selection.main;
        const line = this.view.state.doc.lineAt(head);
        return { line: line.number, column: Array.from(line.text.slice(0, head - line.from)).length + 1 };
    }

    /** @param {number} unit an offset in UTF-16 units */
    lineOf(unit) {
        return this.view.state.doc.lineAt(Math.min(unit, this.length)).number;
    }

    /** @param {number} unit */
    reveal(unit) {
        this.view.dispatch({
            effects: EditorView.scrollIntoView(Math.min(unit, this.length), { y: 'center' }),
        });
    }

    /* The first time only: then search.js answers the key itself. */
    #startFinding() {
        import('./search.js').then(({ find }) => find(this.view, this.#search),
            () => {}); /* the server has gone: the next press tries again */
        return true;
    }

    #set(compartment, extension) {
        this.view.dispatch({ effects: compartment.reconfigure(extension) });
    }
}
