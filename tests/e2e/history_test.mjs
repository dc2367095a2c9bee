/* Time travel on the page: the text at each revision, playing, jumping, who wrote what, restoring. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { BIN, DEADLINE_MS, newFolder, run, SEED, serve, test } from './lib.mjs';
import { MINUTE, past, writers } from './history_lib.mjs';
import { accessible, browser, caret, noAxe, online, openPanel, saved, shot, shows, skip, tab, until }
    from './page_lib.mjs';

console.log(`# seed ${SEED}`);

/** A server with rooms made of logs. @param {Record<string, object>} rooms name: what past() gives */
async function serveRooms(t, rooms, args, data = newFolder()) {
    for (const [room, { lines }] of Object.entries(rooms)) {
        const { status, stderr } = spawnSync(BIN,
            ['import', '--room', room, '--format', 'log', '--data', data],
            { input: lines, encoding: 'utf8' });
        assert.equal(status, 0, stderr);
    }
    return serve(t, args, { data });
}

/** Opens the history, and waits until a text stands there. */
async function openHistory(page) {
    if (!await page.isVisible('#history'))
        await openPanel(page);
    await page.click('#history');
    await page.waitForSelector('.history');
    await settled(page);
}

const settled = (page) => until(page, 'to be at rest', () => weft.history.player.playing === 0 &&
    !weft.history.player.waiting && weft.history.player.rev === weft.history.player.target);

/** Moves the slider as somebody does who drags it. */
async function slide(page, rev) {
    await page.evaluate((to) => {
        const slider = document.querySelector('.history-slider');
        slider.value = String(to);
        slider.dispatchEvent(new Event('input', { bubbles: true }));
    }, rev);
    await settled(page);
}

const oldText = (page) => page.evaluate(() => weft.history.old.view.state.doc.toString());
const rev = (page) => page.evaluate(() => weft.history.player.rev);
const button = (page, name) => page.getByRole('button', { name, exact: true });

test('every revision of a small room is what the server says', { skip }, async (t) => {
    const room = past({ revs: 130, seed: SEED, pauseEvery: 40 });
    const server = await serveRooms(t, { small: room });
    const page = await tab(t, await browser(t), `${server.origin}/r/small`);
    await online(page);
    await openHistory(page);
    const texts = room.texts(Array.from({ length: 131 }, (_, i) => i));
    for (let r = 130; r >= 0; r--) {
        await slide(page, r);
        assert.equal(await oldText(page), texts.get(r), `revision ${r}`);
        const { body } = await server.get(`/api/rooms/small/text?rev=${r}`);
        assert.equal(body, texts.get(r), `revision ${r}, from the server`);
    }
    assert.equal(await page.locator('.history-old .history-new, .history-old .history-cut').count(), 0);
    await shot(page, 'history-begin');

    /* Forwards, one by one, with the keyboard alone. */
    await page.focus('.history-slider');
    for (let r = 1; r <= 130; r++) {
        await page.keyboard.press('ArrowRight');
        await settled(page);
        assert.equal(await oldText(page), texts.get(r), `revision ${r}, forwards`);
    }
    for (const [key, to] of [['Home', 0], ['End', 130], ['PageDown', 123], ['PageUp', 130]]) {
        await page.keyboard.press(key);
        await settled(page);
        assert.equal(await rev(page), to, key);
    }
    await slide(page, 120);
    const { name, at } = room.ops[119];
    await until(page, 'to say where it is', (who) => document.querySelector('.history-slider')
        .getAttribute('aria-valuetext').startsWith(`Revision 120 of 130, ${who}, `), name);
    const spoken = await page.getAttribute('.history-slider', 'aria-valuetext');
    assert.match(spoken, new RegExp(String(new Date(at).getFullYear())));
    await until(page, 'to show what it changed', () =>
        document.querySelector('.history-old .history-new, .history-old .history-cut') !== null);
    await shot(page, 'history-small');
});

