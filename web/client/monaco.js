/**
 * monaco.js - Monaco as the editor of a room.
 *
 *   const editor = monaco.editor.create(element, { wordBasedSuggestions: 'off' });
 *   const unbind = bindMonaco(room, editor);
 *
 * From the page: what the model reports becomes an operation. From the room: others'
 * edits are put into the model, and selections stay on the characters they were on.
 *
 * Undo: Monaco's history remembers offsets, which edits from elsewhere make wrong, so
 * the model's undo() and redo() (keys, menu, palette: all end there) are answered by
 * undo.js, which takes back one's own edits only.
 *
 * While an input method composes, others' edits are held and put in when it has ended:
 * the model is then
 *
 *     room's text = model + held
 *
 * Lines end with LF in the model; a CR of the text is shown as U+240D, one for one, as
 * Monaco would make a line end of it. A change that cuts a character outside the BMP in
 * half is told as what became of the whole text, and the half shown as U+FFFD.
 *
 * Monaco is not imported: the editor that is handed in is all that is needed of it.
 */

import { apply, check, compose, fromUtf16, normalize, splice, toUtf16, transform,
         transformPosition, LEFT, RIGHT } from './ot.js';
import { cpAt, isWellFormed, toWellFormed, unitAt } from './text.js';
import { shown } from './textarea.js';
import { Undo, UndoStep } from './undo.js';

const LF = 0; /* monaco.editor.EndOfLineSequence.LF */
const AS_LF = 1; /* monaco.editor.EndOfLinePreference.LF */

/**
 * @param {import('./room.js').Room} room
 * @param {any} editor a monaco.editor.IStandaloneCodeEditor with a model
 * @param {{people?: boolean}} [options] people: show the others' carets and selections
 * @returns {() => void} takes the binding off
 */
export function bindMonaco(room, editor, options = {}) {
    const binding = new Binding(room, editor, options.people !== false);
    return () => binding.done();
}

class Binding {
    constructor(room, editor, people) {
        this.room = room;
        this.editor = editor;
        this.model = editor.getModel();
        this.undo = new Undo(room);
        this.text = ''; /* of the room, as the model has it */
        this.held = [];
        this.telling = false;
        this.putting = false;
        this.composing = false;
        this.people = people ? editor.createDecorationsCollection() : null;
        this.offs = [];

        this.take(room.on('change', (change) => this.changed(change)));
        this.take(room.on('status', () => this.permit()));
        if (people)
            this.take(room.on('users', () => this.draw()));
        this.listen(this.model.onDidChangeContent((event) => this.tell(event)));
        this.listen(editor.onDidCompositionStart(() => { this.composing = true; }));
        this.listen(editor.onDidCompositionEnd(() => {
            this.composing = false;
            queueMicrotask(() => this.release());
        }));
        this.listen(editor.onDidChangeCursorSelection(() => this.tellCursor()));
        this.listen(editor.onDidFocusEditorText(() => this.tellCursor()));
        this.takeUndo();
        this.resync();
        this.permit();
        this.draw();
    }

    take(off) { this.offs.push(off); }
    listen(disposable) { this.take(() => disposable.dispose()); }

    done() {
        for (const off of this.offs)
            off();
        this.undo.done();
        this.people?.clear();
    }

    takeUndo() {
        const { model, undo } = this;
        const may = () => this.room.mode !== 'read' && this.room.status !== 'closed';
        const own = {
            undo: () => void (may() && undo.undo()),
            redo: () => void (may() && undo.redo()),
            canUndo: () => undo.canUndo,
            canRedo: () => undo.canRedo,
        };
        Object.assign(model, own);
        this.take(() => Object.keys(own).forEach((name) => delete model[name]));
    }

    permit() {
        const { mode, status, epoch } = this.room;
        this.editor.updateOptions({
            readOnly: mode === 'read' || status === 'closed' || epoch === null,
        });
    }

