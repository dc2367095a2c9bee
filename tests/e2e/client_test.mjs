/* The package weft-client as others get it: packed, installed from the tarball into an empty folder,
 * used from ES modules, CommonJS, TypeScript and a <script>; and every example of its README. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync }
    from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { DEADLINE_MS, load, newFolder, ROOT, serve, test, within } from './lib.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const CLIENT = path.join(ROOT, 'web/client');
const execute = promisify(execFile);
const chromium = (await load('playwright-core'))?.chromium;
const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome', '/snap/bin/chromium'].find((file) => file && existsSync(file));
const tsc = path.join(here, 'node_modules/typescript/bin/tsc');
const ofWeb = createRequire(path.join(ROOT, 'web/'));
let esbuild = null;
try {
    esbuild = ofWeb('esbuild');
} catch {
    /* told by skip */
}
const skip = !esbuild && 'no packages of the page here: run `npm ci` in web';
const skipTypes = !existsSync(tsc) && 'no typescript package: run `npm ci` in tests/e2e';
const skipBrowser = skip || (!chromium ? 'no playwright-core package: run `npm ci` in tests/e2e'
    : !executablePath && 'no Chromium here: install chromium, or set CHROMIUM');
const manifest = JSON.parse(readFileSync(path.join(CLIENT, 'package.json'), 'utf8'));

/* ---- the package, installed ---- */

let installed = null;

/** An empty folder in which the tarball is installed, once for all tests. */
async function product() {
    installed ??= (async () => {
        const folder = newFolder();
        const quiet = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
        const { stdout } = await execute('npm', ['pack', '--json', '--ignore-scripts',
            '--pack-destination', folder, CLIENT], { cwd: folder });
        const [{ filename, files, size }] = JSON.parse(stdout);
        writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
        await execute('npm', ['install', ...quiet, path.join(folder, filename)], { cwd: folder });
        assert.deepEqual(readdirSync(path.join(folder, 'node_modules'))
            .filter((name) => !name.startsWith('.')), ['weft-client'], 'no dependencies');
        symlinkSync(path.join(here, 'node_modules/ws'), path.join(folder, 'node_modules/ws'));
        return { folder, files: files.map((file) => file.path), size };
    })();
    return installed;
}

/** A program in that folder, run to its end: what it printed. */
async function program(name, source, args = []) {
    const { folder } = await product();
    writeFileSync(path.join(folder, name), source);
    const { stdout } = await within(`${name} to end`,
        execute(process.execPath, [name, ...args], { cwd: folder, timeout: DEADLINE_MS }));
    return stdout;
}

const SESSION = `
const room = connect(process.argv[2], { name: 'Ada', WebSocket });
room.insert(0, 'typed 😀 here');
room.on('saved', (saved) => {
    if (!saved)
        return;
    console.log(room.text, ot.apply('abc', [1, 'X']), typeof bindMonaco);
    room.close();
});
`;

test('the tarball: what it holds, and nothing else', async (t) => {
    const { files, size } = await product();
    t.diagnostic(`${files.length} files, ${size} bytes packed`);
    for (const wanted of ['README.md', 'LICENSE', 'package.json', 'index.js', 'types/index.d.ts',
                          'dist/weft.cjs', 'dist/weft.min.js', 'dist/core.js', 'monaco.js'])
        assert.ok(files.includes(wanted), wanted);
    assert.ok(files.every((file) => /^(?:(?:types|dist)\/)?[\w.-]+$/.test(file) &&
        !/test|node_modules/.test(file)), files.join(' '));
    assert.equal(readFileSync(path.join(CLIENT, 'LICENSE'), 'utf8'),
        readFileSync(path.join(ROOT, 'LICENSE'), 'utf8'));
    const version = readFileSync(path.join(ROOT, 'include/weft/version.h'), 'utf8')
        .match(/WEFT_VERSION "([^"]+)"/)[1];
    assert.equal(manifest.version, version);
    assert.equal(manifest.dependencies, undefined);
    const named = JSON.stringify(manifest.exports).match(/\.\/[\w./-]+\.\w+/g);
    for (const file of named.filter((name) => name !== './weft.min.js'))
        assert.ok(files.includes(file.slice(2)), `${file} is promised`);
});

