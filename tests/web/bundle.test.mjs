/* web/dist is what the sources make. */

import test from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const WEB = new URL('../../web/', import.meta.url).pathname;
const DIST = path.join(WEB, 'dist/page');
const skip = !existsSync(path.join(WEB, 'node_modules/esbuild')) &&
    'no packages of the page here: run `npm ci` in web';

test('the committed bundle is what `make web` builds', { skip }, async (t) => {
    const out = await mkdtemp(path.join(process.env.WEFT_TMP ?? os.tmpdir(), 'dist.'));
    t.after(() => rm(out, { recursive: true }));
    await promisify(execFile)(process.execPath, [path.join(WEB, 'build.mjs'), out]);
    const built = (await readdir(path.join(out, 'page'))).sort();
    assert.deepEqual((await readdir(DIST)).sort(), built, 'other files: run `make web`');
    for (const file of built)
        assert.ok((await readFile(path.join(out, 'page', file)))
            .equals(await readFile(path.join(DIST, file))), `${file} differs: run \`make web\``);
});

/** What a browser loads before anything is asked of it: the page and all it imports at once. */
async function firstLoad(page) {
    const html = await readFile(path.join(DIST, page), 'utf8');
    const todo = [...html.matchAll(/page\/([\w.-]+)"/g)].map(([, name]) => name);
    const sizes = new Map([[page, gzipSync(html, { level: 9 }).length]]);
    while (todo.length > 0) {
        const name = todo.pop();
        if (sizes.has(name))
            continue;
        const text = await readFile(path.join(DIST, name), 'utf8');
        sizes.set(name, gzipSync(text, { level: 9 }).length);
        for (const [, part] of text.matchAll(/(?:from|import)"\.\/([\w.-]+)"/g))
            todo.push(part);
    }
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

test('the first load of a room is at most 130 KB, compressed, and of the entrance 10', async () => {
    const room = await firstLoad('room.html');
    const entrance = await firstLoad('index.html');
    console.log(`# room ${room} bytes, entrance ${entrance} bytes`);
    assert.ok(room <= 130000, `${room} bytes`);
    assert.ok(entrance <= 10000, `${entrance} bytes`);
});

test('no file of the bundle names another host', async () => {
    for (const file of await readdir(DIST)) {
        const text = await readFile(path.join(DIST, file), 'utf8');
        for (const [address] of text.matchAll(/\b(?:https?|wss?):\/\/[\w.-]+/g))
            assert.match(address, /^http:\/\/www\.w3\.org$/, `${file}: a name of XML and no address`);
    }
});