    /* ---- from the room -------------------------------------------------- */

    changed({ op, source }) {
        if (source === this)
            return;
        this.held = compose(this.held, op);
        if (this.telling)
            queueMicrotask(() => this.release()); /* a listener of the room has edited it */
        else
            this.release(source instanceof UndoStep && source.owner === this.undo);
        this.permit();
    }

    /** Puts what is held into the model. @param {boolean} [follow] with the caret (an undo) */
    release(follow = false) {
        const { held, text, model, editor } = this;
        if (held.length === 0 || this.composing || model.isDisposed())
            return;
        const places = (editor.getSelections() ?? []).map((s) =>
            [[s.selectionStartLineNumber, s.selectionStartColumn],
             [s.positionLineNumber, s.positionColumn]].map(([lineNumber, column]) =>
                cpAt(text, model.getOffsetAt({ lineNumber, column }))));
        const edits = this.editsOf(toUtf16(held, text));
        this.held = [];
        this.text = apply(text, held);
        this.put(edits);
        const end = follow ? endOf(held) : -1;
        this.select(places.map((ends) => ends.map((cp) =>
            unitAt(this.text, follow ? end : transformPosition(cp, held, LEFT)))));
        if (follow)
            editor.revealPosition(editor.getPosition());
        this.draw();
    }

    put(edits) {
        this.putting = true;
        try {
            this.model.applyEdits(edits);
        } finally {
            this.putting = false;
        }
    }

    /* Where Monaco has moved them elsewhere itself. */
    select(places) {
        const { model, editor } = this;
        const now = editor.getSelections() ?? [];
        const wanted = places.map(([from, to]) => {
            const a = model.getPositionAt(from);
            const b = model.getPositionAt(to);
            return { selectionStartLineNumber: a.lineNumber, selectionStartColumn: a.column,
                     positionLineNumber: b.lineNumber, positionColumn: b.column };
        });
        const same = (s, i) => Object.keys(s).every((key) => s[key] === now[i]?.[key]);
        if (wanted.length > 0 && !wanted.every(same))
            editor.setSelections(wanted);
    }

    /* An operation in units as edits of the model. */
    editsOf(op) {
        const edits = [];
        let at = 0;
        let open = null;
        for (const c of op) {
            if (typeof c === 'number' && c > 0) {
                at += c;
                open = null;
                continue;
            }
            if (open === null)
                edits.push(open = { from: at, to: at, text: '' });
            if (typeof c === 'string')
                open.text += shown(c);
            else
                open.to = at -= c;
        }
        return edits.map(({ from, to, text }) => ({ range: this.rangeOf(from, to), text }));
    }

    rangeOf(from, to) {
        const a = this.model.getPositionAt(from);
        const b = this.model.getPositionAt(to);
        return { startLineNumber: a.lineNumber, startColumn: a.column,
                 endLineNumber: b.lineNumber, endColumn: b.column };
    }

    /* Makes the model what the room is, whatever it was. */
    resync() {
        if (this.model.isDisposed())
            return;
        this.putting = true;
        if (this.model.getEOL() !== '\n')
            this.model.setEOL(LF);
        this.putting = false;
        const now = this.model.getValue(AS_LF);
        const { text } = this.room;
        this.held = [];
        this.text = text;
        if (now !== shown(text)) {
            const known = toWellFormed(now); /* length for length */
            this.put(this.editsOf(toUtf16(splice(known, shown(text)), known)));
        }
    }

    /* ---- from the page -------------------------------------------------- */

    tell({ changes, isEolChange }) {
        if (this.putting)
            return;
        if (isEolChange || changes.length === 0) {
            queueMicrotask(() => this.resync());
            return;
        }
        const { text, held } = this;
        const [op, after] = this.operationOf(changes);
        this.held = transform(held, op, RIGHT);
        this.text = after;
        this.telling = true;
        try {
            this.room.edit(transform(op, held, LEFT), this);
        } catch {
            queueMicrotask(() => this.resync()); /* reading only, or closed */
        } finally {
            this.telling = false;
        }
        if (this.text !== text)
            this.tellCursor();
    }

