/**
 * status.js - connected or not, saved or not, and what went wrong: one honest line, and a
 * banner for what needs a sentence.
 *
 * "Saved" is only ever shown while room.saved is true: everything typed here is on the
 * server's disk.
 */

import { $, announce } from './dom.js';
import { copyTo } from './share.js';
import { t } from './strings.js';

export class Status {
    #room;
    #name;
    #wasOnline = false;
    #topic = '';

    /** @param {import('../client/room.js').Room} room @param {string} name of the room, to people */
    constructor(room, name) {
        this.#room = room;
        this.#name = name;
        room.on('saved', (saved) => {
            this.show();
            if (saved)
                this.hide('storage');
        });
        room.on('status', (status) => {
            this.show();
            if (status === 'online') {
                this.#wasOnline = true;
                this.hide('storage');
            }
            announce(`${this.#connection()}. ${this.#saved()}`);
        });
        room.on('refused', ({ message, code, text }) => this.banner('refused',
            t('banner.refused', message || code),
            text ? [t('banner.refused.copy'), text] : undefined));
        room.on('reset', ({ text }) =>
            this.banner('reset', t('banner.reset'), [t('banner.reset.copy'), text]));
        room.on('error', (error) => this.#error(error));
        $('banner-close').addEventListener('click', () => this.hide());
        this.show();
    }

    /** Online once at least. */
    get wasOnline() { return this.#wasOnline; }

    show() {
        const { status, pendingSince } = this.#room;
        const saved = this.#saved();
        const offline = status === 'offline' || status === 'closed';
        $('state').dataset.state = status;
        $('connection').textContent = this.#connection() + (offline && saved ? ':' : '');
        $('saved').textContent = saved;
        $('people').classList.toggle('stale', status !== 'online');
        document.title = `${pendingSince ? '• ' : ''}${this.#name} – weft`;
    }

    /** @param {string} topic @param {string} words @param {[string, string]} [copy] label, text */
    banner(topic, words, copy) {
        this.#topic = topic;
        $('banner-text').textContent = words;
        const action = $('banner-action');
        action.hidden = copy === undefined;
        action.textContent = copy?.[0] ?? '';
        delete action.dataset.label;
        action.onclick = copy ? () => copyTo(action, copy[1]) : null;
        $('banner').hidden = false;
    }

    /** @param {string} [topic] only if it is about that */
    hide(topic) {
        if (topic === undefined || topic === this.#topic)
            $('banner').hidden = true;
    }

    #error({ code, message, fatal }) {
        if (code === 'unavailable')
            this.banner('storage', t('banner.storage'));
        else if (fatal)
            this.banner('fatal', message, [t('banner.copy'), this.#room.text]);
        else if (code !== 'rate_limited')
            this.banner('error', t('banner.problem', message || code));
    }

    #connection() {
        switch (this.#room.status) {
        case 'online': return t('state.online');
        case 'connecting': return t(this.#wasOnline ? 'state.reconnecting' : 'state.connecting');
        case 'closed': return t('state.closed');
        default: return t('state.offline');
        }
    }

    #saved() {
        const { saved, mode, pendingSince, pendingCount, status } = this.#room;
        if (saved)
            return t(mode === 'read' ? 'saved.reading' : 'saved.yes');
        if (pendingSince === null)
            return '';
        return status === 'online' ? t('saved.saving') : t('saved.kept', pendingCount);
    }
}
