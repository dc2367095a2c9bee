/**
 * timeline.js - what is known of a room's history: for each revision its author, its time, how
 * much it changed; and the places that one jumps to.
 *
 * The history comes in pages of PAGE operations, as somebody looks at them, and there may be gaps.
 * Of each operation 14 bytes are kept for good, in typed arrays: what the strip over the slider
 * and the jumps need. The operations themselves are another matter (pages.js), and are let go.
 *
 * Authors are told apart by name, since each session is a user id of its own; those without a name
 * by their user id. A colour is the same at each visit as long as two names do not meet on one.
 */

/** Revisions p * PAGE + 1 to (p + 1) * PAGE are page p: as many as a server answers at once. */
export const PAGE = 1000;
/** This long without a change is a pause. */
export const PAUSE_MS = 60000;

const AUTHORS_MAX = 0xffff;
/* Told apart on light and dark ground, and by those who do not see all colours mostly so too. */
const COLORS = ['#1e88e5', '#d81b60', '#388e3c', '#ef6c00', '#8e24aa', '#0097a7', '#a08600',
                '#e53935', '#00796b', '#7cb342', '#f06292', '#5c6bc0', '#6d4c41'];

export const pageOf = (rev) => Math.floor((rev - 1) / PAGE);

export class Timeline {
    #pages = new Map(); /* page -> {count, authors, times, sizes} */
    #byKey = new Map();
    #taken = new Set(); /* colours */
    /** @type {{name: string, color: string, changes: number}[]} */
    authors = [];
    /** The newest revision. */
    head = 0;
    /** The oldest revision that the log still has a text of; the first operation is the one after. */
    base = 0;

    /** @param {(name: string, userId: string) => string|undefined} [known] somebody's own colour */
    constructor(known = () => undefined) {
        this.known = known;
    }

