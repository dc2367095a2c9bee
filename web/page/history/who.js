/**
 * who.js - who wrote the text at a revision: the history from its beginning, a slice at a time.
 *
 * Nothing but the operations says who wrote what, so all of them up to the revision are read once.
 * On the way a few states are kept (CHECKPOINTS at most, further and further apart), so that an
 * earlier revision need not begin at the beginning again. No slice takes longer than SLICE_MS.
 */

import { Authorship } from './authorship.js';
import { PAGE, pageOf } from './timeline.js';

const SLICE_MS = 6;
const CHECKPOINTS = 24;
const APART = 2000; /* revisions between two of them, to begin with */
const AT_ONCE = 8; /* pages asked for */
const AT_ONCE_OPS = 1000; /* applied without waiting */

const CLOCK = {
    now: () => performance.now(),
    /* A task of its own, without the wait that a nested timer has. */
    rest: () => new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
            port1.close();
            resolve();
        };
        port2.postMessage(0);
    }),
};

export class Who {
    #pages;
    #timeline;
    #clock;
    #first = { rev: 0, runs: undefined }; /* where it begins */
    #work = { rev: 0, authorship: new Authorship() };
    #checkpoints = []; /* {rev, runs}, in order */
    #apart = APART;
    #run = 0;

    /**
     * @param {import('./pages.js').Pages} pages @param {import('./timeline.js').Timeline} timeline
     * @param {typeof CLOCK} [clock] for tests
     */
    constructor(pages, timeline, clock = CLOCK) {
        this.#pages = pages;
        this.#timeline = timeline;
        this.#clock = clock;
    }

    /**
     * The log begins at a later revision, with a text of which nobody knows who wrote it.
     * @param {number} rev @param {number} length in code points
     */
    beginAt(rev, length) {
        this.#run++;
        this.#first = { rev, runs: { authors: Uint16Array.of(this.#timeline.before()),
                                     lengths: Uint32Array.of(length) } };
        this.#checkpoints = [];
        this.#work = { rev, authorship: new Authorship(length > 0 ? this.#first.runs : undefined) };
    }

    /** What is at hand without waiting. @returns {import('./authorship.js').Runs|null} */
    now(rev) {
        const way = rev - this.#work.rev;
        if (way < 0 || way > AT_ONCE_OPS)
            return null;
        const ops = this.#pages.ops(this.#work.rev + 1, rev);
        if (ops === null)
            return null;
        this.#run++;
        for (const op of ops)
            this.#apply(op);
        return this.#work.authorship.runs();
    }

    /**
     * @param {number} rev
     * @param {(done: number) => void} progress 0 to 1
     * @returns {Promise<import('./authorship.js').Runs|null>} null: another one was asked for
     */
    async at(rev, progress = () => {}) {
        const run = ++this.#run;
        this.#begin(rev);
        const from = this.#work.rev;
        let since = this.#clock.now();
        while (this.#work.rev < rev) {
            const page = pageOf(this.#work.rev + 1);
            const end = Math.min(rev, (page + 1) * PAGE);
            for (let i = 1; i < AT_ONCE && (page + i) * PAGE < rev; i++)
                this.#pages.need(Math.min(rev, (page + i + 1) * PAGE)).catch(() => {});
            const ops = await this.#pages.all(this.#work.rev + 1, end);
            if (run !== this.#run)
                return null;
            progress((this.#work.rev - from) / (rev - from));
            for (const op of ops) {
                this.#apply(op);
                if (this.#clock.now() - since < SLICE_MS)
                    continue;
                await this.#clock.rest();
                if (run !== this.#run)
                    return null;
                since = this.#clock.now();
            }
        }
        return this.#work.authorship.runs();
    }

    /** Nobody wants to know any more. */
    stop() {
        this.#run++;
    }

    /* The latest state that is known, from which rev lies ahead. */
    #begin(rev) {
        const known = this.#checkpoints.filter((point) => point.rev <= rev).pop() ?? this.#first;
        if (this.#work.rev <= rev && this.#work.rev >= known.rev)
            return;
        const empty = known.runs?.lengths[0] === 0;
        this.#work = { rev: known.rev, authorship: new Authorship(empty ? undefined : known.runs) };
    }

    #apply(op) {
        const work = this.#work;
        work.rev++;
        work.authorship.apply(op, this.#timeline.authorOf(work.rev));
        const last = this.#checkpoints[this.#checkpoints.length - 1]?.rev ?? this.#first.rev;
        if (work.rev < last + this.#apart)
            return;
        this.#checkpoints.push({ rev: work.rev, runs: work.authorship.runs() });
        if (this.#checkpoints.length > CHECKPOINTS) {
            this.#checkpoints = this.#checkpoints.filter((_, i) => i % 2 === 1);
            this.#apart *= 2;
        }
    }
}

/**
 * Each author's share, the greatest first.
 * @param {import('./authorship.js').Runs} runs
 * @returns {{author: number, length: number, share: number}[]} share: 0 to 1
 */
export function shares({ authors, lengths }) {
    const sums = new Map();
    let total = 0;
    authors.forEach((author, i) => {
        sums.set(author, (sums.get(author) ?? 0) + lengths[i]);
        total += lengths[i];
    });
    return [...sums].map(([author, length]) => ({ author, length, share: length / total }))
        .sort((a, b) => b.length - a.length);
}
