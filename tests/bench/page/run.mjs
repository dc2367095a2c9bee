/* run.mjs - the page side by side with y-websocket and y-codemirror.next, in Chromium on loopback.
 *
 *   node tests/bench/page/run.mjs [--rounds N] [--keys N] [--only weft|yjs] [--bytes N] [--crowd N]
 *                                 [--every MS] [--markdown FILE]
 *
 * The sides take turns, and in each round another one begins; each figure is the median of the rounds, each
 * ratio that of the ratios within a round. Nothing is asserted.
 *
 *   weight      what the browser has fetched until the page can be used, compressed, without the socket
 *   usable      from the start of navigation, cache empty, to the first frame with the text, writable
 *   keystroke   a real key: from keydown until the editor has it and the page is laid out
 *   main thread processor time that it takes until the text is there; or from key to key, with all that
 *               happens meanwhile (drawing, others' edits, the cursor's blinking). Says more than the times
 *               where other programs want the machine too
 *   layouts     from key to key
 *   tab to tab  from keydown in one tab until the other tab's document has the character
 */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { longText } from './text.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({ options: {
    rounds: { type: 'string', default: '3' }, keys: { type: 'string', default: '150' },
    bytes: { type: 'string', default: '5000000' }, crowd: { type: 'string', default: '49' },
    every: { type: 'string', default: '1000' },
    only: { type: 'string' }, markdown: { type: 'string' },
} });
const SMALL = 8000;
const LARGE = Number(options.bytes);
const CROWD = Number(options.crowd);
const KEYS = Number(options.keys);
const KEY_EVERY_MS = 60;
const BIN = path.resolve(process.env.WEFT_BIN ?? path.join(here, '../../../build/weft'));

const { chromium } = await import('playwright-core');
const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome'].find((file) => file && existsSync(file));
if (!executablePath || !existsSync(BIN)) {
    console.log(`SKIP bench-page: no ${executablePath ? BIN : 'Chromium (set CHROMIUM)'}`);
    process.exit(0);
}

/* ---- servers and crowds ---- */

const children = new Set();

/** A process, once it has printed what `ready` matches. */
async function start(bin, args, ready) {
    const child = spawn(bin, args, { cwd: here, stdio: ['pipe', 'pipe', 'inherit'] });
    children.add(child);
    child.once('exit', () => children.delete(child));
    let said = '';
    child.stdout.setEncoding('utf8');
    const found = await new Promise((resolve, reject) => {
        child.stdout.on('data', (text) => {
            const match = (said += text).match(ready);
            if (match)
                resolve(match);
        });
        child.once('exit', () => reject(new Error(`${bin} ${args[0]} ended: ${said}`)));
    });
    child.stdout.removeAllListeners('data').resume();
    return { child, found };
}

async function stop(child) {
    if (!children.has(child))
        return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
}

const crowd = (side, port, ...more) =>
    start(process.execPath, ['crowd.mjs', side, port, ...more.map(String)], /here/);

const SIDES = {
    weft: {
        title: 'weft',
        view: 'globalThis.weft?.editor.view',
        path: 'r/room',
        async serve(bytes, folder) {
            const args = ['--data', path.join(folder, 'data')];
            spawnSync(BIN, ['import', ...args, '--room', 'room'], { input: longText(bytes) });
            const { child, found } = await start(BIN, ['serve', '--port', '0', ...args], /:(\d+)\//);
            return { port: found[1], children: [child] };
        },
    },
    yjs: {
        title: 'y-websocket, y-codemirror.next',
        view: 'globalThis.bench?.view',
        path: '',
        async serve(bytes) {
            const { child, found } = await start(process.execPath, ['yjs-server.mjs'], /port (\d+)/);
            const seed = await crowd('yjs', found[1], 'seed', bytes);
            return { port: found[1], children: [seed.child, child] };
        },
    },
};

/* ---- in the browser ---- */

/** Notes when the text has been there, writable, for a frame; and what each key costs. */
function watch({ length }) {
    const editor = () => globalThis.benchView();
    const look = () => {
        const now = editor();
        if (now && !now.state.readOnly && now.state.doc.length >= length * 0.9)
            requestAnimationFrame(() => { globalThis.usableMs = performance.now(); });
        else
            setTimeout(look, 4);
    };
    look();
    globalThis.keys = [];
    globalThis.keyAt = [];
    let began = 0;
    let before = 0;
    addEventListener('keydown', () => {
        began = performance.now();
        globalThis.keyAt.push(performance.timeOrigin + began);
        before = editor().state.doc;
    }, true);
    /* The editor reads the change in a microtask that was queued before this one. */
    addEventListener('input', () => queueMicrotask(() => {
        const now = editor();
        now.contentDOM.getBoundingClientRect();
        globalThis.keys.push(now.state.doc === before ? NaN : performance.now() - began);
    }), true);
    /* When each new length of the document was seen. */
    globalThis.seen = new Map();
    globalThis.follow = () => {
        const now = editor();
        const note = () => {
            if (!globalThis.seen.has(now.state.doc.length))
                globalThis.seen.set(now.state.doc.length, performance.timeOrigin + performance.now());
        };
        new MutationObserver(note).observe(now.contentDOM,
            { childList: true, characterData: true, subtree: true });
    };
}

async function open(browser, side, port, bytes) {
    const context = await browser.newContext();
    await context.addInitScript({ content: `globalThis.benchView = () => ${side.view};` });
    await context.addInitScript(watch, { length: longText(bytes).length });
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    await page.goto(`http://127.0.0.1:${port}/${side.path}`, { waitUntil: 'commit' });
    await page.waitForFunction(() => globalThis.usableMs, null, { polling: 20 });
    const [usable, weight] = await page.evaluate(() => [globalThis.usableMs, performance.getEntries()
        .filter(({ responseEnd }) => responseEnd <= globalThis.usableMs)
        .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)]);
    const { taken } = await used({ cdp });
    return { context, page, cdp, weight, usable, taken, side };
}

