/**
 * strings.js - every word of the pages, in every language they speak.
 *
 *   t('people.count', 3)            the words
 *   translate(document)             fills elements with data-t, data-t-label, -title, -placeholder
 *
 * The table is words/, a file for each language, of which only the one that is spoken is loaded.
 * An entry is a string or a function of what it tells of; one that a language lacks is shown in
 * English. For a further language: a file in words/ and its line in OTHERS; a test compares them.
 */

import en from './words/en.js';

/** How to get the others. */
export const OTHERS = {
    de: () => import('./words/de.js'),
};

/** The first of the wanted languages that there is; English otherwise. */
export function choose(wanted) {
    const codes = wanted.map((tag) => String(tag).toLowerCase().split('-')[0]);
    return codes.find((code) => Object.hasOwn(OTHERS, code) || code === 'en') ?? 'en';
}

/** What the page speaks. */
export let language = choose(globalThis.navigator?.languages ?? []);
let words = en;
if (language !== 'en') {
    try {
        words = (await OTHERS[language]()).default;
    } catch {
        language = 'en'; /* the server has gone just now: better English than nothing */
    }
}

/** Whether a language is written from right to left. @param {string} code */
export const isRightToLeft = (code) => /^(ar|ckb|dv|fa|he|ps|sd|ug|ur|yi)$/.test(code);

/** Takes up further words, those of a part that is loaded later. @param {object} more */
export function learn(more) {
    words = { ...words, ...more };
}

/** @param {string} key @param {...unknown} args */
export function t(key, ...args) {
    const entry = words[key] ?? en[key];
    return typeof entry === 'function' ? entry(...args) : entry;
}

/** The editor's own words. */
export const editorPhrases = words.editor ?? {};

const ATTRIBUTES = { tLabel: 'aria-label', tTitle: 'title', tPlaceholder: 'placeholder', tAlt: 'alt' };

/** Fills in what a page's elements name. @param {Document} doc */
export function translate(doc) {
    doc.documentElement.lang = language;
    doc.documentElement.dir = isRightToLeft(language) ? 'rtl' : 'ltr';
    for (const el of doc.querySelectorAll('[data-t]'))
        el.textContent = t(el.dataset.t);
    for (const [key, attribute] of Object.entries(ATTRIBUTES)) {
        const name = key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
        for (const el of doc.querySelectorAll(`[data-${name}]`))
            el.setAttribute(attribute, t(el.dataset[key]));
    }
}
