/* A file of operations piped into websocat: `websocat ws://… < file`. The input ends, and websocat
 * says CLOSE, long before the acks arrive, and it sends faster than a disk syncs: nothing may be
 * lost, refused or doubled. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { newFolder, serve, within } from './lib.mjs';

/* More than a room lets wait for the disk at once (PENDING_REVS_MAX). */
const LINES = 5000;

const hasWebsocat = spawnSync('sh', ['-c', 'command -v websocat']).status === 0;
const skip = hasWebsocat ? false : 'websocat is not installed: cargo install websocat';

/** What `websocat url < file` says, by lines. */
async function pipe(url, text, options = []) {
    const file = path.join(newFolder(), 'ops.jsonl');
    writeFileSync(file, text);
    const input = openSync(file, 'r');
    const child = spawn('websocat', [...options, url], { stdio: [input, 'pipe', 'pipe'] });
    closeSync(input);
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (more) => { out += more; });
    child.stderr.setEncoding('utf8').on('data', (more) => { err += more; });
    const code = await within('websocat to end', new Promise((resolve) => child.on('close', resolve)),
        () => out.slice(-1000) + err, 120000);
    assert.equal(code, 0, err);
    return out.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

const words = (i) => `line ${i} 🧵 añ\n`;
const all = (n) => Array.from({ length: n }, (_, i) => words(i + 1)).join('');
const inserts = (n, more) => Array.from({ length: n }, (_, i) =>
    `${JSON.stringify({ type: 'insert', text: words(i + 1), ...more(i + 1) })}\n`).join('');

async function check(server, room, said, text, rev) {
    assert.deepEqual(said.filter(({ type }) => type === 'error').slice(0, 3), [], 'nothing is refused');
    /* Waits for what had been decided when it is asked. */
    const served = await server.get(`/api/rooms/${room}/text`);
    assert.equal(served.status, 200);
    assert.ok(served.body === text, `${served.body.split('\n').length - 1} lines are there`);
    assert.equal((await server.getJson(`/api/rooms/${room}`)).json.rev, rev);
    /* Acks that came before the CLOSE was read are in order, and begin at the first. */
    const acks = said.filter(({ type }) => type === 'ack').map((ack) => ack.rev);
    assert.deepEqual(acks, acks.map((_, i) => i + 1));
}

test('a file of inserts without rev and seq', { skip }, async (t) => {
    const server = await serve(t);
    const said = await pipe(`ws://127.0.0.1:${server.port}/ws/plain`, inserts(LINES, () => ({})));
    await check(server, 'plain', said, all(LINES), LINES);
});

test('a file of inserts with seq', { skip }, async (t) => {
    const server = await serve(t);
    const said = await pipe(`ws://127.0.0.1:${server.port}/ws/numbered`,
        inserts(LINES, (seq) => ({ seq })));
    await check(server, 'numbered', said, all(LINES), LINES);
});

test('a file in which every line is there twice, with its seq', { skip }, async (t) => {
    const server = await serve(t);
    const twice = inserts(LINES / 2, (seq) => ({ seq })).replace(/.*\n/g, '$&$&');
    const said = await pipe(`ws://127.0.0.1:${server.port}/ws/twice`, twice);
    await check(server, 'twice', said.filter(({ dup }) => !dup), all(LINES / 2), LINES / 2);
});

test('a file above the burst waits, and loses nothing', { skip }, async (t) => {
    const server = await serve(t, ['--rate-messages', '10000', '--rate-burst', '500']);
    const said = await pipe(`ws://127.0.0.1:${server.port}/ws/slow`, inserts(LINES, () => ({})));
    await check(server, 'slow', said, all(LINES), LINES);
});

test('many files at once into one room, faster than the disk', { skip }, async (t) => {
    const FILES = 8;
    const server = await serve(t, ['--rate-messages', '0']);
    const url = `ws://127.0.0.1:${server.port}/ws/many`;
    const file = inserts(LINES, (seq) => ({ seq }));
    /* websocat cuts what it receives at 64 KiB, which a composed catch-up can be above. */
    const said = await Promise.all(Array.from({ length: FILES },
        () => pipe(url, file, ['--buffer-size', '16000000'])));
    assert.deepEqual(said.flat().filter(({ type }) => type === 'error').slice(0, 3), []);
    const served = await server.get('/api/rooms/many/text');
    assert.equal((await server.getJson('/api/rooms/many')).json.rev, FILES * LINES);
    const lines = served.body.split('\n').filter(Boolean).sort();
    assert.deepEqual(lines, all(LINES).repeat(FILES).split('\n').filter(Boolean).sort());
});
