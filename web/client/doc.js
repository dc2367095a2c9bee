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
 * Cost: apply O(chunks) pointers, plus the chunks touched, copied; a place
 * O(log chunks) and a walk over one chunk at most, and nothing at all where the text
 * has no astral characters; toString() one copy, made once.
 */

import { refuse, span } from './ot.js';
import { cpLength, isInside, skip } from './text.js';

const USUAL = 2048; /* units */

/** @typedef {{readonly text: string, readonly cps: number}} Chunk */

export class Doc {
    #usual;
    #string;
    #starts = /** @type {{units: number[], cps: number[]}|null} */ (null);

    /**
     * @param {Chunk[]} chunks @param {number} usual
     * @param {string} [string] the text, where it is known
     */
    constructor(chunks, usual, string) {
        this.#usual = usual;
        this.#string = string;
        this.chunks = chunks;
        /** Length in UTF-16 units. */
        this.units = 0;
        /** Length in code points. */
        this.cps = 0;
        for (const { text, cps } of chunks) {
            this.units += text.length;
            this.cps += cps;
        }
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
        const least = this.#usual >> 2;
        const { chunks } = this;
        const out = [];
        let piece = ''; /* chunks to be */
        let at = 0; /* the chunk where we are, and how far inside */
        let unit = 0;
        let cp = 0;
        const flush = () => {
            addChunks(out, piece, this.#usual);
            piece = '';
        };
        const step = (count, kept) => {
            for (let n = count; n > 0 && at < chunks.length;) {
                const chunk = chunks[at];
                const { text, cps } = chunk;
                const k = Math.min(n, cps - cp);
                const end = cp + k === cps ? text.length
                    : cps === text.length ? unit + k : skip(text, unit, k);
                if (kept && piece === '' && k === cps && end >= least)
                    out.push(chunk);
                else if (kept)
                    piece += text.slice(unit, end);
                n -= k;
                unit = end;
                cp += k;
                if (cp === cps) {
                    at++;
                    unit = cp = 0;
                    if (piece.length >= least)
                        flush(); /* else it becomes the head of the next chunk */
                }
            }
        };
        if (span(op) > this.cps)
            refuse('op', `an operation that spans ${span(op)} code points`,
                   `at most ${this.cps}, the document's length`);
        for (const c of op) {
            if (typeof c === 'string')
                piece += c;
            else
                step(Math.abs(c), c > 0);
        }
        step(Infinity, true);
        if (piece.length < least && piece !== '' && out.length > 0)
            piece = out.pop().text + piece;
        flush();
        return new Doc(out, this.#usual);
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
        const { units, cps } = this.#index();
        const b = lastUpTo(cps, cp);
        return units[b] + skip(this.chunks[b].text, 0, cp - cps[b]);
    }

    /**
     * The code point offset of a unit offset within the text; a unit inside a pair
     * counts as the place behind the pair's character.
     * @param {number} unit
     */
    cpAt(unit) {
        if (this.plain)
            return unit;
        const { units, cps } = this.#index();
        const b = lastUpTo(units, unit);
        const { text } = this.chunks[b];
        const end = unit - units[b];
        return cps[b] + cpLength(text.slice(0, isInside(text, end) ? end + 1 : end));
    }

    /* Where each chunk begins. */
    #index() {
        if (this.#starts)
            return this.#starts;
        const units = [0];
        const cps = [0];
        for (let b = 0; b < this.chunks.length - 1; b++) {
            units.push(units[b] + this.chunks[b].text.length);
            cps.push(cps[b] + this.chunks[b].cps);
        }
        return this.#starts = { units, cps };
    }
}

export const EMPTY = Doc.of('');

/* The last of some rising numbers that is not above goal; the first is 0. */
function lastUpTo(list, goal) {
    let low = 0;
    for (let high = list.length; high - low > 1;) {
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
    let left = text.length > 2 * usual ? Math.ceil(text.length / usual) : 1;
    for (let at = 0; at < text.length; left--) {
        let end = at + Math.ceil((text.length - at) / left);
        if (isInside(text, end))
            end++;
        const part = text.slice(at, end);
        out.push({ text: part, cps: cpLength(part) });
        at = end;
    }
}
