/**
 * textarea.js - an ordinary <textarea> as the editor of a room.
 *
 *   const unbind = bindTextarea(room, element);
 *
 * From the page: what was typed is found by comparing the element with what it
 * last showed; the caret settles which of several equal characters was meant,
 * and no character outside the BMP is cut in half.
 *
 * From the room: others' edits are put in place without moving the selection or
 * the scroll position.
 *
 * While an input method composes (Chinese, Japanese, accents, a phone's
 * keyboard) the element is left alone: others' edits are held, and merged with
 * what was composed when it ends.
 *
 * A textarea turns CR into LF behind one's back, which would move every position
 * after it. A CR of the document is therefore shown as U+240D (the symbol for
 * it), one for one. What the server refuses (NUL, half a pair) is shown and sent
 * as U+FFFD, one for one as well.
 *
 * Undo: the browser's own history does not survive edits from elsewhere, so
 * Ctrl+Z and friends (and the menu's undo) are answered by undo.js instead, which
 * takes back one's own edits only. Pass {undo: false} to leave the keys alone.
 */

import { compose, splice, transform, transformPosition, LEFT, RIGHT } from './ot.js';
import { cpAt, skip, toWellFormed, unitAt } from './text.js';
import { Undo, UndoStep } from './undo.js';

/**
 * @param {import('./room.js').Room} room
 * @param {HTMLTextAreaElement} el
 * @param {{undo?: boolean}} [options]
 * @returns {() => void} takes the binding off
 */
export function bindTextarea(room, el, options = {}) {
    const binding = new Binding(room, el, options.undo === false ? null : new Undo(room));
    return () => binding.done();
}

/** @param {string} text @returns {string} as a textarea can hold it, position for position */
export function shown(text) {
    return text.includes('\r') ? text.replace(/\r/g, '\u240d') : text;
}

class Binding {
    constructor(room, el, undo) {
        this.room = room;
        this.el = el;
        this.undo = undo;
        this.last = shown(room.text); /* what the element showed when we looked last */
        this.held = []; /* changes of the room it does not show yet */
        this.composing = false;
        this.source = Symbol('textarea'); /* marks the edits that come from the element */
        this.offs = [];

        el.value = this.last;
        this.offs.push(room.on('change', (change) => this.changed(change)));
        this.listen(el, 'input', () => this.read());
        this.listen(el, 'compositionstart', () => { this.composing = true; });
        this.listen(el, 'compositionend', () => {
            this.composing = false;
            this.read();
        });
        for (const event of ['select', 'keyup', 'pointerup', 'focus', 'selectionchange'])
            this.listen(el, event, () => this.tellCursor());
        if (el.ownerDocument)
            this.listen(el.ownerDocument, 'selectionchange', () => this.tellCursor());
        if (undo) {
            this.listen(el, 'keydown', (event) => this.keydown(event));
            this.listen(el, 'beforeinput', (event) => this.beforeInput(event));
        }
    }

    done() {
        for (const off of this.offs)
            off();
        this.undo?.done();
    }

    listen(target, event, fn) {
        target.addEventListener(event, fn);
        this.offs.push(() => target.removeEventListener(event, fn));
    }

    /* The room's text has changed. */
    changed({ op, source }) {
        if (source === this.source)
            return;
        this.held = compose(this.held, op);
        if (!this.composing)
            this.sync(source instanceof UndoStep);
    }

    /* The user has typed. While composing, the text is not settled yet. */
    read() {
        if (!this.composing)
            this.sync(false);
    }

    /**
     * Brings the element and the room together: what the user did to the element
     * since the last look goes to the room, what happened in the room goes to
     * the element. Both are written against `last`.
     * @param {boolean} follow move the caret to what changed (an undo)
     */
    sync(follow) {
        const { el, room } = this;
        const value = toWellFormed(el.value);
        const typed = splice(this.last, value, el.selectionEnd);
        const missed = this.held;
        this.held = [];
        let theirs = missed;
        if (typed.length) {
            try {
                room.edit(transform(typed, missed, LEFT), this.source);
                theirs = transform(missed, typed, RIGHT);
            } catch {
                this.show(shown(room.text)); /* reading only: take it back */
                return;
            }
        }
        this.last = value;
        if (value !== el.value)
            this.show(value);
        if (theirs.length)
            this.write(theirs, follow);
        if (typed.length)
            this.tellCursor();
    }

