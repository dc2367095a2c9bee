/**
 * plain-indent.js - stands for @codemirror/language where the first load's commands ask for it.
 *
 * Of the commands in keys.js some ask how far to indent, and nothing else about a language;
 * build.mjs hands them this file. What looks at syntax is not among them.
 */

import { Facet } from '@codemirror/state';

export const indentUnit = Facet.define({ combine: ([first]) => first ?? '  ' });
export const getIndentUnit = (state) => state.facet(indentUnit).length;
export const indentString = (state, columns) => ' '.repeat(columns);

const nowhere = undefined;
export { nowhere as IndentContext, nowhere as getIndentation, nowhere as matchBrackets,
    nowhere as syntaxTree };
