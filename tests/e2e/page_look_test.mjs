/* What one chooses on the page and what a room shares: language, files, looks, links, people. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { serve, test } from './lib.mjs';
import { accessible, browser, caret, front, noAxe, online, openPanel, saved, says, saysNothing, shot,
    shows, skip, tab, tabs, TEXT, until, value } from './page_lib.mjs';

const languagesThere = (page) => until(page, 'the languages', () =>
    document.getElementById('language').options.length > 50);
const notWider = async (page, what) => assert.ok(await page.evaluate(() =>
    document.documentElement.scrollWidth <= innerWidth), `${what}: nothing sticks out`);

test('a language that one sets appears for all, and for who comes later', { skip }, async (t) => {
    const server = await serve(t);
    const context = await browser(t);
    const url = `${server.origin}/r/language`;
    const [one, two] = await tabs(t, context, url, 2);
    await one.locator(TEXT).focus();
    await one.keyboard.insertText('def f(x):\n    return "é😀" + str(x)  # why\n');
    await openPanel(one);
    await languagesThere(one);
    await one.selectOption('#language', 'python');
    for (const page of [one, two])
        await until(page, 'Python', () => document.querySelector('.tok-keyword') !== null &&
            document.getElementById('language').value === 'python' &&
            document.getElementById('language').selectedOptions[0].textContent === 'Python');
    /* The full keymap comes with it. */
    await caret(two, 3);
    await two.keyboard.press('Control+/');
    await until(one, 'a comment', () => weft.room.text.startsWith('# def'));
    const three = await tab(t, context, url);
    await until(three, 'Python', () => document.querySelector('.tok-keyword') !== null);
    await two.selectOption('#language', '');
    for (const page of [one, two, three])
        await until(page, 'plain text', () => document.querySelector('.tok-keyword') === null &&
            document.getElementById('language').value === '');
});

/** Drops a file on the text, as the browser does. */
const drop = (page, name, bytes) => page.evaluate(([fileName, content]) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(content)], fileName));
    const paper = document.querySelector('.cm-content');
    const box = paper.getBoundingClientRect();
    const at = { bubbles: true, cancelable: true, dataTransfer: data, clientX: box.left + 30,
                 clientY: box.top + 30 };
    paper.dispatchEvent(new DragEvent('dragover', at));
    globalThis.shade = !document.getElementById('drop').hidden;
    paper.dispatchEvent(new DragEvent('drop', at));
}, [name, [...bytes]]);

