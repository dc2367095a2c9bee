/**
 * counts.js - counting in a text: characters, words, lines.
 *
 * Characters are code points, as in the protocol. Words are runs between white
 * space. Both in one pass, since a text may have millions of characters.
 */

import { cpLength } from '../client/text.js';

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
