// The edits that all sides are given: made from a seed, or read from recorded sessions.
//
// A file of edits is: u32 n; n times u32 position, code points deleted, bytes inserted; then the
// inserted texts one after the other (UTF-8). All numbers are little endian. Edits follow one
// another unless a question says that each is made against the same text.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export function random(seed) {
    // 0 .. n-1
    let s = seed >>> 0;
    return (n) => {
        s = (s + 0x6d2b79f5) >>> 0;
        let z = Math.imul(s ^ (s >>> 15), s | 1);
        z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
        return Math.floor((((z ^ (z >>> 14)) >>> 0) / 4294967296) * n);
    };
}

const letter = (r) => 'etaoin shrdlu'[r(13)];

// What people do: runs of 5 to 40 characters, then somewhere else; now and then the character just
// typed is taken back.
export function typed(seed, n, baseCp) {
    const r = random(seed);
    const list = [];
    let length = baseCp,
        caret = 0,
        left = 0,
        run = 0;
    while (list.length < n) {
        if (left-- <= 0) {
            caret = r(length + 1);
            left = 5 + r(36);
            run = 0;
        }
        if (run > 0 && r(100) < 5) {
            list.push({ pos: --caret, del: 1, text: '' });
            length--;
            run--;
        } else {
            list.push({ pos: caret++, del: 0, text: letter(r) });
            length++;
            run++;
        }
    }
    return list;
}

// The hardest there is: every character somewhere else.
export function scattered(seed, n, baseCp) {
    const r = random(seed);
    return Array.from({ length: n }, (_, i) => ({
        pos: r(baseCp + i + 1),
        del: 0,
        text: letter(r),
    }));
}

// Two at once, a quarter from each end, turn about.
export function twoWriters(n, baseCp) {
    const r = random(3);
    const carets = [baseCp >> 2, baseCp - (baseCp >> 2)];
    return Array.from({ length: n }, (_, i) => {
        const e = { pos: carets[i & 1]++, del: 0, text: letter(r) };
        if (!(i & 1)) carets[1]++;
        return e;
    });
}

// Single edits, each against one text: typed characters, words, deletions.
export function singles(seed, n, baseCp) {
    const r = random(seed);
    return Array.from({ length: n }, () => {
        const what = r(10);
        if (what < 7) return { pos: r(baseCp + 1), del: 0, text: letter(r) };
        if (what < 9) return { pos: r(baseCp - 3), del: 1 + r(3), text: '' };
        return { pos: r(baseCp + 1), del: 0, text: 'word ' };
    });
}

// k replacements, evenly spread over the text.
export function spread(k, baseCp) {
    return Array.from({ length: k }, (_, i) => ({
        pos: Math.floor(((i + 0.5) * baseCp) / k) + i,
        del: 1,
        text: '##',
    }));
}

// Like a recorded session of so many patches that ends with so many characters.
export function sessionLike(seed, patches, endCp, pasted = 0) {
    const r = random(seed);
    const list = pasted ? [{ pos: 0, del: 0, text: 'x'.repeat(pasted) }] : [];
    const backs = Math.max(0, Math.min(45, (50 * (patches + pasted - endCp)) / patches));
    let length = pasted,
        caret = pasted,
        left = 0;
    while (list.length < patches) {
        if (left-- <= 0) {
            caret = r(3) ? Math.min(length, Math.max(0, caret + r(400) - 200)) : r(length + 1);
            left = 3 + r(60);
        }
        if (caret > 0 && r(1000) < 10 * backs) {
            list.push({ pos: --caret, del: 1, text: '' });
            length--;
        } else {
            list.push({ pos: caret++, del: 0, text: letter(r) });
            length++;
        }
    }
    return list;
}

// ---- files -------------------------------------------------------------------------------------

export function writeEdits(path, list) {
    const texts = list.map((e) => Buffer.from(e.text));
    const head = Buffer.alloc(4 + 12 * list.length);
    head.writeUInt32LE(list.length, 0);
    list.forEach((e, i) => {
        head.writeUInt32LE(e.pos, 4 + 12 * i);
        head.writeUInt32LE(e.del, 8 + 12 * i);
        head.writeUInt32LE(texts[i].length, 12 + 12 * i);
    });
    writeFileSync(path, Buffer.concat([head, ...texts]));
    return path;
}

// Patches and length at the end of the recorded sessions, and what was pasted at their start: for
// machines that have no recordings.
export const SESSIONS = {
    'automerge-paper': [259778, 104852, 0],
    rustcode: [40173, 65218, 40000],
    sveltecomponent: [19749, 18451, 1500],
    friendsforever_flat: [26078, 21362, 0],
    'json-crdt-patch': [18723, 49302, 38000],
};

const FOLDERS = () => [process.env.WEFT_TRACES || '../shared/traces'];

export function recording(file) {
    for (const folder of FOLDERS()) {
        const path = join(folder, file);
        if (existsSync(path)) return gunzipSync(readFileSync(path)).toString('utf8');
    }
    return null;
}

// The session's edits, and whether they were recorded.
export function session(name) {
    const text = recording(`${name}.patches.gz`);
    if (text === null) return { list: sessionLike(5, ...SESSIONS[name]), recorded: false };
    const list = text
        .trimEnd()
        .split('\n')
        .map((line) => {
            const [pos, del] = line.split(' ', 2).map(Number);
            return { pos, del, text: JSON.parse(line.slice(line.indexOf('"'))) };
        });
    return { list, recorded: true };
}