test('files: dropped, opened, refused when binary or too large, downloaded', { skip }, async (t) => {
    const server = await serve(t, ['--limit-document', '2000']);
    const [page] = await tabs(t, await browser(t), `${server.origin}/r/files%20%2B%20more`, 1);
    await openPanel(page);
    await drop(page, 'a.py', Buffer.from('one\r\ntwo\rthree 😀\n'));
    await shows(page, 'one\ntwo\nthree 😀\n');
    assert.ok(await page.evaluate(() => globalThis.shade), 'one sees where it can be dropped');
    await until(page, 'the language by the name', () => weft.room.meta.language === 'python');
    await drop(page, 'a.png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 0xff]));
    await says(page, /a\.png is not a text file/);
    await shot(page, 'drop-binary');
    await page.click('#banner-close');
    await drop(page, 'nul.txt', Buffer.from('a\0b'));
    await says(page, /nul\.txt is not a text file/);
    await drop(page, 'big.txt', Buffer.alloc(2001, 'x'));
    await says(page, /big\.txt is too large: .* 1 KB/);
    await shows(page, 'one\ntwo\nthree 😀\n');
    await page.click('#banner-close');

    page.once('dialog', (dialog) => dialog.accept());
    await page.setInputFiles('#file', { name: 'b.txt', mimeType: 'text/plain',
        buffer: Buffer.from('\ufeffONE\r\ntwo\r\n') });
    await until(page, 'the file', () => weft.room.text.includes('ONE'));
    await saved(page);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
    assert.equal(download.suggestedFilename(), 'files-+-more.txt');
    assert.equal(readFileSync(await download.path(), 'utf8'), await value(page));
    page.once('dialog', (dialog) => dialog.dismiss());
    await page.setInputFiles('#file', { name: 'c.txt', mimeType: 'text/plain',
        buffer: Buffer.from('other') });
    await shows(page, 'ONE\ntwo\n');
    await page.evaluate(() => document.getElementById('text').dispatchEvent(new DragEvent('dragover',
        { bubbles: true, cancelable: true, dataTransfer: (() => {
            const data = new DataTransfer();
            data.items.add(new File(['x'], 'x'));
            return data;
        })() })));
    await shot(page, 'drop');
});

test('a file that was opened or dropped is taken back as one step', { skip }, async (t) => {
    const server = await serve(t);
    const context = await browser(t);
    const [page, other] = await tabs(t, context, `${server.origin}/r/undone`, 2);
    await openPanel(page);
    const typed = 'first line\nsecond 😀 line\nthird\n';
    await page.locator(TEXT).focus();
    await page.keyboard.insertText(typed);
    await page.locator(TEXT).press('End');
    await page.keyboard.type('x');
    const file = 'FIRST line\n2nd 😁 line\nthird\nand a fourth\n';
    page.once('dialog', (dialog) => dialog.accept());
    await page.setInputFiles('#file', { name: 'b.txt', mimeType: 'text/plain',
        buffer: Buffer.from(file) });
    await shows(page, file);
    await shows(other, file);
    /* One is in the text, and what was typed right before is a step of its own. */
    await until(page, 'the focus', () => weft.editor.view.hasFocus);
    await page.keyboard.press('Control+z');
    await shows(other, `${typed}x`);
    await page.keyboard.press('Control+y');
    await shows(other, file);
    await page.keyboard.press('Control+z');
    await shows(page, `${typed}x`);

    await drop(page, 'c.txt', Buffer.from('dropped 🦊\nin two lines'));
    await until(page, 'the file', () => weft.room.text.includes('dropped'));
    const dropped = await value(page);
    assert.equal(dropped.replace('dropped 🦊\nin two lines', ''), `${typed}x`);
    await caret(other, 'start');
    await other.keyboard.type('0 ');
    await shows(page, `0 ${dropped}`);
    await page.keyboard.type('y'); /* behind what was dropped */
    await shows(other, `0 ${dropped.replace('two lines', 'two linesy')}`);
    for (const text of [`0 ${dropped}`, `0 ${typed}x`]) {
        await page.keyboard.press('Control+z');
        await shows(other, text);
    }
    await saved(page);
    assert.equal((await server.get('/api/rooms/undone/text')).body, `0 ${typed}x`);
});

test('who only reads changes nothing: no file, dropped or opened, no language', { skip }, async (t) => {
    const server = await serve(t);
    const context = await browser(t);
    const [writer] = await tabs(t, context, `${server.origin}/r/reading`, 1);
    await writer.locator(TEXT).focus();
    await writer.keyboard.insertText('as it is');
    await saved(writer);
    const [page] = await tabs(t, context, await writer.inputValue('#read-link'), 1);
    await shows(page, 'as it is');
    await openPanel(page);
    await drop(page, 'x.txt', Buffer.from('dropped'));
    assert.equal(await page.evaluate(() => globalThis.shade), false);
    assert.equal(await page.isDisabled('#upload'), true);
    await page.setInputFiles('#file', { name: 'c.txt', mimeType: 'text/plain',
        buffer: Buffer.from('opened') });
    await page.locator(TEXT).focus();
    await page.keyboard.type('typed');
    await page.keyboard.press('Control+z');
    assert.equal(await page.isDisabled('#language'), true);
    await caret(writer, 'end');
    await writer.keyboard.type('.');
    await shows(page, 'as it is.');
    await shows(writer, 'as it is.');
});

test('theme, wrap and text size: chosen, kept, and the system\'s where none is', { skip }, async (t) => {
    const server = await serve(t);
    const context = await browser(t, { colorScheme: 'dark' });
    const [page] = await tabs(t, context, `${server.origin}/r/looks`, 1);
    await openPanel(page);
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await ground();
    await page.selectOption('#theme', 'light');
    const light = await ground();
    assert.notEqual(light, dark);
    await page.emulateMedia({ colorScheme: 'light' });
    assert.equal(await ground(), light);
    await page.selectOption('#theme', 'dark');
    assert.equal(await ground(), dark);
    await page.reload();
    await online(page);
    assert.equal(await ground(), dark, 'kept');
    await openPanel(page);
    await page.selectOption('#theme', 'system');
    assert.equal(await ground(), light);

    await page.locator(TEXT).focus();
    await page.keyboard.insertText('long '.repeat(100));
    const rows = () => page.evaluate(() => weft.editor.view.defaultLineHeight * 1.5 <
        document.querySelector('.cm-line').getBoundingClientRect().height);
    assert.equal(await rows(), true, 'wrapped');
    await page.click('#wrap');
    await until(page, 'one row', () => weft.editor.view.defaultLineHeight * 1.5 >
        document.querySelector('.cm-line').getBoundingClientRect().height);
    await notWider(page, 'a long line');
    const size = () => page.evaluate(() =>
        parseFloat(getComputedStyle(document.querySelector('.cm-line')).fontSize));
    const before = await size();
    await page.click('#larger');
    const larger = await size();
    assert.ok(larger > before);
    await page.click('#smaller');
    await page.click('#smaller');
    assert.ok(await size() < before);
    await page.click('#larger');
    await page.click('#larger');
    await page.reload();
    await online(page);
    assert.equal(await size(), larger, 'kept');
    assert.equal(await rows(), false, 'kept');
});

test('in German: every word, and the numbers', { skip }, async (t) => {
    const server = await serve(t);
    const context = await browser(t, { locale: 'de-DE' });
    const home = await tab(t, context, `${server.origin}/`);
    assert.equal(await home.getAttribute('html', 'lang'), 'de');
    assert.match(await home.textContent('h1'), /Gemeinsam/);
    await shot(home, 'de-entrance');
    const [page] = await tabs(t, context, `${server.origin}/r/deutsch`, 1);
    assert.equal(await page.getAttribute('html', 'lang'), 'de');
    await page.locator(TEXT).focus();
    await page.keyboard.insertText('wort '.repeat(300));
    await until(page, 'the count', () =>
        /1 Zeile · 300 Wörter · 1\.500 Zeichen/.test(document.getElementById('counts').textContent));
    await openPanel(page);
    await page.click('#find');
    await page.waitForSelector('.cm-search');
    assert.match(await page.textContent('.cm-search'), /alle ersetzen/);
    await shot(page, 'de-room');
    const english = await page.evaluate(() => [...document.querySelectorAll(
        'button, label, h2, option:checked, [aria-label]')]
        .map((el) => el.getAttribute('aria-label') ?? el.textContent)
        .filter((words) => /\b(the|find|replace|copy|close|your|link for|people)\b/i.test(words)));
    assert.deepEqual(english, []);
});

test('below a path, behind a proxy: everything is found there, the socket too', { skip }, async (t) => {
    const server = await serve(t);
    const proxy = await front(t, server, '/pad');
    const context = await browser(t, { permissions: ['clipboard-read', 'clipboard-write'] });
    const page = await tab(t, context, `${proxy.origin}/`);
    await page.fill('#name', 'über/uns'.replace('/', ' '));
    await page.keyboard.press('Enter');
    await page.waitForURL(`${proxy.origin}/r/*`);
    await online(page);
    await page.keyboard.type('below a path');
    await saved(page);
    await openPanel(page);
    assert.equal(await page.inputValue('#write-link'), page.url());
    assert.ok((await page.inputValue('#read-link')).startsWith(`${proxy.origin}/v/`));
    await languagesThere(page);
    await page.selectOption('#language', 'markdown');
    await page.click('#find');
    await page.waitForSelector('.cm-search');
    await page.click('#copy-write');
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page.url());
    const reader = await tab(t, context, await page.inputValue('#read-link'));
    await shows(reader, 'below a path');
    await reader.click('.brand');
    await reader.waitForSelector('#recent a');
    assert.ok(reader.url().endsWith('/pad/'));
    await reader.click('#recent a');
    await shows(reader, 'below a path');
    assert.ok(proxy.requests.some((url) => url.startsWith('/pad/ws/')));
    assert.deepEqual(proxy.requests.filter((url) => !url.startsWith('/pad/')), []);
});

