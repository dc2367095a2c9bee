/**
 * ot.js - operations on plain text, exactly as the operation model says.
 *
 * An operation is an array that walks a document from its start:
 *
 *   5       keep the next 5 code points
 *   "hi"    put "hi" here
 *   -3      drop the next 3 code points
 *
 * What is left of the document after the last component is kept; [] does
 * nothing. All positions and lengths are code points.
 *
 * Normal form: no empty component, no two neighbours of one kind, no trailing
 * retain. The order of a neighbouring insert and delete is kept as written:
 * ["x",-3] and [-3,"x"] give one text and are two operations, because a
 * concurrent insert inside the deleted range ends on different sides of x. This
 * is what makes composed operations merge exactly as their parts do (law 4).
 *
 * Every function returns normal form and leaves its arguments alone. An
 * operation from outside goes through check() first; the other functions trust
 * what they are given, except that apply() and invert() refuse an operation
 * that does not fit the document.
 *
 * Cost: transform and compose O(|a| + |b|) plus the text copied; apply one pass
 * over the document.
 */

import { cpLength, cpSlice, isPlain, isWellFormed, sharedEnds, skip } from './text.js';

export { diff } from './diff.js';

/** @typedef {number|string} Component */
/** @typedef {Component[]} Op */
/** @typedef {'left'|'right'} Side */

/** In front at a tie: the operation that reaches the log later. */
export const LEFT = 'left';
/** Behind at a tie: the operation that is in the log already. */
export const RIGHT = 'right';

/** An operation that is malformed, or does not fit its document. */
export class OpError extends Error {
    /** @param {string} message */
    constructor(message) {
        super(message);
        this.name = 'OpError';
    }
}

/**
 * Throws an OpError unless op is a list of components a server would take. Not
 * necessarily in normal form.
 * @param {unknown} op
 * @returns {Op} op itself
 */
export function check(op) {
    if (!Array.isArray(op))
        throw new OpError('an operation is a list of components');
    for (const c of op) {
        if (typeof c === 'string') {
            if (c === '')
                throw new OpError('an insert must not be empty');
            if (!isWellFormed(c))
                throw new OpError('inserted text holds a lone surrogate or a NUL');
        } else if (!Number.isSafeInteger(c) || c === 0) {
            throw new OpError('a component is a string or an integer that is not 0, found ' +
                              String(c));
        }
    }
    return op;
}

/**
 * @param {Op} op
 * @returns {Op} the same operation in normal form
 */
export function normalize(op) {
    const out = [];
    for (const c of op)
        push(out, c);
    return finish(out);
}

/** @param {Op} op @returns {number} the least document length it fits, in code points */
export function span(op) {
    let n = 0;
    for (const c of op) {
        if (typeof c === 'number')
            n += Math.abs(c);
    }
    return n;
}

/** @param {Op} op @returns {number} inserted minus deleted code points */
export function delta(op) {
    let n = 0;
    for (const c of op) {
        if (typeof c === 'string')
            n += cpLength(c);
        else if (c < 0)
            n += c;
    }
    return n;
}

/**
 * @param {string} doc
 * @param {Op} op
 * @returns {string} the document after op; an OpError where op does not fit
 */
export function apply(doc, op) {
    const plain = isPlain(doc);
    const parts = [];
    let at = 0; /* units */
    for (const c of op) {
        if (typeof c === 'string') {
            parts.push(c);
            continue;
        }
        const next = plain ? at + Math.abs(c) : skip(doc, at, Math.abs(c));
        if (next > doc.length)
            throw new OpError(`the operation spans ${span(op)} code points, ` +
                              `the document has ${cpLength(doc)}`);
        if (c > 0)
            parts.push(doc.slice(at, next));
        at = next;
    }
    parts.push(doc.slice(at));
    return parts.join('');
}

/**
 * a and b are written against one document; the result is a, rewritten to run
 * after b. Where both insert at one gap, side LEFT puts a's text in front.
 * @param {Op} a
 * @param {Op} b
 * @param {Side} side
 * @returns {Op}
 */
export function transform(a, b, side) {
    const out = [];
    const ra = new Reader(a);
    const rb = new Reader(b);
    while (!ra.done) {
        if (rb.done) {
            push(out, ra.take(Infinity));
        } else if (ra.isInsert && (side === LEFT || !rb.isInsert)) {
            push(out, ra.take(Infinity));
        } else if (rb.isInsert) {
            push(out, rb.length);
            rb.take(Infinity);
        } else {
            const n = Math.min(ra.length, rb.length);
            const ca = ra.take(n);
            if (rb.take(n) > 0)
                push(out, ca);
        }
    }
    return finish(out);
}

/**
 * One operation equal to a, then b. Where b inserts at a place where a deleted,
 * b's text goes behind the deleted run.
 * @param {Op} a
 * @param {Op} b written against the document after a
 * @returns {Op}
 */
