/**
 * history.js - time travel: the text as it was, how it came about, and who wrote it.
 *
 * Loaded when somebody asks for it. The live editor stays where it is, out of sight, and goes on
 * taking what the others do; over it stands an editor that only shows (view.js), and below it the
 * bar. Where one is and how one gets about is player.js's business; here it is put on the page.
 */

import { tintOf } from '../../client/codemirror-people.js';
import { cpLength } from '../../client/text.js';
import { $, announce, later, uncover } from '../dom.js';
import { wraps } from '../settings.js';
import { copyTo } from '../share.js';
import { editorPhrases, language, t } from '../strings.js';
import { Asking } from './asking.js';
import css from './history.css';
import { Pages } from './pages.js';
import { bar, el, iconOf, showAuthors } from './parts.js';
import { Player } from './player.js';
import { touched } from './replay.js';
import { Strip } from './strip.js';
import { Timeline } from './timeline.js';
import { OldText } from './view.js';
import { shares, Who } from './who.js';
import './words.js';

const LEGEND_MAX = 12;
const SAID_MS = 3000; /* while it plays, a screen reader hears where no more often */
const WAITING_MS = 600;
const BUTTONS = ['upload']; /* for the live text only */

const locale = navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
const number = new Intl.NumberFormat(locale);
const percent = new Intl.NumberFormat(locale, { style: 'percent' });
const day = new Intl.DateTimeFormat(locale, {
    day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit',
});
const dayOfYear = new Intl.DateTimeFormat(locale, {
    day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit',
});

const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

let open = null;

/**
 * Goes to the history, or leaves it.
 * @param {{room: import('../../client/room.js').Room, editor: import('../editor.js').Editor,
 *          status: import('../status.js').Status}} parts
 */
export function toggleHistory(parts) {
    if (open !== null)
        open.leave();
    else
        open = new History(parts);
    globalThis.weft.history = open;
}

class History {
    #room;
    #editor;
    #status;
    #parts = bar();
    #epoch;
    #asking;
    #pages;
    #strip;
    #offs;
    #saidAt = -Infinity;
    #waitingSince = 0;
    #note = '';
    #runs = null; /* who wrote what is shown */
    #painting = false;
    #describing = 0; /* the revision whose operation is being got */
    #gone = false;
    #soon = later(16, () => this.#render());
    #keys = (event) => this.#key(event);
    #drag = (event) => event.preventDefault() ?? event.stopPropagation();

