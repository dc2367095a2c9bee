/**
 * languages.js - syntax of the room's language, loaded when it is asked for.
 *
 * The room's `language` entry holds the short name; anybody may set it, so one that is not in
 * the list is shown as plain text and nothing more.
 */

import { defaultKeymap } from '@codemirror/commands?syntax'; /* see build.mjs */
import { bracketMatching, indentOnInput, LanguageDescription, syntaxHighlighting }
    from '@codemirror/language';
import { languages } from '@codemirror/language-data';
import { keymap } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';

const shortName = ({ name }) => name.toLowerCase();

/** @returns {{name: string, label: string}[]} for a menu, in the order of the alphabet */
export function languageList() {
    return languages.map((one) => ({ name: shortName(one), label: one.name }))
        .sort((a, b) => a.label.localeCompare(b.label, 'en'));
}

/** @param {string} file a file's name @returns {string} the short name, or '' */
export function languageOf(file) {
    const found = LanguageDescription.matchFilename(languages, file);
    return found ? shortName(found) : '';
}

/**
 * What the editor needs to write in a language; null: nobody knows it.
 * @param {string} name
 */
export async function languageSupport(name) {
    const found = languages.find((one) => shortName(one) === name) ??
                  LanguageDescription.matchLanguageName(languages, name, false);
    if (!found)
        return null;
    try {
        return [await found.load(), syntaxHighlighting(classHighlighter), bracketMatching(),
                indentOnInput(), keymap.of(defaultKeymap)];
    } catch {
        return null; /* the server has gone, or is of another version: plain text will do */
    }
}
