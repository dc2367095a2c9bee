/**
 * codemirror.js - CodeMirror 6 as the editor of a room.
 *
 *   new EditorView({
 *       doc: room.text,
 *       extensions: [history(), keymap.of(historyKeymap), bindCodeMirror(room)],
 *       parent: document.body,
 *   });
 *
 * From the page: each change of the document becomes an operation. One that would
 * cut a character outside the BMP in half is widened to the whole character before
 * it happens (a transaction filter), so that the document never holds half a pair.
 *
 * From the room: others' edits are dispatched as remote and kept out of history(),
 * which therefore takes back one's own edits only. A composition of an input method
 * goes on while they come in.
 *
 * The room's text and the document are one and the same except for `held`: what
 * happened in the room while a transaction was on its way, and is put into the
 * document right after it.
 *
 * Only LF ends a line, as in the model; a CR that is in the text stays and is one
 * character. Positions are units here and code points in the room; doc.js counts
 * both, and for a text without astral characters that costs nothing.
 *
 * Needs @codemirror/state and @codemirror/view.
 */

import { Annotation, Compartment, EditorState, Transaction } from '@codemirror/state';
import { EditorView, ViewPlugin } from '@codemirror/view';
import { changesOf } from './changes.js';
import { check, compose, diff, normalize, transform, LEFT, RIGHT } from './ot.js';
import { Doc } from './doc.js';
import { toWellFormed } from './text.js';
import { people, showPeople } from './codemirror-people.js';
import { upright, wholeCharacters } from './codemirror-whole.js';

const COMPOSED_AFTER_MS = 60; /* the editor reads the end of it a little after it has happened */
const COMPOSING_IDLE_MS = 5000; /* a phone's keyboard composes the last word until the next begins */

/** Marks the transactions that bring the room's edits; its value is the room. */
export const fromRoom = Annotation.define();

/**
 * @param {import('./room.js').Room} room
 * @param {{people?: boolean}} [options] people: show the others' carets and selections
 * @returns {import('@codemirror/state').Extension}
 */
export function bindCodeMirror(room, options = {}) {
    const writable = new Compartment();
    const shown = options.people !== false;
    const plugin = ViewPlugin.define((view) => new Binding(room, view, writable, shown), {
        eventObservers: {
            compositionstart() { this.composes(true); },
            compositionupdate() { this.composes(true); },
            compositionend() { this.composes(false); },
        },
    });
    return [
        EditorState.lineSeparator.of('\n'),
        EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, '\n')),
        EditorState.transactionFilter.of(wholeCharacters),
        writable.of(EditorState.readOnly.of(isReadOnly(room))),
        shown ? people : [],
        plugin,
    ];
}

const bindings = new WeakMap(); /* view -> Binding */

/**
 * Where a place of the room (a code point offset) is in the document (UTF-16 units).
 * @param {EditorView} view one with bindCodeMirror() @param {number} cp
 */
export function unitAt(view, cp) {
    const { doc } = bindings.get(view);
    return doc.unitAt(Math.min(cp, doc.cps));
}

/** The other way round. @param {EditorView} view @param {number} unit */
export function cpAt(view, unit) {
    const { doc } = bindings.get(view);
    return doc.cpAt(Math.min(unit, doc.units));
}

function isReadOnly(room) {
    return room.mode === 'read' || room.status === 'closed' || room.epoch === null;
}

class Binding {
    constructor(room, view, writable, shown) {
        this.room = room;
        this.view = view;
        this.writable = writable;
        this.doc = room.doc; /* the document, counted in both */
        this.held = []; /* in the room, not in the document yet */
        this.composing = false; /* an input method is */
        this.composed = 0; /* timer: it is not any more */
        this.telling = false;
        this.due = new Set();
        this.frame = 0;
        this.people = shown;
        this.drawn = 0; /* people on the screen */
        this.gone = false;
        bindings.set(view, this);
        this.offs = [
            room.on('change', (change) => this.changed(change)),
            room.on('status', () => this.soon('permit')),
        ];
        this.soon('resync'); /* the state may have been made with another text */
        this.soon('permit');
        if (shown) {
            this.offs.push(room.on('users', () => this.drawSoon()));
            this.drawSoon();
        }
    }

    destroy() {
        this.gone = true;
        cancelAnimationFrame(this.frame);
        clearTimeout(this.composed);
        for (const off of this.offs)
            off();
    }

    /* ---- from the room -------------------------------------------------- */

    changed({ op, source }) {
        if (source === this)
            return;
        this.held = compose(this.held, op);
        if (this.view.state.readOnly)
            this.soon('permit'); /* what a reload had kept is here before any connection */
        if (this.telling)
            this.soon('release'); /* a listener of the room has edited it */
        else
            this.release();
    }

    /* Puts what is held into the document. */
    release() {
        const { held, doc } = this;
        if (held.length === 0 || this.isComposedAt(held))
            return;
        this.held = [];
        this.doc = this.room.doc;
        try {
            this.fromRoom(changesOf(doc.toUtf16(held)));
        } catch (err) {
            if (!/update is in progress/.test(err?.message ?? ''))
                throw err;
            /* A listener of the editor has edited the room: nothing was dispatched. */
            this.held = compose(held, this.held);
            this.doc = doc;
            this.soon('release');
        }
    }

