/**
 * counts.js - counting in a text: characters, words, lines, and where a place is.
 *
 * Characters are code points, as in the protocol. Words are runs between white
 * space. Both in one pass, since a text may have millions of characters.
 */

import { cpLength, unitAt } from '../client/text.js';

function isSpace(unit) {
    return unit <= 0x20 || unit === 0xa0 || unit === 0x3000 ||
           (unit >= 0x2000 && unit <= 0x200b) || unit === 0x2028 || unit === 0x2029;
}

/** @param {string} text @returns {{characters: number, words: number, lines: number}} */
export function countText(text) {
    let words = 0;
    let lines = 1;
    let inside = false;
    for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        if (unit === 10)
            lines++;
        const space = isSpace(unit);
        if (!space && !inside)
            words++;
        inside = !space;
    }
    return { characters: cpLength(text), words, lines };
}

/**
 * The line, from 1, of each position.
 * @param {string} text @param {number[]} positions code points
 * @returns {number[]} in the order asked
 */
export function lineNumbers(text, positions) {
    const order = positions.map((_, i) => i).sort((a, b) => positions[a] - positions[b]);
    const result = new Array(positions.length);
    let line = 1;
    let newline = text.indexOf('\n');
    for (const i of order) {
        const unit = unitAt(text, positions[i]);
        while (newline >= 0 && newline < unit) {
            line++;
            newline = text.indexOf('\n', newline + 1);
        }
        result[i] = line;
    }
    return result;
}

/** Line and column, from 1, of a UTF-16 offset. */
export function lineAndColumn(text, unit) {
    const start = unit > 0 ? text.lastIndexOf('\n', unit - 1) + 1 : 0;
    let line = 1;
    for (let at = text.indexOf('\n'); at >= 0 && at < start; at = text.indexOf('\n', at + 1))
        line++;
    return { line, column: cpLength(text.slice(start, unit)) + 1 };
}