test('it plays on and back and shows each text on the way', { skip }, async (t) => {
    const room = past({ revs: 400, seed: SEED + 1, pauseEvery: 90 });
    const server = await serveRooms(t, { played: room });
    const page = await tab(t, await browser(t), `${server.origin}/r/played`);
    await online(page);
    await openHistory(page);
    const texts = room.texts(Array.from({ length: 401 }, (_, i) => i));
    await page.evaluate(() => {
        const { old, player } = weft.history;
        globalThis.seen = [];
        const apply = old.apply.bind(old);
        old.apply = (...all) => {
            apply(...all);
            seen.push([player.rev, old.view.state.doc.toString()]);
        };
    });
    await page.selectOption('#history-speed', '500');
    await page.focus('.history-slider');
    await page.keyboard.press(' '); /* at the end: from the beginning */
    await until(page, 'to play', () => weft.history.player.playing === 1);
    await until(page, 'to have played', () => weft.history.player.rev === 400 &&
        weft.history.player.playing === 0);
    await button(page, 'Play backwards').click();
    await until(page, 'to be back', () => weft.history.player.rev === 0 &&
        weft.history.player.playing === 0);
    const seen = await page.evaluate(() => seen);
    assert.ok(seen.length > 20, `${seen.length} steps`);
    for (const [r, text] of seen)
        assert.equal(text, texts.get(r), `revision ${r}`);

    await page.selectOption('#history-speed', '20');
    await button(page, 'Play').click();
    await until(page, 'to get on', () => weft.history.player.rev > 3);
    await shot(page, 'history-playing');
    await page.keyboard.press('Escape');
    await until(page, 'to be back in the live text', () => document.querySelector('.history') === null &&
        !document.querySelector('.cm-editor').inert);
});

test('jumping by pause, by change of author and by author', { skip }, async (t) => {
    const room = past({ revs: 2600, seed: SEED + 2, pauseEvery: 300 });
    const server = await serveRooms(t, { jumps: room });
    const page = await tab(t, await browser(t), `${server.origin}/r/jumps`);
    await online(page);
    await openHistory(page);
    const { ops } = room;
    const ends = {
        pause: (op, next) => !next || next.at - op.at >= MINUTE,
        turn: (op, next) => !next || next.name !== op.name,
        Bob: (op, next) => op.name === 'Bob' && next?.name !== 'Bob',
    };
    await until(page, 'the names', () => document.querySelectorAll('#history-by optgroup option')
        .length === 3);
    for (const [by, isStop] of Object.entries(ends)) {
        const stops = ops.filter((op, i) => isStop(op, ops[i + 1])).map((op) => op.rev);
        await slide(page, 0);
        await page.selectOption('#history-by', by === 'Bob' ? { label: 'Bob' } : by);
        for (const stop of stops.slice(0, 6)) {
            await button(page, 'Jump forward').click();
            await until(page, `revision ${stop} by ${by}`, (r) => weft.history.player.rev === r, stop);
        }
        await slide(page, 2600);
        for (const stop of stops.filter((r) => r < 2600).reverse().slice(0, 6)) {
            await button(page, 'Jump back').click();
            await until(page, `revision ${stop} by ${by}, back`,
                (r) => weft.history.player.rev === r, stop);
        }
        assert.equal(await oldText(page), room.texts([await rev(page)]).get(await rev(page)));
    }
    await slide(page, 0);
    await page.selectOption('#history-by', { label: 'Bob' });
    await button(page, 'Jump back').click();
    await until(page, 'to say that there is none', () =>
        /no further/.test(document.querySelector('.history-note').textContent));
});

/** Presses a key until what has the focus matches. */
async function goTo(page, selector, key = 'Tab') {
    for (let i = 0; i < 60; i++) {
        if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector))
            return;
        await page.keyboard.press(key);
    }
    assert.fail(`${key} never comes to ${selector}`);
}

