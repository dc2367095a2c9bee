// Yjs: updates instead of operations. Where it puts text that two people insert at one place is its
// own affair, so its check is that all copies agree.
import { readFileSync } from 'node:fs';
import * as Y from 'yjs';
import { base, edits, sha, time } from './input.mjs';

function docOf(text) {
    const doc = new Y.Doc();
    if (text) doc.getText('t').insert(0, text);
    return doc;
}

function copyOf(doc) {
    const copy = new Y.Doc();
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
    return copy;
}

function type(doc, e) {
    const text = doc.getText('t');
    doc.transact(() => {
        if (e.del) text.delete(e.pos, e.del);
        if (e.text) text.insert(e.pos, e.text);
    });
}

const said = (doc) => doc.getText('t').toString();

// offline yjs LOGGED CLIENT BASE: the server has the logged edits, the client's arrive as one update
export function offline([, , logged, client, n]) {
    const server = docOf(base(Number(n)));
    const known = Y.encodeStateVector(server);
    const away = copyOf(server);
    for (const e of edits(logged)) type(server, e);
    for (const e of edits(client)) type(away, e);
    const update = Y.encodeStateAsUpdate(away, known);
    const ns = time(() => Y.applyUpdate(server, update));
    Y.applyUpdate(away, Y.encodeStateAsUpdate(server, Y.encodeStateVector(away)));
    if (said(away) !== said(server)) throw new Error('the copies differ');
    return { first_ms: ns / 1e6, kept_ms: ns / 1e6, wire_bytes: update.length, agreed: true };
}

function lines(path) {
    return readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => {
            const [client, seen, pos, del] = line.split(' ', 4).map(Number);
            return { client, seen, pos, del, text: JSON.parse(line.slice(line.indexOf('"'))) };
        });
}

// session yjs FILE: two clients type; then a third copy takes in their updates in the log's order
export function session([, , path]) {
    const docs = [new Y.Doc(), new Y.Doc()];
    const own = [[], []];
    const seen = [0, 0];
    const log = [];
    docs.forEach((doc, i) =>
        doc.on('update', (update, origin) => {
            if (origin === 'far') return;
            own[i].push(update);
            log.push(update);
        }),
    );
    const look = (i, until) => {
        for (; seen[i] < until; seen[i]++) Y.applyUpdate(docs[i], own[1 - i][seen[i]], 'far');
    };
    for (const l of lines(path)) {
        look(l.client, l.seen);
        // What merged otherwise than in the recording may be shorter there.
        const pos = Math.min(l.pos, docs[l.client].getText('t').length);
        const del = Math.min(l.del, docs[l.client].getText('t').length - pos);
        type(docs[l.client], { pos, del, text: l.text });
    }
    const server = new Y.Doc();
    const ns = time(() => {
        for (const update of log) Y.applyUpdate(server, update);
    });
    for (const i of [0, 1]) look(i, own[1 - i].length);
    if (said(docs[0]) !== said(server) || said(docs[1]) !== said(server))
        throw new Error('the copies differ');
    return { ms: ns / 1e6, agreed: true, yjs_sha: sha(said(server)) };
}