test('the committed dist is what `make web` builds', { skip }, async () => {
    const out = newFolder();
    await execute(process.execPath, [path.join(ROOT, 'web/client-build.mjs'), out]);
    const dist = path.join(CLIENT, 'dist');
    assert.deepEqual(readdirSync(dist).sort(), readdirSync(out).sort(), 'other files: run `make web`');
    for (const file of readdirSync(out))
        assert.ok(readFileSync(path.join(out, file)).equals(readFileSync(path.join(dist, file))),
            `${file} differs: run \`make web\``);
});

test('as ES modules and as CommonJS, against a real server', async (t) => {
    const server = await serve(t);
    const at = (room) => [`ws://${server.host}:${server.port}/ws/${room}`];
    const wanted = 'typed 😀 here aXbc function\n';
    assert.equal(await program('one.mjs', `import { connect, ot } from 'weft-client';
        import { bindMonaco } from 'weft-client/monaco'; import WebSocket from 'ws';${SESSION}`,
        at('esm')), wanted);
    assert.equal(await program('two.cjs', `const { connect, ot } = require('weft-client');
        const { bindMonaco } = require('weft-client/monaco'); const WebSocket = require('ws');${SESSION}`,
        at('cjs')), wanted);
    assert.equal(await program('core.mjs', `import { connect } from 'weft-client/core';
        import * as ot from 'weft-client/ot'; import WebSocket from 'ws';
        const bindMonaco = () => {};${SESSION}`, at('core')), wanted);
    for (const room of ['esm', 'cjs', 'core'])
        assert.equal((await server.get(`/api/rooms/${room}/text`)).body, 'typed 😀 here');
});

/* ---- types ---- */

const TYPED = `
import { connect, ot, Undo, bindTextarea, type Op, type Refusal, type Room, type User } from 'weft-client';
import { connect as small } from 'weft-client/core';
import { bindCodeMirror } from 'weft-client/codemirror';
import { bindMonaco } from 'weft-client/monaco';
import { apply } from 'weft-client/ot';
const room: Room = connect('ws://host/ws/x', { name: 'Ada', storage: 'session', token: async () => 'x' });
const off: () => void = room.on('change', ({ op, before, local }) => {
    const typed: Op = op;
    const now: string = ot.apply(before, typed) + apply(before, [1, 'x', -1]) + String(local);
    void now;
});
room.on('status', (status) => status === 'offline');
room.on('reset', ({ text, merged }) => text.length + Number(merged ?? true));
room.on('resync', ({ reason, text }) => reason.length + text.length);
room.on('unknown', ({ type }) => type.length);
room.on('lost', ({ code, reason }) => code.toFixed() + reason);
room.on('saved', (saved) => saved && room.close());
room.on('error', ({ code, fatal, retry_ms }) => [code, fatal ?? false, (retry_ms ?? 0).toFixed()]);
room.at(9).catch((err: Refusal) => (err.retry_ms ?? 0) + err.code.length);
for (const user of room.users.values()) {
    const { head }: User = user;
    if (head !== null)
        room.setCursor(head, head + 1);
}
export async function past(): Promise<string> {
    for await (const { rev, op } of room.history({ from: 1 }))
        room.edit(op, rev);
    return room.at(3);
}
bindTextarea(room, document.createElement('textarea'));
const undo = new Undo(room);
if (undo.canUndo && !room.keep() && room.pendingSince?.getTime() === 0)
    off();
void bindCodeMirror(room, { people: false });
export const monaco = (editor: Parameters<typeof bindMonaco>[1]) => bindMonaco(room, editor);
small('ws://host/ws/x').insert(0, 'x');
// @ts-expect-error: no such event
room.on('nothing', () => {});
// @ts-expect-error: a position is a number
room.insert('0', 'x');
// @ts-expect-error: read-only
room.text = 'x';
// @ts-expect-error: not in the core
small('ws://host/ws/x').history();
`;