/** Of the main thread: processor time in ms, and layouts. */
async function used({ cdp }) {
    const { metrics } = await cdp.send('Performance.getMetrics');
    const value = (wanted) => metrics.find(({ name }) => name === wanted).value;
    return { taken: value('TaskDuration') * 1000, layouts: value('LayoutCount') };
}

/** Types in the middle of the text: keystroke p50, p95, and what the main thread does from key to key. */
async function type(tab) {
    const { page, side } = tab;
    await page.evaluate(() => {
        const editor = globalThis.benchView();
        const { from } = editor.state.doc.lineAt(editor.state.doc.length >> 1);
        editor.focus();
        editor.dispatch({ selection: { anchor: from + 3 }, scrollIntoView: true });
    });
    await delay(500); /* what opening has left to do is no keystroke's */
    await page.evaluate(() => { globalThis.keys.length = 0; });
    const before = await used(tab);
    for (let n = 0; n < KEYS; n++) {
        await page.keyboard.press('x');
        await delay(KEY_EVERY_MS);
    }
    const after = await used(tab);
    const costs = (await page.evaluate(() => globalThis.keys)).filter((ms) => ms > 0);
    if (costs.length < KEYS * 0.9)
        console.error(`# ${side.title}: only ${costs.length} of ${KEYS} keys were measured`);
    return { p50: quantile(costs, 0.5), p95: quantile(costs, 0.95),
             taken: (after.taken - before.taken) / KEYS, layouts: (after.layouts - before.layouts) / KEYS };
}

/** Key by key, each after the one before has arrived. */
async function tabToTab(from, to) {
    const { page } = from;
    await to.page.evaluate(() => globalThis.follow());
    await page.evaluate(() => { /* at the start, which the other tab shows */
        globalThis.benchView().focus();
        globalThis.benchView().dispatch({ selection: { anchor: 0 } });
    });
    const times = [];
    for (let n = 0; n < KEYS; n++) {
        const length = await to.page.evaluate(() => globalThis.benchView().state.doc.length);
        await page.keyboard.press('z');
        await to.page.waitForFunction((l) => globalThis.seen.has(l), length + 1, { polling: 4 });
        const arrived = await to.page.evaluate((l) => globalThis.seen.get(l), length + 1);
        times.push(arrived - await page.evaluate(() => globalThis.keyAt.at(-1)));
    }
    return { p50: quantile(times, 0.5), p95: quantile(times, 0.95) };
}

/* ---- one side, once ---- */