    /* The changes as an operation, and the text after it. */
    operationOf(changes) {
        const { text } = this;
        const op = [];
        let at = 0;
        for (const { rangeOffset, rangeLength, text: put } of
            [...changes].sort((a, b) => a.rangeOffset - b.rangeOffset)) {
            if (rangeOffset > at)
                op.push(rangeOffset - at);
            if (rangeLength > 0)
                op.push(-rangeLength);
            if (put)
                op.push(put);
            at = rangeOffset + rangeLength;
        }
        try {
            const whole = check(fromUtf16(normalize(op), text));
            return [whole, apply(text, whole)];
        } catch {
            /* Half a pair. What the model has may be shown anew as what the room has. */
            const now = this.model.getValue(AS_LF);
            const after = toWellFormed(now);
            const told = splice(shown(text), after);
            if (!isWellFormed(now))
                queueMicrotask(() => this.resync());
            return [told, apply(text, told)];
        }
    }

    tellCursor() {
        const selection = this.editor.getSelection();
        if (!selection || this.held.length > 0 || !this.editor.hasTextFocus())
            return;
        const at = (lineNumber, column) =>
            cpAt(this.text, this.model.getOffsetAt({ lineNumber, column }));
        this.room.setCursor(at(selection.positionLineNumber, selection.positionColumn),
            at(selection.selectionStartLineNumber, selection.selectionStartColumn));
    }

    /* ---- the others ------------------------------------------------------ */

    draw() {
        if (this.people === null || this.held.length > 0 || this.model.isDisposed())
            return;
        const list = [];
        for (const { name, color, head, anchor } of this.room.users.values()) {
            if (head === null)
                continue;
            const [a, b] = [head, anchor].map((cp) => unitAt(this.text, cp));
            const tint = tintOf(color);
            if (a !== b)
                list.push({ range: this.rangeOf(Math.min(a, b), Math.max(a, b)),
                            options: { className: `weft-monaco-chosen ${tint}` } });
            list.push({ range: this.rangeOf(a, a), options: {
                beforeContentClassName: `weft-monaco-caret ${tint}`,
                hoverMessage: { value: plain(name || 'Somebody') },
                stickiness: 1, /* does not grow when typed at */
            } });
        }
        this.people.set(list);
    }
}

/* Behind the last change: where an undo has happened. */
function endOf(op) {
    let at = 0;
    for (const c of op)
        at += typeof c === 'string' ? Array.from(c).length : Math.max(c, 0);
    return at;
}

/** A name is no Markdown. */
function plain(name) {
    return name.replace(/[\\`*_{}[\]()#+\-.!<>&|~]/g, '\\$&');
}

/* ---- colours ---- */

const TINTS_MAX = 1000;
const tints = new Set();
let sheet = null;

/** The class for a colour that came from elsewhere. */
function tintOf(color) {
    const safe = /^#[0-9a-f]{6}$/i.test(color ?? '') ? color.toLowerCase() : '#78716c';
    const name = `weft-monaco-${safe.slice(1)}`;
    if (typeof CSSStyleSheet === 'undefined' || tints.has(name) || tints.size >= TINTS_MAX)
        return name;
    tints.add(name);
    if (sheet === null) {
        sheet = new CSSStyleSheet();
        document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
        sheet.insertRule('.weft-monaco-chosen { background: color-mix(in srgb, var(--weft-who) 28%, transparent); }');
        sheet.insertRule('.weft-monaco-caret { position: absolute; border-left: 2px solid var(--weft-who); height: 100%; }');
    }
    sheet.insertRule(`.${name} { --weft-who: ${safe}; }`);
    return name;
}
