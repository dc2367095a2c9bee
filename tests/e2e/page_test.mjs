/* The pages in a real browser: two who write, what is kept through a crash, the entrance. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { newFolder, serve, test } from './lib.mjs';
import { browser, caret, online, openPanel, saved, shot, shows, skip, tab, TEXT, until, value }
    from './page_lib.mjs';

test('two tabs in one room: typing in both at once converges', { skip }, async (t) => {
    const server = await serve(t);
    const context = await browser(t);
    const url = `${server.origin}/r/tabs`;
    const [one, two] = [await tab(t, context, url), await tab(t, context, url)];
    await Promise.all([online(one), online(two)]);
    await one.locator(TEXT).pressSequentially('The quick brown fox. ');
    await shows(two, 'The quick brown fox. ');
    await saved(one);

    /* Both at once, at both ends, in the middle of each other's words, and with a deletion. */
    await caret(one, 'end');
    await caret(two, 'start');
    await Promise.all([
        one.keyboard.type('jumps over the lazy dog\n', { delay: 3 }),
        two.keyboard.type('Once upon a time ', { delay: 3 }),
    ]);
    await Promise.all([
        (async () => {
            for (let i = 0; i < 5; i++)
                await one.keyboard.press('Backspace');
            await one.keyboard.type(' cat!');
        })(),
        two.keyboard.type('there was: '),
    ]);
    const text = 'Once upon a time there was: The quick brown fox. jumps over the lazy cat!';
    await Promise.all([saved(one), saved(two)]);
    await Promise.all([shows(one, await value(two)), shows(two, await value(one))]);
    /* Five backspaces take " dog\n". */
    await shows(one, text);
    assert.equal((await server.get('/api/rooms/tabs/text')).body, text);

    /* The people who are there, in both. */
    await openPanel(one);
    await until(one, 'two people', () => document.querySelectorAll('#people li').length === 2 &&
        document.getElementById('people-count').textContent === '2 people');
    await two.close();
    await until(one, 'to be alone', () => document.querySelectorAll('#people li').length === 1 &&
        document.getElementById('people-count').textContent === 'Only you');
});

test('two people: names, colors, carets, and a name that is changed', { skip }, async (t) => {
    const server = await serve(t);
    const url = `${server.origin}/r/people%20%F0%9F%98%80`;
    const one = await tab(t, await browser(t), url);
    const two = await tab(t, await browser(t), url);
    await Promise.all([online(one), online(two)]);
    assert.equal(await one.textContent('#room'), 'people 😀');
    await openPanel(one);
    await one.fill('#my-name', 'Ada L.');
    await openPanel(two);
    await until(two, 'to see the new name', () =>
        [...document.querySelectorAll('#people .who')].some((who) => who.textContent === 'Ada L.'));
    await two.locator(TEXT).pressSequentially('first line\nsecond line 😀\nthird');
    await shows(one, 'first line\nsecond line 😀\nthird');
    await one.locator(TEXT).click();
    await caret(one, 'end');
    await until(two, 'a caret', () => document.querySelector('.cm-weft-caret') !== null);
    await shot(one, 'people-one');
    await shot(two, 'people-two');

    /* Remembered in this browser, for the next room and after a reload. */
    await one.reload();
    await online(one);
    assert.equal(await one.inputValue('#my-name'), 'Ada L.');
    await one.goto(`${server.origin}/r/another`);
    await online(one);
    assert.equal(await one.inputValue('#my-name'), 'Ada L.');
});

