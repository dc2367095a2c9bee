/**
 * core-parts.js - what stands in the smallest client for presence.js, requests.js, split.js,
 * diff.js, doc.js, keep.js and restore.js.
 */

import { apply } from './ot.js';
import { cpLength, sharedEnds } from './text.js';

/** One replacement: coarser than diff.js, and as true. */
export function diff(from, to) {
    const [head, tail] = sharedEnds(from, to);
    const kept = cpLength(from.slice(0, head));
    const drop = cpLength(from.slice(head, from.length - tail));
    const put = to.slice(head, to.length - tail);
    const op = drop ? [-drop] : [];
    if (put)
        op.unshift(put);
    if (kept && op.length)
        op.unshift(kept);
    return op;
}

export class Presence {
    users = new Map();
    me = { head: null, anchor: null };
    welcome() {}
    message() {}
    logged() {}
    moved() {}
    forgetLog() {}
    setOwn() {}
}

export class Requests {
    answer() {}
    fail() {}
    ask() { return Promise.reject(new Error('not in the core')); }
}

export class Keep {
    constructor() { throw new Error('the core keeps nothing: options.storage is for weft-client'); }
}

export class Restore {
    hear() { return true; }
}

export const ENVELOPE_BYTES = 0;
export const PIECE_BYTES_MAX = 0;

/** All in one: what is larger than the server takes is refused, and handed back. */
export function splitOp(op) {
    return [op, []];
}

/** A text in one piece: an edit copies it. */
export class Doc {
    constructor(text) { this.text = text; }
    static of(text) { return new Doc(text); }
    get cps() { return cpLength(this.text); }
    apply(op) { return new Doc(apply(this.text, op)); }
    toString() { return this.text; }
}

export const EMPTY = new Doc('');
