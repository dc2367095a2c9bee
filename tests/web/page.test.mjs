/* The parts of the page that need no browser. */

import test from 'node:test';
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { countText, lineAndColumn, lineNumbers } from '../../web/page/counts.js';
import { inkOn, safeColor } from '../../web/page/settings.js';

const PAGE = new URL('../../web/page/', import.meta.url);

test('counts characters as code points, words between white space, lines', () => {
    assert.deepEqual(countText(''), { characters: 0, words: 0, lines: 1 });
    assert.deepEqual(countText('one two\n  three 😀\n'), { characters: 18, words: 4, lines: 3 });
    assert.deepEqual(countText('\u3000漢字\u00a0x'), { characters: 5, words: 2, lines: 1 });
});

test('line numbers of positions, in the order asked', () => {
    const text = '😀a\nb\n\nc';
    assert.deepEqual(lineNumbers(text, [7, 0, 2, 3, 5, 6]), [4, 1, 1, 2, 3, 4]);
    assert.deepEqual(lineNumbers('', [0]), [1]);
});

test('line and column of an offset', () => {
    assert.deepEqual(lineAndColumn('😀a\nbc', 0), { line: 1, column: 1 });
    assert.deepEqual(lineAndColumn('😀a\nbc', 3), { line: 1, column: 3 });
    assert.deepEqual(lineAndColumn('😀a\nbc', 4), { line: 2, column: 1 });
    assert.deepEqual(lineAndColumn('😀a\nbc', 6), { line: 2, column: 3 });
});

test('colours from elsewhere are checked, and written on readably', () => {
    assert.equal(safeColor('#C2185b'), '#C2185b');
    for (const bad of ['red', '#fff', '#12345g', 'url(x)', null, undefined, 7])
        assert.equal(safeColor(bad, '#000000'), '#000000');
    assert.equal(inkOn('#ffffff'), '#000000');
    assert.equal(inkOn('#1565c0'), '#ffffff');
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

test('every id the scripts ask for is in the page', async () => {
    const html = await readFile(new URL('room.html', PAGE), 'utf8');
    const script = await readFile(new URL('page.js', PAGE), 'utf8');
    const asked = [...script.matchAll(/\$\('([\w-]+)'\)/g)].map(([, id]) => id);
    assert.ok(asked.length > 20);
    for (const id of asked)
        assert.ok(html.includes(`id="${id}"`), id);
});
