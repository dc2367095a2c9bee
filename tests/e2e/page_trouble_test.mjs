/* What the page says when something is wrong, and what becomes of the text: the server's closings,
 * and messages that are not as they should be, said in the server's name by the proxy. */

import assert from 'node:assert/strict';
import { newFolder, serve, test } from './lib.mjs';
import { browser, caret, front, online, saved, says, saysNothing, shot, shows, skip, tab, tabs, TEXT,
    until, value } from './page_lib.mjs';

const TYPED = 'what I have written';

/** A room with a text, behind a proxy. */
async function written(t, { options, text = TYPED, args } = {}) {
    const server = await serve(t, args);
    const proxy = await front(t, server);
    const context = await browser(t, { permissions: ['clipboard-read', 'clipboard-write'],
        ...options });
    const page = await tab(t, context, `${proxy.origin}/r/trouble`, { expectErrors: true });
    await online(page);
    await page.locator(TEXT).focus();
    await page.keyboard.insertText(text);
    await saved(page);
    return { server, proxy, context, page };
}

const offered = async (page, text) => {
    await page.click('#banner-action');
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
};

test('each closing of the server has its own words, and they go when it is over', { skip }, async (t) => {
    const { proxy, page } = await written(t);
    for (const [code, words] of [[1012, /being restarted/], [1013, /no room for one more/],
        [4409, /did not keep up/], [4429, /asks for a pause/], [1008, /asks for a pause/]]) {
        proxy.refuse = { code, reason: 'said by a test' };
        proxy.close(code, 'said by a test');
        await says(page, words);
        await caret(page, 'end');
        await page.keyboard.type(` ${code}`);
        await shot(page, `closed-${code}`);
        proxy.refuse = null;
        await page.evaluate(() => weft.room.wake());
        await online(page);
        await saved(page);
        await saysNothing(page);
    }
    await shows(page, `${TYPED} 1012 1013 4409 4429 1008`);
});