    /** How many revisions of a page need not be asked for, from its first on. */
    count(page) {
        return Math.max(this.#pages.get(page)?.count ?? 0, Math.min(PAGE, this.base - page * PAGE));
    }

    /** @param {number} rev */
    has(rev) {
        return rev > this.base && rev - pageOf(rev) * PAGE <= this.count(pageOf(rev));
    }

    /** @param {any[]} ops as the protocol's history has them, without a gap, within one page */
    add(ops) {
        for (const { rev, user_id: userId, name, at, op } of ops) {
            const number = pageOf(rev);
            let page = this.#pages.get(number);
            if (page === undefined) {
                page = { count: this.count(number), authors: new Uint16Array(PAGE), times: new Float64Array(PAGE),
                         sizes: new Uint32Array(PAGE) };
                this.#pages.set(number, page);
            }
            const i = rev - number * PAGE - 1;
            page.count = this.count(number);
            if (i !== page.count)
                continue; /* known, or not due yet */
            page.authors[i] = this.#author(name ?? '', userId);
            page.times[i] = at;
            page.sizes[i] = sizeOf(op);
            page.count++;
            this.authors[page.authors[i]].changes++;
        }
    }

    /** @returns {number} index into authors, -1: not known */
    authorOf(rev) {
        return this.has(rev) ? this.#pages.get(pageOf(rev)).authors[(rev - 1) % PAGE] : -1;
    }

    /** @returns {number} Unix time in ms, NaN: not known */
    timeOf(rev) {
        return this.has(rev) ? this.#pages.get(pageOf(rev)).times[(rev - 1) % PAGE] : NaN;
    }

    /**
     * The next place to stop at.
     * @param {'each'|'pause'|'turn'|number} kind number: the end of each stretch of that author's
     * @param {number} from revision @param {1|-1} step
     * @returns {{rev: number}|{need: number, from: number}|null} need: a revision that has to be
     *     known first, to look on from `from`; null: no further one
     */
    stop(kind, from, step) {
        const ends = typeof kind === 'number' ? null : { rev: step > 0 ? this.head : this.base };
        if (step > 0 ? from >= this.head : from <= this.base)
            return null;
        if (kind === 'each')
            return { rev: from + step };
        for (let rev = from + step; rev > this.base && rev <= this.head; rev += step) {
            const need = !this.has(rev) ? rev
                : rev < this.head && !this.has(rev + 1) ? rev + 1 : 0;
            if (need !== 0)
                return { need, from: rev - step };
            if (this.#stopsAt(kind, rev))
                return { rev };
        }
        return ends;
    }

    #stopsAt(kind, rev) {
        const last = rev === this.head;
        if (kind === 'pause')
            return last || this.timeOf(rev + 1) - this.timeOf(rev) >= PAUSE_MS;
        const author = this.authorOf(rev);
        const ends = last || this.authorOf(rev + 1) !== author;
        return ends && (kind === 'turn' || author === kind);
    }

    /**
     * What is drawn over the slider: the history in so many columns.
     * @param {number} columns
     * @returns {{author: number, size: number, pause: boolean}[]} author: who changed most there,
     *     -1 where nothing is known; size: code points changed, on average; pause: one begins there
     */
    columns(columns) {
        const out = [];
        const sums = new Map();
        for (let c = 0; c < columns; c++) {
            const length = this.head - this.base;
            const first = this.base + Math.floor(c * length / columns) + 1;
            const last = Math.max(first, this.base + Math.floor((c + 1) * length / columns));
            sums.clear();
            let total = 0;
            let known = 0;
            let pause = false;
            for (let rev = first; rev <= last && rev <= this.head; rev++) {
                const page = this.#pages.get(pageOf(rev));
                const i = (rev - 1) % PAGE;
                if (page === undefined || i >= page.count) {
                    rev = Math.max(rev, (pageOf(rev) + 1) * PAGE); /* on to the next page */
                    continue;
                }
                known++;
                total += page.sizes[i];
                sums.set(page.authors[i], (sums.get(page.authors[i]) ?? 0) + page.sizes[i] + 1);
                pause ||= rev < this.head && this.timeOf(rev + 1) - page.times[i] >= PAUSE_MS;
            }
            out.push({ author: greatest(sums), size: known > 0 ? total / known : 0, pause });
        }
        return out;
    }

    /** Somebody of whom nothing is known: who wrote what the log no longer tells of. */
    before() {
        return this.#author('', 'before');
    }

    /** What somebody is called here. @returns {number} index into authors */
    #author(name, userId) {
        const key = name === '' ? `\0${userId}` : name;
        const known = this.#byKey.get(key);
        if (known !== undefined)
            return known;
        const index = Math.min(this.authors.length, AUTHORS_MAX);
        if (index === this.authors.length)
            this.authors.push({ name, color: this.#color(key, name, userId), changes: 0 });
        this.#byKey.set(key, index);
        return index;
    }

    #color(key, name, userId) {
        const own = this.known(name, userId);
        let color = own && !this.#taken.has(own.toLowerCase()) ? own.toLowerCase() : null;
        const start = hash(key);
        for (let i = 0; color === null && i < COLORS.length; i++) {
            const candidate = COLORS[(start + i) % COLORS.length];
            if (!this.#taken.has(candidate))
                color = candidate;
        }
        color ??= COLORS[start % COLORS.length];
        this.#taken.add(color);
        return color;
    }
}

function sizeOf(op) {
    let size = 0;
    for (const c of op)
        size += typeof c === 'string' ? c.length : c < 0 ? -c : 0;
    return size;
}

function greatest(sums) {
    let best = -1;
    let most = 0;
    for (const [author, sum] of sums) {
        if (sum > most)
            [best, most] = [author, sum];
    }
    return best;
}

/* FNV-1a */
function hash(s) {
    let h = 0x811c9dc5;
    for (let i = 0; i < s.length; i++)
        h = Math.imul(h ^ s.charCodeAt(i), 0x01000193);
    return h >>> 0;
}
