/* The binding for Monaco in headless Chromium: the real editor, two tabs of one room on a real
 * server. Skipped, and says so, where Monaco, esbuild or Chromium is missing. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEADLINE_MS, load, newFolder, ROOT, serve, test, TMP } from './lib.mjs';

const chromium = (await load('playwright-core'))?.chromium;
const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome', '/snap/bin/chromium'].find((file) => file && existsSync(file));
const here = path.dirname(fileURLToPath(import.meta.url));
const min = path.join(here, 'node_modules/monaco-editor/min');
let esbuild = null;
try {
    esbuild = createRequire(path.join(ROOT, 'web/'))('esbuild');
} catch {
    /* told by skip */
}
const skip = !chromium || !existsSync(min) ? 'packages are missing: run `npm ci` in tests/e2e'
    : !esbuild ? 'no esbuild: run `npm ci` in web'
    : !executablePath && 'no Chromium here: install chromium, or set CHROMIUM';

const PAGE = `<!doctype html><meta charset="utf-8"><title>Monaco</title>
<div id="editor" style="height:400px"></div><script src="/vs/loader.js"></script>
<script src="/client.js"></script><script>
require.config({ paths: { vs: '/vs' } });
require(['vs/editor/editor.main'], () => {
    const query = new URLSearchParams(location.search);
    globalThis.room = weft.connect(query.get('room'), { name: query.get('name'), color: '#c2185b' });
    globalThis.editor = monaco.editor.create(document.getElementById('editor'), {
        value: 'what was in it before', autoClosingBrackets: 'never', quickSuggestions: false,
        wordBasedSuggestions: 'off', minimap: { enabled: false } });
    globalThis.unbind = weft.bindMonaco(room, editor);
});
</script>`;

/** A site with Monaco and the client, as a product would have it. */
async function site(t) {
    const { outputFiles } = await esbuild.build({
        stdin: { contents: "export { connect } from './room.js'; export { bindMonaco } from './monaco.js';",
                 resolveDir: path.join(ROOT, 'web/client') },
        bundle: true, format: 'iife', globalName: 'weft', write: false,
    });
    const types = { '.js': 'text/javascript', '.css': 'text/css', '.ttf': 'font/ttf' };
    const server = http.createServer((request, response) => {
        const { pathname } = new URL(request.url, 'http://host');
        const file = path.join(min, path.normalize(pathname));
        response.setHeader('content-type', types[path.extname(pathname)] ?? 'text/html; charset=utf-8');
        if (pathname === '/')
            response.end(PAGE);
        else if (pathname === '/client.js')
            response.end(outputFiles[0].text);
        else if (pathname.startsWith('/vs/') && existsSync(file))
            response.end(readFileSync(file));
        else
            response.writeHead(pathname === '/favicon.ico' ? 204 : 404).end();
    });
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    t.after(() => {
        server.closeAllConnections();
        server.close();
    });
    return `http://127.0.0.1:${server.address().port}/`;
}

const until = (page, fn, arg) => page.waitForFunction(fn, arg, { polling: 20 });
const value = (page) => page.evaluate(() => editor.getModel().getValue());
const shows = async (page, text) => {
    try {
        await until(page, (wanted) => editor.getModel().getValue() === wanted && room.text === wanted &&
            room.saved, text);
    } catch (error) {
        throw new Error(`expected ${JSON.stringify(text)}, found ${JSON.stringify(await value(page))}, ` +
            `room ${JSON.stringify(await page.evaluate(() => room.text))}: ${error.message}`);
    }
};
const caret = (page, offset) => page.evaluate((at) => {
    editor.focus();
    editor.setPosition(editor.getModel().getPositionAt(at));
}, offset);
const caretAt = (page) => page.evaluate(() => editor.getModel().getOffsetAt(editor.getPosition()));