test('what a browser keeps: scripts for ever, pages asked for each time', { skip }, async (t) => {
    const server = await serve(t);
    const context = await browser(t);
    const url = `${server.origin}/r/cache`;
    const [page] = await tabs(t, context, url, 1);
    const kept = () => page.evaluate(() => performance.getEntriesByType('resource')
        .filter(({ name }) => /\/page\/[\w-]+-[0-9A-Z]{8}\.(js|css)$/.test(name))
        .map(({ name, transferSize }) => ({ name, transferSize })));
    const before = (await kept()).map(({ name }) => name);
    const seen = [];
    page.on('response', (response) => seen.push(response));
    await page.goto(`${server.origin}/`);
    await page.goto(url);
    await online(page);
    const scripts = seen.filter((response) => /\/page\/[\w-]+-[0-9A-Z]{8}\.(js|css)$/
        .test(response.url()));
    assert.ok(scripts.length >= 3);
    for (const response of scripts) {
        const headers = response.headers();
        assert.match(headers['cache-control'], /max-age=31536000.*immutable/, response.url());
        assert.match(headers['content-security-policy'] ?? headers['x-content-type-options'], /./);
    }
    const again = (await kept()).filter(({ name }) => before.includes(name));
    assert.ok(again.length >= 2);
    assert.deepEqual(again.filter(({ transferSize }) => transferSize !== 0), [], 'from the cache');
    const html = seen.find((response) => response.url() === url);
    assert.match(html.headers()['cache-control'], /no-cache|max-age=0/);
    assert.match(html.headers()['content-security-policy'], /default-src 'self'/);
    assert.doesNotMatch(html.headers()['content-security-policy'], /unsafe-inline/);
    const asked = await page.evaluate(async () => {
        const first = await fetch(location.href, { cache: 'no-store' });
        const second = await fetch(location.href, { cache: 'no-store',
            headers: { 'If-None-Match': first.headers.get('etag') } });
        return [first.status, second.status];
    });
    assert.deepEqual(asked, [200, 304]);
    assert.ok(seen.every((response) => response.url().startsWith(server.origin)),
        'nobody else is asked');
});