test('emoji and other characters outside the BMP, typed, pasted and deleted', { skip }, async (t) => {
    const server = await serve(t);
    const context = await browser(t);
    const url = `${server.origin}/r/emoji`;
    const [one, two] = [await tab(t, context, url), await tab(t, context, url)];
    await Promise.all([online(one), online(two)]);
    await one.focus(TEXT);
    await one.keyboard.insertText('a😀b👩‍👩‍👧c𝒳漢');
    await shows(two, 'a😀b👩‍👩‍👧c𝒳漢');
    /* Between the two halves of what looks like one, a neighbour that shares a half. */
    await caret(two, 3);
    await two.keyboard.insertText('😁');
    await shows(one, 'a😀😁b👩‍👩‍👧c𝒳漢');
    await caret(one, 'end');
    await one.keyboard.press('Backspace');
    await one.keyboard.press('Backspace');
    await shows(two, 'a😀😁b👩‍👩‍👧c');
    await saved(one);
    assert.equal((await server.get('/api/rooms/emoji/text')).body, 'a😀😁b👩‍👩‍👧c');
    const { json } = await server.getJson('/api/rooms/emoji');
    assert.equal(json.length, Array.from('a😀😁b👩‍👩‍👧c').length);
});

test('the server is killed and started again while two type: nothing is lost', { skip }, async (t) => {
    const data = newFolder();
    const first = await serve(t, [], { data });
    const context = await browser(t);
    const url = `${first.origin}/r/crash`;
    const one = await tab(t, context, url, { expectErrors: true });
    const two = await tab(t, context, url, { expectErrors: true });
    await Promise.all([online(one), online(two)]);
    await one.locator(TEXT).pressSequentially('start. ');
    await shows(two, 'start. ');
    await caret(one, 'end');
    await caret(two, 'start');

    const words = (letter, from, to) =>
        Array.from({ length: to - from }, (_, i) => `${letter}${i + from} `).join('');
    const typing = Promise.all([
        one.keyboard.type(words('x', 0, 40), { delay: 4 }),
        two.keyboard.type(words('y', 0, 40), { delay: 4 }),
    ]);
    await until(one, 'some of it', () => weft.room.text.includes('x5'));
    await first.kill();
    await typing;
    await until(one, 'to say that it is not saved', () => document.getElementById('saved')
        .textContent !== 'Saved' && document.getElementById('connection').textContent !== 'Online');
    await one.keyboard.type(words('x', 40, 50));
    await shot(one, 'offline');

    const second = await serve(t, [], { data, port: first.port });
    await Promise.all([online(one), online(two)]);
    await two.keyboard.type(words('y', 40, 50));
    await Promise.all([saved(one), saved(two)]);
    const text = `${words('y', 0, 50)}start. ${words('x', 0, 50)}`;
    await Promise.all([shows(one, text), shows(two, text)]);
    assert.equal((await second.get('/api/rooms/crash/text')).body, text);
    await shot(one, 'back');
    /* A last one: what is on disk now. */
    await second.kill();
    const third = await serve(t, [], { data });
    assert.equal((await third.get('/api/rooms/crash/text')).body, text);
});

test('the disk takes nothing for a while: the page says so, keeps what is typed, recovers', { skip }, async (t) => {
    const server = await serve(t);
    const mine = await browser(t);
    const page = await tab(t, mine, `${server.origin}/r/disk`);
    await online(page);
    await page.keyboard.type('before. ');
    await saved(page);

    const limit = (soft) => execFileSync('prlimit',
        ['--pid', String(server.child.pid), `--fsize=${soft}:unlimited`]);
    limit(4096);
    await page.keyboard.type('meanwhile, ');
    await until(page, 'to say that nothing is saved', () =>
        !document.getElementById('banner').hidden &&
        /cannot save right now/.test(document.getElementById('banner-text').textContent) &&
        document.getElementById('saved').textContent === 'Saving…');
    assert.equal(await page.evaluate(() => weft.editor.view.state.readOnly), false);
    await page.keyboard.type('and more. ');
    await shot(page, 'unavailable');
    /* Somebody who comes now reads what was saved, and nothing else. */
    const other = await tab(t, await browser(t), `${server.origin}/r/disk`);
    await online(other);
    assert.equal(await value(other), 'before. ');

    limit('unlimited');
    await saved(page);
    await until(page, 'the banner to go', () => document.getElementById('banner').hidden);
    await shows(other, 'before. meanwhile, and more. ');
    assert.equal(await value(page), 'before. meanwhile, and more. ');
});