test('from TypeScript, strictly, in both kinds of module', { skip: skip || skipTypes }, async () => {
    const { folder } = await product();
    const at = path.join(folder, 'typed');
    mkdirSync(path.join(at, 'node_modules'), { recursive: true });
    cpSync(path.join(folder, 'node_modules/weft-client'), path.join(at, 'node_modules/weft-client'),
        { recursive: true });
    symlinkSync(path.join(ROOT, 'web/node_modules/@codemirror'), path.join(at, 'node_modules/@codemirror'));
    if (existsSync(path.join(here, 'node_modules/monaco-editor')))
        symlinkSync(path.join(here, 'node_modules/monaco-editor'), path.join(at, 'node_modules/monaco-editor'));
    writeFileSync(path.join(at, 'esm.mts'), TYPED);
    writeFileSync(path.join(at, 'cjs.cts'), TYPED);
    const check = (...files) => execute(process.execPath, [tsc, '--noEmit', '--strict', '--target',
        'es2022', '--lib', 'es2022,dom,dom.iterable', ...files], { cwd: at })
        .catch((error) => assert.fail(error.stdout || error.message));
    await check('--module', 'nodenext', '--skipLibCheck', 'esm.mts', 'cjs.cts');
    await check('--module', 'esnext', '--moduleResolution', 'bundler', '--skipLibCheck', 'esm.mts');
    /* The declarations themselves. */
    const own = path.join('node_modules/weft-client/types');
    await check('--module', 'esnext', '--moduleResolution', 'bundler', '--skipDefaultLibCheck',
        path.join(own, 'index.d.ts'), path.join(own, 'ot.d.ts'), path.join(own, 'core.d.ts'));
});

test('the types name what there is, no more and no less', { skip: skipTypes }, async () => {
    const ts = (await import('typescript')).default;
    const file = (name) => path.join(CLIENT, 'types', `${name}.d.ts`);
    const names = ['index', 'ot', 'core', 'textarea', 'monaco'];
    const all = ts.createProgram(names.map(file), { module: ts.ModuleKind.ESNext, noResolve: false,
        moduleResolution: ts.ModuleResolutionKind.Bundler, types: [], target: ts.ScriptTarget.ES2022 });
    const checker = all.getTypeChecker();
    const valuesOf = (name) => checker.getExportsOfModule(checker.getSymbolAtLocation(all.getSourceFile(file(name))))
        .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol) && symbol)
        .filter((symbol) => {
            const real = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
            return real.flags & ts.SymbolFlags.Value;
        }).map((symbol) => symbol.name).sort();
    const inner = ['State', 'Doc', 'refuse']; /* for tests and tools; may change */
    for (const name of names) {
        const real = await import(pathToFileURL(path.join(CLIENT, name === 'core' ? 'dist/core.js' : `${name}.js`)));
        assert.deepEqual(valuesOf(name), Object.keys(real).filter((key) => !inner.includes(key)).sort(), name);
    }
    const { Room } = await import(pathToFileURL(path.join(CLIENT, 'index.js')));
    const members = (proto) => Object.getOwnPropertyNames(proto).filter((key) => key !== 'constructor');
    const emitter = members(Object.getPrototypeOf(Room.prototype)).filter((key) => key !== 'emit');
    const declared = checker.getExportsOfModule(checker.getSymbolAtLocation(all.getSourceFile(file('index'))))
        .find(({ name }) => name === 'Room');
    assert.deepEqual(checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(declared))
        .map(({ name }) => name).sort(), [...members(Room.prototype), ...emitter].sort());
});

/* ---- sizes ---- */

test('sizes, compressed', { skip }, async () => {
    const { inner, lean } = await import(pathToFileURL(path.join(ROOT, 'web/client-build.mjs')));
    const bundled = async (contents, more = {}) => gzipSync((await esbuild.build({
        stdin: { contents, resolveDir: CLIENT }, bundle: true, minify: true, format: 'esm',
        target: 'es2022', write: false, ...more,
    })).outputFiles[0].contents, { level: 9 }).length;
    const whole = await bundled("export { connect } from './index.js'");
    const engine = await bundled("export { State } from './state.js'", { plugins: [lean], mangleProps: inner });
    const [core, global] = ['core.js', 'weft.min.js'].map((file) =>
        gzipSync(readFileSync(path.join(CLIENT, 'dist', file)), { level: 9 }).length);
    console.log(`# proved: connect ${whole} bytes, the core ${core}, of it without a socket ${engine}, ` +
                `weft.min.js ${global}`);
    assert.ok(engine <= 4096, `operations and the state machine: ${engine} bytes`);
    assert.ok(core <= 7800, `the core: ${core} bytes`);
    assert.ok(whole <= 14000, `connect: ${whole} bytes`);
    assert.ok(global <= 19000, `weft.min.js: ${global} bytes`);
});

/* ---- the examples ---- */

/** The fenced blocks of the README: [{info, code}]. */
const examples = [...readFileSync(path.join(CLIENT, 'README.md'), 'utf8')
    .matchAll(/^```([^\n]+)\n([\s\S]*?)^```$/gm)].map(([, info, code]) => ({ info, code }));