test('five people: the list, carets, long names, and following one of them', { skip }, async (t) => {
    const server = await serve(t);
    const url = `${server.origin}/r/${'a-long-name-'.repeat(8)}`;
    const names = ['Ada', 'Bärbel Ünsal-Nguyễn', 'محمد', 'X'.repeat(40), '🦊'];
    const pages = [];
    for (const [i, name] of names.entries()) {
        const context = await browser(t);
        await context.addInitScript(([who, color]) => {
            localStorage.setItem('weft.name', who);
            localStorage.setItem('weft.color', color);
        }, [name, ['#c2185b', '#ffe082', '#1565c0', '#000000', '#ffffff'][i]]);
        pages.push(...await tabs(t, context, url, 1));
    }
    const [one, two] = pages;
    await one.locator(TEXT).focus();
    await one.keyboard.insertText(Array.from({ length: 200 }, (_, i) => `line ${i + 1}`).join('\n'));
    const text = await value(one);
    for (const [i, page] of pages.entries()) {
        await shows(page, text);
        await caret(page, i * 9 + 2);
    }
    await one.evaluate(() => weft.editor.reveal(0));
    await until(one, 'all the carets', () => document.querySelectorAll('.cm-weft-caret').length === 4);
    await openPanel(one);
    await until(one, 'the list', () => document.getElementById('people-count').textContent ===
        '5 people' && document.querySelectorAll('#people .place').length === 5);
    await shot(one, 'five');
    assert.ok(await one.evaluate(() => document.querySelector('.bar').offsetHeight < 60),
        'the bar is one row, however long the name of the room');
    await notWider(one, 'long names');
    await one.setViewportSize({ width: 360, height: 640 });
    await shot(one, 'five-phone');
    await notWider(one, 'long names on a phone');
    await one.setViewportSize({ width: 1000, height: 700 });

    const who = one.locator('#people button', { hasText: 'Bärbel' });
    await who.click();
    await caret(two, 'end');
    const inView = (n) => until(one, `line ${n} in view`, (line) => {
        const { view } = weft.editor;
        const at = view.coordsAtPos(view.state.doc.line(line).from);
        const box = view.scrollDOM.getBoundingClientRect();
        return at !== null && at.top > box.top && at.bottom < box.bottom;
    }, n);
    await inView(200);
    await caret(two, 0);
    await inView(1);
    await one.keyboard.press('Tab'); /* elsewhere on the page: it goes on */
    assert.equal(await who.getAttribute('aria-pressed'), 'true');
    await one.locator(TEXT).press('ArrowDown');
    await until(one, 'no longer to follow', () =>
        document.querySelector('#people button[aria-pressed=true]') === null);
    await two.evaluate(() => weft.room.setCursor(5));
    await pages[4].close();
    await until(one, 'four', () =>
        document.getElementById('people-count').textContent === '4 people');
});