    fromRoom(changes) {
        const { state } = this.view;
        const set = state.changes(changes);
        this.view.dispatch({
            changes: set,
            selection: upright(state.selection.map(set)),
            annotations: [fromRoom.of(this.room), Transaction.remote.of(true),
                          Transaction.addToHistory.of(false)],
            filter: false,
        });
    }

    /* An input method loses its place when the line that it writes in is drawn anew. So what others
     * do there waits until it is done, or idle; elsewhere it goes on. */
    composes(goesOn) {
        clearTimeout(this.composed);
        this.composing ||= goesOn;
        this.composed = setTimeout(() => {
            this.composing = false;
            this.release();
        }, goesOn ? COMPOSING_IDLE_MS : COMPOSED_AFTER_MS);
    }

    /* Whether an operation touches the line where an input method is writing. */
    isComposedAt(op) {
        if (!this.composing)
            return false;
        const { doc, selection } = this.view.state;
        const line = doc.lineAt(selection.main.head);
        const from = this.doc.cpAt(line.from);
        const to = this.doc.cpAt(line.to);
        let at = 0;
        for (const c of op) {
            const end = typeof c === 'string' ? at : at + Math.abs(c);
            const edits = typeof c === 'string' || c < 0;
            if (edits && at <= to && end >= from)
                return true;
            at = end;
        }
        return false;
    }

    /* Makes the document what the room is, whatever it was. */
    resync() {
        const now = this.view.state.doc.toString();
        const { doc, text } = this.room;
        this.held = [];
        this.doc = doc;
        if (now === text)
            return;
        const known = toWellFormed(now); /* length for length */
        this.fromRoom(changesOf(Doc.of(known).toUtf16(diff(known, text))));
    }

    permit() {
        const readOnly = isReadOnly(this.room);
        if (readOnly !== this.view.state.readOnly)
            this.view.dispatch({
                effects: this.writable.reconfigure(EditorState.readOnly.of(readOnly)),
            });
    }

    /* After the transaction that is under way. */
    soon(what) {
        if (this.due.size === 0)
            queueMicrotask(() => this.runDue());
        this.due.add(what);
    }

    runDue() {
        const due = [...this.due];
        this.due.clear();
        for (const what of due) {
            if (!this.gone)
                this[what]();
        }
    }

    drawSoon() {
        this.frame ||= requestAnimationFrame(() => {
            this.frame = 0;
            this.draw();
        });
    }

    /* The others' places, once a frame; only of those who can be seen. */
    draw() {
        if (this.gone || this.held.length > 0)
            return; /* comes again with the users event of what is held */
        const { doc, view } = this;
        const from = doc.cpAt(Math.min(view.viewport.from, doc.units));
        const to = doc.cpAt(Math.min(view.viewport.to, doc.units));
        const list = [];
        for (const { userId, name, color, head, anchor } of this.room.users.values()) {
            if (head === null || Math.max(head, anchor) < from || Math.min(head, anchor) > to)
                continue;
            const unit = doc.unitAt(head);
            list.push({ userId, name, color, head: unit,
                        anchor: anchor === head ? unit : doc.unitAt(anchor) });
        }
        if (list.length > 0 || this.drawn > 0)
            view.dispatch({ effects: showPeople.of(list) });
        this.drawn = list.length;
    }

    /* ---- from the page -------------------------------------------------- */

    update(update) {
        if (update.viewportChanged && this.people && this.room.users.size > 0)
            this.drawSoon();
        for (const tr of update.transactions) {
            if (tr.docChanged && tr.annotation(fromRoom) !== this.room)
                this.tell(tr.changes);
        }
        if ((update.docChanged || update.selectionSet || update.focusChanged) &&
            update.view.hasFocus && this.held.length === 0 && !this.due.has('resync'))
            this.tellCursor(update.state.selection.main);
    }

    tell(changes) {
        if (this.due.has('resync'))
            return;
        let op;
        try {
            op = this.operationOf(changes);
        } catch {
            this.soon('resync'); /* half a pair, past the filter: the room has the say */
            return;
        }
        const { doc, held } = this;
        this.held = transform(held, op, RIGHT);
        this.telling = true;
        try {
            this.room.edit(transform(op, held, LEFT), this);
        } catch {
            this.soon('resync'); /* reading only, or closed: what was typed goes again */
        } finally {
            this.telling = false;
        }
        this.doc = this.held.length ? doc.apply(op) : this.room.doc;
    }

    tellCursor({ head, anchor }) {
        this.room.setCursor(this.doc.cpAt(head), this.doc.cpAt(anchor));
    }

    /** @returns {import('./ot.js').Op} throws where a pair is cut */
    operationOf(changes) {
        const op = [];
        let end = 0; /* in units */
        let endCp = 0;
        const to = (unit) => {
            const cp = this.doc.cpAt(unit);
            if (this.doc.unitAt(cp) !== unit)
                throw new Error(`offset ${unit} is inside a character`);
            const count = cp - endCp;
            end = unit;
            endCp = cp;
            return count;
        };
        changes.iterChanges((fromA, toA, fromB, toB, inserted) => {
            if (fromA > end)
                op.push(to(fromA));
            if (toA > fromA)
                op.push(-to(toA));
            if (inserted.length > 0)
                op.push(inserted.toString());
        }, true);
        return check(normalize(op));
    }
}