const there = (code, server) => code.replaceAll('ws://localhost:8080', `ws://${server.host}:${server.port}`);

test('README: what the examples for Node print', async (t) => {
    const found = examples.filter(({ info }) => info === 'js');
    assert.ok(found.length >= 2);
    for (const [i, { code }] of found.entries()) {
        const server = await serve(t);
        const wanted = [...code.matchAll(/^\/\/ prints: (.*)$/gm)].map(([, line]) => `${line}\n`).join('');
        assert.notEqual(wanted, '');
        assert.equal(await program(`example${i}.mjs`, there(code, server)), wanted);
    }
});

async function chrome(t) {
    const context = await chromium.launchPersistentContext(newFolder(), {
        executablePath, headless: true,
        args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run',
               '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    });
    context.setDefaultTimeout(DEADLINE_MS);
    t.after(() => context.close());
    return context;
}

/** A site that is one page and the files of a folder. */
async function site(t, page, folder) {
    const server = http.createServer((request, response) => {
        const name = request.url.replace('/client/', '/');
        const file = path.join(folder, path.normalize(name));
        const isPage = request.url === '/';
        if (!isPage && !existsSync(file)) {
            response.writeHead(request.url === '/favicon.ico' ? 204 : 404).end();
            return;
        }
        response.setHeader('content-type', isPage ? 'text/html; charset=utf-8' : 'text/javascript');
        response.end(isPage ? page : readFileSync(file));
    });
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    t.after(() => {
        server.closeAllConnections();
        server.close();
    });
    return `http://127.0.0.1:${server.address().port}/`;
}

/** Types into the page, from elsewhere too, and takes back its own. */
async function usable(t, context, address, server, room) {
    const page = await context.newPage();
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error.stack ?? error)));
    const other = await server.join(room);
    await page.goto(address);
    await other.expect('join');
    const edit = page.locator('textarea, .cm-content').first();
    await edit.click();
    await page.keyboard.type('typed 😀');
    const said = async (wanted) => {
        let text = await other.text();
        while (text !== wanted) {
            await other.expect(({ type }) => ['insert', 'delete', 'edit'].includes(type));
            text = await other.text();
        }
    };
    await said('typed 😀');
    await other.ask({ type: 'insert', position: 0, text: 'theirs, ' }, 'ack');
    await page.waitForFunction(() => (document.querySelector('textarea')?.value ??
        document.querySelector('.cm-content').textContent) === 'theirs, typed 😀');
    await page.keyboard.press('Control+z');
    await said('theirs, ');
    assert.deepEqual(complaints, []);
    await other.leave();
}

test('README: the page without a build, and weft.min.js of the tarball', { skip: skipBrowser }, async (t) => {
    const { folder } = await product();
    const context = await chrome(t);
    const [{ code }] = examples.filter(({ info }) => info === 'html');
    const server = await serve(t);
    const [, room] = code.match(/\/ws\/(\w+)/);
    const address = await site(t, there(code, server), path.join(folder, 'node_modules/weft-client'));
    await usable(t, context, address, server, room);
    /* Every server has it. */
    const { status, headers } = await server.get('/client/dist/weft.min.js');
    assert.equal(status, 200);
    assert.match(headers['content-type'], /javascript/);
});

test('README: the examples for a browser, bundled from the tarball', { skip: skipBrowser }, async (t) => {
    const { folder } = await product();
    const context = await chrome(t);
    const found = examples.filter(({ info }) => info === 'js browser');
    assert.ok(found.length >= 3);
    for (const { code } of found) {
        const server = await serve(t);
        const { outputFiles } = await esbuild.build({
            stdin: { contents: there(code, server), resolveDir: folder }, bundle: true, format: 'esm',
            write: false, nodePaths: [path.join(ROOT, 'web/node_modules')],
            alias: Object.fromEntries(['state', 'view'].map((name) =>
                [`@codemirror/${name}`, path.join(ROOT, 'web/node_modules/@codemirror', name)])),
        });
        const script = path.join(newFolder(), 'bundle.js');
        writeFileSync(script, outputFiles[0].text);
        const box = /querySelector\('textarea'\)/.test(code) ? '<textarea></textarea>' : '';
        const page = `<!doctype html><meta charset="utf-8">${box}<script type="module" src="/bundle.js"></script>`;
        const [, room] = code.match(/\/ws\/(\w+)/);
        await usable(t, context, await site(t, page, path.dirname(script)), server, room);
    }
});
