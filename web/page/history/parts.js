/** parts.js - the elements of the bar below an old text. */

import { t } from '../strings.js';
import { AS_WRITTEN } from './player.js';

const SPEEDS = [2, 5, 20, 100, 500, 5000];

/** @param {string} tag @param {object} [props] @param {...(Node|string)} children */
export function el(tag, props = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) {
        if (name in element)
            element[name] = value;
        else
            element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
}

/* Drawn, because not every font has them. */
const ICONS = {
    play: 'M5 3v12l10-6z', back: 'M13 3v12L3 9z', stop: 'M4 4h10v10H4z',
    earlier: 'M14 3v12L6 9zM3 3h2v12H3z', later: 'M4 3v12l8-6zM13 3h2v12h-2z',
};

/** Gives a button a picture and its words. @param {HTMLElement} element @param {keyof ICONS} icon */
export function iconOf(element, icon, words) {
    if (element.title === words)
        return;
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    for (const [name, value] of Object.entries({ viewBox: '0 0 18 18', width: 18, height: 18,
                                                 fill: 'currentColor', 'aria-hidden': 'true' }))
        svg.setAttribute(name, value);
    path.setAttribute('d', ICONS[icon]);
    svg.append(path);
    element.title = words;
    element.setAttribute('aria-label', words);
    element.replaceChildren(svg);
}

const button = (words, props = {}) => el('button', { type: 'button', textContent: words, ...props });
const option = (value, words) => el('option', { value, textContent: words });

/** @returns {Record<string, HTMLElement>} root, and all that somebody can do or see, by name */
export function bar() {
    const parts = {
        strip: el('canvas', { className: 'history-strip', 'aria-hidden': 'true' }),
        slider: el('input', {
            className: 'history-slider', type: 'range', min: 0, step: 1, 'aria-label': t('history.slider'),
        }),
        when: el('p', { className: 'history-when' }),
        note: el('p', { className: 'history-note', role: 'status' }),
        back: button(''),
        play: button(''),
        speed: el('select', { id: 'history-speed' },
            option(AS_WRITTEN, t('history.speed.written')),
            ...SPEEDS.map((n) => option(n, t('history.speed.each', n.toLocaleString())))),
        earlier: button(''),
        later: button(''),
        authors: el('optgroup', { label: t('history.by.author') }),
        legend: el('ul', { className: 'history-legend', 'aria-label': t('history.who') }),
        who: button(t('history.who'), { 'aria-pressed': 'false' }),
        copy: button(t('history.copy')),
        restore: button(t('history.restore')),
        leave: button(t('history.leave'), { className: 'primary' }),
    };
    parts.by = el('select', { id: 'history-by' }, option('turn', t('history.by.turn')),
        option('pause', t('history.by.pause')), option('each', t('history.by.each')), parts.authors);
    parts.speed.value = '20';
    iconOf(parts.earlier, 'earlier', t('history.earlier'));
    iconOf(parts.later, 'later', t('history.later'));
    parts.old = el('div', { className: 'history-old' });
    parts.root = el('section', { className: 'history', 'aria-label': t('history.label') },
        el('div', { className: 'history-track' }, parts.strip, parts.slider),
        el('div', { className: 'history-row' },
            el('div', { className: 'history-group' }, parts.back, parts.play,
                el('label', { htmlFor: 'history-speed', textContent: t('history.speed') }), parts.speed),
            el('div', { className: 'history-group' }, parts.earlier, parts.later,
                el('label', { htmlFor: 'history-by', textContent: t('history.by') }), parts.by),
            parts.when),
        parts.note,
        el('div', { className: 'history-row' }, parts.legend,
            el('div', { className: 'history-group history-end' },
                parts.who, parts.copy, parts.restore, parts.leave)));
    return parts;
}

/** The authors one can jump to, by their number. */
export function showAuthors({ authors }, names) {
    for (let i = authors.children.length; i < names.length; i++)
        authors.append(option(String(i), names[i]));
}
