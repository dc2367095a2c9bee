/**
 * doc.js - a text that may be long, in chunks, and never changed.
 *
 * An edit of a JavaScript string copies all of it, and so does the next look at what
 * concatenation has made of it: milliseconds a keystroke where the text is a book.
 * Here the text is a list of short strings, and of each its code points are known:
 *
 *     text   "…2048 units"  "…2051 units"  "…1700 units"
 *     cps     2048           2040           1700
 *
 * apply() makes another Doc, which has the chunks the operation did not touch in
 * common with this one. To keep an old version is therefore free, and who remembers
 * something about a chunk (its words, say) need not look at it again.
 *
 * Invariants: the chunks lie one after another over the whole text; none is empty,
 * none begins or ends inside a pair; of two or more none is much shorter than a
 * quarter, or longer than twice, the usual length.
 *
 * Cost: an edit copies the list (pointers, and two numbers a chunk) and the text of the
 * chunks from the first it changes to the last; a place O(log chunks) and a walk over
 * one chunk at most, and nothing at all where the text has no astral characters;
 * toString() one copy, made once.
 */

import { refuse, span } from './ot.js';
import { cpLength, isInside, skip } from './text.js';

const USUAL = 2048; /* units */

/** @typedef {{readonly text: string, readonly cps: number}} Chunk */

export class Doc {
    #usual;
    #units; /* where each chunk begins, and the last one ends */
    #cps;
    #string;

    /**
     * @param {Chunk[]} chunks @param {number} usual
     * @param {string} [string] the text, where it is known
     * @param {Doc} [known] has the same chunks up to first, and from its own `end` on
     * @param {number} [first] @param {number} [end]
     */
    constructor(chunks, usual, string, known, first, end) {
        this.#usual = usual;
        this.#string = string;
        this.#units = sums(chunks, ({ text }) => text.length, known?.#units, first, end);
        this.#cps = sums(chunks, ({ cps }) => cps, known?.#cps, first, end);
        this.chunks = chunks;
        /** Length in UTF-16 units. */
        this.units = this.#units[chunks.length];
        /** Length in code points. */
        this.cps = this.#cps[chunks.length];
    }

    /** @param {string} text @param {number} [usual] units of a chunk; tests take few */
    static of(text, usual = USUAL) {
        const chunks = [];
        addChunks(chunks, text, usual);
        return new Doc(chunks, usual, text);
    }

    /** True where units and code points are one and the same. */
    get plain() {
        return this.units === this.cps;
    }

    toString() {
        return this.#string ??= this.chunks.map(({ text }) => text).join('');
    }

    /**
     * @param {import('./ot.js').Op} op
     * @returns {Doc} the text after op; an OpError where op does not fit
     */
    apply(op) {
        const whole = span(op);
        if (whole > this.cps)
            refuse('op', `an operation that spans ${whole} code points`,
                   `at most ${this.cps}, the document's length`);
        /* The chunks it changes, and one on each side for what is too short to stay alone. */
        const { chunks } = this;
        const head = typeof op[0] === 'number' ? op[0] : 0;
        const first = Math.max(0, lastUpTo(this.#cps, head) - 1);
        const end = Math.min(chunks.length, lastUpTo(this.#cps, whole) + 2);
        const least = this.#usual >> 2;
        const out = [];
        let piece = ''; /* chunks to be */
        let at = first; /* the chunk where we are, and how far inside */
        let unit = 0;
        let cp = 0;
        let before = this.#cps[first]; /* not looked at, kept by op[0] */
        const flush = () => {
            addChunks(out, piece, this.#usual);
            piece = '';
        };
        const step = (n, kept) => {
            while (n > 0 && at < end) {
                const { text, cps } = chunks[at];
                const k = Math.min(n, cps - cp);
                const to = cp + k === cps ? text.length
                    : cps === text.length ? unit + k : skip(text, unit, k);
                if (kept && !piece && k === cps && to >= least)
                    out.push(chunks[at]);
                else if (kept)
                    piece += text.slice(unit, to);
                n -= k;
                unit = to;
                cp += k;
                if (cp === cps) {
                    at++;
                    unit = cp = 0;
                    if (piece.length >= least)
                        flush(); /* else it becomes the head of the next chunk */
                }
            }
        };
        for (const c of op) {
            if (typeof c === 'string') {
                piece += c;
            } else {
                step(Math.abs(c) - before, c > 0);
                before = 0;
            }
        }
        step(Infinity, true);
        if (piece && piece.length < least && out.length)
            piece = out.pop().text + piece;
        flush();
        const all = chunks.slice(0, first).concat(out, chunks.slice(end));
        return new Doc(all, this.#usual, undefined, this, first, end);
    }

    /**
     * The same operation with counts in UTF-16 units.
     * @param {import('./ot.js').Op} op one that fits
     * @returns {import('./ot.js').Op}
     */
    toUtf16(op) {
        let cp = 0;
        let unit = 0;
        return this.plain ? op : op.map((c) => {
            if (typeof c === 'string')
                return c;
            const from = unit;
            unit = this.unitAt(cp += Math.abs(c));
            return c < 0 ? from - unit : unit - from;
        });
    }

    /** The unit offset of a code point offset within the text. @param {number} cp */
    unitAt(cp) {
        if (this.plain)
            return cp;
        const b = lastUpTo(this.#cps, cp);
        return this.#units[b] + skip(this.chunks[b].text, 0, cp - this.#cps[b]);
    }

    /**
     * The code point offset of a unit offset within the text; a unit inside a pair
     * counts as the place behind the pair's character.
     * @param {number} unit
     */
    cpAt(unit) {
        if (this.plain)
            return unit;
        const b = lastUpTo(this.#units, unit);
        const { text } = this.chunks[b];
        const end = unit - this.#units[b];
        return this.#cps[b] + cpLength(text.slice(0, isInside(text, end) ? end + 1 : end));
    }
}

export const EMPTY = Doc.of('');

/* Where each chunk begins, and the last one ends. Of the chunks before `first`, and of those that
 * were from `end` on, that is known already and they are not looked at. */
function sums(chunks, size, known = new Int32Array(1), first = 0, end = 0) {
    const out = new Int32Array(chunks.length + 1);
    out.set(known.subarray(0, first + 1));
    const shift = known.length - out.length; /* of what is behind */
    for (let b = first; b < chunks.length; b++)
        out[b + 1] = out[b] + (b + shift < end ? size(chunks[b])
                                               : known[b + shift + 1] - known[b + shift]);
    return out;
}

/* The last of some rising numbers but the very last that is not above goal; the first is 0. */
function lastUpTo(list, goal) {
    let low = 0;
    for (let high = list.length - 1; high - low > 1;) {
        const mid = (low + high) >> 1;
        if (list[mid] > goal)
            high = mid;
        else
            low = mid;
    }
    return low;
}

/* Text as one chunk, or as several of about one length. */
function addChunks(out, text, usual) {
    const { length } = text;
    let left = length > 2 * usual ? Math.ceil(length / usual) : 1;
    for (let at = 0; at < length; left--) {
        let end = at + Math.ceil((length - at) / left);
        if (isInside(text, end))
            end++;
        const part = text.slice(at, end);
        out.push({ text: part, cps: cpLength(part) });
        at = end;
    }
}
