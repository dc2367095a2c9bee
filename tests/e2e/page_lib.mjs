/* page_lib.mjs - what the tests of the pages share: one Chromium, tabs, and a proxy in between.
 *
 * Skipped, and says so, where there is no Chromium or the packages are missing. CHROMIUM names one.
 * Screenshots are left in WEFT_TMP (page-*.png), or in WEFT_SHOTS, for whoever wants to look. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after } from 'node:test';
import { DEADLINE_MS, load, TMP } from './lib.mjs';

const chromium = (await load('playwright-core'))?.chromium;
const { default: WebSocket, WebSocketServer } = await load('ws') ?? {};
const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome', '/snap/bin/chromium'].find((file) => file && existsSync(file));

/** Why the pages cannot be tested here, or false. */
export const skip = !chromium ? 'no playwright-core package: run `npm ci` in tests/e2e'
    : !executablePath && 'no Chromium here: install chromium, or set CHROMIUM';

/* ---- browser ---- */

let started = null;
after(async () => (await started)?.close());

/** A browser of somebody's own: nothing in it is shared with the others. */
export async function browser(t, options = {}) {
    started ??= chromium.launch({
        executablePath,
        headless: true,
        args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
               '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    });
    const context = await (await started).newContext({
        viewport: { width: 1000, height: 700 }, ...options,
    });
    context.setDefaultTimeout(DEADLINE_MS);
    t.after(() => context.close());
    return context;
}

/** A tab; whatever it complains about fails the test at its end. */
export async function tab(t, context, url, { expectErrors = false } = {}) {
    const page = await context.newPage();
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error.stack ?? error)));
    page.on('console', (message) => {
        /* At the end of a test the server stops before the tabs do, which may be loading what they
         * can do without: a test that needs such a part waits for what it does. And one that has
         * lost its server asks whether there is a newer page. */
        const late = /ERR_CONNECTION_REFUSED/.test(message.text()) ||
            (/ERR_EMPTY_RESPONSE|ERR_CONNECTION|\b503\b/.test(message.text()) &&
             /\/page\/part-|icon\.svg|\/[rv]\/[^/]+$/.test(message.location().url));
        if (message.type() === 'error' && !late)
            complaints.push(`${message.text()} ${message.location().url}`);
    });
    t.after(() => {
        const meant = expectErrors
            ? complaints.filter((text) => !/WebSocket|ERR_CONNECTION/.test(text)) : complaints;
        assert.deepEqual(meant, [], 'the browser complained');
    });
    await page.goto(url);
    return page;
}

/** n tabs of one browser in one room, online. */
export async function tabs(t, context, url, n, options) {
    const pages = [];
    for (let i = 0; i < n; i++)
        pages.push(await tab(t, context, url, options));
    await Promise.all(pages.map((page) => online(page)));
    return pages;
}

/* ---- what a page shows ---- */

export const TEXT = '.cm-content';

const state = (page) => page.evaluate(() => ({
    text: weft.editor.view.state.doc.toString(),
    connection: document.getElementById('connection').textContent,
    saved: document.getElementById('saved').textContent,
    banner: document.getElementById('banner').hidden ? null
        : document.getElementById('banner-text').textContent,
    people: [...document.querySelectorAll('#people .who')].map((who) => who.textContent),
}));

/** Waits until fn(arg) is true in the page; fails with what the page shows. */
export async function until(page, what, fn, arg) {
    try {
        await page.waitForFunction(fn, arg, { polling: 20 });
    } catch (error) {
        throw new Error(`${what}: ${JSON.stringify(await state(page))}\n${error.message}`);
    }
}

export const online = (page) => until(page, 'to be online', () =>
    document.getElementById('state').dataset.state === 'online' &&
    (weft.room.mode === 'read' || !weft.editor.view.state.readOnly));
export const saved = (page) => until(page, 'to be saved', () => weft.room.saved);
export const shows = (page, text) => until(page, `to show ${JSON.stringify(text)}`,
    (wanted) => weft.editor.view.state.doc.toString() === wanted &&
        weft.room.text === wanted, text);
export const value = (page) => page.evaluate(() => weft.editor.view.state.doc.toString());
export const says = (page, pattern) => until(page, `a message like ${pattern}`,
    (source) => !document.getElementById('banner').hidden &&
        new RegExp(source).test(document.getElementById('banner-text').textContent),
    pattern.source);
export const saysNothing = (page) => until(page, 'no message',
    () => document.getElementById('banner').hidden);

const shots = process.env.WEFT_SHOTS ?? TMP;
mkdirSync(shots, { recursive: true });
export const shot = (page, name) => page.screenshot({ path: path.join(shots, `page-${name}.png`) });

/** The caret to the end (or the start), as a click there would. */
export const caret = (page, where) => page.evaluate((to) => {
    const { view } = weft.editor;
    view.focus();
    view.dispatch({ selection: { anchor: to === 'end' ? view.state.doc.length : to } });
}, where === 'start' ? 0 : where);