for (const [code, words] of [[4401, /asks who you are/], [4403, /may not open/],
    [1002, /another version/]]) {
    test(`${code} is final: it says so, keeps the text and offers it`, { skip }, async (t) => {
        const { proxy, page } = await written(t);
        const before = proxy.requests.length;
        proxy.close(code, 'said by a test');
        await says(page, words);
        await until(page, 'to be closed', () => weft.room.status === 'closed' &&
            weft.editor.view.state.readOnly &&
            document.getElementById('connection').textContent === 'Disconnected');
        await offered(page, TYPED);
        assert.equal(await value(page), TYPED);
        assert.equal(proxy.requests.slice(before).filter((url) => /\/ws\//.test(url)).length, 0,
            'it does not try again');
        assert.equal(await page.locator('#banner-reload').isVisible(), code === 1002);
        await shot(page, `final-${code}`);
    });
}

test('storage that fails: said once it does, gone once it is over', { skip }, async (t) => {
    const { proxy, page } = await written(t);
    let failing = true;
    proxy.fromPage = (message) => {
        if (message.type !== 'edit' || !failing)
            return message;
        proxy.say({ type: 'error', code: 'unavailable', message: 'the disk is full',
                    seq: message.seq, retry_ms: 200 });
        return null;
    };
    await page.keyboard.insertText(' and more');
    await says(page, /cannot save right now/);
    assert.equal(await page.textContent('#saved'), 'Saving…');
    await shot(page, 'storage');
    failing = false;
    await saved(page);
    await saysNothing(page);
    await shows(page, `${TYPED} and more`);
});

test('a room that cannot be read, a server that is full: each its own words', { skip }, async (t) => {
    const { proxy, page } = await written(t);
    const refused = (message) => ({ type: 'error', code: 'unavailable', message, retry_ms: 100 });
    for (const [name, refuse, words] of [
        ['unread', { code: 1013, say: refused('the room could not be read; try again in a second') },
            /cannot open this room/],
        ['server-full', { code: 1013, say: refused('the server is full: --limit-connections') },
            /no room for one more/],
        ['quarantine', { code: 1011, say: refused("the room's log does not check") },
            /cannot open this room/],
        ['no-memory', { code: 1011 }, /cannot open this room/],
    ]) {
        t.diagnostic(name);
        proxy.refuse = { reason: 'see the error before this', ...refuse };
        const tries = proxy.requests.length;
        proxy.cut();
        await says(page, words);
        await caret(page, 'end');
        await page.keyboard.type(` ${name}`);
        await until(page, 'to be offline', () => weft.room.status === 'offline');
        for (const end = Date.now() + 10000; proxy.requests.length < tries + 3;) {
            assert.ok(Date.now() < end, `${name}: it tries again by itself`);
            await page.evaluate(() => new Promise(requestAnimationFrame));
        }
        await says(page, words); /* whatever it was told before the closing */
        await shot(page, name);
        proxy.refuse = null;
        await page.evaluate(() => weft.room.wake());
        await online(page);
        await saved(page);
        await saysNothing(page);
    }
    await shows(page, `${TYPED} unread server-full quarantine no-memory`);
});

test('a room that is full, by the server itself: said, and entered when somebody leaves', { skip }, async (t) => {
    const server = await serve(t, ['--limit-people', '1']);
    const context = await browser(t);
    const one = await tab(t, context, `${server.origin}/r/full`);
    await online(one);
    const two = await tab(t, context, `${server.origin}/r/full`, { expectErrors: true });
    await says(two, /no room for one more/);
    await shot(two, 'room-full');
    await one.close();
    await online(two);
    await saysNothing(two);
});

test('a text that is full: what goes too far is undone and offered', { skip }, async (t) => {
    const { page } = await written(t, { args: ['--limit-document', '1024'] });
    await page.keyboard.insertText('x'.repeat(2000));
    await says(page, /as large as it may be/);
    await shows(page, TYPED);
    await offered(page, 'x'.repeat(2000));
    await shot(page, 'refused');
    await page.keyboard.insertText('!');
    await saved(page);
});

test('a server of another version: said, read only, the text offered', { skip }, async (t) => {
    const { proxy, page } = await written(t);
    proxy.fromServer = (message) => (message.type === 'welcome'
        ? { ...message, protocol: 'weft.v9' } : message);
    proxy.cut();
    await says(page, /another version/);
    await until(page, 'to be closed', () => weft.room.status === 'closed');
    await offered(page, TYPED);
    await shot(page, 'version');
    proxy.fromServer = (message) => message;
    await Promise.all([page.waitForEvent('load'), page.click('#banner-reload')]);
    await online(page);
    await shows(page, TYPED);
});

test('a server with another page, which refuses this one: said as soon as it is seen', { skip }, async (t) => {
    const { proxy, page } = await written(t);
    await page.route('**/r/trouble', (route) => route.fulfill({
        contentType: 'text/html', body: '<script src="page/page-NEWER.js"></script>' }));
    proxy.refuse = { code: 1006, reason: '' };
    proxy.wss.removeAllListeners();
    proxy.http.removeAllListeners('upgrade');
    proxy.http.on('upgrade', (request, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    proxy.cut();
    await says(page, /another version/);
    assert.equal(await value(page), TYPED);
    await offered(page, TYPED);
});

test('a message of an unknown type: said once, and the work goes on', { skip }, async (t) => {
    const { proxy, page } = await written(t);
    proxy.say({ type: 'fireworks', colour: 'red' });
    await says(page, /does not know/);
    await offered(page, TYPED);
    await shot(page, 'unknown');
    await page.click('#banner-close');
    proxy.say({ type: 'fireworks', colour: 'green' });
    await caret(page, 'end');
    await page.keyboard.insertText(' still');
    await saved(page);
    await saysNothing(page);
    await shows(page, `${TYPED} still`);
});

/** Something that the page cannot take, and what must become of the text. */
const WRONG = [
    ['no JSON', () => '{"type":'],
    ['no object', () => '[1,2,3]'],
    ['null', () => 'null'],
    ['an operation beyond the end', (rev) => ({ type: 'edit', rev: rev + 1, op: [5000, 'x'] })],
    ['an insert beyond the end', (rev) =>
        ({ type: 'insert', rev: rev + 1, position: 9999, text: 'x' })],
    ['a delete of what is not there', (rev) =>
        ({ type: 'delete', rev: rev + 1, position: 0, length: 9999 })],
    ['an operation that is none', (rev) => ({ type: 'edit', rev: rev + 1, op: 'nonsense' })],
    ['an operation of wrong parts', (rev) => ({ type: 'edit', rev: rev + 1, op: [1.5, {}, null] })],
    ['half a pair', (rev) => ({ type: 'insert', rev: rev + 1, position: 0, text: '\ud83d' })],
    ['a gap', (rev) => ({ type: 'insert', rev: rev + 7, position: 0, text: 'x' })],
    ['no revision', () => ({ type: 'insert', position: 0, text: 'x' })],
    ['an ack for nothing', (rev) => ({ type: 'ack', rev: rev + 1, seq: 999 })],
    ['a welcome that is none', () => ({ type: 'welcome', rev: 'five', users: 7, text: 'nonsense' })],
    ['people that are none', () => ({ type: 'join' })],
    ['a caret nowhere', (rev) => ({ type: 'cursor', rev, user_id: 5, position: {}, anchor: [] })],
    ['entries that are none', (rev) => ({ type: 'meta', rev: rev + 1, meta: 5 })],
];
const HARMLESS = new Set(['people that are none', 'a caret nowhere']);

test('messages that are not as they should be: said, the text kept and fetched again', { skip }, async (t) => {
    const { server, proxy, context, page } = await written(t);
    const other = await tab(t, context, `${server.origin}/r/trouble`, { expectErrors: true });
    await online(other);
    let text = TYPED;
    for (const [name, message] of WRONG) {
        t.diagnostic(name);
        const rev = await page.evaluate(() => weft.room.rev);
        /* Something is on its way when it happens. */
        const onItsWay = new Promise((resolve) => {
            proxy.fromPage = (sent) => {
                if (sent.type !== 'edit')
                    return sent;
                proxy.fromPage = (any) => any;
                resolve();
                return null;
            };
        });
        await caret(page, 'end');
        await page.keyboard.insertText('+');
        text += '+';
        await onItsWay;
        proxy.say(message(rev));
        if (!HARMLESS.has(name)) {
            await says(page, /fetched again/);
            await offered(page, text);
        }
        if (HARMLESS.has(name))
            proxy.cut();
        await online(page);
        await saved(page);
        await shows(page, text);
        await shows(other, text);
        if (name === 'a gap')
            await shot(page, 'resync');
        await page.evaluate(() => document.getElementById('banner-close').click());
        assert.equal((await server.get('/api/rooms/trouble/text')).body, text);
    }
});

test('a restart: the message comes with the closing and goes with the server back', { skip }, async (t) => {
    const data = newFolder();
    const first = await serve(t, [], { data });
    const context = await browser(t);
    const [one] = await tabs(t, context, `${first.origin}/r/restart`, 1, { expectErrors: true });
    await one.locator(TEXT).focus();
    await one.keyboard.insertText('before, ');
    await saved(one);
    await first.stop();
    await says(one, /being restarted/);
    await one.keyboard.insertText('meanwhile, ');
    await until(one, 'to count what is kept', () =>
        /1 unsaved change kept/.test(document.getElementById('saved').textContent));
    await shot(one, 'restart');
    await serve(t, [], { data, port: first.port });
    await online(one);
    await one.keyboard.insertText('after');
    await saved(one);
    await saysNothing(one);
    await shows(one, 'before, meanwhile, after');
});

test('in German too, on a phone', { skip }, async (t) => {
    const { proxy, page } = await written(t, { options: { locale: 'de-AT',
        viewport: { width: 360, height: 640 } } });
    proxy.refuse = { code: 1013, reason: 'full' };
    proxy.close(1013, 'full');
    await says(page, /ist gerade kein Platz/);
    await page.keyboard.type('offline getippt');
    await until(page, 'to be offline', () => weft.room.status === 'offline');
    for (const width of [320, 360, 760]) {
        await page.setViewportSize({ width, height: 600 });
        await shot(page, `de-offline-${width}`);
        const [over, covered] = await page.evaluate(() => {
            const box = (id) => document.getElementById(id).getBoundingClientRect();
            const [saved, button] = [box('saved'), box('copy-link')];
            return [document.documentElement.scrollWidth - innerWidth,
                    saved.right > button.left && saved.bottom > button.top &&
                    saved.top < button.bottom];
        });
        assert.ok(over <= 0, `${width}: nothing sticks out (${over} px)`);
        assert.equal(covered, false, `${width}: nothing lies on anything`);
    }
    await shot(page, 'de-phone-full');
    proxy.refuse = null;
    await page.evaluate(() => weft.room.wake());
    await online(page);
    await saved(page);
    proxy.say('nonsense');
    await says(page, /passte nicht zu diesem Text/);
    await shot(page, 'de-phone-resync');
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
        'nothing sticks out');
});