    constructor({ room, editor, status }) {
        this.#room = room;
        this.#editor = editor;
        this.#status = status;
        this.#epoch = room.epoch;
        this.timeline = new Timeline((name, userId) => this.#colorOf(name, userId));
        this.timeline.head = room.rev;
        this.#asking = new Asking(room);
        this.#pages = new Pages(this.#asking, this.timeline, () => this.#loaded());
        this.who = new Who(this.#pages, this.timeline);
        this.player = new Player({
            asking: this.#asking, pages: this.#pages, timeline: this.timeline,
            onShow: (op) => this.#show(op), onState: () => this.#soon(),
        });
        this.old = new OldText(this.#parts.old, this.player.replay, {
            wrap: wraps(), label: t('history.text'), phrases: editorPhrases,
        });
        this.old.setLanguage(room.meta.language);
        this.#enter();
        this.#strip = new Strip(this.#parts.strip, this.timeline);
        this.#listen();
        /* What is on screen is the newest revision, unless something is not saved yet. */
        if (room.saved)
            this.player.start(room.rev, room.text);
        else
            this.#do(this.player.seek(room.rev));
        this.#do(this.#begin());
    }

    /* Finds out where the log begins, and reads ahead. */
    async #begin() {
        const base = await this.#asking.base();
        if (base > 0) {
            this.timeline.base = base;
            this.who.beginAt(base, cpLength(await this.#asking.text(base)));
            this.#runs = null;
            this.#soon();
        }
        this.#pages.fill(() => this.player.target, () => new Promise((resolve) => {
            setTimeout(resolve, 30);
        })).catch(() => {}); /* what could not be read ahead is read when it is needed */
    }

    /* The oldest revisions may go while one looks at them. */
    async #beginLater() {
        await this.#begin();
        await this.player.seek(Math.max(this.timeline.base, this.player.target));
    }

    /** Back to the live text. */
    leave() {
        if (this.#gone)
            return;
        this.#gone = true;
        open = null;
        this.player.stop();
        this.who.stop();
        this.#asking.stop();
        this.#strip.done();
        this.old.destroy();
        for (const off of this.#offs)
            off();
        this.#parts.root.remove();
        this.#parts.old.remove();
        this.#live(true);
        announce(t('history.left'));
        if (this.#room.mode === 'read' || matchMedia('(pointer: coarse)').matches)
            $('history').focus();
        else
            this.#editor.focus();
    }

    #enter() {
        this.#live(false);
        $('text').append(this.#parts.old);
        document.querySelector('.desk').after(this.#parts.root);
        uncover();
        this.#parts.slider.focus();
    }

    #live(live) {
        const { dom } = this.#editor.view;
        document.body.classList.toggle('past', !live);
        dom.inert = !live;
        this.#editor.finder = live ? null : () => this.old.find();
        $('history').setAttribute('aria-pressed', String(!live));
        for (const id of BUTTONS)
            $(id).disabled = !live;
        this.#editor.view.requestMeasure();
    }

    /* ---- what one can do ---- */

    #listen() {
        const { slider, play, back, speed, earlier, later: next, by, who, copy, restore, leave } =
            this.#parts;
        const { player } = this;
        const on = (element, what, fn) => element.addEventListener(what, fn);
        on(slider, 'input', () => this.#do(player.seek(Number(slider.value))));
        on(slider, 'keydown', (event) => this.#page(event));
        on(play, 'click', () => this.#play(1));
        on(back, 'click', () => this.#play(-1));
        on(speed, 'change', () => { player.speed = Number(speed.value); });
        const jump = (step) => () => this.#jump(by.value, step);
        on(earlier, 'click', jump(-1));
        on(next, 'click', jump(1));
        on(who, 'click', () => this.#toggleWho());
        on(copy, 'click', () => copyTo(copy, player.replay.text));
        on(restore, 'click', () => this.#restore());
        on(leave, 'click', () => this.leave());
        document.addEventListener('keydown', this.#keys);
        for (const what of ['dragover', 'drop'])
            document.addEventListener(what, this.#drag, true);
        this.#offs = [
            ...['change', 'saved'].map((event) => this.#room.on(event, () => this.#soon())),
            this.#room.on('status', () => this.#connected()),
            () => document.removeEventListener('keydown', this.#keys),
            ...['dragover', 'drop'].map((what) =>
                () => document.removeEventListener(what, this.#drag, true)),
        ];
    }

    #key(event) {
        const { target } = event;
        const mine = this.#parts.root.contains(target) || this.#parts.old.contains(target);
        if (!mine || event.defaultPrevented || event.altKey)
            return;
        if (event.ctrlKey || event.metaKey) {
            if (event.key === 'f' && !event.shiftKey) {
                event.preventDefault(); /* the browser has but a part of a long text */
                this.old.find();
            }
        } else if (event.key === 'Escape') {
            this.leave();
        } else if (event.key === ' ' && !target.matches('button, select, .cm-panel *')) {
            event.preventDefault();
            this.#play(1);
        }
    }

    /* A twentieth of all there is; arrows, Home and End the slider knows itself. */
    #page(event) {
        const way = { PageUp: 1, PageDown: -1 }[event.key];
        if (way === undefined)
            return;
        event.preventDefault();
        const { base, head } = this.timeline;
        const step = Math.max(1, Math.round((head - base) / 20));
        this.#do(this.player.seek(this.player.target + way * step));
    }

    #play(direction) {
        if (this.player.playing !== 0) {
            this.player.pause();
            announce(this.#where());
        } else {
            this.#do(this.player.play(direction));
        }
    }

    async #jump(by, step) {
        const found = await this.#do(this.player.jump(/^\d+$/.test(by) ? Number(by) : by, step));
        this.#say(found === false ? t('history.none') : '');
        if (found && !this.#gone)
            announce(this.#where());
    }

    #restore() {
        const { player } = this;
        player.pause();
        const { text } = player.replay;
        const what = this.#where();
        const now = this.#editor.view.state.doc.toString();
        if (now === text) {
            this.#say(t('history.same'));
            return;
        }
        if (!confirm(t('history.restore.ask', what)))
            return;
        this.leave();
        this.#editor.become(text);
        this.#status.banner('restored', t('history.restored', what));
    }

    /* ---- what is shown ---- */

    #show(op) {
        if (this.#gone)
            return;
        this.#runs = this.#wanted ? this.who.now(this.player.rev) : null;
        this.old.apply(op, this.#runs, this.#people());
        this.#describe();
    }

    get #wanted() { return this.#parts.who.getAttribute('aria-pressed') === 'true'; }

    #loaded() {
        if (this.#gone)
            return;
        this.#strip.soon();
        this.#soon();
    }

    /* Marks what the revision that is shown has changed; its operation may have to be got first. */
    #describe() {
        const { rev, replay } = this.player;
        const [op] = rev > this.timeline.base ? this.#pages.ops(rev, rev) ?? [] : [[]];
        if (op === undefined) {
            this.old.mark([], '');
            return;
        }
        const color = this.timeline.authors[this.timeline.authorOf(rev)]?.color ?? '';
        this.old.mark(touched(op).map(({ from, to }) =>
            ({ from: replay.unitAt(from), to: replay.unitAt(to) })), color);
        this.#describing = 0;
    }

    #render() {
        if (this.#gone)
            return;
        const { player, timeline } = this;
        const { slider, play, back, restore, when, note } = this.#parts;
        if (timeline.head !== this.#room.rev) {
            timeline.head = this.#room.rev;
            this.#strip.soon();
        }
        slider.min = String(timeline.base);
        slider.max = String(timeline.head);
        slider.value = String(player.target);
        const now = performance.now();
        if (player.playing === 0 || now - this.#saidAt > SAID_MS) {
            slider.setAttribute('aria-valuetext', this.#where());
            this.#saidAt = now;
        }
        when.replaceChildren(...this.#whereParts());
        const sign = (button, on, icon, words) =>
            iconOf(button, on ? 'stop' : icon, on ? t('history.stop') : words);
        sign(play, player.playing > 0, 'play', t('history.play'));
        sign(back, player.playing < 0, 'back', t('history.back'));
        restore.hidden = this.#room.mode === 'read';
        restore.disabled = player.rev === timeline.head;
        note.textContent = this.#noteNow(now);
        showAuthors(this.#parts, this.#people().map(({ name }) => name));
        this.#legend();
        this.#paint();
        this.#complete();
    }

    #noteNow(now) {
        if (!this.player.waiting) {
            this.#waitingSince = 0;
            return this.#note;
        }
        this.#waitingSince ||= now;
        if (now - this.#waitingSince > WAITING_MS)
            return t('history.waiting');
        setTimeout(this.#soon, WAITING_MS);
        return this.#note;
    }

    /* The operation of the revision one has come to rest at. */
    #complete() {
        const { rev, waiting } = this.player;
        if (waiting || rev <= this.timeline.base || this.#pages.has(rev) || this.#describing === rev)
            return;
        this.#describing = rev;
        this.#pages.need(rev).then(() => {
            if (this.#gone)
                return;
            if (this.player.rev === rev)
                this.#describe();
            this.#soon();
        }, () => { this.#describing = 0; });
    }

    #whereParts() {
        const { target } = this.player;
        const head = el('b', { textContent: t('history.revision', number.format(target),
                                              number.format(this.timeline.head)) });
        const rest = this.#details(target).map((part) => el('bdi', { textContent: part }));
        return [head, ...rest.flatMap((part) => [' · ', part])];
    }

    /** In words: revision, author, time. */
    #where() {
        const { target } = this.player;
        return [t('history.revision', number.format(target), number.format(this.timeline.head)),
                ...this.#details(target)].join(', ');
    }

    #details(rev) {
        if (rev === this.timeline.base)
            return [t(rev === 0 ? 'history.begin' : 'history.oldest')];
        const author = this.timeline.authorOf(rev);
        if (author < 0)
            return [];
        const at = new Date(this.timeline.timeOf(rev));
        const format = at.getFullYear() === new Date().getFullYear() ? day : dayOfYear;
        return [this.#people()[author].name, format.format(at)];
    }

    /* ---- authors ---- */

    #people() {
        let nameless = 0;
        return this.timeline.authors.map(({ name, color, changes }) =>
            ({ name: name || t('history.nobody', ++nameless), color, changes }));
    }

    #colorOf(name, userId) {
        const { me, users } = this.#room;
        const same = (user) => user.userId === userId || (name !== '' && user.name === name);
        return [me, ...users.values()].find((user) => same(user) && /^#[0-9a-f]{6}$/i.test(user.color))
            ?.color;
    }

    #toggleWho() {
        const on = !this.#wanted;
        this.#parts.who.setAttribute('aria-pressed', String(on));
        if (!on) {
            this.who.stop();
            this.#runs = null;
            this.#say('');
            this.old.setAuthors(null);
        }
        this.#soon();
    }

    /* Brings the colours up to what is shown, however that changes meanwhile. */
    async #paint() {
        if (this.#painting || !this.#wanted || this.#runs !== null)
            return;
        this.#painting = true;
        try {
            while (this.#wanted && this.#runs === null && !this.#gone) {
                const { rev } = this.player;
                const runs = await this.who.at(rev, (done) =>
                    this.#say(t('history.who.busy', percent.format(done))));
                if (this.#gone || !this.#wanted || rev !== this.player.rev || runs === null)
                    continue;
                this.#runs = runs;
                this.old.setAuthors(runs, this.#people());
                this.#say('');
            }
        } catch (err) {
            if (!this.#gone)
                this.#say(t('history.failed', err.message));
        } finally {
            this.#painting = false;
        }
    }

    #legend() {
        const people = this.#people();
        const list = this.#runs !== null
            ? shares(this.#runs).map(({ author, share }) => ({ ...people[author], share }))
            : people.sort((a, b) => b.changes - a.changes);
        const items = list.slice(0, LEGEND_MAX).map(({ name, color, share }) => el('li', {},
            el('span', { className: `history-dot ${tintOf(color)}`, 'aria-hidden': 'true' }),
            el('bdi', { textContent: name }),
            ...(share === undefined ? []
                : [el('span', { className: 'share', textContent: percent.format(share) })])));
        if (list.length > LEGEND_MAX)
            items.push(el('li', { textContent: t('history.who.more', list.length - LEGEND_MAX) }));
        this.#parts.legend.replaceChildren(...items);
    }

    /* ---- the room ---- */

    #connected() {
        if (this.#room.status === 'online' && this.#room.epoch !== this.#epoch) {
            this.leave();
            this.#status.banner('history', t('history.replaced'));
            return;
        }
        this.#soon();
    }

    #say(words) {
        this.#note = words;
        this.#soon();
    }

    /* Says what went wrong. @returns what the promise gives; undefined after a failure */
    async #do(promise) {
        try {
            return await promise;
        } catch (err) {
            if (err.code === 'gone' && !this.#gone) {
                this.player.pause();
                this.#beginLater().catch(() => {});
            }
            if (!this.#gone)
                this.#say(t('history.failed', err.message));
            return undefined;
        }
    }
}