    /* Shows a text of the same length, or one that nobody's caret belongs to. */
    show(value) {
        const { el } = this;
        const { selectionStart, selectionEnd, selectionDirection, scrollTop } = el;
        el.value = value;
        el.setSelectionRange(Math.min(selectionStart, value.length),
                             Math.min(selectionEnd, value.length), selectionDirection);
        el.scrollTop = scrollTop;
        this.last = value;
    }

    /* Puts an edit of the room into the element, selection and scroll kept. */
    write(op, follow) {
        const { el } = this;
        const before = this.last;
        const { selectionDirection, scrollTop, scrollHeight } = el;
        const start = transformPosition(cpAt(before, el.selectionStart), op, LEFT);
        const end = transformPosition(cpAt(before, el.selectionEnd), op, LEFT);
        const { parts, after, touched } = splices(before, op);

        if (parts.length <= 8) {
            for (const { at, drop, text } of parts)
                el.setRangeText(text, at, at + drop, 'preserve');
        } else {
            el.value = after; /* many places: one go is cheaper */
        }
        this.last = after;
        if (follow) {
            const { at, text } = parts[parts.length - 1];
            el.setSelectionRange(at + text.length, at + text.length);
            el.blur(); /* focusing again is what scrolls to the caret */
            el.focus();
            return;
        }
        el.setSelectionRange(unitAt(after, start), unitAt(after, end), selectionDirection);
        /* Changes above what is on screen must not push it away. A textarea does
         * not tell which character is on top; its share of the height is close. */
        const top = scrollHeight > 0 ? before.length * scrollTop / scrollHeight : 0;
        el.scrollTop = touched < top ? scrollTop + el.scrollHeight - scrollHeight : scrollTop;
    }

    tellCursor() {
        const { el } = this;
        const active = !el.ownerDocument || el.ownerDocument.activeElement === el;
        if (this.composing || !active || el.value !== this.last)
            return;
        const back = el.selectionDirection === 'backward';
        const start = cpAt(this.last, el.selectionStart);
        const end = cpAt(this.last, el.selectionEnd);
        this.room.setCursor(back ? start : end, back ? end : start);
    }

    keydown(event) {
        const ctrl = event.ctrlKey || event.metaKey;
        if (!ctrl || event.altKey || this.composing)
            return;
        const key = event.key.toLowerCase();
        if (key === 'z' || (key === 'y' && !event.shiftKey)) {
            event.preventDefault();
            this.back(key === 'y' || event.shiftKey);
        }
    }

    beforeInput(event) {
        if (event.inputType !== 'historyUndo' && event.inputType !== 'historyRedo')
            return;
        event.preventDefault();
        this.back(event.inputType === 'historyRedo');
    }

    back(redo) {
        if (this.room.mode !== 'read' && this.room.status !== 'closed')
            redo ? this.undo.redo() : this.undo.undo();
    }
}

/**
 * An operation as splices in UTF-16 units, each written to run after the ones
 * before it.
 * @param {string} before @param {import('./ot.js').Op} op
 */
function splices(before, op) {
    const parts = [];
    let at = 0; /* in the old text */
    let moved = 0; /* new minus old */
    let touched = 0; /* end of the last change, in the old text */
    let after = '';
    let open = null;
    for (const c of op) {
        if (typeof c === 'number' && c > 0) {
            const next = skip(before, at, c);
            after += before.slice(at, next);
            at = next;
            open = null;
            continue;
        }
        if (open === null)
            parts.push(open = { at: at + moved, drop: 0, text: '' });
        if (typeof c === 'string') {
            const text = shown(c);
            open.text += text;
            after += text;
            moved += text.length;
        } else {
            const next = skip(before, at, -c);
            open.drop += next - at;
            moved -= next - at;
            at = next;
        }
        touched = at;
    }
    return { parts, after: after + before.slice(at), touched };
}