test('with the keyboard alone: there, jumping by pause and by author, and back', { skip }, async (t) => {
    const room = past({ revs: 900, seed: SEED + 7, pauseEvery: 200 });
    const server = await serveRooms(t, { keys: room });
    const page = await tab(t, await browser(t), `${server.origin}/r/keys`);
    await online(page);
    await goTo(page, '#panel-button', 'Shift+Tab');
    if (await page.getAttribute('#panel-button', 'aria-expanded') !== 'true')
        await page.keyboard.press('Enter');
    await goTo(page, '#history');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.history');
    await settled(page);
    assert.ok(await page.evaluate(() => document.activeElement.matches('.history-slider')));
    await until(page, 'the names', () => document.querySelectorAll('#history-by optgroup option')
        .length === 3);
    const stops = (isStop) => room.ops.filter((op, i) => isStop(op, room.ops[i + 1]))
        .map((op) => op.rev).filter((r) => r < 900);
    const pauses = stops((op, next) => next && next.at - op.at >= MINUTE);
    const bobs = stops((op, next) => op.name === 'Bob' && next?.name !== 'Bob');
    const jump = async (name, wanted) => {
        await goTo(page, `button[aria-label="${name}"]`, name === 'Jump back' ? 'Shift+Tab' : 'Tab');
        for (const stop of wanted) {
            await page.keyboard.press('Enter');
            await until(page, `revision ${stop}`, (r) => weft.history.player.rev === r, stop);
        }
        assert.ok(await page.evaluate((words) => document.activeElement.getAttribute('aria-label') === words,
            name), 'the focus stays where one jumps');
    };
    const choose = async (word) => {
        await goTo(page, '#history-by');
        await page.keyboard.type(word);
        await until(page, `${word} to be chosen`, (start) => document.getElementById('history-by')
            .selectedOptions[0].textContent.startsWith(start), word);
    };
    await choose('pauses');
    await jump('Jump back', pauses.slice(-3).reverse());
    await goTo(page, '.history-slider', 'Shift+Tab');
    await page.keyboard.press('Home');
    await settled(page);
    await choose('Bob');
    await goTo(page, 'button[aria-label="Jump forward"]', 'Shift+Tab');
    await jump('Jump forward', bobs.slice(0, 3));
    assert.equal(await oldText(page), room.texts([bobs[2]]).get(bobs[2]));
    await until(page, 'to say where', (words) =>
        document.getElementById('announce').textContent.startsWith(words), `Revision ${bobs[2]} of 900, Bob`);
    await page.keyboard.press('Escape');
    await shows(page, room.texts([900]).get(900));
    assert.ok(await page.evaluate(() => document.activeElement.matches('.cm-content')));
});

test('finding in an old text: by its key and its button, and never in the live one', { skip }, async (t) => {
    const room = past({ revs: 400, seed: SEED + 8 });
    const server = await serveRooms(t, { found: room });
    const page = await tab(t, await browser(t), `${server.origin}/r/found`);
    await online(page);
    await openHistory(page);
    await slide(page, 250);
    const then = room.texts([250]).get(250);
    await page.focus('.history-slider');
    await page.keyboard.press('Control+f');
    await page.waitForSelector('.history-old .cm-search');
    assert.equal(await page.locator('.history-old .cm-search [name=replace]').count(), 0);
    assert.equal(await page.locator('.paper > .cm-editor .cm-search').count(), 0);
    await page.keyboard.type('loom');
    await page.keyboard.press(' '); /* a letter like others, not the key that plays */
    const chosen = () => page.evaluate(() => {
        const { state } = weft.history.old.view;
        const { from, to } = state.selection.main;
        return [from, state.sliceDoc(from, to)];
    });
    const places = [...then.matchAll(/loom /g)].map(({ index }) => index);
    assert.ok(places.length > 1);
    for (const at of [...places, places[0]].slice(0, 5)) {
        await page.keyboard.press('Enter');
        await until(page, `the match at ${at}`, (from) =>
            weft.history.old.view.state.selection.main.from === from, at);
        assert.equal((await chosen())[1], 'loom ');
    }
    assert.equal(await page.evaluate(() => weft.history.player.playing), 0);
    await shot(page, 'history-find');
    if (!noAxe)
        await accessible(page, 'finding in an old text');
    /* In another revision the panel stays, and finds what is there. */
    await slide(page, 120);
    await page.focus('.history-old .cm-search [name=search]');
    await page.keyboard.press('Enter');
    const [at, words] = await chosen();
    assert.equal(words, 'loom ');
    assert.equal(room.texts([120]).get(120).slice(at, at + 5), 'loom ');
    /* Escape closes first the panel, then the history. */
    await page.keyboard.press('Escape');
    await until(page, 'no panel', () => document.querySelector('.cm-search') === null &&
        document.querySelector('.history-old .cm-content') === document.activeElement);
    await openPanel(page);
    await page.click('#find');
    await page.waitForSelector('.history-old .cm-search');
    await page.keyboard.press('Escape');
    await until(page, 'no panel', () => document.querySelector('.cm-search') === null);
    await page.keyboard.press('Escape');
    await shows(page, room.texts([400]).get(400));
    /* And then it is the live text again. */
    await page.click('#find');
    await page.waitForSelector('.paper > .cm-editor .cm-search [name=replace]');
});

