/**
 * text.js - UTF-16 units and code points.
 *
 * JavaScript and the DOM count UTF-16 units; weft counts code points. The two
 * differ only behind an astral character (U+10000 and up: two units, one code
 * point). This file is the only place that converts.
 *
 *   cpLength(s)              code points in s
 *   unitAt(s, cp)            the unit offset of code point cp
 *   cpAt(s, unit)            the code point offset of a unit offset
 *   isInside(s, unit)        the unit offset lies inside a pair
 *   cpSlice(s, from, to)     a slice whose bounds are code points
 *   isWellFormed(s)          no lone surrogate, no NUL: the server accepts it
 *   toWellFormed(s)          the same text with those replaced by U+FFFD
 *   sharedEnds(from, to)     what two texts have in common at both ends
 *
 * Cost: a text without astral characters takes the fast path, where both counts
 * are one. The check is one regular expression; engines answer it at once for
 * Latin-1 strings and in one pass over the memory for others. With astral
 * characters a conversion walks the text up to the place asked for.
 *
 * A lone surrogate counts as one code point, so that no function fails on it;
 * isWellFormed() is where such text is refused.
 */

const SHORT = 24;
const SURROGATE = /[\ud800-\udfff]/;
const REFUSED = /[\0\ud800-\udfff]/u; /* with /u a pair is one character: only lone ones match */
const REFUSED_ALL = /[\0\ud800-\udfff]/gu;

/** @param {number} unit @returns {boolean} first half of a pair */
export function isHigh(unit) {
    return (unit & 0xfc00) === 0xd800;
}

/** @param {number} unit @returns {boolean} second half of a pair */
export function isLow(unit) {
    return (unit & 0xfc00) === 0xdc00;
}

/**
 * True where units and code points are one and the same.
 * @param {string} s
 */
export function isPlain(s) {
    return !SURROGATE.test(s);
}

/**
 * @param {string} s
 * @returns {number} code points in s
 */
export function cpLength(s) {
    /* Of a few characters a loop is done before the regular expression has begun. */
    let n = s.length;
    if (n > SHORT && isPlain(s))
        return n;
    for (let at = s.length - 2; at >= 0; at--) {
        if (isHigh(s.charCodeAt(at)) && isLow(s.charCodeAt(at + 1)))
            n--;
    }
    return n;
}

/**
 * The unit offset of a code point offset. An offset behind the end gives a
 * number above s.length, so that callers can see it.
 * @param {string} s
 * @param {number} cp
 */
export function unitAt(s, cp) {
    return isPlain(s) ? cp : skip(s, 0, cp);
}

/**
 * The code point offset of a unit offset; a unit inside a pair counts as the
 * place behind the pair's character.
 * @param {string} s
 * @param {number} unit
 */
export function cpAt(s, unit) {
    const end = Math.min(unit, s.length);
    return isPlain(s) ? end : walkToUnit(s, end);
}

/**
 * True where a unit offset is no gap: between the two halves of a pair.
 * @param {string} s
 * @param {number} unit
 */
export function isInside(s, unit) {
    return isHigh(s.charCodeAt(unit - 1)) && isLow(s.charCodeAt(unit));
}

/**
 * @param {string} s
 * @param {number} from code points
 * @param {number} [to] code points; left out: the end
 */
export function cpSlice(s, from, to) {
    if (isPlain(s))
        return s.slice(from, to);
    const start = skip(s, 0, from);
    return to === undefined ? s.slice(start) : s.slice(start, skip(s, start, to - from));
}

/**
 * Goes cp code points on from a unit offset; the result may lie behind the end.
 * @param {string} s
 * @param {number} unit a boundary between characters
 * @param {number} cp
 */
export function skip(s, unit, cp) {
    let at = unit;
    let left = cp;
    while (left > 0 && at < s.length) {
        if (isHigh(s.charCodeAt(at)) && at + 1 < s.length && isLow(s.charCodeAt(at + 1)))
            at++;
        at++;
        left--;
    }
    return at + left;
}

/** @param {string} s @param {number} end unit offset */
function walkToUnit(s, end) {
    let cp = 0;
    for (let at = 0; at < end; at++, cp++) {
        if (isHigh(s.charCodeAt(at)) && at + 1 < s.length && isLow(s.charCodeAt(at + 1)))
            at++;
    }
    return cp;
}

/** @param {string} s @returns {boolean} text a weft server accepts */
export function isWellFormed(s) {
    return !REFUSED.test(s);
}

/**
 * Replaces what the server refuses (lone surrogates, NUL), one for one, so that
 * no position moves.
 * @param {string} s
 */
export function toWellFormed(s) {
    return REFUSED.test(s) ? s.replace(REFUSED_ALL, '\ufffd') : s;
}

/**
 * Bytes s takes as a JSON string in UTF-8, quotes included. Message limits are
 * in bytes, so splitting needs it without building the JSON.
 * @param {string} s
 */
export function jsonBytes(s) {
    let n = 2;
    for (let i = 0; i < s.length; i++)
        n += jsonUnitBytes(s.charCodeAt(i));
    return n;
}

/**
 * The share of one UTF-16 unit: a pair is four bytes, two for each half.
 * @param {number} u
 */
export function jsonUnitBytes(u) {
    if (u < 0x20)
        return u >= 8 && u <= 13 && u !== 11 ? 2 : 6; /* \b \t \n \f \r, else \u00XX */
    if (u < 0x80)
        return u === 0x22 || u === 0x5c ? 2 : 1;
    if (u < 0x800 || isHigh(u) || isLow(u))
        return 2;
    return 3;
}

/**
 * What two texts share at both ends, in units: as much as can be at the start,
 * then at the end (or, up to `hinted`, at the end first). No pair is cut.
 * @param {string} from @param {string} to
 * @param {number} [hinted]
 * @returns {[number, number]}
 */
export function sharedEnds(from, to, hinted = 0) {
    const room = Math.min(from.length, to.length);
    const first = wholeTail(from, to, commonSuffix(from, to, hinted));
    const head = wholeHead(from, to, commonPrefix(from, to, room - first));
    return [head, wholeTail(from, to, commonSuffix(from, to, room - head))];
}

/* A prefix must not end, and a suffix not begin, inside a pair. */
function wholeHead(a, b, n) {
    const cut = n > 0 && isHigh(b.charCodeAt(n - 1)) &&
                (isLow(a.charCodeAt(n)) || isLow(b.charCodeAt(n)));
    return cut ? n - 1 : n;
}

function wholeTail(a, b, n) {
    const cut = n > 0 && isLow(b.charCodeAt(b.length - n)) &&
                (isHigh(a.charCodeAt(a.length - n - 1)) || isHigh(b.charCodeAt(b.length - n - 1)));
    return cut ? n - 1 : n;
}

/* Whole blocks are compared as strings first: on a long text that is a memory
 * compare instead of a loop over units. */
const BLOCK = 4096;

function commonPrefix(a, b, max) {
    let n = 0;
    while (n + BLOCK <= max && a.slice(n, n + BLOCK) === b.slice(n, n + BLOCK))
        n += BLOCK;
    while (n < max && a.charCodeAt(n) === b.charCodeAt(n))
        n++;
    return n;
}

function commonSuffix(a, b, max) {
    const ea = a.length;
    const eb = b.length;
    let n = 0;
    while (n + BLOCK <= max &&
           a.slice(ea - n - BLOCK, ea - n) === b.slice(eb - n - BLOCK, eb - n))
        n += BLOCK;
    while (n < max && a.charCodeAt(ea - n - 1) === b.charCodeAt(eb - n - 1))
        n++;
    return n;
}
