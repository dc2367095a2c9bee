/* keep.js: what is not saved survives a reload, once. A page is a room with a copy of the tab's
 * storage and a lock manager that all pages of the browser share. */

import test from 'node:test';
import assert from 'node:assert/strict';
import { connect, ot } from '../../web/client/index.js';
import { ModelServer } from './model-server.mjs';
import { FakeClock, FakeNet } from './fakes.mjs';
import { forSeedsAsync } from './random.mjs';

/** sessionStorage, with room for `most` units. */
class FakeStorage {
    constructor(items = [], most = Infinity) {
        this.items = new Map(items);
        this.most = most;
        this.writes = 0;
    }

    get length() { return this.items.size; }
    key(i) { return [...this.items.keys()][i]; }
    getItem(key) { return this.items.get(key) ?? null; }
    removeItem(key) { this.items.delete(key); }
    setItem(key, value) {
        const others = [...this.items].filter(([other]) => other !== key);
        const size = others.reduce((sum, [k, v]) => sum + k.length + v.length, 0);
        if (size + key.length + value.length > this.most)
            throw new Error('QuotaExceededError');
        this.writes++;
        this.items.set(key, value);
    }

    copy() { return new FakeStorage(this.items, this.most); }
}

/** navigator.locks, of which only the waiting for one matters here. */
class FakeLocks {
    constructor() { this.held = new Map(); }

    request(key, { signal }, fn) {
        return new Promise((resolve, reject) => {
            const attempt = () => {
                const before = this.held.get(key);
                if (!before) {
                    const holding = Promise.resolve(fn());
                    this.held.set(key, holding.then(() => this.held.delete(key)));
                    resolve(holding);
                    return;
                }
                before.then(() => !signal.aborted && attempt());
            };
            signal.addEventListener('abort', () => reject(new Error('AbortError')));
            attempt();
        });
    }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

class Browser {
    constructor(server) {
        this.server = server;
        this.clock = new FakeClock();
        this.locks = new FakeLocks();
        this.pages = [];
    }

    /** Opens the room in a tab with that storage. */
    async page(storage = new FakeStorage(), more = {}) {
        const net = new FakeNet(this.server);
        const room = connect('ws://host/ws/notes?x=1', {
            WebSocket: net.WebSocket, clock: this.clock, storage, locks: this.locks, ...more,
        });
        const page = { room, net, storage, reset: [], error: [] };
        room.on('reset', (detail) => page.reset.push(detail));
        room.on('error', (detail) => page.error.push(detail));
        this.pages.push(page);
        await settle();
        return page;
    }

    /** As long as there is something to say. */
    async run() {
        for (let i = 0; i < 8; i++) {
            for (const { net } of this.pages) {
                if (net.sockets.length)
                    net.run();
            }
            this.clock.advance(250);
            await settle();
        }
    }

    /** The page goes: its sockets are closed, its locks let go, its timers stop. */
    async gone(page, hidden = true) {
        if (hidden)
            page.room.keep();
        const { storage } = page;
        const items = new Map(storage.items);
        page.net.up = false;
        page.room.close();
        storage.items = items; /* as the page left it, whatever close() did */
        this.pages = this.pages.filter((other) => other !== page);
        await settle();
    }