test('who wrote this: every character in its author\'s colour', { skip }, async (t) => {
    const room = past({ revs: 500, seed: SEED + 3, names: ['Ada', 'Bob', 'Cem', 'محمد'] });
    const server = await serveRooms(t, { who: room });
    const page = await tab(t, await browser(t), `${server.origin}/r/who`);
    await online(page);
    await openHistory(page);
    await button(page, 'Who wrote this').click();
    for (const r of [500, 499, 120, 121, 300]) {
        await slide(page, r);
        await until(page, 'colours', () => document.querySelector('.history-by') !== null);
        await until(page, 'shares', () => document.querySelector('.history-legend .share') !== null);
        const names = writers(room.ops, r);
        /* What is drawn, read from the page: each piece's text and title. */
        const drawn = await page.evaluate(() => [...document.querySelectorAll('.history-by')]
            .map((el) => [el.title, el.textContent]));
        const text = Array.from(await oldText(page));
        let at = 0;
        for (const [name, piece] of drawn) {
            for (const character of Array.from(piece)) {
                while (text[at] !== character)
                    assert.ok(text[at++] === '\n', `revision ${r}: ${at} is not coloured`);
                assert.equal(name, names[at++], `revision ${r}, character ${at}`);
            }
        }
        assert.ok(at > 50);
    }
    const legend = await page.locator('.history-legend bdi').allTextContents();
    assert.ok(legend.length > 1 && new Set(legend).size === legend.length, 'sessions are merged by name');
    await shot(page, 'history-who');
    await button(page, 'Who wrote this').click();
    await until(page, 'no colours', () => document.querySelector('.history-by') === null);
});

test('restoring is a new edit, is asked for, and can be undone; others go on', { skip }, async (t) => {
    const server = await serve(t);
    const url = `${server.origin}/r/restore`;
    const one = await tab(t, await browser(t), url);
    const two = await tab(t, await browser(t), url);
    await Promise.all([online(one), online(two)]);
    await one.locator('.cm-content').pressSequentially('first 😀 words');
    await saved(one);
    const then = await one.evaluate(() => weft.room.rev);
    await caret(one, 'start');
    await one.keyboard.type('Now: ');
    await saved(one);
    await openHistory(one);
    await slide(one, then);
    assert.equal(await oldText(one), 'first 😀 words');

    /* What others do meanwhile is there afterwards, and moves the slider's end. */
    await shows(two, 'Now: first 😀 words');
    await caret(two, 'end');
    await two.keyboard.type(' of two');
    await saved(two);
    await until(one, 'a later end', () => document.querySelector('.history-slider').max ===
        String(weft.room.rev) && weft.room.text.endsWith('of two'));
    assert.equal(await oldText(one), 'first 😀 words');
    assert.equal(await one.locator('.paper > .cm-editor').isVisible(), false, 'the live text is out of sight');

    one.once('dialog', (dialog) => dialog.dismiss());
    await button(one, 'Restore…').click();
    assert.equal(await oldText(one), 'first 😀 words', 'said no: nothing happens');
    let asked = '';
    one.once('dialog', (dialog) => {
        asked = dialog.message();
        dialog.accept();
    });
    await button(one, 'Restore…').click();
    await shows(two, 'first 😀 words');
    await shows(one, 'first 😀 words');
    assert.match(asked, new RegExp(`Revision ${then} of `));
    await until(one, 'to say so', () => !document.getElementById('banner').hidden &&
        /again what it was/.test(document.getElementById('banner-text').textContent));
    await shot(one, 'history-restored');
    await one.focus('.cm-content');
    await one.keyboard.press('Control+z');
    await shows(two, 'Now: first 😀 words of two');
    await saved(one);
    assert.equal((await server.get('/api/rooms/restore/text')).body, 'Now: first 😀 words of two');
    await one.keyboard.press('Control+y');
    await shows(two, 'first 😀 words');
});

