/**
 * people.js - who is here: faces, a list with where everybody is, and following somebody.
 *
 * Following keeps that person's caret in view until one types, scrolls or clicks in the text.
 *
 * In a busy room everybody's line changes several times a second: rows are kept, and only what
 * is different in them is written.
 */

import { $, announce, later, show, uncover } from './dom.js';
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
    #rows = new Map(); /* userId, or '' for oneself -> what #row() made */
    #faces = '';
    #soon = later(250, () => this.show());

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
        if (!$('panel').hidden)
            this.#list(list.slice(0, LISTED_MAX), me);
        const first = list.slice(0, FACES);
        const faces = JSON.stringify(first.map(({ name, color }) => [name, color]));
        if (faces !== this.#faces)
            $('faces').replaceChildren(...first.map((user) => paint(face(), user)));
        this.#faces = faces;
        show($('people-count'), list.length === 1 ? t('people.alone')
                                                  : t('people.count', list.length));
    }

    #list(people, me) {
        const rows = new Map();
        for (const user of people) {
            const key = user === me ? '' : user.userId;
            const row = this.#rows.get(key) ?? this.#row(key);
            this.#write(row, user, user === me);
            rows.set(key, row);
        }
        this.#rows = rows;
        this.#arrange([...rows.values()].map(({ item }) => item));
    }

    #arrange(items) {
        const parent = $('people');
        if (items.length === parent.children.length &&
            items.every((item, i) => parent.children[i] === item))
            return;
        const focused = document.activeElement;
        parent.replaceChildren(...items);
        if (parent.contains(focused))
            focused.focus(); /* which it lost for a moment */
    }

    #tell(others) {
        if (others !== this.#others && this.#room.status === 'online')
            announce(others === 0 ? t('people.alone.said') : t('people.count.said', others + 1), 'people');
        this.#others = others;
    }

    #row(key) {
        const item = document.createElement('li');
        const badge = face();
        const who = document.createElement(key === '' ? 'span' : 'button');
        const place = document.createElement('span');
        who.className = 'who';
        who.dir = 'auto';
        place.className = 'place';
        if (key !== '') {
            who.type = 'button';
            who.dataset.user = key;
            who.addEventListener('click', () => this.#toggle(key));
        }
        item.append(badge, who, place);
        return { item, badge, who, place, title: '' };
    }

    #write(row, user, isMe) {
        const name = user.name || t('people.nobody');
        const line = user.head === null ? '' : t('people.line', this.#line(user.head));
        paint(row.badge, user);
        show(row.who, name);
        show(row.place, [isMe ? t('people.you') : '', line].filter(Boolean).join(', '));
        const following = user.userId === this.#followed;
        const title = t(following ? 'people.following' : 'people.follow', name);
        if (isMe || row.title === title)
            return;
        row.title = row.who.title = title;
        row.who.setAttribute('aria-pressed', String(following));
    }

    #toggle(userId) {
        this.#followed = this.#followed === userId ? null : userId;
        this.#followedHead = null;
        this.#follow();
        this.show();
        if (this.#followed !== null)
            uncover();
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

const colors = new WeakMap(); /* of faces */

function face() {
    const span = document.createElement('span');
    span.className = 'face';
    span.setAttribute('aria-hidden', 'true');
    return span;
}

function paint(span, user) {
    const color = safeColor(user.color);
    show(span, (Array.from((user.name ?? '').trim())[0] ?? '?').toUpperCase());
    if (colors.get(span) === color)
        return span;
    colors.set(span, color);
    span.style.setProperty('--who', color);
    span.style.setProperty('--on-who', inkOn(color));
    return span;
}