test('fifty people: the list scrolls, the bar stays as it is, all is said to all', { skip }, async (t) => {
    const server = await serve(t);
    const others = [];
    for (let i = 1; i < 50; i++)
        others.push(await server.join('fifty', { query: { name: `Person ${i} ${'of the many '.repeat(i % 4)}`.trim(),
            color: `#${(i * 5 % 256).toString(16).padStart(2, '0')}${(i * 29 % 256).toString(16)
                .padStart(2, '0')}80` } }));
    const [first] = others;
    await first.ask({ type: 'insert', text: Array.from({ length: 60 }, (_, i) => `line ${i + 1}`).join('\n'), seq: 1 },
        { type: 'ack', seq: 1 });
    const [page] = await tabs(t, await browser(t), `${server.origin}/r/fifty`, 1);
    await openPanel(page);
    for (const [i, other] of others.entries())
        other.send({ type: 'cursor', position: i * 8 % 400, anchor: i * 8 % 400 + i % 3 * 4, rev: 1 });
    await until(page, 'fifty', () => document.getElementById('people-count').textContent === '50 people' &&
        document.querySelectorAll('#people li').length === 50 &&
        document.querySelectorAll('#people .place:not(:empty)').length >= 49);
    await until(page, 'carets', () => document.querySelectorAll('.cm-weft-caret').length > 20);
    assert.ok(await page.evaluate(() => document.querySelector('.bar').offsetHeight < 60));
    await notWider(page, 'fifty');
    await shot(page, 'fifty');
    await page.locator('#people li').last().scrollIntoViewIfNeeded();
    assert.ok(await page.locator('#people li').last().isVisible());
    for (const scheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme: scheme });
        if (!noAxe)
            await accessible(page, `fifty, ${scheme}`);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    await shot(page, 'fifty-phone-panel');
    await page.click('#panel-button');
    await shot(page, 'fifty-phone');
    assert.ok(await page.evaluate(() => document.querySelector('.bar').offsetHeight < 110));
    await notWider(page, 'fifty on a phone');
    for (const other of others.slice(10))
        other.ws.close();
    await until(page, 'eleven', () => document.getElementById('people-count').textContent === '11 people');
});
