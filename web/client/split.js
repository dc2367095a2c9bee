/**
 * split.js - large operations in pieces.
 *
 * A server takes messages of a limited size. A pasted book is larger, so it is
 * sent as several operations, one after the other: splitOp() cuts off a head
 * that fits and rewrites the rest to run after it. compose(head, rest) is the
 * operation that was given, component by component, so nothing about merging
 * changes; others see the paste arrive in pieces.
 */

import { cpLength, isHigh, isLow, jsonBytes, jsonUnitBytes } from './text.js';
import { normalize } from './ot.js';

/** Everything in an edit message that is not its op: type, rev, seq, braces. */
export const ENVELOPE_BYTES = 160;
/** A piece never has more, so that one message cannot hold up a server's turn. */
export const PARTS_MAX = 1000;
/** Nor more than this, whatever the server would take: others stay responsive. */
export const PIECE_BYTES_MAX = 256 * 1024;

/**
 * @param {import('./ot.js').Op} op in normal form
 * @param {number} maxBytes what the JSON of the head may take; at least one code
 *     point is taken even where that is more
 * @returns {[import('./ot.js').Op, import('./ot.js').Op]} head and rest; the
 *     rest is [] where all of it fits
 */
export function splitOp(op, maxBytes) {
    const head = [];
    let bytes = 2;
    let kept = 0; /* code points of the document in front of the cut, after head */
    let changed = false;
    for (let i = 0; i < op.length; i++) {
        const c = op[i];
        const cost = 1 + (typeof c === 'string' ? jsonBytes(c) : String(c).length);
        if (changed && i >= PARTS_MAX)
            return cut(head, kept, op.slice(i));
        if (bytes + cost > maxBytes && (changed || typeof c === 'string')) {
            if (typeof c !== 'string')
                return cut(head, kept, op.slice(i));
            const at = fitting(c, maxBytes - bytes - 3, !changed);
            if (at > 0)
                head.push(c.slice(0, at));
            if (at < c.length) {
                const rest = [c.slice(at), ...op.slice(i + 1)];
                return cut(head, kept + cpLength(c.slice(0, at)), rest);
            }
        } else {
            head.push(c);
        }
        bytes += cost;
        if (typeof c === 'string')
            kept += cpLength(c);
        else if (c > 0)
            kept += c;
        changed ||= typeof c === 'string' || c < 0;
    }
    return [normalize(head), []];
}

function cut(head, kept, rest) {
    return [normalize(head), normalize([kept, ...rest])];
}

/** How many units of s fit into maxBytes of JSON; never inside a pair. */
function fitting(s, maxBytes, atLeastOne) {
    let bytes = 0;
    let at = 0;
    while (at < s.length) {
        const pair = isHigh(s.charCodeAt(at)) && isLow(s.charCodeAt(at + 1));
        bytes += pair ? 4 : jsonUnitBytes(s.charCodeAt(at));
        if (bytes > maxBytes && !(atLeastOne && at === 0))
            break;
        at += pair ? 2 : 1;
    }
    return at;
}