test('the link for reading: shows what is written, and cannot type', { skip }, async (t) => {
    const server = await serve(t);
    const writer = await tab(t, await browser(t), `${server.origin}/r/a%20secret%20name`);
    await online(writer);
    await writer.locator(TEXT).pressSequentially('for your eyes');
    await saved(writer);
    await openPanel(writer);
    const link = await writer.inputValue('#read-link');
    assert.match(link, new RegExp(`^${server.origin}/v/[^/]+$`));
    assert.ok(!decodeURIComponent(link).includes('secret'));

    const reader = await tab(t, await browser(t), link);
    await shows(reader, 'for your eyes');
    await until(reader, 'the badge', () => !document.getElementById('badge').hidden);
    assert.equal(await reader.evaluate(() => weft.editor.view.state.readOnly), true);
    await reader.locator(TEXT).click();
    await reader.keyboard.type('no');
    await writer.locator(TEXT).pressSequentially('');
    await caret(writer, 'end');
    await writer.keyboard.type(' only');
    await shows(reader, 'for your eyes only');
    assert.equal((await server.get('/api/rooms/a%20secret%20name/text')).body, 'for your eyes only');
    const seen = await reader.content();
    assert.ok(!seen.includes('a secret name'), 'the name of the room is nowhere on the page');
    await until(reader, 'to be up to date', () =>
        document.getElementById('saved').textContent === 'Up to date');
    await shot(reader, 'reading');
});

test('the entrance leads to a room, refuses a bad name, and remembers', { skip }, async (t) => {
    const server = await serve(t);
    const context = await browser(t);
    const page = await tab(t, context, `${server.origin}/`);
    await shot(page, 'entrance');
    await page.click('button[type=submit]');
    await page.waitForSelector('#problem:not([hidden])');
    await page.fill('#name', 'a/b');
    await page.keyboard.press('Enter');
    assert.match(await page.textContent('#problem'), /slash/);
    await page.fill('#name', 'Mein Raum? 100%');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server.origin}/r/${encodeURIComponent('Mein Raum? 100%')}`);
    await online(page);
    assert.equal(await page.textContent('#room'), 'Mein Raum? 100%');
    await page.keyboard.type('typed at once'); /* the text has the focus */
    await saved(page);
    assert.equal((await server.get(`/api/rooms/${encodeURIComponent('Mein Raum? 100%')}/text`)).body,
        'typed at once');
    await page.click('.brand');
    await page.waitForSelector('#recent:not([hidden])');
    assert.deepEqual(await page.locator('#recent-list a').allTextContents(), ['Mein Raum? 100%']);
    await page.click('#recent-list a');
    await shows(page, 'typed at once');
    await page.goBack();
    await page.click('#invent');
    const invented = await page.inputValue('#name');
    assert.match(invented, /^[a-z]+-[a-z]+-[a-z0-9]{5}-[a-z0-9]{5}$/);
    await page.click('button[type=submit]');
    await online(page);
});

test('a narrow screen and a dark one', { skip }, async (t) => {
    const server = await serve(t);
    const url = `${server.origin}/r/narrow`;
    const context = await browser(t, { viewport: { width: 360, height: 640 }, colorScheme: 'dark' });
    const page = await tab(t, context, url);
    await online(page);
    await page.locator(TEXT).pressSequentially('On a phone, in the dark. '.repeat(8));
    await saved(page);
    await shot(page, 'narrow');
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `nothing sticks out to the side (${wide} px)`);
    await openPanel(page);
    await shot(page, 'narrow-panel');
    const still = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(still <= 0, `nor with the panel open (${still} px)`);
});
