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
 * nothing. All positions and lengths are code points, but for the operations
 * that toUtf16() gives and fromUtf16() takes, which count UTF-16 units.
 *
 * Normal form: no empty component, no two neighbours of one kind, no trailing
 * retain. The order of a neighbouring insert and delete is kept as written:
 * ["x",-3] and [-3,"x"] give one text and are two operations, because a
 * concurrent insert inside the deleted range ends on different sides of x. This
 * is what makes composed operations merge exactly as their parts do (law 4).
 *
 * Every function returns normal form and leaves its arguments alone. An operation
 * from outside goes through check() or fromJson() first; the other functions trust
 * what they are given, except that those that get the document refuse an operation
 * that does not fit it.
 *
 * The C engine is compared with this file on 100,000 cases of every function in
 * each test run (tests/web/vectors.test.mjs).
 *
 * Cost: transform and compose O(|a| + |b|) plus the text copied; apply, invert and
 * the conversions O(|op|) plus the text copied where the document is Latin-1, one
 * regular expression over it where it is not, one walk where it has astral characters.
 */

import { cpLength, isInside, isPlain, isWellFormed, sharedEnds, skip } from './text.js';

export { diff } from './diff.js';

/**
 * A positive integer keeps, a negative one drops, a string that is not empty is put in.
 * @typedef {number|string} Component
 */
/** @typedef {Component[]} Op */
/** @typedef {'left'|'right'} Side */

/** In front at a tie: the operation that reaches the log later. */
export const LEFT = 'left';
/** Behind at a tie: the operation that is in the log already. */
export const RIGHT = 'right';

/** The largest count, and the most code points before or after an operation. */
export const CP_MAX = 0x7fffffff;
/** The most components of an operation. */
export const PARTS_MAX = 1 << 20;

/** An operation that is malformed, or does not fit its document. */
export class OpError extends Error {
    /** @param {string} message */
    constructor(message) {
        super(message);
        this.name = 'OpError';
    }
}

/** @param {string} where @param {string} found @param {string} expected @returns {never} */
export function refuse(where, found, expected) {
    throw new OpError(`${where}: found ${found}; expected ${expected}`);
}

/** @param {unknown} value @returns {string} what a message calls it */
function shown(value) {
    const s = typeof value === 'number' ? String(value) : JSON.stringify(value) ?? typeof value;
    return s.length > 40 ? s.slice(0, 40) + '…' : s;
}

/**
 * Throws an OpError unless op is a list of components a server would take. Not
 * necessarily in normal form.
 * @param {unknown} op
 * @returns {Op} op itself
 */
export function check(op) {
    if (!Array.isArray(op))
        refuse('op', shown(op), 'an array such as [5,"hi",-2]');
    if (op.length > PARTS_MAX)
        refuse('op', `${op.length} parts`, `at most ${PARTS_MAX}`);
    let before = 0;
    let after = 0;
    for (let i = 0; i < op.length; i++) { /* not for-of: a hole is refused as well */
        const c = op[i];
        if (typeof c === 'string' ? c === '' : !Number.isInteger(c) || c === 0) {
            refuse(`op[${i}]`, shown(c), 'a positive integer (keep), a negative integer ' +
                   '(delete) or text that is not empty (insert)');
        }
        if (typeof c === 'string') {
            if (!isWellFormed(c))
                refuse(`op[${i}]`, 'a lone surrogate or a NUL', 'text without it');
            after += cpLength(c);
        } else {
            before += Math.abs(c);
            after += c > 0 ? c : 0;
        }
        if (before > CP_MAX || after > CP_MAX)
            refuse(`op[${i}]`, 'counts that pass ' + CP_MAX, 'at most that in all');
    }
    return op;
}

/**
 * An operation from its JSON text. An OpError where it is none; counts are written
 * as integers, 5 and not 5.0 or 5e0.
 * @param {string} json
 * @returns {Op} in normal form
 */
export function fromJson(json) {
    let op;
    try {
        op = JSON.parse(json);
    } catch (err) {
        refuse('op', err.message, 'JSON');
    }
    const real = json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '').match(/[-\d]+[.eE][-+.\deE]*/);
    if (real)
        refuse('op', real[0], 'integers without point and exponent');
    return normalize(check(op));
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

/** @param {Op} op @returns {number} the least document length it fits */
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
 * @param {boolean} [inUnits] op counts UTF-16 units, not code points; known at once
 *     where the document has no astral character
 * @returns {string} the document after op; an OpError where op does not fit
 */
export function apply(doc, op, inUnits = isPlain(doc)) {
    let out = '';
    let at = 0; /* units */
    for (const c of op) {
        if (typeof c === 'string') {
            out += c;
            continue;
        }
        const next = ahead(doc, inUnits, at, c, op);
        if (c > 0)
            out += doc.slice(at, next);
        at = next;
    }
    return out + doc.slice(at);
}

