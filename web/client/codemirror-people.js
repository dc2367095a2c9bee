/**
 * codemirror-people.js - the others' carets, selections and names in CodeMirror.
 *
 * Decorations in a state field: set from the room's list of people, moved by the editor with
 * every change in between. The name shows for a few seconds after its owner has moved; then
 * only the caret stays, and the name comes back under the mouse.
 *
 * A colour is a class of its own in a constructed style sheet and not a style attribute, which a
 * strict Content-Security-Policy forbids.
 */

import { StateEffect, StateField } from '@codemirror/state';
import { Decoration, EditorView, WidgetType } from '@codemirror/view';
import { inkOn } from './ink.js';

/**
 * @typedef {{userId: string, name?: string, color?: string, head: number, anchor: number}} Place
 *     positions in UTF-16 units
 */

/** Sets who is where; its value is a list of places. */
export const showPeople = StateEffect.define();

const NOBODY = { decorations: Decoration.none, moved: new Map() };

const field = StateField.define({
    create: () => NOBODY,
    update({ decorations, moved }, tr) {
        const effect = tr.effects.find((one) => one.is(showPeople));
        if (!tr.docChanged && !effect)
            return { decorations, moved };
        const before = tr.docChanged ? carried(moved, tr.changes) : moved;
        return effect ? drawn(effect.value, before, tr.state.doc.length)
                      : { decorations: decorations.map(tr.changes), moved: before };
    },
    provide: (self) => EditorView.decorations.from(self, (value) => value.decorations),
});

const look = EditorView.baseTheme({
    '.cm-weft-chosen': {
        /* Whatever the colour, what is written on it still reads; the line below is the colour. */
        backgroundColor: 'color-mix(in srgb, var(--weft-who) 12%, transparent)',
        boxShadow: 'inset 0 -2px var(--weft-who)',
    },
    '.cm-weft-caret': {
        position: 'relative',
        borderInlineStart: '2px solid var(--weft-who)',
        marginInline: '-1px',
        /* Seen also where its colour is the ground's. */
        boxShadow: '0 0 0 1px color-mix(in srgb, currentColor 16%, transparent)',
    },
    '.cm-weft-flag': {
        position: 'absolute',
        insetInlineStart: '-2px',
        bottom: '100%',
        zIndex: '2',
        padding: '0 6px',
        borderRadius: '5px',
        borderEndStartRadius: '0',
        backgroundColor: 'var(--weft-who)',
        color: 'var(--weft-on-who)',
        font: '600 11px/16px system-ui, sans-serif',
        outline: '1px solid color-mix(in srgb, currentColor 20%, transparent)',
        maxWidth: '16em',
        overflow: 'hidden',
        textOverflow: 'ellipsis',
        whiteSpace: 'nowrap',
        pointerEvents: 'none',
        animation: 'weft-leave 4s forwards',
    },
    '.cm-weft-first .cm-weft-flag': {
        bottom: 'auto',
        top: '100%',
        borderRadius: '5px',
        borderStartStartRadius: '0',
    },
    '.cm-weft-caret:hover .cm-weft-flag': { animation: 'none' },
    '@media (prefers-reduced-motion: reduce)': {
        '.cm-weft-flag': { animationTimingFunction: 'step-end' },
    },
    '@keyframes weft-leave': { '85%': { opacity: '1' }, to: { opacity: '0' } },
});

/** The extension. */
export const people = [field, look];

/* Who is pushed along by an edit in front of them has not moved. */
function carried(moved, changes) {
    const out = new Map();
    for (const [userId, { head, at }] of moved)
        out.set(userId, { head: changes.mapPos(head, -1), at });
    return out;
}

/** @param {Place[]} places @param {Map<string, {head: number, at: number}>} before */
function drawn(places, before, length) {
    const now = performance.now();
    const moved = new Map();
    const ranges = [];
    for (const place of places) {
        const head = Math.min(place.head, length);
        const anchor = Math.min(place.anchor, length);
        const last = before.get(place.userId);
        const move = last?.head === head ? last : { head, at: now };
        moved.set(place.userId, move);
        const tint = tintOf(place.color);
        if (head !== anchor)
            ranges.push(Decoration.mark({ class: `cm-weft-chosen ${tint}` })
                .range(Math.min(head, anchor), Math.max(head, anchor)));
        ranges.push(Decoration.widget({
            widget: new Caret(place.userId, place.name || 'Somebody', tint, move.at),
            side: head < anchor ? -1 : 1,
        }).range(head));
    }
    return { decorations: Decoration.set(ranges, true), moved };
}

class Caret extends WidgetType {
    constructor(userId, name, tint, movedAt) {
        super();
        this.userId = userId;
        this.name = name;
        this.tint = tint;
        this.movedAt = movedAt;
    }

    eq(other) {
        return this.userId === other.userId && this.name === other.name &&
               this.tint === other.tint && this.movedAt === other.movedAt;
    }

    toDOM(view) {
        const caret = document.createElement('span');
        caret.className = `cm-weft-caret ${this.tint}`;
        caret.setAttribute('aria-hidden', 'true'); /* the list of people says where they are */
        const flag = document.createElement('span');
        flag.className = 'cm-weft-flag';
        /* The flag goes the way of the line, so that it is not cut off at its start; the name its own. */
        flag.append(document.createElement('bdi'));
        flag.firstChild.textContent = this.name;
        /* Drawn anew, but not young again. */
        flag.style.animationDelay = `${Math.round(this.movedAt - performance.now())}ms`;
        caret.append('\u2060', flag); /* word joiner: as high as the line, and nothing breaks */
        if (view.viewport.from === 0)
            requestAnimationFrame(() => isOnFirstLine(view, caret) &&
                caret.classList.add('cm-weft-first'));
        return caret;
    }

    ignoreEvent() { return true; }
    get lineBreaks() { return 0; }
}

/* There a name above the caret would be cut off. */
function isOnFirstLine(view, caret) {
    return caret.isConnected && view.posAtDOM(caret) <= view.state.doc.line(1).to;
}

/* ---- colours ---- */

const FALLBACK = '#78716c';
const TINTS_MAX = 1000; /* rules; people choose from a palette, so it never comes to this */
const tints = new Set();
let sheet = null;

/** The class for a colour that came from elsewhere. */
export function tintOf(color) {
    const safe = /^#[0-9a-f]{6}$/i.test(color ?? '') ? color.toLowerCase() : FALLBACK;
    const name = `weft-tint-${safe.slice(1)}`;
    if (tints.has(name) || tints.size >= TINTS_MAX)
        return name;
    tints.add(name);
    if (sheet === null) {
        sheet = new CSSStyleSheet();
        document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    }
    sheet.insertRule(`.${name} { --weft-who: ${safe}; --weft-on-who: ${inkOn(safe)}; }`);
    return name;
}
