/**
 * pages.js - the operations themselves, page by page, while somebody needs them.
 *
 * The pages that were wanted last are kept, so many characters and operations of them; the others
 * are asked for again. What the timeline needs of each is noted there before it is let go.
 */

import { PAGE, pageOf } from './timeline.js';

const PAGES_MAX = 128;
const UNITS_MAX = 1 << 24; /* of inserted text */
const PAGES_MIN = 2; /* whatever they take */
const TRIES = 5;
/** So many pages around the place one looks at are read ahead, for the strip and the jumps. */
const AHEAD_PAGES = 200;
const AHEAD_LEAVES = 40; /* questions that somebody may want to ask meanwhile */

export class Pages {
    #asking;
    #timeline;
    #kept = new Map(); /* page -> {ops, units}, the one wanted last at the end */
    #units = 0;
    #loading = new Map(); /* page -> promise */
    #ahead = 0; /* pages read ahead so far */
    #filling = false;

    /**
     * @param {import('./asking.js').Asking} asking
     * @param {import('./timeline.js').Timeline} timeline
     * @param {() => void} [onLoad] a page has come
     */
    constructor(asking, timeline, onLoad = () => {}) {
        this.#asking = asking;
        this.#timeline = timeline;
        this.onLoad = onLoad;
    }

    /** @returns {import('../../client/ot.js').Op[]|null} of from to to; null: not all are here */
    ops(from, to) {
        const list = [];
        for (let rev = from; rev <= to;) {
            const page = pageOf(rev);
            const kept = this.#kept.get(page);
            const first = rev - page * PAGE - 1;
            const end = Math.min(PAGE, to - page * PAGE);
            if (kept === undefined || kept.ops.length < end)
                return null;
            for (let i = first; i < end; i++)
                list.push(kept.ops[i]);
            rev = page * PAGE + end + 1;
        }
        return list;
    }

    /** Whether revision rev is here. */
    has(rev) {
        return (this.#kept.get(pageOf(rev))?.ops.length ?? 0) > (rev - 1) % PAGE;
    }

    /** Gets the page that revision rev is in. @param {number} rev */
    async need(rev) {
        const page = pageOf(rev);
        while (!this.has(rev)) {
            if (!this.#loading.has(page))
                this.#loading.set(page, this.#load(page).finally(() => this.#loading.delete(page)));
            await this.#loading.get(page);
        }
        const kept = this.#kept.get(page);
        this.#kept.delete(page);
        this.#kept.set(page, kept);
    }

    /** Gets all of from to to, no more than a page's, and returns them. */
    async all(from, to) {
        for (let tries = 0; tries < TRIES; tries++) {
            await Promise.all([this.need(Math.min(to, (pageOf(from) + 1) * PAGE)), this.need(to)]);
            const ops = this.ops(from, to);
            if (ops !== null)
                return ops;
        }
        throw new Error(`revisions ${from} to ${to} are too large to be kept`);
    }

    /**
     * Reads ahead what the timeline does not know, nearest first, one page at a time.
     * @param {() => number} where the revision that is looked at
     * @param {() => Promise<unknown>} rest before each page
     */
    async fill(where, rest) {
        if (this.#filling)
            return;
        this.#filling = true;
        try {
            for (let rev = this.#nearest(where()); rev > 0 && this.#ahead < AHEAD_PAGES;
                rev = this.#nearest(where())) {
                await rest();
                if (this.#asking.left < AHEAD_LEAVES)
                    continue;
                await this.need(rev);
                this.#ahead++;
            }
        } finally {
            this.#filling = false;
        }
    }

    /* A revision near rev that the timeline does not know; 0: none. */
    #nearest(rev) {
        const timeline = this.#timeline;
        const last = pageOf(timeline.head);
        const here = Math.max(0, Math.min(last, pageOf(rev)));
        for (let d = 0; d <= last; d++) {
            for (const page of d === 0 ? [here] : [here - d, here + d]) {
                const unknown = page * PAGE + timeline.count(page) + 1;
                if (page >= 0 && unknown <= Math.min(timeline.head, (page + 1) * PAGE) &&
                    unknown > timeline.base)
                    return unknown;
            }
        }
        return 0;
    }

    async #load(page) {
        const gone = Math.max(0, Math.min(PAGE, this.#timeline.base - page * PAGE));
        const kept = this.#kept.get(page)?.ops ?? new Array(gone).fill([]); /* of which nobody asks */
        const from = page * PAGE + kept.length + 1;
        const to = Math.min(this.#timeline.head, (page + 1) * PAGE);
        const entries = await this.#asking.history(from, to);
        if (entries.length === 0)
            throw new Error(`there is no revision ${from}`);
        this.#timeline.add(entries);
        const ops = [...kept, ...entries.map(({ op }) => op)];
        this.#drop(page);
        const units = ops.reduce((sum, op) => sum + unitsIn(op), 0);
        this.#kept.set(page, { ops, units });
        this.#units += units;
        for (const [oldest] of this.#kept) {
            if (this.#kept.size <= PAGES_MIN ||
                this.#kept.size <= PAGES_MAX && this.#units <= UNITS_MAX)
                break;
            this.#drop(oldest);
        }
        this.onLoad();
    }

    #drop(page) {
        this.#units -= this.#kept.get(page)?.units ?? 0;
        this.#kept.delete(page);
    }
}

function unitsIn(op) {
    return op.reduce((sum, c) => sum + (typeof c === 'string' ? c.length : 0), 0);
}