export function compose(a, b) {
    const out = [];
    const ra = new Reader(a);
    const rb = new Reader(b);
    while (!ra.done || !rb.done) {
        if (ra.isDelete) {
            push(out, ra.take(Infinity));
        } else if (rb.isInsert) {
            push(out, rb.take(Infinity));
        } else if (ra.done) {
            push(out, rb.take(Infinity));
        } else if (rb.done) {
            push(out, ra.take(Infinity));
        } else {
            const n = Math.min(ra.length, rb.length);
            const ca = ra.take(n);
            const cb = rb.take(n);
            if (cb > 0)
                push(out, ca);
            else if (typeof ca === 'number')
                push(out, cb);
        }
    }
    return finish(out);
}

/**
 * The operation that undoes op.
 * @param {Op} op
 * @param {string} doc the document before op
 * @returns {Op}
 */
export function invert(op, doc) {
    const plain = isPlain(doc);
    const out = [];
    let at = 0; /* units */
    for (const c of op) {
        if (typeof c === 'string') {
            push(out, -cpLength(c));
            continue;
        }
        const next = plain ? at + Math.abs(c) : skip(doc, at, Math.abs(c));
        if (next > doc.length)
            throw new OpError('the operation does not fit the document');
        push(out, c > 0 ? c : doc.slice(at, next));
        at = next;
    }
    return finish(out);
}

/**
 * Where a gap ends up. RIGHT is pushed by an insert at that very gap (the
 * author's own caret), LEFT stays (everybody else's).
 * @param {number} gap
 * @param {Op} op
 * @param {Side} side
 * @returns {number}
 */
export function transformPosition(gap, op, side) {
    let at = 0; /* in the old document */
    let moved = gap;
    for (const c of op) {
        if (typeof c === 'string') {
            if (at < gap || (at === gap && side === RIGHT))
                moved += cpLength(c);
            continue;
        }
        if (c < 0 && at < gap)
            moved -= Math.min(-c, gap - at);
        at += Math.abs(c);
        if (at > gap)
            break;
    }
    return moved;
}

/**
 * An operation that turns one text into the other as one replacement: what they
 * share at both ends is kept, and no character is cut. That is what somebody did
 * who typed, pasted or deleted; for two texts of which one knows nothing else,
 * diff() finds what really differs.
 *
 * @param {string} from
 * @param {string} to
 * @param {number} [caret] UTF-16 offset in `to` where the caret stands after the
 *     change. It settles where a repeated character was typed ("aa" to "aaa"):
 *     what stands behind the caret counts as kept, where that is possible.
 * @returns {Op}
 */
export function splice(from, to, caret) {
    if (from === to)
        return [];
    const room = Math.min(from.length, to.length);
    const hinted = caret === undefined ? 0 : Math.min(room, Math.max(0, to.length - caret));
    const [head, tail] = sharedEnds(from, to, hinted);
    const out = [];
    push(out, cpLength(from.slice(0, head)));
    push(out, -cpLength(from.slice(head, from.length - tail)));
    push(out, to.slice(head, to.length - tail)); /* behind: as composing "delete, then type" */
    return finish(out);
}

/** Appends a component, keeping normal form but for a trailing retain. */
function push(out, c) {
    if (c === 0 || c === '')
        return;
    const end = out.length - 1;
    const last = out[end];
    const merge = typeof c === 'string' ? typeof last === 'string'
                                        : typeof last === 'number' && (last > 0) === (c > 0);
    if (merge)
        out[end] = last + c;
    else
        out.push(c);
}

function finish(out) {
    const last = out[out.length - 1];
    if (typeof last === 'number' && last > 0)
        out.pop();
    return out;
}

/** Reads an operation in pieces of any length. */
class Reader {
    /** @param {Op} op */
    constructor(op) {
        this.op = op;
        this.next = 0;
        this.#load();
    }

    get done() {
        return this.cur === undefined;
    }

    get isInsert() {
        return typeof this.cur === 'string';
    }

    get isDelete() {
        return typeof this.cur === 'number' && this.cur < 0;
    }

    /** Takes n code points of this component, or all of it. */
    take(n) {
        const cur = this.cur;
        if (n >= this.length) {
            this.#load();
            return cur;
        }
        this.length -= n;
        if (typeof cur === 'string') {
            this.cur = cpSlice(cur, n);
            return cpSlice(cur, 0, n);
        }
        this.cur = cur > 0 ? cur - n : cur + n;
        return cur > 0 ? n : -n;
    }

    #load() {
        this.cur = this.op[this.next++];
        this.length = typeof this.cur === 'string' ? cpLength(this.cur)
                                                   : Math.abs(this.cur ?? 0);
    }
}
