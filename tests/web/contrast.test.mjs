/* The colours of the pages: everything that is read has the contrast that WCAG AA asks for (4.5), on
 * every ground that it stands on, with the selection of anybody of any colour below it. */

import test from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { inkOn } from '../../web/client/ink.js';

const read = (file) => readFile(new URL(`../../web/${file}`, import.meta.url), 'utf8');
const css = await read('page/style.css');
const editor = await read('page/look.js');
const people = await read('client/codemirror-people.js');
const history = await read('page/history/history.css');

const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
const mix = (color, ground, part) => rgb(color).map((c, i) => c * part + ground[i] * (1 - part));
const luminance = (color) => color.map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
};

/** The variables of a block of the style sheet. */
function variables(selector) {
    const block = css.slice(css.indexOf(selector)).match(/\{([^}]*)\}/)[1];
    return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)]
        .map(([, name, value]) => [name, value]));
}

const light = variables(':root {');
const THEMES = { light, dark: { ...light, ...variables(':root[data-theme=dark] {') },
    system: { ...light, ...variables(':root:not([data-theme=light]) {') } };
const share = (text, what) => Number(text.match(
    new RegExp(`${what}[^%]*color-mix\\(in srgb, var\\(--[\\w-]+\\) (\\d+)%`))[1]) / 100;

test('dark by choice is dark by the system', () => assert.deepEqual(THEMES.dark, THEMES.system));

for (const [name, theme] of Object.entries(THEMES)) {
    test(`contrast in ${name}`, () => {
        const paper = rgb(theme.paper);
        const grounds = {
            paper, ground: rgb(theme.ground),
            selection: mix(theme.accent, paper, share(editor, 'cm-selectionBackground')),
            match: mix(theme.busy, paper, share(editor, "'.cm-searchMatch'")),
            chosenBlack: mix('#000000', paper, share(people, 'cm-weft-chosen')),
            chosenWhite: mix('#ffffff', paper, share(people, 'cm-weft-chosen')),
        };
        for (const mark of ['history-by {', 'history-new {'])
            for (const color of ['#000000', '#ffffff'])
                grounds[`${mark} ${color}`] = mix(color, paper, share(history, mark));
        const inks = Object.keys(theme).filter((key) => /^(ink|soft|tok-)/.test(key));
        assert.ok(inks.length >= 8);
        for (const ink of inks)
            for (const [ground, color] of Object.entries(grounds)) {
                const found = contrast(rgb(theme[ink]), color);
                assert.ok(found >= 4.5, `--${ink} on ${ground}: ${found.toFixed(2)}`);
            }
        for (const [ink, ground] of [['bad', 'paper'], ['good', 'paper'], ['accent', 'paper'],
            ['accent-ink', 'accent'], ['ink', 'warn-ground'], ['accent', 'ground']]) {
            const found = contrast(rgb(theme[ink]), rgb(theme[ground]));
            assert.ok(found >= 4.5, `--${ink} on --${ground}: ${found.toFixed(2)}`);
        }
    });
}

test('a name reads on any colour', () => {
    for (let n = 0; n < 4096; n++) {
        const color = `#${[8, 4, 0].map((shift) => (((n >> shift) & 15) * 17).toString(16)
            .padStart(2, '0')).join('')}`;
        const found = contrast(rgb(inkOn(color)), rgb(color));
        assert.ok(found >= 4.5, `${color}: ${found.toFixed(2)}`);
    }
});
