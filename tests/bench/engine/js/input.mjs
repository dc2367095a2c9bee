// Files of edits, texts to start from, hashes, and repeating until enough time has passed.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export function edits(path, most = Infinity) {
    const bytes = readFileSync(path);
    const n = bytes.readUInt32LE(0);
    const list = [];
    let at = 4 + 12 * n;
    for (let i = 0; i < n && i < most; i++) {
        const [pos, del, len] = [4, 8, 12].map((k) => bytes.readUInt32LE(k + 12 * i));
        list.push({ pos, del, text: bytes.toString('utf8', at, at + len) });
        at += len;
    }
    return list;
}

const ASCII = 'The quick brown fox jumps over the lazy dog; 0123456789 abcdef.\n';

export function base(n) {
    return ASCII.repeat(Math.ceil(n / ASCII.length)).slice(0, n);
}

export const sha = (text) => createHash('sha256').update(text).digest('hex');

const now = () => Number(process.hrtime.bigint());

// One run in ns.
export function time(work) {
    const start = now();
    work();
    return now() - start;
}

// The median in ns of as many runs as take minMs.
export function laps(minMs, work) {
    const times = [];
    let sum = 0;
    do {
        times.push(time(work));
        sum += times.at(-1);
    } while (sum < minMs * 1e6 && times.length < 4096);
    return times.sort((a, b) => a - b)[times.length >> 1];
}
