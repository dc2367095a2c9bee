/**
 * carets.js - the others' carets and selections in a textarea.
 *
 * A textarea cannot mark places, so the same text stands behind it once more,
 * transparent, laid out by the same style; carets and selections are elements in
 * there. It is only a picture: hidden from screen readers (the list of people
 * says where everybody is) and left out for very long texts. A name shows for a
 * few seconds after its owner has moved, then only the caret stays.
 */

import { unitAt } from '../client/text.js';
import { shown } from '../client/textarea.js';
import { inkOn, safeColor } from './settings.js';

const LENGTH_MAX = 200000; /* UTF-16 units; laying out more at each keystroke is felt */

export class Carets {
    /** @param {HTMLElement} layer behind the element @param {HTMLTextAreaElement} el */
    constructor(layer, el) {
        this.el = el;
        this.moves = new Map(); /* userId -> {head, at}: when somebody moved last */
        this.sheet = document.createElement('div');
        this.sheet.className = 'sheet';
        layer.append(this.sheet);
        el.addEventListener('scroll', () => this.#scroll(), { passive: true });
        new ResizeObserver(() => this.#size()).observe(el);
    }

    /** @param {string} text @param {Iterable<import('../client/presence.js').User>} users */
    show(text, users) {
        const places = [...users].filter((user) => user.head !== null);
        this.#note(places);
        if (places.length === 0 || text.length > LENGTH_MAX) {
            this.sheet.replaceChildren();
            return;
        }
        this.sheet.replaceChildren(...this.#pieces(shown(text), marks(text, places)));
        this.#size();
        this.#scroll();
    }

    /* The text cut at every mark; what several have selected shows the last one. */
    #pieces(text, list) {
        const pieces = [];
        const chosen = new Set();
        let at = 0;
        for (const { unit, kind, user } of list) {
            if (unit > at) {
                pieces.push(run(text.slice(at, unit), [...chosen].pop()));
                at = unit;
            }
            if (kind === 'from')
                chosen.add(user);
            else if (kind === 'to')
                chosen.delete(user);
            else
                pieces.push(caret(user, !text.slice(0, unit).includes('\n'),
                                  performance.now() - this.moves.get(user.userId).at));
        }
        pieces.push(document.createTextNode(text.slice(at) + '\u200b'));
        return pieces;
    }

    #note(users) {
        const now = performance.now();
        const before = this.moves;
        this.moves = new Map(users.map(({ userId, head }) => {
            const last = before.get(userId);
            return [userId, last?.head === head ? last : { head, at: now }];
        }));
    }

    #size() {
        this.sheet.style.width = `${this.el.clientWidth}px`;
    }

    #scroll() {
        this.sheet.style.transform = `translateY(${-this.el.scrollTop}px)`;
    }
}

function marks(text, users) {
    const list = [];
    for (const user of users) {
        const head = unitAt(text, user.head);
        const anchor = unitAt(text, user.anchor);
        if (head !== anchor) {
            list.push({ unit: Math.min(head, anchor), kind: 'from', user });
            list.push({ unit: Math.max(head, anchor), kind: 'to', user });
        }
        list.push({ unit: head, kind: 'caret', user });
    }
    return list.sort((a, b) => a.unit - b.unit);
}

function run(text, user) {
    if (!user)
        return document.createTextNode(text);
    const span = document.createElement('span');
    span.className = 'chosen';
    span.textContent = text;
    paint(span, user);
    return span;
}

function caret(user, firstLine, stillMs) {
    const span = document.createElement('span');
    span.className = firstLine ? 'caret first' : 'caret';
    const flag = document.createElement('span');
    flag.className = 'flag';
    flag.textContent = user.name || 'Somebody';
    flag.style.animationDelay = `${-Math.round(stillMs)}ms`; /* drawn anew, but not young again */
    span.append(flag);
    paint(span, user);
    return span;
}

/** Gives an element somebody's colour. */
export function paint(el, user) {
    const color = safeColor(user.color);
    el.style.setProperty('--who', color);
    el.style.setProperty('--on-who', inkOn(color));
}
