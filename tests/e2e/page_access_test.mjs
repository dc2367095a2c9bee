/* The pages for those who use no mouse, see little or nothing, or want less motion. */

import assert from 'node:assert/strict';
import { serve, test } from './lib.mjs';
import { accessible, browser, caret, front, noAxe, online, openPanel, saved, says, shot, shows, skip,
    tab, tabs, TEXT, until, value } from './page_lib.mjs';

const CODE = '/* a comment */\nint main(void) {\n    return printf("%d\\n", 42); // 😀\n}\n';

/** Each state of the room's page, one after the other. */
async function states(t, colorScheme, phone = false) {
    const server = await serve(t);
    const proxy = await front(t, server);
    const options = { colorScheme, ...(phone && { viewport: { width: 390, height: 844 }, hasTouch: true,
        isMobile: true }) };
    const context = await browser(t, options);
    const where = `${colorScheme}${phone ? '-phone' : ''}`;
    const look = async (page, name) => {
        await shot(page, `${where}-${name}`);
        await accessible(page, `${name}, ${where}`);
        const { width } = page.viewportSize(); /* a phone makes innerWidth fit what sticks out */
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= width,
            `${name}, ${where}: nothing sticks out`);
    };
    const closePanel = (page) => phone && page.evaluate(() =>
        document.getElementById('panel').hidden || document.getElementById('panel-button').click());

    const home = await tab(t, context, `${proxy.origin}/`);
    await look(home, 'entrance');
    await home.click('button[type=submit]');
    await home.waitForSelector('#problem:not([hidden])');
    await look(home, 'entrance-problem');

    const url = `${proxy.origin}/r/states`;
    const one = await tab(t, context, url, { expectErrors: true });
    await online(one);
    await openPanel(one);
    await look(one, 'room-empty');
    await one.locator(TEXT).focus();
    await one.keyboard.insertText(CODE);
    await until(one, 'the languages', () => document.getElementById('language').options.length > 50);
    await one.selectOption('#language', 'c');
    await until(one, 'to be highlighted', () => document.querySelector('.tok-keyword') !== null);
    const two = await tab(t, await browser(t, options), url, { expectErrors: true });
    await shows(two, CODE);
    await two.locator(TEXT).focus();
    await two.evaluate(() => weft.editor.view.dispatch({ selection: { anchor: 20, head: 28 } }));
    await until(one, 'the selection of another', () =>
        document.querySelector('.cm-weft-chosen') !== null);
    await look(one, 'room-code-panel');
    await closePanel(one);
    await look(one, 'room-code');
    await openPanel(one);
    await one.click('#people button.who');
    await until(one, 'to follow', () =>
        document.querySelector('#people button[aria-pressed=true]') !== null);
    await look(one, 'following');
    assert.equal(await one.isVisible('#panel'), !phone, 'it does not lie over what is followed');
    await openPanel(one);
    await one.click('#find');
    await one.waitForSelector('.cm-search');
    assert.equal(await one.isVisible('#panel'), !phone, 'nor over what is found');
    await one.keyboard.type('int');
    await until(one, 'the matches', () => document.querySelector('.cm-searchMatch') !== null);
    await look(one, 'search');
    const reader = await tab(t, await browser(t, options), await one.inputValue('#read-link'),
        { expectErrors: true });
    await shows(reader, CODE);
    await openPanel(reader);
    await look(reader, 'reading');

    await one.locator('.cm-search [name=search]').press('Escape');
    await openPanel(one);
    await one.click('#history');
    await one.waitForSelector('.history');
    await one.getByRole('button', { name: 'Who wrote this' }).click();
    await until(one, 'colours', () => document.querySelector('.history-by') !== null &&
        document.querySelector('.history-legend .share') !== null);
    await look(one, 'history');
    await one.getByRole('button', { name: 'Back to now' }).click();

    proxy.say({ type: 'error', code: 'unavailable', message: 'commit: the disk is full' });
    await says(one, /cannot save/);
    await look(one, 'banner');
    proxy.refuse = { code: 1013, reason: 'the room is full' };
    proxy.cut();
    await until(one, 'to be offline', () =>
        document.getElementById('state').dataset.state === 'offline');
    await caret(one, 'end');
    await one.keyboard.type('typed offline');
    await look(one, 'offline');
}

test('no violation of WCAG AA in any state, in the light', { skip: skip || noAxe }, (t) =>
    states(t, 'light'));

test('no violation of WCAG AA in any state, in the dark', { skip: skip || noAxe }, (t) =>
    states(t, 'dark'));

test('nor on a phone, in the light', { skip: skip || noAxe }, (t) => states(t, 'light', true));

test('nor on a phone, in the dark', { skip: skip || noAxe }, (t) => states(t, 'dark', true));

/** What has the focus: its id, class or words. */
const focused = (page) => page.evaluate(() => {
    const el = document.activeElement;
    return el.classList.contains('cm-content') ? 'text' : el.id || el.className || el.tagName;
});

/** Presses Tab until something has the focus. */
async function tabTo(page, id, key = 'Tab') {
    const met = [];
    for (let i = 0; i < 40; i++) {
        await page.keyboard.press(key);
        met.push(await focused(page));
        if (met.at(-1) === id)
            return met;
    }
    return assert.fail(`${key} never comes to ${id}: ${met.join(', ')}`);
}

