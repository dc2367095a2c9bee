/* Tabs that type at random, at once, while their connections are cut or the server is killed: whatever
 * they did, all show one text in the end, and it is the server's.
 *
 * WEFT_SEED repeats a run. WEFT_PERCENT=2000 makes it twenty times as long. */

import assert from 'node:assert/strict';
import { chance, newFolder, SEED, serve, test } from './lib.mjs';
import { browser, front, skip, tabs, TEXT } from './page_lib.mjs';

const PERCENT = Number(process.env.WEFT_PERCENT ?? 100);
const PIECES = ['a', 'b ', 'word ', '\n', '😀', 'é', 'e\u0301', '👩‍👩‍👧', 'שלום ', 'مرحبا', '漢字', '\t',
    '𝒳', 'line\nand line\n', '(x)', '   '];

/** In the page: what one person does in one go, by chance; everything through the editor. */
function installHands() {
    const hands = {};
    const editor = () => weft.editor.view;
    const units = (below) => below(editor().state.doc.length + 1);
    hands.type = (below, pieces) => {
        const { view } = weft.editor;
        const words = pieces[below(pieces.length)];
        for (const character of words)
            view.dispatch(view.state.replaceSelection(character), { userEvent: 'input.type' });
    };
    hands.click = (below) => editor().dispatch({ selection: { anchor: units(below) } });
    hands.select = (below) => editor().dispatch({
        selection: { anchor: units(below), head: units(below) } });
    hands.selectTwo = (below) => {
        const [a, b, c, d] = [units(below), units(below), units(below), units(below)]
            .sort((x, y) => x - y);
        const EditorSelection = editor().state.selection.constructor;
        const of = (from, to) => EditorSelection.range(from, to);
        editor().dispatch({ selection: EditorSelection.create([of(a, b), of(Math.max(c, b + 1),
            Math.max(d, b + 1))].filter(({ to }) => to <= editor().state.doc.length)) });
    };
    const key = (name, mods = {}) => editor().contentDOM.dispatchEvent(new KeyboardEvent('keydown',
        { key: name, code: name, bubbles: true, cancelable: true,
          keyCode: { Backspace: 8, Delete: 46, Enter: 13 }[name] ?? name.toUpperCase().charCodeAt(0),
          ...mods }));
    hands.backspace = (below) => { for (let i = below(4); i >= 0; i--) key('Backspace'); };
    hands.delete = () => key('Delete');
    hands.enter = () => key('Enter');
    hands.undo = (below) => { for (let i = below(3); i >= 0; i--) weft.editor.undo(); };
    hands.redo = () => weft.editor.redo();
    hands.paste = (below, pieces) => {
        const data = new DataTransfer();
        data.setData('text/plain', Array.from({ length: 1 + below(6) }, () =>
            pieces[below(pieces.length)]).join(below(2) ? '\r\n' : ''));
        editor().contentDOM.dispatchEvent(new ClipboardEvent('paste',
            { clipboardData: data, bubbles: true, cancelable: true }));
    };
    /* A change that does not care for pairs, as of an extension that knows only units. */
    hands.halve = (below) => {
        const text = editor().state.doc.toString();
        const at = text.search(/[\ud800-\udbff]/) + 1;
        if (at > 0)
            editor().dispatch({ changes: { from: at, to: Math.min(text.length, at + 1 + below(3)),
                insert: below(2) ? 'x' : '' } });
    };
    /* What replace all does: many changes in one. */
    hands.replaceAll = (below, pieces) => {
        const text = editor().state.doc.toString();
        const what = ['a', 'word', ' ', 'é'][below(4)];
        const changes = [];
        for (let at = text.indexOf(what); at >= 0; at = text.indexOf(what, at + what.length))
            changes.push({ from: at, to: at + what.length, insert: pieces[below(pieces.length)] });
        editor().dispatch({ changes: changes.slice(0, 20), userEvent: 'input.replace.all' });
    };
    /* So that texts stay small. */
    hands.shorten = () => {
        const { length } = editor().state.doc;
        if (length > 400)
            editor().dispatch({ changes: { from: 100, to: length - 100 } });
    };
    const names = ['type', 'type', 'type', 'type', 'click', 'select', 'selectTwo', 'backspace',
        'backspace', 'delete', 'enter', 'undo', 'undo', 'redo', 'paste', 'halve', 'replaceAll',
        'shorten'];

    /** A burst from a seed, a few things each time the page has drawn. */
    globalThis.play = (...all) => (globalThis.playing = go(...all));
    const go = async (seed, pieces, bursts) => {
        let state = seed >>> 0;
        const below = (n) => {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
            return Math.floor(state / 4294967296 * n);
        };
        for (let burst = 0; burst < bursts; burst++) {
            for (let i = 1 + below(4); i > 0; i--)
                hands[names[below(names.length)]](below, pieces);
            await new Promise((resolve) => { setTimeout(resolve, below(12)); });
        }
    };
    globalThis.settled = () => {
        const { room, editor: { view } } = weft;
        if (room.status !== 'online')
            return 'offline';
        return room.saved && view.state.doc.toString() === room.text && `${room.rev} ${room.text}`;
    };
}

/** None waits for its next attempt to connect. */
const wake = (pages) => Promise.all(pages.map((page) => page.evaluate(() => weft.room.wake())));

