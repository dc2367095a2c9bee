/**
 * people.js - who is here: faces, a list with where everybody is, and following somebody.
 *
 * Following keeps that person's caret in view until one types, scrolls or clicks in the text.
 */

import { $, announce, later } from './dom.js';
import { inkOn } from '../client/ink.js';
import { unitAt } from '../client/codemirror.js';
import { safeColor } from './settings.js';
import { t } from './strings.js';

const FACES = 4;
const LISTED_MAX = 200; /* a longer list is no use to anybody, and costs at each move */

export class People {
    #room;
    #editor;
    #followed = null; /* userId */
    #followedHead = null;
    #others = 0;
    #soon = later(80, () => this.show());

    /** @param {import('../client/room.js').Room} room @param {import('./editor.js').Editor} editor */
    constructor(room, editor) {
        this.#room = room;
        this.#editor = editor;
        room.on('users', (users) => {
            this.#tell(users.size);
            this.#soon();
            this.#follow();
        });
        for (const event of ['wheel', 'pointerdown', 'keydown', 'touchmove'])
            editor.view.dom.addEventListener(event, () => this.unfollow(), { passive: true });
        this.show();
    }

    soon() { this.#soon(); }

    unfollow() {
        if (this.#followed === null)
            return;
        this.#followed = null;
        this.#soon();
    }

    show() {
        const { me, users } = this.#room;
        const list = [me, ...users.values()];
        const focused = document.activeElement?.dataset?.user;
        $('people').replaceChildren(...list.slice(0, LISTED_MAX).map((user, i) =>
            this.#person(user, i === 0)));
        if (focused !== undefined)
            $('people').querySelector(`[data-user="${CSS.escape(focused)}"]`)?.focus();
        $('faces').replaceChildren(...list.slice(0, FACES).map(face));
        $('people-count').textContent = list.length === 1 ? t('people.alone')
                                                          : t('people.count', list.length);
    }

    #tell(others) {
        if (others !== this.#others && this.#room.status === 'online')
            announce(others === 0 ? t('people.alone.said') : t('people.count.said', others + 1), 'people');
        this.#others = others;
    }

    #person(user, isMe) {
        const item = document.createElement('li');
        const badge = face(user);
        const line = user.head === null ? '' : t('people.line', this.#line(user.head));
        const place = document.createElement('span');
        place.className = 'place';
        place.textContent = [isMe ? t('people.you') : '', line].filter(Boolean).join(', ');
        const name = user.name || t('people.nobody');
        const who = document.createElement(isMe ? 'span' : 'button');
        who.className = 'who';
        who.dir = 'auto';
        who.textContent = name;
        if (!isMe) {
            const following = user.userId === this.#followed;
            who.type = 'button';
            who.dataset.user = user.userId;
            who.title = t(following ? 'people.following' : 'people.follow', name);
            who.setAttribute('aria-pressed', String(following));
            who.addEventListener('click', () => this.#toggle(user.userId));
        }
        item.append(badge, who, place);
        return item;
    }

    #toggle(userId) {
        this.#followed = this.#followed === userId ? null : userId;
        this.#followedHead = null;
        this.#follow();
        this.show();
    }

    #follow() {
        const user = this.#room.users.get(this.#followed);
        if (user === undefined) {
            this.unfollow(); /* has left */
            return;
        }
        if (user.head === null || user.head === this.#followedHead)
            return;
        this.#followedHead = user.head;
        /* Not from within a message: the editor may be a moment behind the room. */
        requestAnimationFrame(() => user.userId === this.#followed &&
            this.#editor.reveal(unitAt(this.#editor.view, user.head)));
    }

    #line(cp) {
        return this.#editor.lineOf(unitAt(this.#editor.view, cp));
    }
}

function face(user) {
    const span = document.createElement('span');
    const color = safeColor(user.color);
    span.className = 'face';
    span.setAttribute('aria-hidden', 'true');
    span.textContent = (Array.from((user.name ?? '').trim())[0] ?? '?').toUpperCase();
    span.style.setProperty('--who', color);
    span.style.setProperty('--on-who', inkOn(color));
    return span;
}