async function round(browser, name, figures) {
    const side = SIDES[name];
    const note = (figure, value) => ((figures[figure] ??= {})[name] ??= []).push(value);
    const noteTyping = async (tab, where) => {
        const typed = await type(tab);
        for (const [what, value] of Object.entries(typed))
            note(`${what} ${where}`, value);
    };
    for (const [size, bytes] of [['small', SMALL], ['large', LARGE]]) {
        const folder = mkdtempSync(path.join(os.tmpdir(), 'weft-bench-page.'));
        const server = await side.serve(bytes, folder);
        try {
            let tab = await open(browser, side, server.port, bytes);
            note('weight', tab.weight / 1000);
            note(`usable ${size}`, tab.usable);
            note(`taken ${size}`, tab.taken);
            await noteTyping(tab, `${size} 1`);
            if (size === 'small') {
                const other = await open(browser, side, server.port, bytes);
                const { p50, p95 } = await tabToTab(tab, other);
                note('tabs p50', p50);
                note('tabs p95', p95);
                await other.context.close();
            }
            await tab.context.close();
            const { child } = await crowd(name, server.port, CROWD, options.every);
            server.children.unshift(child);
            tab = await open(browser, side, server.port, bytes);
            note(`usable ${size} crowd`, tab.usable);
            await noteTyping(tab, `${size} crowd`);
            await tab.context.close();
        } finally {
            for (const child of server.children)
                await stop(child);
            rmSync(folder, { recursive: true, force: true });
        }
    }
}

/* ---- the table ---- */

function quantile(list, q) {
    const sorted = [...list].sort((a, b) => a - b);
    return sorted.length === 0 ? NaN : sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

const PEOPLE = `${CROWD + 1} people`;
const MB = `${LARGE / 1e6} MB`;
const ROWS = [
    ['weight', 'page weight, compressed', 'KB'],
    ...[['small', '8 KB'], ['large', MB]].flatMap(([size, words]) => [
        [`usable ${size}`, `usable, ${words}`, 'ms'],
        [`usable ${size} crowd`, `usable, ${words}, ${PEOPLE}`, 'ms'],
        [`taken ${size}`, `main thread until usable, ${words}`, 'ms'],
        ...[['1', 'alone'], ['crowd', PEOPLE]].flatMap(([people, who]) => [
            [`p50 ${size} ${people}`, `keystroke, ${words}, ${who}, p50`, 'ms'],
            [`p95 ${size} ${people}`, `keystroke, ${words}, ${who}, p95`, 'ms'],
            [`taken ${size} ${people}`, `main thread from key to key, ${words}, ${who}`, 'ms'],
            [`layouts ${size} ${people}`, `layouts from key to key, ${words}, ${who}`, ''],
        ]),
    ]),
    ['tabs p50', 'tab to tab, 8 KB, p50', 'ms'],
    ['tabs p95', 'tab to tab, 8 KB, p95', 'ms'],
];

function table(figures, names) {
    const lines = [['', ...names.map((name) => SIDES[name].title), ...names.length > 1 ? ['ratio'] : []]];
    for (const [key, words, unit] of ROWS) {
        if (!figures[key])
            continue;
        const sides = names.map((name) => figures[key][name]);
        const ratios = sides[0].map((value, n) => value / (sides[1] ?? [])[n]);
        lines.push([unit ? `${words}, ${unit}` : words,
                    ...sides.map((list) => quantile(list, 0.5)).map((n) => n.toFixed(n < 20 ? 1 : 0)),
                    ...names.length > 1 ? [quantile(ratios, 0.5).toFixed(2)] : []]);
    }
    const [head, ...body] = lines.map((cells) => `| ${cells.join(' | ')} |`);
    return [head, `|${' --- |'.repeat(lines[0].length)}`, ...body].join('\n');
}

const names = Object.keys(SIDES).filter((name) => !options.only || name === options.only);
const figures = {};
const browser = await chromium.launch({ executablePath, headless: true, args: [
    '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'] });
process.once('SIGINT', () => process.exit(130));
process.setMaxListeners(0); /* the browser's client adds one for each page */
process.once('exit', () => {
    for (const child of children)
        child.kill('SIGKILL');
});
/* The first page that a browser shows is slow, whoever made it. */
const first = await browser.newPage();
await first.setContent('<textarea autofocus>warm</textarea>');
await first.keyboard.type('warm');
await first.close();
const load = [os.loadavg()[0]];
for (let n = 1; n <= Number(options.rounds); n++) {
    for (const name of n % 2 ? names : [...names].reverse()) {
        console.error(`# round ${n} of ${options.rounds}: ${SIDES[name].title}`);
        await round(browser, name, figures);
    }
}
load.push(os.loadavg()[0]);
const version = browser.version();
await browser.close();
const text = `${table(figures, names)}\n\nMedians of ${options.rounds} rounds of ${KEYS} keys; others type a key ` +
    `each ${options.every} ms; main thread in processor time. Chromium ` +
    `${version}, ${os.cpus().length} × ${os.cpus()[0].model.trim()}, load ` +
    `${load.map((n) => n.toFixed(1)).join(' before and ')} after.`;
console.log(text);
if (options.markdown)
    writeFileSync(options.markdown, `${text}\n`);