/** The panel is there at once where there is room for it, and for the asking elsewhere. */
export async function openPanel(page) {
    if (await page.getAttribute('#panel-button', 'aria-expanded') !== 'true')
        await page.click('#panel-button');
    await page.waitForSelector('#panel', { state: 'visible' });
}

/* ---- accessibility ---- */

let axeSource;
try {
    axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
} catch {
    axeSource = null;
}
export const noAxe = axeSource === null && 'no axe-core package: run `npm ci` in tests/e2e';

/**
 * No violation of WCAG A and AA and of axe's best practices in what is shown now. Names at carets
 * are left out: they fade, and are said in the list of people.
 */
export async function accessible(page, what) {
    const source = axeSource;
    const found = await page.evaluate(async (code) => {
        if (!globalThis.axe)
            (0, eval)(code);
        const { violations } = await axe.run({ exclude: ['.cm-weft-flag'] }, { resultTypes: ['violations'] });
        return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${
            nodes.map(({ target, failureSummary }) => `${target.join(' ')} ${failureSummary}`)
                .join('; ')}`);
    }, source);
    assert.deepEqual(found, [], `axe: ${what}`);
}

/* ---- a proxy ---- */

/**
 * Stands between the browser and a server, below a path: hands on requests, and messages of
 * sockets one by one. Tests cut it, close with a code, or say things in the server's name.
 */
export class Front {
    /** @param {import('./lib.mjs').Server} server */
    constructor(server, base) {
        this.server = server;
        this.base = base;
        this.pairs = new Set(); /* {near, far} */
        this.requests = []; /* paths asked for */
        this.refuse = null; /* {code, reason, say}: what sockets are closed with, and told before */
        this.fromServer = (message) => message; /* may change it, or answer null to drop it */
        this.fromPage = (message) => message;
        this.http = http.createServer((request, response) => this.handOn(request, response));
        this.wss = new WebSocketServer({ noServer: true, handleProtocols: () => 'weft.v1' });
        this.http.on('upgrade', (request, socket, head) => {
            socket.on('error', () => {});
            this.wss.handleUpgrade(request, socket, head, (near) => this.join(near, request));
        });
    }

    async listen() {
        await new Promise((resolve) => { this.http.listen(0, '127.0.0.1', resolve); });
        this.origin = `http://127.0.0.1:${this.http.address().port}${this.base}`;
        return this;
    }

    handOn(request, response) {
        this.requests.push(request.url);
        if (!request.url.startsWith(`${this.base}/`)) {
            response.writeHead(404).end('not below the path');
            return;
        }
        const onward = http.request({
            host: this.server.host, port: this.server.port, method: request.method,
            path: request.url.slice(this.base.length), headers: request.headers, agent: false,
        }, (answer) => {
            response.writeHead(answer.statusCode, answer.headers);
            answer.pipe(response);
        });
        onward.on('error', () => response.destroy());
        request.pipe(onward);
    }

    join(near, { url, headers }) {
        this.requests.push(url);
        near.on('error', () => {});
        if (this.refuse) {
            if (this.refuse.say)
                near.send(JSON.stringify(this.refuse.say));
            near.close(this.refuse.code, this.refuse.reason);
            return;
        }
        const far = new WebSocket(
            `ws://${this.server.host}:${this.server.port}${url.slice(this.base.length)}`,
            headers['sec-websocket-protocol']?.split(/, */) ?? []);
        const pair = { near, far };
        this.pairs.add(pair);
        const waiting = [];
        const relay = (to, change) => (data) => {
            const message = change(JSON.parse(data));
            if (message === null)
                return;
            const text = JSON.stringify(message);
            if (to === far && far.readyState === WebSocket.CONNECTING)
                waiting.push(text);
            else if (to.readyState === WebSocket.OPEN)
                to.send(text);
        };
        near.on('message', relay(far, (message) => this.fromPage(message)));
        far.on('message', relay(near, (message) => this.fromServer(message)));
        far.on('open', () => waiting.splice(0).forEach((text) => far.send(text)));
        const ended = (other) => (code, reason) => {
            this.pairs.delete(pair);
            if (other.readyState === WebSocket.CONNECTING || code < 1000 || code === 1005 ||
                code === 1006)
                other.terminate();
            else
                other.close(code, reason);
        };
        far.on('close', ended(near));
        far.on('error', () => near.terminate());
        near.on('close', ended(far));
    }

    /** Cuts all connections, as a network does. */
    cut() {
        for (const { near, far } of this.pairs) {
            near.terminate();
            far.terminate();
        }
    }

    /** Closes them in the server's name. */
    close(code, reason = '') {
        for (const { near } of this.pairs)
            near.close(code, reason);
    }

    /** Says something in the server's name: an object, or a text as it stands. */
    say(message) {
        for (const { near } of this.pairs)
            near.send(typeof message === 'string' ? message : JSON.stringify(message));
    }

    end() {
        this.cut();
        this.http.close();
        this.http.closeAllConnections();
    }
}

export async function front(t, server, base = '') {
    const proxy = await new Front(server, base).listen();
    t.after(() => proxy.end());
    return proxy;
}