test('with the keyboard alone: entrance, room, text, panel, links, and back', { skip }, async (t) => {
    const server = await serve(t);
    const context = await browser(t, { permissions: ['clipboard-read', 'clipboard-write'] });
    const page = await tab(t, context, `${server.origin}/`);
    assert.equal(await focused(page), 'name', 'one may type at once');
    await page.keyboard.press('Enter');
    assert.equal(await focused(page), 'name', 'a problem leaves one where it is put right');
    assert.equal(await page.getAttribute('#name', 'aria-invalid'), 'true');
    await tabTo(page, 'invent');
    await page.keyboard.press('Enter');
    assert.equal(await focused(page), 'name');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/r/*');
    await online(page);
    assert.equal(await focused(page), 'text');
    await page.keyboard.type('keys only');

    /* Tab leaves the editor, in both directions; the first thing on the page skips to the text. */
    await page.keyboard.press('Tab');
    assert.notEqual(await focused(page), 'text');
    await page.keyboard.press('Shift+Tab');
    assert.equal(await focused(page), 'text');
    assert.equal(await value(page), 'keys only', 'no tab in the text');
    await tabTo(page, 'skip', 'Shift+Tab');
    await shot(page, 'skip-link');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'text');

    /* The panel: everything in it is reached, Escape closes it and leads back to its button. */
    if (await page.getAttribute('#panel-button', 'aria-expanded') === 'true') {
        await tabTo(page, 'panel-button', 'Shift+Tab');
        await page.keyboard.press('Enter');
        assert.equal(await page.isVisible('#panel'), false);
    } else {
        await tabTo(page, 'panel-button', 'Shift+Tab');
    }
    await page.keyboard.press('Enter');
    assert.equal(await focused(page), 'my-name');
    const met = await tabTo(page, 'larger');
    for (const id of ['write-link', 'copy-write', 'read-link', 'copy-read', 'language', 'find',
        'upload', 'download', 'theme', 'wrap', 'smaller'])
        assert.ok(met.includes(id), `${id} is on the way: ${met.join(', ')}`);
    await tabTo(page, 'copy-read', 'Shift+Tab');
    /* What comes within a moment is said in one breath: first what has been on its way so far. */
    await until(page, 'to have said that it is online', () =>
        /^Online/.test(document.getElementById('announce').textContent));
    await page.keyboard.press('Enter');
    await until(page, 'to say so', () => document.getElementById('announce').textContent === 'Copied');
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /\/v\//);
    await page.keyboard.press('Escape');
    assert.equal(await focused(page), 'panel-button');
    assert.equal(await page.isVisible('#panel'), false);

    /* Find: there by its key, Escape leads back into the text. */
    await tabTo(page, 'text');
    await page.keyboard.press('Control+f');
    await page.waitForSelector('.cm-search');
    await page.keyboard.type('only');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    assert.equal(await focused(page), 'text');
    assert.equal(await page.locator('.cm-search').count(), 0);

    await tabTo(page, 'brand', 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#recent a');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await shows(page, 'keys only');
});

test('every control has a name, and what is focused shows it', { skip }, async (t) => {
    const server = await serve(t);
    const [page] = await tabs(t, await browser(t), `${server.origin}/r/names`, 1);
    await openPanel(page);
    await page.click('#find');
    await page.waitForSelector('.cm-search');
    const tree = await page.locator('body').ariaSnapshot();
    assert.doesNotMatch(tree, /^\s*- (button|textbox|link|combobox|checkbox)(:| \[|$)/m, tree);
    for (const words of ['heading "names" [level=1]', 'textbox "Shared text"', 'textbox "Your name"',
        'button "Only you"', 'link "weft, to the entrance"', 'combobox "Language"', 'status',
        'complementary "People and sharing"', 'main', 'contentinfo', 'banner'])
        assert.ok(tree.includes(words), `${words} in\n${tree}`);
    await page.focus(TEXT);
    await page.keyboard.press('Tab');
    assert.notEqual(await page.evaluate(() =>
        getComputedStyle(document.activeElement).outlineStyle), 'none');
});

test('who comes and goes, and what becomes of the connection, is said aloud', { skip }, async (t) => {
    const server = await serve(t);
    const proxy = await front(t, server);
    const url = `${proxy.origin}/r/aloud`;
    const [one] = await tabs(t, await browser(t), url, 1, { expectErrors: true });
    const said = (words) => until(one, `to say ${words}`, (source) =>
        new RegExp(source).test(document.getElementById('announce').textContent), words.source);
    await said(/Online\. Saved/);
    const [two] = await tabs(t, await browser(t), url, 1, { expectErrors: true });
    await said(/2 people are here/);
    await two.close();
    await said(/Only you are here/);
    proxy.refuse = { code: 1012, reason: '' };
    proxy.close(1012);
    await said(/Offline/);
    proxy.refuse = null;
    await one.evaluate(() => weft.room.wake());
    await said(/Online/);
    assert.equal(await one.getAttribute('#announce', 'aria-live'), 'polite');
});

test('who wants less motion gets none', { skip }, async (t) => {
    const server = await serve(t);
    const context = await browser(t, { reducedMotion: 'reduce' });
    const [one, two] = await tabs(t, context, `${server.origin}/r/still`, 2);
    await two.locator(TEXT).focus();
    await two.keyboard.type('x');
    await until(one, 'a caret', () => document.querySelector('.cm-weft-flag') !== null);
    const motion = await one.evaluate(() => {
        const found = [];
        document.getElementById('state').dataset.state = 'connecting';
        for (const el of document.querySelectorAll('*')) {
            const style = getComputedStyle(el);
            const animated = style.animationName !== 'none' && style.animationDuration !== '0s' &&
                !/^step/.test(style.animationTimingFunction);
            const moved = style.transitionDuration.split(',').some((time) => parseFloat(time) > 0);
            if ((animated || moved) && !el.closest('.cm-cursorLayer'))
                found.push(`${el.className}: ${style.animationName} ${style.transitionDuration}`);
        }
        return found;
    });
    assert.deepEqual(motion, []);
});