test('with the link for reading: to be looked at, not restored', { skip }, async (t) => {
    const room = past({ revs: 60, seed: SEED + 4 });
    const server = await serveRooms(t, { secret: room });
    const reader = await server.join('secret');
    const key = encodeURIComponent(reader.welcome.read_key);
    const page = await tab(t, await browser(t), `${server.origin}/v/${key}`);
    await until(page, 'to be online', () => weft.room.status === 'online');
    await openHistory(page);
    await slide(page, 30);
    assert.equal(await oldText(page), room.texts([30]).get(30));
    assert.equal(await page.getByRole('button', { name: 'Restore…' }).count(), 0);
    await page.keyboard.type('no');
    assert.equal(await oldText(page), room.texts([30]).get(30));
    await button(page, 'Back to now').click();
    await shows(page, room.texts([60]).get(60));
});

test('a log whose beginning was deleted: what there still is', { skip }, async (t) => {
    const room = past({ revs: 300, seed: SEED + 5 });
    const data = newFolder();
    const args = ['--history', '100'];
    const end = Date.now() + DEADLINE_MS;
    const first = await serveRooms(t, { short: room }, args, data);
    const ada = await first.join('short', { query: { name: 'Ada' } });
    await ada.ask({ type: 'insert', text: 'one', seq: 1 }, { type: 'ack', seq: 1 });
    await first.stop(); /* takes the snapshot that the log is cut at later */
    const second = await serve(t, args, { data });
    const bob = await second.join('short', { query: { name: 'Bob' } });
    for (let seq = 1; seq <= 120; seq++)
        bob.send({ type: 'insert', text: `two ${seq}\n`, seq });
    await bob.expect({ type: 'ack', seq: 120 });
    let found = null; /* waits until the log on disk begins later */
    while (found === null) {
        const { stderr } = await run(['export', '--room', 'short', '--rev', '1', '--data', data]);
        found = stderr.match(/found 1; expected (\d+) to/);
        assert.ok(found !== null || Date.now() < end, `the log is not trimmed: ${stderr}`);
    }
    const oldest = Number(found[1]);
    await second.stop();
    const third = await serve(t, args, { data });
    const cem = await third.join('short', { query: { name: 'Cem' } });

    const page = await tab(t, await browser(t), `${third.origin}/r/short`);
    await online(page);
    await openHistory(page);
    await until(page, 'to begin where the log does', (rev) =>
        document.querySelector('.history-slider').min === String(rev), oldest);
    await page.focus('.history-slider');
    await page.keyboard.press('Home');
    await settled(page);
    assert.equal(await rev(page), oldest);
    assert.equal(await oldText(page), (await cem.ask({ type: 'text', rev: oldest }, 'text')).text);
    await page.selectOption('#history-speed', '100');
    await button(page, 'Play').click();
    await until(page, 'to have played', () => weft.history.player.playing === 0 &&
        weft.history.player.rev === weft.room.rev);
    assert.equal(await oldText(page), await cem.text());
    await button(page, 'Who wrote this').click();
    await until(page, 'shares', () => document.querySelector('.history-legend .share') !== null);
    assert.ok((await page.locator('.history-legend bdi').allTextContents()).includes('Somebody'));
});