async function open(t, name, ...people) {
    const server = await serve(t);
    const origin = await site(t);
    const context = await chromium.launchPersistentContext(newFolder(), {
        executablePath, headless: true,
        args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run',
               '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    });
    context.setDefaultTimeout(DEADLINE_MS);
    t.after(() => context.close());
    const pages = [];
    for (const who of people) {
        const page = await context.newPage();
        page.complaints = [];
        page.on('pageerror', (error) => page.complaints.push(String(error.stack ?? error)));
        t.after(() => assert.deepEqual(page.complaints, [], 'the browser complained'));
        const query = new URLSearchParams({ room: `ws://${server.host}:${server.port}/ws/${name}`, name: who });
        await page.goto(`${origin}?${query}`);
        await until(page, () => globalThis.unbind && room.saved);
        pages.push(page);
    }
    return { server, pages };
}

test('Monaco: two tabs converge, and undo takes back one\'s own edits only', { skip }, async (t) => {
    const { server, pages: [one, two] } = await open(t, 'monaco', 'Ada', 'Ben');
    await shows(one, '');
    await caret(one, 0);
    await one.keyboard.type('first line\nsecond line 😀\n');
    await shows(two, 'first line\nsecond line 😀\n');

    await caret(two, 0);
    await caret(one, 11);
    await Promise.all([one.keyboard.type('ONE '), two.keyboard.type('TWO ')]);
    await Promise.all([one, two].map((page) => shows(page, 'TWO first line\nONE second line 😀\n')));
    assert.equal(await caretAt(one), 19, 'the caret has moved along');
    await until(one, () => document.querySelector('.weft-monaco-caret') !== null);
    await one.screenshot({ path: path.join(TMP, 'monaco.png') });

    /* Behind the emoji, and the emoji itself: one character, two units. */
    await caret(two, 35);
    await two.keyboard.type('!');
    await shows(one, 'TWO first line\nONE second line 😀\n!');
    await caret(two, 33);
    await two.keyboard.press('Backspace');
    await shows(one, 'TWO first line\nONE second line \n!');

    /* By key, by the editor's command, and by the model. */
    await caret(one, 0);
    await one.keyboard.press('Control+z');
    await until(one, () => !room.text.includes('ONE') && !room.text.includes('first'));
    await shows(one, 'TWO !');
    await shows(two, 'TWO !');
    await one.evaluate(() => editor.trigger('menu', 'redo'));
    await until(one, () => room.text.includes('first'));
    const text = await value(one);
    assert.match(text, /^TWO [^]*first line\n/);
    assert.equal((await server.get('/api/rooms/monaco/text')).body, text);
    await shows(two, text);
});

test('Monaco: a caret stays where others type; text from elsewhere as it is', { skip }, async (t) => {
    const { server, pages: [one] } = await open(t, 'lines', 'Ada');
    const ben = await server.join('lines');
    await caret(one, 0);
    await one.keyboard.type('abc');
    await shows(one, 'abc');
    await caret(one, 1);
    ben.send({ type: 'edit', op: [1, 'X'], rev: await one.evaluate(() => room.rev) });
    await shows(one, 'aXbc');
    assert.equal(await caretAt(one), 1, 'what others type at the caret goes behind it');
    await one.keyboard.type('Y');
    await shows(one, 'aYXbc');

    ben.send({ type: 'insert', text: '\r\nd\re', rev: await one.evaluate(() => room.rev) });
    await until(one, () => room.text === 'aYXbc\r\nd\re' &&
        editor.getModel().getValue() === 'aYXbc\u240d\nd\u240de');
    await caret(one, 10);
    await one.keyboard.type('f');
    await until(one, () => room.saved && room.text === 'aYXbc\r\nd\ref');
    assert.equal(await ben.text(), 'aYXbc\r\nd\ref');

    /* A program that cuts a pair in half. */
    await one.evaluate(() => editor.executeEdits('test', [
        { range: editor.getModel().getFullModelRange(), text: 'a😀b' }]));
    await shows(one, 'a😀b');
    await one.evaluate(() => editor.getModel().applyEdits([
        { range: { startLineNumber: 1, startColumn: 3, endLineNumber: 1, endColumn: 4 }, text: '' }]));
    await until(one, () => room.saved && editor.getModel().getValue() === room.text && room.text.length <= 3);
    assert.match(await ben.text(), /^a\ufffd?b$/);
    await ben.leave();
});

test('Monaco: others\' edits wait while an input method composes', { skip }, async (t) => {
    const { server, pages: [one] } = await open(t, 'ime', 'Ada');
    const ben = await server.join('ime');
    await caret(one, 0);
    await one.keyboard.type('ab');
    await shows(one, 'ab');
    const cdp = await one.context().newCDPSession(one);
    await cdp.send('Input.imeSetComposition', { text: 'に', selectionStart: 1, selectionEnd: 1 });
    await until(one, () => editor.getModel().getValue() === 'abに');
    ben.send({ type: 'insert', position: 0, text: '>>' });
    await until(one, () => room.text.startsWith('>>'));
    assert.equal(await value(one), 'abに', 'not while it composes');
    await cdp.send('Input.imeSetComposition', { text: 'にほ', selectionStart: 2, selectionEnd: 2 });
    await cdp.send('Input.insertText', { text: '日本' });
    await shows(one, '>>ab日本');
    assert.equal(await ben.text(), '>>ab日本');
    await ben.leave();
});

test('Monaco: random edits on both sides converge', { skip }, async (t) => {
    const { server, pages: [one, two] } = await open(t, 'random', 'Ada', 'Ben');
    const seed = Number(process.env.WEFT_SEED ?? Date.now() % 1e6);
    const play = (page, from) => page.evaluate(async (start) => {
        let state = start >>> 0 || 1;
        const below = (n) => {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
            return Math.floor(state / 2 ** 32 * n);
        };
        const words = ['a', 'bc', '\n', '😀', 'é', '漢字', '', '\n\n'];
        for (let i = 0; i < 120; i++) {
            const model = editor.getModel();
            const n = model.getValueLength();
            const a = below(n + 1);
            const b = below(3) ? a : Math.min(n, a + below(5));
            const [p, q] = [model.getPositionAt(a), model.getPositionAt(b)];
            const range = model.validateRange({ startLineNumber: p.lineNumber, startColumn: p.column,
                endLineNumber: q.lineNumber, endColumn: q.column });
            if (below(12) === 0)
                model.undo();
            else
                editor.executeEdits('random', [{ range, text: words[below(words.length)] }]);
            if (editor.getModel().getValue() !== room.text)
                throw new Error(`step ${i}: the model is not the room`);
            if (below(3) === 0)
                await new Promise((resolve) => { setTimeout(resolve); });
        }
    }, from);
    await Promise.all([play(one, seed), play(two, seed + 7)]);
    await Promise.all([one, two].map((page) => until(page, () => room.saved)));
    const text = (await server.get('/api/rooms/random/text')).body;
    await Promise.all([one, two].map((page) => shows(page, text)))
        .catch((error) => { throw new Error(`WEFT_SEED=${seed}: ${error.message}`); });
    t.diagnostic(`seed ${seed}`);
});
