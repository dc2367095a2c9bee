/* What is not saved survives a reload, a closed tab and a duplicated one, in headless Chromium
 * against a real server that is not there for a while. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { DEADLINE_MS, load, newFolder, serve, test } from './lib.mjs';

const chromium = (await load('playwright-core'))?.chromium;
const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome', '/snap/bin/chromium'].find((file) => file && existsSync(file));
const skip = !chromium ? 'no playwright-core package: run `npm ci` in tests/e2e'
    : !executablePath && 'no Chromium here: install chromium, or set CHROMIUM';

async function browser(t) {
    const context = await chromium.launchPersistentContext(newFolder(), {
        executablePath,
        headless: true,
        args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
               '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    });
    context.setDefaultTimeout(DEADLINE_MS);
    t.after(() => context.close());
    return context;
}

/** A tab that notes the questions it asks (beforeunload), and says yes to them. */
async function tab(context, url) {
    const page = await context.newPage();
    page.asked = [];
    page.on('dialog', (dialog) => {
        page.asked.push(dialog.type());
        return dialog.accept();
    });
    await page.goto(url);
    return page;
}

const until = (page, fn, arg) => page.waitForFunction(fn, arg, { polling: 20 });
const online = (page) => until(page, () => globalThis.weft?.room.status === 'online' &&
    weft.room.saved && !weft.editor.view.state.readOnly);
const cutOff = (page) => until(page, () => weft.room.status === 'offline');
const has = (page, text) => until(page, (wanted) => globalThis.weft?.room.text === wanted &&
    weft.room.saved && weft.editor.view.state.doc.toString() === wanted, text);
const type = async (page, text) => {
    await page.locator('.cm-content').click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(text);
    await until(page, (end) => weft.room.text.endsWith(end), text);
};
/** Reloads while there is no server: what the browser then shows is its own page. */
const reloadInVain = async (page) => {
    const shown = page.waitForEvent('framenavigated', (frame) => frame.url().startsWith('chrome-error:'));
    await page.reload().catch(() => {});
    await shown;
};
const textOf = async (server, room) => (await server.get(`/api/rooms/${room}/text`)).body;

test('typed without a server, loaded again: it is there, once, and nobody was asked', { skip },
    async (t) => {
        const data = newFolder();
        const first = await serve(t, [], { data });
        const context = await browser(t);
        const page = await tab(context, `${first.origin}/r/kept`);
        await online(page);
        await type(page, 'saved. ');
        await online(page);
        await first.kill();
        await cutOff(page);
        await type(page, 'typed 😀 offline');
        await reloadInVain(page);
        const second = await serve(t, [], { data, port: first.port });
        await page.goto(`${first.origin}/r/kept`);
        await has(page, 'saved. typed 😀 offline');
        assert.equal(await textOf(second, 'kept'), 'saved. typed 😀 offline');
        assert.deepEqual(page.asked, []);
        await page.reload();
        await has(page, 'saved. typed 😀 offline');
        assert.equal(await page.evaluate(() => Object.keys(localStorage)
            .filter((key) => key.startsWith('weft ')).length), 0, 'nothing is left of it');
    });

test('shown after a reload before the server is there again; typed on; then once', { skip },
    async (t) => {
        const data = newFolder();
        const first = await serve(t, [], { data });
        const context = await browser(t);
        const url = `${first.origin}/r/twice`;
        const page = await tab(context, url);
        await online(page);
        await type(page, 'one ');
        await online(page);
        /* The page as a cache would give it; only the room is out of reach. */
        let reachable = true;
        await page.routeWebSocket(/\/ws\//, (ws) => (reachable ? ws.connectToServer() : ws.close()));
        await page.reload();
        await online(page);
        reachable = false;
        await first.kill();
        await cutOff(page);
        await type(page, 'two ');
        const second = await serve(t, [], { data, port: first.port });
        for (const word of ['three ', 'four ']) {
            await page.reload();
            await until(page, () => globalThis.weft?.room.text.startsWith('one two ') &&
                !weft.editor.view.state.readOnly);
            await type(page, word);
        }
        reachable = true;
        await page.evaluate(() => weft.room.wake());
        await has(page, 'one two three four ');
        assert.equal(await textOf(second, 'twice'), 'one two three four ');
        assert.deepEqual(page.asked, []);
    });

test('a tab that is closed: the next one has what was typed there', { skip }, async (t) => {
    const data = newFolder();
    const first = await serve(t, [], { data });
    const context = await browser(t);
    const url = `${first.origin}/r/closed`;
    const page = await tab(context, url);
    await online(page);
    await first.kill();
    await cutOff(page);
    await type(page, 'before it was closed');
    const gone = page.waitForEvent('close');
    await page.close({ runBeforeUnload: true });
    await gone;
    assert.deepEqual(page.asked, []);
    await serve(t, [], { data, port: first.port });
    const next = await tab(context, url);
    await has(next, 'before it was closed');
});

test('a second tab of the room leaves the record of the first alone', { skip }, async (t) => {
    const data = newFolder();
    const first = await serve(t, [], { data });
    const context = await browser(t);
    const url = `${first.origin}/r/two`;
    const page = await tab(context, url);
    let reachable = true;
    await page.routeWebSocket(/\/ws\//, (ws) => (reachable ? ws.connectToServer() : ws.close()));
    await page.reload();
    await online(page);
    reachable = false;
    await first.kill();
    await cutOff(page);
    await type(page, 'mine');
    assert.equal(await page.evaluate(() => weft.room.keep()), true);
    const second = await serve(t, [], { data, port: first.port });
    const other = await tab(context, url);
    await online(other);
    assert.equal(await other.evaluate(() => weft.room.text), '', 'it belongs to the first');
    reachable = true;
    await page.evaluate(() => weft.room.wake());
    await has(other, 'mine');
    await has(page, 'mine');
    assert.equal(await textOf(second, 'two'), 'mine');
    const [a, b] = await Promise.all([page, other].map((p) => p.evaluate(() => weft.room.me.userId)));
    assert.notEqual(a, b);
});

test('who is asked before leaving: only whom the browser could keep nothing for', { skip },
    async (t) => {
        const first = await serve(t);
        const context = await browser(t);
        const page = await tab(context, `${first.origin}/r/full`);
        await online(page);
        await page.evaluate(() => {
            const set = Storage.prototype.setItem;
            Storage.prototype.setItem = function setItem(key, value) {
                if (key.startsWith('weft '))
                    throw new DOMException('full', 'QuotaExceededError');
                return set.call(this, key, value);
            };
        });
        await first.kill();
        await cutOff(page);
        await type(page, 'nowhere to go');
        await reloadInVain(page);
        assert.deepEqual(page.asked, ['beforeunload']);
    });
