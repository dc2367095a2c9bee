/**
 * status.js - connected or not, saved or not, and what went wrong: one honest line, and a
 * banner for what needs a sentence.
 *
 * "Saved" is only ever shown while room.saved is true: everything typed here is on the
 * server's disk.
 *
 * With the first key that is pressed "saved" ends, at once. It comes back when nothing new has
 * been typed for a moment, and so stands still, and costs nothing, while somebody types. The
 * title, which is the browser's and dear, tells only of what does not get saved at once.
 */

import { $, announce, later, show } from './dom.js';
import { copyTo } from './share.js';
import { t } from './strings.js';

const CALM_MS = 250;
const TITLE_MS = 500;

export class Status {
    #room;
    #name;
    #wasOnline = false;
    #topic = '';
    #calm = 0; /* timer: nothing was typed for a moment */
    #titleSoon = later(TITLE_MS, () => this.#showTitle());
    #isOutdated = false;
    #unread = false; /* the server could not open the room */

    /** @param {import('../client/room.js').Room} room @param {string} name of the room, to people */
    constructor(room, name) {
        this.#room = room;
        this.#name = name;
        room.on('saved', (saved) => {
            clearTimeout(this.#calm);
            if (!saved) {
                this.show(); /* at once: never "saved" what is not */
                return;
            }
            this.#calm = setTimeout(() => this.show(), CALM_MS);
            this.hide('storage');
            this.hide('lost');
        });
        room.on('status', (status) => {
            this.show();
            if (status === 'online') {
                this.#wasOnline = true;
                this.hide('storage');
            } else if (status === 'offline') {
                this.#lookForNewerPage();
            }
            announce([this.#connection(), this.#saved()].filter(Boolean).join('. '), 'state');
        });
        room.on('refused', ({ message, code, text }) => this.banner('refused',
            t('banner.refused', code === 'doc_full' ? t('why.large') : message || code),
            text ? [t('banner.refused.copy'), text] : undefined));
        room.on('reset', ({ text }) =>
            this.banner('reset', t('banner.reset'), [t('banner.reset.copy'), text]));
        room.on('error', (error) => this.#error(error));
        room.on('lost', ({ code }) => this.#lost(code));
        room.on('resync', ({ text }) => this.banner('resync', t('banner.resync'),
            text ? [t('banner.reset.copy'), text] : undefined));
        room.on('unknown', () => this.#outdated(t('banner.unknown')));
        $('banner-reload').addEventListener('click', () => location.reload());
        $('banner-close').addEventListener('click', () => this.hide());
        this.show();
        this.#showTitle();
    }

    /** Online once at least. */
    get wasOnline() { return this.#wasOnline; }

    show() {
        const { status } = this.#room;
        const saved = this.#saved();
        const offline = status === 'offline' || status === 'closed';
        if ($('state').dataset.state !== status)
            $('state').dataset.state = status;
        show($('connection'), this.#connection() + (offline && saved ? ':' : ''));
        show($('saved'), saved);
        $('people').classList.toggle('stale', status !== 'online');
        this.#titleSoon();
    }

    #showTitle() {
        const { pendingSince } = this.#room;
        const waits = pendingSince !== null && Date.now() - pendingSince > TITLE_MS / 2;
        const title = `${waits ? '• ' : ''}${this.#name} – weft`;
        if (document.title !== title)
            document.title = title;
    }

    /**
     * @param {string} topic @param {string} words @param {[string, string]} [copy] label, text
     * @param {boolean} [reload] offers that
     */
    banner(topic, words, copy, reload = false) {
        this.#topic = topic;
        announce(words, 'banner');
        $('banner-text').textContent = words;
        $('banner-reload').hidden = !reload;
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
        if (code === 'unavailable' && this.#room.status !== 'online')
            this.#unread = !/\bfull\b/.test(message); /* said when it is closed, which follows */
        else if (code === 'unavailable')
            this.banner('storage', t('banner.storage'));
        else if (fatal)
            this.banner('fatal', this.#whyFinal(code, message), this.#copy(), code === 1002);
        else if (typeof code === 'string' && code !== 'rate_limited')
            this.banner('error', t('banner.problem', message || code));
    }

    #whyFinal(code, message) {
        switch (code) {
        case 4401: return t('banner.signin');
        case 4403: return t('banner.forbidden');
        case 1002: return t('banner.version');
        default: return message;
        }
    }

    /* Closed with a reason to tell; what else is lost shows in the state. */
    #lost(code) {
        const words = this.#unread ? t('banner.unread') : {
            1011: t('banner.unread'), 1008: t('banner.pause'), 1012: t('banner.restart'), 1013: t('banner.full'),
            4409: t('banner.slow'), 4429: t('banner.pause'),
        }[code];
        this.#unread = false;
        if (words)
            this.banner('lost', words);
    }

    #copy() {
        return this.#room.text ? [t('banner.copy'), this.#room.text] : undefined;
    }

    #outdated(words) {
        if (this.#isOutdated)
            return; /* said once */
        this.#isOutdated = true;
        this.banner('outdated', words, this.#copy(), true);
    }

    /* A newer server may refuse this page before a word is exchanged, which a browser does not
     * tell from no server at all. But it has another page to offer. */
    async #lookForNewerPage() {
        const script = document.querySelector('script[type=module]').src.split('/').pop();
        try {
            const answer = await fetch(location.href, { cache: 'no-cache' });
            if (answer.ok && !(await answer.text()).includes(script))
                this.#outdated(t('banner.version'));
        } catch {
            /* no server */
        }
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
