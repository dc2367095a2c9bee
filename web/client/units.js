/**
 * units.js - where code points stand in a long text, without walking it.
 *
 * text.js walks a text with astral characters up to the place asked for: fine for
 * a paragraph, a millisecond a keystroke for a book. Here the text is cut into
 * blocks, and of each block the units and the code points are known:
 *
 *     units   1024 1024 1030  700
 *     cps     1024 1020 1030  650
 *
 * A place is found by adding up blocks and walking one of them, and not even that
 * where both counts of it are equal. An edit changes the counts of the blocks it
 * touches; a block that has grown too long is cut when it is next looked into.
 *
 * Invariants: the blocks lie one after another over the whole text; each begins
 * and ends between characters. A text without astral characters has no blocks.
 *
 * The text itself is not kept: it is handed in, and must be the one the edits led
 * to. Cost: O(blocks + block length) a look-up, a few µs in a text of a million
 * units; O(components) without astral characters.
 */

import { cpLength, isPlain, skip } from './text.js';

const BLOCK = 1024;

export class Units {
    #units = /** @type {number[]} */ ([]);
    #cps = /** @type {number[]} */ ([]);
    #block;

    /** @param {string} text @param {number} [block] units; tests take small ones */
    constructor(text, block = BLOCK) {
        this.#block = block;
        /** Length of the text in UTF-16 units. */
        this.units = text.length;
        /** Length of the text in code points. */
        this.cps = cpLength(text);
        this.#build();
    }

    /** True where both counts are one and the same. */
    get plain() {
        return this.units === this.cps;
    }

    /**
     * The unit offset of a code point offset within the text.
     * @param {string} text @param {number} cp
     */
    unitAt(text, cp) {
        if (this.plain)
            return cp;
        const { start, cps } = this.#find(text, false, cp);
        return skip(text, start, cp - cps);
    }

    /**
     * The code point offset of a unit offset within the text; a unit inside a pair
     * counts as the place behind the pair's character.
     * @param {string} text @param {number} unit
     */
    cpAt(text, unit) {
        if (this.plain)
            return unit;
        const { start, cps } = this.#find(text, true, unit);
        let cp = cps;
        for (let at = start; at < unit; cp++)
            at = skip(text, at, 1);
        return cp;
    }

    /**
     * The text was, or is about to be, changed by op.
     * @param {string} text the text before
     * @param {import('./ot.js').Op} op in normal form, one that fits
     * @returns {import('./ot.js').Op} op with counts in UTF-16 units, as
     *     toUtf16(op, text); apply(text, it, true) is the text after
     */
    edit(text, op) {
        const inUnits = this.plain ? op : this.#walk(text, op);
        for (const c of op) {
            if (typeof c === 'string') {
                this.units += c.length;
                this.cps += cpLength(c);
            } else if (c < 0) {
                this.cps += c;
            }
        }
        for (const c of inUnits) {
            if (typeof c === 'number' && c < 0)
                this.units += c;
        }
        if (this.plain)
            this.#units = this.#cps = [];
        else if (this.#units.length === 0)
            this.#build();
        return inUnits;
    }

    /* One block over everything: cut when it is looked into. */
    #build() {
        this.#units = this.plain ? [] : [this.units];
        this.#cps = this.plain ? [] : [this.cps];
    }

    /* Where the block begins that the place `goal` lies in. */
    #find(text, inUnits, goal) {
        let start = 0;
        let cps = 0;
        for (let b = 0; ;) {
            const end = inUnits ? start + this.#units[b] : cps + this.#cps[b];
            if (goal > end && b < this.#units.length - 1) {
                start += this.#units[b];
                cps += this.#cps[b++];
            } else if (!this.#cut(text, b, start)) { /* else again, in smaller ones */
                return { start, cps };
            }
        }
    }

    /* Cuts a block that is too long; whether it was. Block b begins at unit start. */
    #cut(text, b, start) {
        const length = this.#units[b];
        if (length <= 2 * this.#block)
            return false;
        const units = [];
        const cps = [];
        for (let at = start; at < start + length;) {
            let end = Math.min(at + this.#block, start + length);
            if (skip(text, end - 1, 1) > end)
                end++; /* behind a pair */
            units.push(end - at);
            cps.push(cpLength(text.slice(at, end)));
            at = end;
        }
        /* Not splice(): a long text has more blocks than a call may have arguments. */
        this.#units = [...this.#units.slice(0, b), ...units, ...this.#units.slice(b + 1)];
        this.#cps = [...this.#cps.slice(0, b), ...cps, ...this.#cps.slice(b + 1)];
        return true;
    }

    /* Goes over op and the blocks at once. Blocks up to b have their new counts; `units` and
     * `cps` are what is left of the old ones of b. */
    #walk(text, op) {
        const out = [];
        let b = 0;
        let start = 0; /* of the block, in the text before */
        let at = 0;
        this.#cut(text, b, start);
        let units = this.#units[b];
        let cps = this.#cps[b];
        for (const c of op) {
            if (typeof c === 'string') {
                this.#units[b] += c.length;
                this.#cps[b] += cpLength(c);
                out.push(c);
                continue;
            }
            const from = at;
            for (let n = Math.abs(c); n > 0;) {
                if (cps === 0) {
                    start = at;
                    b++;
                    if (n < this.#cps[b])
                        this.#cut(text, b, start);
                    units = this.#units[b];
                    cps = this.#cps[b];
                }
                const k = Math.min(n, cps);
                const moved = k === cps ? units : units === cps ? k : skip(text, at, k) - at;
                if (c < 0) {
                    this.#units[b] -= moved;
                    this.#cps[b] -= k;
                }
                at += moved;
                units -= moved;
                cps -= k;
                n -= k;
            }
            out.push(c < 0 ? from - at : at - from);
        }
        this.#sweep();
        return out;
    }

    /* Blocks of which nothing is left. */
    #sweep() {
        if (this.#units.includes(0)) {
            this.#units = this.#units.filter((n) => n > 0);
            this.#cps = this.#cps.filter((n) => n > 0);
        }
    }
}
