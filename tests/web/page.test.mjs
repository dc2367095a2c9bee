/* The parts of the page that need no browser. */

import test from 'node:test';
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { Doc } from '../../web/client/doc.js';
import { countDoc } from '../../web/page/counts.js';
import { choose, OTHERS } from '../../web/page/strings.js';
import en from '../../web/page/words/en.js';
import history from '../../web/page/words/en-history.js';
import { safeColor } from '../../web/page/settings.js';
import { forSeeds } from './random.mjs';

const PAGE = new URL('../../web/page/', import.meta.url);

test('counts characters as code points, words between white space, lines', () => {
    const counts = (text) => countDoc(Doc.of(text));
    assert.deepEqual(counts(''), { characters: 0, words: 0, lines: 1 });
    assert.deepEqual(counts('one two\n  three 😀\n'), { characters: 18, words: 4, lines: 3 });
    assert.deepEqual(counts('\u3000漢字\u00a0x'), { characters: 5, words: 2, lines: 1 });
});

test('the counts are the same however the text is cut, and only what is new is counted', () => {
    forSeeds(300, (random) => {
        let doc = Doc.of(random.text(200), 4 + random.below(8));
        for (let n = 0; n < 8; n++) {
            const text = String(doc);
            assert.deepEqual(countDoc(doc), {
                characters: Array.from(text).length,
                words: text.split(/[ \n]+/).filter(Boolean).length,
                lines: text.split('\n').length,
            });
            doc = doc.apply(random.op(doc.cps));
        }
    });
    let doc = Doc.of('one two '.repeat(10000), 64);
    let asked = 0;
    while (countDoc(doc, () => ++asked % 100 === 0) === null);
    assert.equal(asked, doc.chunks.length, 'each chunk once, a hundred at a time');
    doc = doc.apply([40000, 'x']);
    assert.equal(countDoc(doc, () => ++asked && false).words, 20000);
    assert.ok(asked <= doc.chunks.length + 2, 'of an edit, the chunk it is in');
});

test('colours from elsewhere are checked', () => {
    assert.equal(safeColor('#C2185b'), '#C2185b');
    for (const bad of ['red', '#fff', '#12345g', 'url(x)', null, undefined, 7])
        assert.equal(safeColor(bad, '#000000'), '#000000');
});

test('the pages hold to default-src \'self\': nothing inline, nothing from elsewhere', async () => {
    const files = await readdir(PAGE);
    assert.ok(files.includes('index.html') && files.includes('room.html'));
    for (const file of files.filter((name) => name.endsWith('.html'))) {
        const html = await readFile(new URL(file, PAGE), 'utf8');
        assert.doesNotMatch(html, /\sstyle=|<style|\son\w+=|javascript:/i, file);
        assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)/i, file);
        const links = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link);
        for (const link of links)
            assert.doesNotMatch(link, /^(\/|\w+:)/, `${file}: ${link} is relative`);
        for (const link of links.filter((l) => /page\/./.test(l)))
            assert.ok(files.includes(link.replace(/^.*page\//, '')), `${file}: ${link} exists`);
    }
});

/** All scripts of the page as one string. */
async function scripts() {
    const all = [...await readdir(PAGE),
                 ...(await readdir(new URL('history/', PAGE))).map((name) => `history/${name}`)];
    const files = all.filter((name) => name.endsWith('.js'));
    return (await Promise.all(files.map((file) => readFile(new URL(file, PAGE), 'utf8')))).join('\n');
}

test('every id the scripts ask for is in the page', async () => {
    const html = await readFile(new URL('room.html', PAGE), 'utf8');
    const asked = [...(await scripts()).matchAll(/\$\('([\w-]+)'\)/g)].map(([, id]) => id);
    assert.ok(asked.length > 20);
    for (const id of asked)
        assert.ok(html.includes(`id="${id}"`), id);
});

test('every word is in the table, in every language, and none is left over', async () => {
    const all = { ...en, ...history };
    const tables = { en: all };
    for (const [language, load] of Object.entries(OTHERS))
        tables[language] = { ...(await load()).default,
                             ...(await import(`../../web/page/words/${language}-history.js`)).default };
    const pages = await Promise.all(['index.html', 'room.html'].map((file) =>
        readFile(new URL(file, PAGE), 'utf8')));
    const code = (await scripts()).replace(/\/\*[^]*?\*\//g, '');
    const asked = new Set([
        ...pages.flatMap((html) => [...html.matchAll(/data-t[\w-]*="([^"]+)"/g)]).map(([, key]) => key),
        ...[...code.matchAll(/\bt\(([^;]*)/g)].flatMap(([, rest]) => [...rest.matchAll(/'([a-z.]+)'/g)])
            .map(([, key]) => key).filter((key) => key in all),
    ]);
    for (const [language, table] of Object.entries(tables)) {
        for (const key of asked)
            assert.ok(key in table, `${language} lacks ${key}`);
        for (const key of Object.keys(table).filter((name) => name !== 'editor')) {
            assert.ok(key in all, `${key} is in ${language} only`);
            assert.equal(typeof table[key], typeof all[key], `${language}: ${key}`);
            assert.ok(asked.has(key), `nobody asks for ${key}`);
        }
    }
    for (const html of pages) {
        const words = html.replace(/<(title|noscript|script)[^]*?<\/\1>/g, '').replace(/<[^>]*>/g, ' ');
        assert.deepEqual(words.match(/[a-z]{3,}/gi), ['weft'].filter((w) => words.includes(w)).length
            ? ['weft'] : null, 'a word that is in no table');
    }
});

test('the language is the first wanted one that there is', () => {
    assert.equal(choose(['fr-CA', 'de-AT', 'en']), 'de');
    assert.equal(choose(['fr']), 'en');
    assert.equal(choose([]), 'en');
    assert.equal(choose(['constructor']), 'en');
});
