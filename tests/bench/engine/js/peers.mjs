// The peers written in JavaScript, as one worker: a question per line in, an answer in JSON per line
// out. The questions stand in ../README.md.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import ot from 'ot';
import { base, edits, laps, sha, time } from './input.mjs';
import { composeAll, libs, sequence } from './libs.mjs';
import * as yjs from './yjs.mjs';

let sink; // what is stored here is not optimised away

// pair LIB FILE FILE BASE MIN_MS
function pair(lib, [, , fileA, fileB, n, minMs]) {
    const a = edits(fileA).map((e) => lib.op(e, Number(n)));
    const b = edits(fileB).map((e) => lib.op(e, Number(n)));
    const start = lib.doc(base(Number(n)));
    const all = a.map((op, i) => lib.text(lib.apply(lib.apply(start, b[i]), lib.left(op, b[i]))));
    const one = laps(minMs, () => {
        for (let i = 0; i < a.length; i++) sink = lib.left(a[i], b[i]);
    });
    const two = laps(minMs, () => {
        for (let i = 0; i < a.length; i++) sink = lib.both(a[i], b[i]);
    });
    return { ns: one / a.length, both_ns: two / a.length, sha: sha(all.join('')) };
}

// allpairs LIB FILE FILE BASE N
function allPairs(lib, [, , fileA, fileB, len, n]) {
    const a = sequence(lib, edits(fileA, Number(n)), Number(len));
    const b = sequence(lib, edits(fileB, Number(n)), Number(len));
    const doc = lib.apply(lib.doc(base(Number(len))), composeAll(lib, b));
    const ns = time(() => {
        for (let i = 0; i < a.length; i++)
            for (let j = 0; j < b.length; j++) [a[i], b[j]] = lib.both(a[i], b[j]);
    });
    return { ms: ns / 1e6, sha: sha(lib.text(lib.apply(doc, composeAll(lib, a)))) };
}

// compose LIB FILE BASE N MIN_MS
function compose(lib, [, , file, len, n, minMs]) {
    const ops = sequence(lib, edits(file, Number(n)), Number(len));
    let one;
    const ns = laps(minMs, () => {
        one = composeAll(lib, ops);
    });
    return { ms: ns / 1e6, sha: sha(lib.text(lib.apply(lib.doc(base(Number(len))), one))) };
}

// offline LIB LOGGED CLIENT BASE
function offline(lib, [, , logged, client, len]) {
    const l = sequence(lib, edits(logged), Number(len));
    const c = sequence(lib, edits(client), Number(len));
    let composed, own, moved;
    const clientNs = time(() => {
        own = composeAll(lib, c);
    });
    const composeNs = time(() => {
        composed = composeAll(lib, l);
    });
    const keptNs = time(() => {
        moved = lib.left(own, composed);
    });
    const text = lib.text(lib.apply(lib.apply(lib.doc(base(Number(len))), composed), moved));
    return {
        client_ms: clientNs / 1e6,
        first_ms: (composeNs + keptNs) / 1e6,
        kept_ms: keptNs / 1e6,
        wire_bytes: JSON.stringify(own).length,
        sha: sha(text),
    };
}

// apply LIB FILE BASE MIN_MS
function apply(lib, [, , file, len, minMs]) {
    const op = composeAll(lib, sequence(lib, edits(file), Number(len)));
    const doc = lib.doc(base(Number(len)));
    let end;
    const ns = laps(minMs, () => {
        end = lib.apply(doc, op);
    });
    return { ns, sha: sha(lib.text(end)) };
}

// session ot.js SUBMISSIONS: lines of [revision, length of the document there, operation]
function session([, , file]) {
    const said = readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => {
            const [rev, length, parts] = JSON.parse(line);
            const op = ot.TextOperation.fromJSON(parts);
            return { rev, op: op.retain(length - op.baseLength) };
        });
    const server = new ot.Server('');
    const ns = time(() => {
        for (const { rev, op } of said) server.receiveOperation(rev, op);
    });
    return { ms: ns / 1e6, sha: sha(server.document) };
}

const questions = { pair, allpairs: allPairs, compose, offline, apply };

function answer(words) {
    const [what, lib] = words;
    if (lib === 'yjs') return yjs[what](words);
    if (what === 'session') return session(words);
    return questions[what](libs[lib], words);
}

for await (const line of createInterface({ input: process.stdin })) {
    const words = line.trim().split(/\s+/);
    let said;
    try {
        said = answer(words);
    } catch (e) {
        said = { error: String(e) };
    }
    process.stdout.write(JSON.stringify(said) + '\n');
}
