/* history_lib.mjs - a room with a past: a log that is made up from a seed, and its texts.
 *
 * The texts are worked out with arrays of code points and nothing of the client library. */

import { chance } from './lib.mjs';

const WORDS = ['warp', 'weft', 'loom', 'thread', 'shuttle', 'é', '漢字', '😀', '🧵🧶', 'selvage', 'heddle'];
export const MINUTE = 60000;

/**
 * People who write in turns, with pauses in between.
 * @param {{revs: number, seed: number, names?: string[], start?: number, pauseEvery?: number}} what
 * @returns {{ops: object[], lines: string, texts: (revs: number[]) => Map<number, string>}}
 *     ops as history has them; lines: the log for `weft import`
 */
export function past({ revs, seed, names = ['Ada', 'Bob', 'Cem'], start = 1700000000000,
                       pauseEvery = 400 }) {
    const below = chance(seed);
    const ops = [];
    let at = start;
    let author = 0;
    let caret = 0;
    let length = 0;
    const sessions = names.map((_, i) => [0, 1].map((n) => uuid(seed * 100 + i * 2 + n)));
    for (let rev = 1; rev <= revs; rev++) {
        if (rev % pauseEvery === 0)
            at += 10 * MINUTE + below(60) * MINUTE;
        at += 40 + below(400);
        if (names.length > 1 && below(25) === 0) {
            author = (author + 1 + below(names.length - 1)) % names.length;
            caret = below(length + 1);
        }
        const op = caret > 0 ? [caret] : [];
        if (caret < length && below(6) === 0) {
            const n = Math.min(length - caret, 1 + below(4));
            op.push(-n);
            length -= n;
        } else {
            const word = below(9) === 0 ? '\n' : `${WORDS[below(WORDS.length)]} `;
            op.push(word);
            caret += Array.from(word).length;
            length += Array.from(word).length;
        }
        const name = names[author];
        ops.push({ rev, user_id: sessions[author][rev * 2 > revs ? 1 : 0], ...(name && { name }), at,
                   op });
    }
    const head = { weft: 'log', version: 1, room: 'past', epoch: uuid(seed), rev: revs };
    return { ops, lines: [head, ...ops].map((line) => JSON.stringify(line)).join('\n') + '\n',
             texts: (wanted) => textsOf(ops, wanted) };
}

/** The texts at some revisions, by splicing arrays. */
function textsOf(ops, wanted) {
    const todo = new Set(wanted);
    const texts = new Map();
    const points = [];
    if (todo.has(0))
        texts.set(0, '');
    ops.forEach(({ rev, op }) => {
        let at = 0;
        for (const part of op) {
            if (typeof part === 'string') {
                const list = Array.from(part);
                points.splice(at, 0, ...list);
                at += list.length;
            } else if (part > 0) {
                at += part;
            } else {
                points.splice(at, -part);
            }
        }
        if (todo.has(rev))
            texts.set(rev, points.join(''));
    });
    return texts;
}

/** Who wrote each code point of the last text: one entry for each. */
export function writers(ops, rev = ops.length) {
    const names = [];
    for (const { op, name } of ops.slice(0, rev)) {
        let at = 0;
        for (const part of op) {
            if (typeof part === 'string') {
                const n = Array.from(part).length;
                names.splice(at, 0, ...new Array(n).fill(name));
                at += n;
            } else if (part > 0) {
                at += part;
            } else {
                names.splice(at, -part);
            }
        }
    }
    return names;
}

function uuid(n) {
    return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}