/** Where the count c from unit `at` on ends; an OpError where that is behind the document. */
function ahead(doc, plain, at, c, op) {
    const n = c < 0 ? -c : c;
    const next = plain ? at + n : skip(doc, at, n);
    if (next > doc.length) {
        refuse('op', `an operation that spans ${span(op)} code points`,
               `at most ${cpLength(doc)}, the document's length`);
    }
    return next;
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
    const left = side === LEFT;
    let keep = 0; /* what is retained behind the last component of out */
    let i = 0;
    let j = 0;
    let x = a[0]; /* what is left of the component; undefined at the end */
    let y = b[0];
    while (x !== undefined) {
        if (typeof y === 'string' && (typeof x !== 'string' || !left)) {
            keep += cpLength(y);
            y = b[++j];
        } else if (typeof x === 'string' || y === undefined) {
            keep = put(out, keep, x);
            x = a[++i];
        } else {
            const n = Math.min(Math.abs(x), Math.abs(y));
            if (y > 0)
                keep = put(out, keep, x < 0 ? -n : n);
            x = less(x, n) || a[++i];
            y = less(y, n) || b[++j];
        }
    }
    return out;
}

/**
 * Writes a component in normal form.
 * @param {number} keep retained before it, not yet written
 * @returns {number} what is then retained and not yet written
 */
function put(out, keep, c) {
    if (c > 0 && typeof c === 'number')
        return keep + c;
    const end = out.length - 1;
    if (keep)
        out.push(keep, c);
    else if (end >= 0 && typeof out[end] === typeof c)
        out[end] += c;
    else
        out.push(c);
    return 0;
}

/** A count that n code points were taken of. @param {number} c @param {number} n */
function less(c, n) {
    return c < 0 ? c + n : c - n;
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
    let keep = 0;
    let i = 0;
    let j = 0;
    let x = a[0];
    let y = b[0];
    let left = 0; /* of an insert of a: code points not taken yet, 0 before the first */
    let at = 0; /* and the unit from which on they stand */
    while (x !== undefined || y !== undefined) {
        if (typeof x === 'number' && x < 0) {
            keep = put(out, keep, x);
            x = a[++i];
        } else if (y === undefined) {
            keep = put(out, keep, at ? x.slice(at) : x);
            at = left = 0;
            x = a[++i];
        } else if (typeof y === 'string' || x === undefined) {
            keep = put(out, keep, y);
            y = b[++j];
        } else if (typeof x === 'string') {
            left ||= cpLength(x);
            const n = Math.min(left, Math.abs(y));
            const end = left === n ? x.length
                : x.length - at === left ? at + n /* no pair in what is left */
                : skip(x, at, n);
            if (y > 0)
                keep = put(out, keep, x.slice(at, end));
            y = less(y, n) || b[++j];
            at = end;
            if ((left -= n) === 0) {
                at = 0;
                x = a[++i];
            }
        } else {
            const n = Math.min(x, Math.abs(y));
            keep = put(out, keep, y < 0 ? -n : n);
            x = less(x, n) || a[++i];
            y = less(y, n) || b[++j];
        }
    }
    return out;
}

/**
 * One operation equal to all of them, one after the other. Halves are composed
 * first: a left fold would copy the growing result once for each operation.
 * @param {Op[]} ops each written against the document after the one before
 * @returns {Op} [] for none
 */
export function composeAll(ops) {
    const range = (from, to) => {
        const mid = (from + to) >> 1;
        return mid > from ? compose(range(from, mid), range(mid, to)) : ops[from];
    };
    return ops.length > 1 ? range(0, ops.length) : normalize(ops[0] ?? []);
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
    let keep = 0;
    let at = 0; /* units */
    for (const c of op) {
        if (typeof c === 'string') {
            keep = put(out, keep, -cpLength(c));
            continue;
        }
        const next = ahead(doc, plain, at, c, op);
        keep = put(out, keep, c > 0 ? c : doc.slice(at, next));
        at = next;
    }
    return out;
}

/**
 * The same operation with counts in UTF-16 units, as editors and the DOM count.
 * @param {Op} op
 * @param {string} doc the document before op
 * @returns {Op} an OpError where op does not fit
 */
export function toUtf16(op, doc) {
    return recount(op, doc, (at, c) => ahead(doc, false, at, c, op), (from, to) => to - from);
}

/**
 * The way back: from counts in UTF-16 units to code points.
 * @param {Op} op
 * @param {string} doc the document before op
 * @returns {Op} an OpError where a count ends inside a pair, or behind the document
 */
export function fromUtf16(op, doc) {
    return recount(op, doc, (at, c) => {
        const next = at + Math.abs(c);
        if (next > doc.length) {
            refuse('op', `an operation that spans ${span(op)} units`,
                   `at most ${doc.length}, the document's length`);
        }
        if (isInside(doc, next))
            refuse('op', `unit ${next}, inside a pair`, 'a place between characters');
        return next;
    }, (from, to) => cpLength(doc.slice(from, to)));
}

/** @param {(at: number, c: number) => number} end @param {(from: number, to: number) => number} size */
function recount(op, doc, end, size) {
    if (isPlain(doc)) {
        ahead(doc, true, 0, span(op), op);
        return normalize(op);
    }
    let at = 0; /* units */
    return normalize(op.map((c) => {
        if (typeof c === 'string')
            return c;
        const from = at;
        at = end(at, c);
        return c < 0 ? -size(from, at) : size(from, at);
    }));
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
    const end = out.length - 1;
    if (end >= 0 && c) {
        const last = out[end];
        if (typeof c === 'string' ? typeof last === 'string'
                                  : typeof last === 'number' && (last > 0) === (c > 0)) {
            out[end] = last + c;
            return;
        }
    }
    if (c)
        out.push(c);
}

/** A retain at the end says nothing. */
function finish(out) {
    const last = out[out.length - 1];
    if (typeof last === 'number' && last > 0)
        out.pop();
    return out;
}