/** All pages say the same and have nothing left to say; what that is. */
async function converged(pages, what) {
    const deadline = Date.now() + 30000;
    for (;;) {
        const all = await Promise.all(pages.map((page) => page.evaluate(() => settled())));
        if (all[0] && all[0] !== 'offline' && all.every((one) => one === all[0]))
            return all[0].slice(all[0].indexOf(' ') + 1);
        if (Date.now() > deadline)
            assert.fail(`${what}: no convergence: ${JSON.stringify(all)}`);
        await wake(pages.filter((_, i) => all[i] === 'offline'));
        await pages[0].evaluate(() => new Promise((resolve) => {
            const off = [weft.room.on('saved', done), weft.room.on('change', done)];
            const timer = setTimeout(done, 100); /* nothing more to hear of this one */
            function done() {
                clearTimeout(timer);
                off.forEach((fn) => fn());
                resolve();
            }
        }));
    }
}

/** Tabs with hands in one room; apart: each in a browser of its own, which is dear to start. */
async function room(t, url, { people, apart }) {
    const pages = [];
    let context = null;
    for (let i = 0; i < people; i++) {
        if (context === null || apart) {
            context = await browser(t);
            await context.addInitScript(installHands);
        }
        pages.push(...await tabs(t, context, url, 1, { expectErrors: true }));
    }
    return pages;
}

/** rounds in one room of so many tabs; each ends with all of them equal. */
async function play(t, { people, rounds, salt, apart }) {
    const server = await serve(t);
    const proxy = await front(t, server);
    const below = chance(SEED + salt);
    const pages = await room(t, `${proxy.origin}/r/random`, { people, apart });
    let cuts = 0;
    let longest = 0;
    for (let round = 0; round < rounds; round++) {
        const what = `seed ${SEED}, ${people} tabs, round ${round}`;
        const playing = Promise.all(pages.map((page) => {
            const seed = below(1 << 30);
            return page.evaluate(([s, p, n]) => play(s, p, n), [seed, PIECES, 3]);
        }));
        if (below(4) === 0) {
            await pages[below(people)].evaluate(() => new Promise(requestAnimationFrame));
            if (below(2))
                proxy.cut();
            else
                proxy.close([1012, 4409, 1001][below(3)], 'cut by the test');
            cuts++;
            await pages[0].evaluate(() => weft.room.wake());
        }
        await playing;
        await wake(pages);
        const text = await converged(pages, what);
        const { body } = await server.get('/api/rooms/random/text');
        assert.equal(body, text, what);
        assert.ok(text.isWellFormed?.() ?? true, what);
        longest = Math.max(longest, text.length);
    }
    t.diagnostic(`proved: ${people} tabs, ${rounds} rounds, ${cuts} cuts, texts to ${longest} units, ` +
                 `seed ${SEED}`);
    assert.ok(longest > 50, 'something was written');
    assert.equal(await pages[0].locator(TEXT).count(), 1);
}

const ROUNDS = Math.max(10, Math.round(2 * PERCENT));

/* Rooms of two and of five, side by side: one works while another waits. */
test('tabs at random, cut at random: all converge', { skip, concurrency: true }, (t) => Promise.all([
    [2, 0.45, true], [2, 0.45], [5, 0.1],
].map(([people, share, apart], i) => t.test(`room ${i + 1}: ${people} tabs`, (one) =>
    play(one, { people, rounds: Math.ceil(ROUNDS * share), salt: i, apart })))));

/* The same while the server is killed, and started again on the same log and port. */
test('five tabs at random while the server is killed and started again', { skip }, async (t) => {
    const below = chance(SEED + 7);
    const data = newFolder();
    let server = await serve(t, [], { data });
    const { port, origin } = server;
    const pages = await room(t, `${origin}/r/random`, { people: 5 });
    const kills = Math.max(4, Math.round(PERCENT / 12));
    let longest = 0;
    let unsaved = 0; /* tabs that had something on its way when the server died */
    for (let round = 0; round < kills; round++) {
        const what = `seed ${SEED}, kill ${round}`;
        const playing = Promise.all(pages.map((page) => {
            const seed = below(1 << 30);
            return page.evaluate(([s, p, n]) => play(s, p, n), [seed, PIECES, 12]);
        }));
        /* At any moment of it, in the middle of a commit or of an answer. */
        const one = pages[below(5)];
        for (let frames = below(6); frames >= 0; frames--)
            await one.evaluate(() => new Promise(requestAnimationFrame));
        await one.evaluate(() => Promise.race([playing, new Promise((resolve) => {
            const off = weft.room.on('saved', (isSaved) => isSaved || resolve(off()));
        })]));
        await server.kill();
        unsaved += (await Promise.all(pages.map((page) => page.evaluate(() => weft.room.pendingCount))))
            .filter((count) => count > 0).length;
        if (below(2)) /* else they are still typing when it is back */
            await playing;
        server = await serve(t, [], { data, port });
        await playing;
        await wake(pages);
        const text = await converged(pages, what);
        assert.equal((await server.get('/api/rooms/random/text')).body, text, what);
        longest = Math.max(longest, text.length);
    }
    t.diagnostic(`proved: 5 tabs, ${kills} kills, at which ${unsaved} tabs had something unsaved, texts ` +
                 `to ${longest} units, seed ${SEED}`);
    assert.ok(longest > 50, 'something was written');
    /* What is on disk, and not only in memory. */
    const { body } = await server.get('/api/rooms/random/text');
    await server.kill();
    const last = await serve(t, [], { data });
    assert.equal((await last.get('/api/rooms/random/text')).body, body);
});