test('100,000 operations are usable at once', { skip }, async (t) => {
    const room = past({ revs: 100000, seed: 5 });
    const server = await serveRooms(t, { large: room });
    const page = await tab(t, await browser(t), `${server.origin}/r/large`);
    await online(page);
    await openPanel(page);
    await page.evaluate(() => {
        globalThis.longest = 0; /* task, in ms */
        new PerformanceObserver((list) => {
            for (const { duration } of list.getEntries())
                longest = Math.max(longest, duration);
        }).observe({ type: 'longtask' });
    });
    const opened = await page.evaluate(async () => {
        const start = performance.now();
        document.getElementById('history').click();
        while (!globalThis.weft.history?.old.view.state.doc.length)
            await new Promise((resolve) => { requestAnimationFrame(resolve); });
        return performance.now() - start;
    });
    const revs = [99999, 0, 1, 50000, 50001, 77777, 12345, 99000, 31415, 64000];
    const texts = room.texts(revs);
    const times = [];
    for (const r of revs) {
        times.push(await page.evaluate(async (to) => {
            const start = performance.now();
            const slider = document.querySelector('.history-slider');
            slider.value = String(to);
            slider.dispatchEvent(new Event('input', { bubbles: true }));
            while (weft.history.player.rev !== to)
                await new Promise((resolve) => { setTimeout(resolve); });
            return performance.now() - start;
        }, r));
        assert.equal(await oldText(page), texts.get(r), `revision ${r}`);
    }
    await shot(page, 'history-large');
    const sorted = [...times].sort((a, b) => a - b);
    const before = await page.evaluate(() => {
        const worst = longest;
        longest = 0;
        return worst;
    });
    await slide(page, 100000);
    const start = performance.now();
    await button(page, 'Who wrote this').click();
    await until(page, 'colours', () => document.querySelector('.history-legend .share') !== null);
    const who = performance.now() - start;
    const names = writers(room.ops);
    const runs = await page.evaluate(async () => {
        const { authors, lengths } = await weft.history.who.at(weft.history.player.rev);
        return [...authors].map((a, i) => [weft.history.timeline.authors[a].name, lengths[i]]);
    });
    assert.deepEqual(runs.flatMap(([name, n]) => new Array(n).fill(name)), names);
    const ms = (x) => `${Math.round(x)} ms`;
    console.log(`# proved: 100,000 operations: history open after ${ms(opened)}, a text anywhere in ${
        ms(sorted[5])} (median), ${ms(sorted[9])} (slowest of 10), who wrote all of it in ${ms(who)}; ` +
        `longest task ${ms(before)}, and ${ms(await page.evaluate(() => longest))} while counting`);
    assert.equal(await page.locator('.paper > .cm-editor').isVisible(), false);
    await shot(page, 'history-large-who');
});

test('a phone in the dark: everything is there, and nothing sticks out', { skip }, async (t) => {
    const room = past({ revs: 300, seed: SEED + 6 });
    const server = await serveRooms(t, { phone: room });
    const page = await tab(t, await browser(t, {
        viewport: { width: 360, height: 640 }, colorScheme: 'dark', hasTouch: true, locale: 'de-DE',
    }), `${server.origin}/r/phone`);
    await online(page);
    await openPanel(page);
    await page.click('#history');
    await page.waitForSelector('.history');
    await slide(page, 200);
    await button(page, 'Wer schrieb das').click();
    await until(page, 'colours', () => document.querySelector('.history-by') !== null);
    await shot(page, 'history-phone');
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${wide} px`);
    const text = await page.evaluate(() => document.querySelector('.paper').clientHeight);
    assert.ok(text > 200, `${text} px are left for the text`);
    for (const el of await page.locator('.history button').all())
        assert.ok((await el.boundingBox()).y + 20 < 640, 'every button is on the screen');
    await button(page, 'Zurück zum Jetzt').click();
    await shows(page, room.texts([300]).get(300));
});
