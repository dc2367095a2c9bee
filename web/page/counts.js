/**
 * counts.js - counting in a text: characters, words, lines.
 *
 * Characters are code points, as in the protocol. Words are runs between white space.
 * Chunks of the document are counted once each: after an edit all but one or two are
 * known already, and a long text can be counted a little at a time.
 */

function isSpace(unit) {
    return unit <= 0x20 || unit === 0xa0 || unit === 0x3000 ||
           (unit >= 0x2000 && unit <= 0x200b) || unit === 0x2028 || unit === 0x2029;
}

const known = new WeakMap(); /* chunk -> {words, breaks, opens, closes} */

function countChunk({ text }) {
    let words = 0;
    let breaks = 0;
    let inside = false;
    for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        if (unit === 10)
            breaks++;
        const space = isSpace(unit);
        if (!space && !inside)
            words++;
        inside = !space;
    }
    /* Whether a word goes on over its start and its end. */
    return { words, breaks, opens: !isSpace(text.charCodeAt(0)), closes: inside };
}

/**
 * @param {import('../client/doc.js').Doc} doc
 * @param {() => boolean} [enough] asked between chunks: leave the rest for another time?
 * @returns {{characters: number, words: number, lines: number} | null} null: call again
 */
export function countDoc(doc, enough = () => false) {
    let words = 0;
    let lines = 1;
    let inside = false;
    for (const chunk of doc.chunks) {
        let counts = known.get(chunk);
        if (counts === undefined) {
            counts = countChunk(chunk);
            known.set(chunk, counts);
            if (enough())
                return null;
        }
        words += counts.words - (inside && counts.opens ? 1 : 0);
        lines += counts.breaks;
        inside = counts.closes;
    }
    return { characters: doc.cps, words, lines };
}