    async reload(page, options) {
        await this.gone(page);
        return this.page(page.storage, options);
    }
}

/** A page that is online, then loses its server. */
async function offline(text = 'hello', storage = undefined) {
    const server = new ModelServer({ text });
    const browser = new Browser(server);
    const page = await browser.page(storage);
    page.net.run();
    assert.equal(page.room.status, 'online');
    page.net.up = false;
    return { server, browser, page };
}

test('typed offline, loaded again, online: it is there, once, with the same seq', async () => {
    const { server, browser, page } = await offline();
    page.room.insert(5, ' world');
    page.room.insert(0, '>');
    const next = await browser.reload(page);
    assert.equal(next.room.text, '>hello world', 'shown before there is a connection');
    assert.equal(next.room.saved, false);
    assert.equal(next.room.pendingCount, 2);
    server.append(['<']);
    await browser.run();
    assert.equal(next.net.sockets[0].url.searchParams.get('rev'), '0', 'resumed');
    assert.deepEqual(next.net.sockets[0].protocols, ['weft.v1', 'weft.session.secret-1']);
    assert.equal(server.text, '><hello world');
    assert.equal(next.room.text, server.text);
    assert.equal(next.room.saved, true);
    assert.equal(next.storage.items.size, 0, 'nothing is left when all is saved');
    assert.deepEqual(next.reset, []);
});

test('in the log, unacknowledged, loaded again: not applied twice', async () => {
    const { server, browser, page } = await offline();
    page.net.up = true;
    page.room.insert(5, '!');
    server.step(page.net.last.link); /* it has arrived; the answer does not */
    page.room.insert(6, '?');
    const next = await browser.reload(page);
    assert.equal(next.room.text, 'hello!?');
    await browser.run();
    assert.equal(server.text, 'hello!?');
    assert.equal(next.room.text, 'hello!?');
    assert.equal(next.room.saved, true);
});

test('entries of the room that were set offline are kept too', async () => {
    const { server, browser, page } = await offline();
    page.room.setMeta({ language: 'c' });
    await browser.reload(page);
    await browser.run();
    assert.deepEqual(server.meta, { language: 'c' });
});

test('a duplicated tab does not use the session of the first', async () => {
    const { server, browser, page } = await offline();
    page.room.insert(5, '!');
    page.room.insert(6, '?');
    page.room.keep();
    const twin = await browser.page(page.storage.copy());
    browser.clock.advance(1000);
    await browser.run();
    assert.equal(twin.room.status, 'online');
    assert.equal(twin.room.text, 'hello', 'the first has the edits, and will send them');
    page.net.up = true;
    await browser.run();
    assert.equal(server.text, 'hello!?');
    assert.equal(twin.room.text, 'hello!?');
    twin.room.insert(0, '>');
    await browser.run();
    assert.equal(server.text, '>hello!?');
    assert.notEqual(twin.room.me.userId, page.room.me.userId);
});

test('two copies loaded at once: one takes the record', async () => {
    const { server, browser, page } = await offline();
    page.room.insert(5, '!');
    await browser.gone(page);
    const copy = page.storage.copy();
    const both = await Promise.all([browser.page(page.storage), browser.page(copy)]);
    browser.clock.advance(1000);
    await browser.run();
    assert.equal(server.text, 'hello!');
    assert.ok(both.every(({ room }) => room.text === 'hello!' && room.saved));
});

test('without Web Locks a channel says whose a record is', async () => {
    const { server, browser, page } = await offline();
    page.room.close();
    const first = await browser.page(new FakeStorage(), { locks: null });
    first.net.run();
    first.net.up = false;
    first.room.insert(5, '!');
    first.room.keep();
    browser.clock.advance(1);
    const twin = await browser.page(first.storage.copy(), { locks: null });
    while (twin.net.sockets.length === 0) { /* messages of a channel take their time */
        await new Promise((resolve) => setTimeout(resolve, 5));
        browser.clock.advance(1);
    }
    await browser.run();
    assert.equal(twin.room.text, 'hello');
    first.net.up = true;
    await browser.run();
    assert.equal(server.text, 'hello!');
    first.room.close();
    twin.room.close();
});

test('a record older than what was sent is shown and not sent again', async () => {
    const { server, browser, page } = await offline();
    page.room.insert(5, '!');
    page.room.insert(6, '?');
    page.room.keep();
    const old = page.storage.copy();
    page.net.up = true;
    await browser.run();
    assert.equal(server.text, 'hello!?');
    await browser.gone(page);
    const next = await browser.page(old);
    assert.equal(next.room.text, 'hello!?');
    next.room.insert(0, '>'); /* nor is what was typed on top of it lost silently */
    await browser.run();
    assert.equal(server.text, 'hello!?');
    assert.equal(next.room.text, 'hello!?');
    assert.deepEqual(next.reset, [{ text: '>hello!?', merged: false }]);
    next.room.insert(0, '<');
    await browser.run();
    assert.equal(server.text, '<hello!?');
});

test('a text too long to be kept is asked for again', async () => {
    const { server, browser, page } = await offline('x'.repeat(5000), new FakeStorage([], 1200));
    page.room.insert(2500, 'here');
    assert.equal(page.room.keep(), true);
    assert.equal(page.storage.items.size, 1, 'the record, without the text');
    const next = await browser.reload(page);
    assert.equal(next.room.text, '', 'not known yet');
    server.append(['<']);
    await browser.run();
    assert.equal(server.text, `<${'x'.repeat(2500)}here${'x'.repeat(2500)}`);
    assert.equal(next.room.text, server.text);
    assert.equal(next.room.saved, true);
    assert.deepEqual(next.reset, []);
});

test('and where it is gone, what was typed is handed over', async () => {
    for (const lose of [(server) => server.restore(0), (server) => {
        server.append(['<']);
        server.trim();
    }]) {
        const { server, browser, page } = await offline('x'.repeat(5000), new FakeStorage([], 1200));
        page.room.insert(2500, 'typed');
        const next = await browser.reload(page);
        lose(server);
        await browser.run();
        assert.deepEqual(next.reset, [{ text: 'typed', merged: false }]);
        assert.equal(next.room.text, server.text);
        assert.equal(next.room.saved, true);
    }
});

test('keep() says when there is no room, or no storage', async () => {
    const { page } = await offline('hello', new FakeStorage([], 300));
    assert.equal(page.room.keep(), true, 'nothing is pending');
    page.room.insert(0, 'y'.repeat(400));
    assert.equal(page.room.keep(), false);
    assert.equal(page.storage.items.size, 0);
    const forbidden = { get length() { throw new Error('SecurityError'); },
                        setItem() { throw new Error('SecurityError'); },
                        removeItem() { throw new Error('SecurityError'); } };
    const other = await offline('hello', forbidden);
    other.page.room.insert(0, 'y');
    assert.equal(other.page.room.keep(), false);
    const without = await offline();
    const bare = await without.browser.page(null);
    bare.net.run();
    bare.room.insert(0, 'z');
    assert.equal(bare.room.keep(), false);
});

test('a record that is damaged is dropped; of another version it is left', async () => {
    const { browser, page } = await offline();
    page.room.insert(5, '!');
    await browser.gone(page);
    const [[key, record]] = page.storage.items;
    for (const bad of ['{', 'null', '[]', record.replace('"buffer":[', '"buffer":[0,'),
                       record.replace('"op":[5', '"op":[500')]) {
        const next = await browser.page(new FakeStorage([...page.storage.items, [key, bad]]));
        await browser.run();
        assert.equal(next.room.status, 'online', bad);
        next.room.close();
    }
    const newer = new FakeStorage([[key, record.replace('"v":1', '"v":2')]]);
    await browser.page(newer);
    await browser.run();
    assert.equal(newer.items.size, 1);
});

test('what is typed before the record is read comes on top', async () => {
    const { server, browser, page } = await offline();
    page.room.insert(5, '!');
    await browser.gone(page);
    const net = new FakeNet(server);
    const room = connect('ws://host/ws/notes', { WebSocket: net.WebSocket, clock: browser.clock,
                                                 storage: page.storage, locks: browser.locks });
    room.insert(0, 'early ');
    let shown = 'early ';
    room.on('change', ({ op, before }) => {
        assert.equal(before, shown);
        shown = ot.apply(before, op);
        assert.equal(room.text, shown);
    });
    await settle();
    assert.equal(room.text, 'early hello!');
    net.run();
    assert.equal(server.text, 'early hello!');
});

test('nothing is written while all is saved at once; offline the text is, once', async () => {
    const { browser, page } = await offline();
    page.net.up = true;
    for (let i = 0; i < 20; i++) {
        page.room.insert(0, 'a');
        page.net.run();
        browser.clock.advance(100);
    }
    assert.equal(page.storage.writes, 0);
    page.net.up = false;
    page.net.last.end();
    for (let i = 0; i < 100; i++) {
        page.room.insert(0, 'b');
        browser.clock.advance(100);
    }
    assert.ok(page.storage.writes <= 22, `${page.storage.writes} writes in 10 s`);
    assert.equal([...page.storage.items.keys()].filter((key) => key.endsWith(' text')).length, 1);
});

test('reloads, crashes and copies at random: nothing twice, and nothing lost unsaid', async () => {
    await forSeedsAsync(150, async (random) => {
        const server = new ModelServer({ text: '' });
        const browser = new Browser(server);
        let next = 0x4e00;
        const char = () => String.fromCodePoint(next++);
        const told = [];
        let crashed = false;
        const watch = (page) => page.room.on('reset', ({ text }) => told.push(text));
        let pages = [await browser.page(), await browser.page()];
        pages.forEach(watch);
        const typed = [];
        for (let step = 0; step < 40; step++) {
            const at = random.below(pages.length);
            const page = pages[at];
            const what = random.below(12);
            if (what < 5 && page.room.epoch !== null) {
                const c = char();
                typed.push(c);
                page.room.insert(random.below(Array.from(page.room.text).length + 1), c);
            } else if (what < 7) {
                page.net.up = random.below(2) === 0;
                if (!page.net.up && page.net.last?.closedWith === null && random.below(2))
                    page.net.last.end();
            } else if (what < 9) {
                await browser.run();
            } else if (what === 9) {
                pages[at] = await browser.reload(page);
                watch(pages[at]);
            } else if (what === 10 && page.net.last?.link && page.net.last.closedWith === null &&
                       page.net.last.link.toServer.length) {
                server.step(page.net.last.link); /* there, and not answered */
            } else if (what === 11 && random.below(2)) {
                /* A crash: the storage is as it was some time ago. */
                crashed = true;
                const old = page.storage.copy();
                await browser.run();
                await browser.gone(page, false);
                pages[at] = await browser.page(old);
                watch(pages[at]);
            }
        }
        for (const page of pages)
            page.net.up = true;
        for (let i = 0; i < 20; i++)
            await browser.run();
        const counts = new Map();
        for (const c of server.text)
            counts.set(c, (counts.get(c) ?? 0) + 1);
        for (const [c, n] of counts)
            assert.equal(n, 1, `${c} is there ${n} times`);
        const missing = typed.filter((c) => !counts.has(c) && !told.some((text) => text.includes(c)));
        if (!crashed)
            assert.deepEqual(missing, []);
        for (const { room } of pages) {
            assert.equal(room.text, server.text);
            assert.equal(room.saved, true);
        }
    });
});
