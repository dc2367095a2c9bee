/* docs.mjs - the messages that docs/protocol.md shows, taken from the document itself. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT, UUID } from './lib.mjs';

export const PROTOCOL = readFileSync(path.join(ROOT, 'docs/protocol.md'), 'utf8');

/** The messages of all fenced blocks with this tag, one for each line, in order. */
export function examples(tag) {
    const blocks = [...PROTOCOL.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)];
    const lines = blocks.filter(([, info]) => info.trim() === tag)
        .flatMap(([, , body]) => body.split('\n')).filter((line) => line !== '');
    assert.notEqual(lines.length, 0, `docs/protocol.md has no block tagged ${tag}`);
    return lines.map((line) => JSON.parse(line));
}

/** The first column of each table row below a heading, without the backquotes. */
export function firstColumn(heading, startsWith) {
    const at = PROTOCOL.indexOf(`\n${heading}\n`);
    assert.ok(at >= 0, `docs/protocol.md has no heading ${heading}`);
    const section = PROTOCOL.slice(at + heading.length + 2).split(/\n#+ /)[0].trimEnd();
    const tables = section.split(/\n\n/).filter((part) => part.startsWith(startsWith));
    assert.equal(tables.length, 1, `${heading}: one table that starts with ${startsWith}`);
    return tables[0].trimEnd().split('\n').slice(2)
        .flatMap((row) => [...row.split('|')[1].matchAll(/`([^`]+)`/g)].map(([, word]) => word));
}

/* What a string of an example stands for. */
const STRINGS = [
    ['a UUID', UUID],
    ['a color', /^#[0-9a-f]{6}$/i],
];

/* Objects whose keys are somebody else's choice. */
const FREE = new Set(['meta', 'data', 'example']);

/**
 * Asserts that `real` has the fields and kinds of value that the example has, all the way down.
 * A list takes its kinds from any element of the example's.
 */
export function sameShape(example, real, where = '') {
    const kind = (value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
    const words = `${where}: the document shows ${JSON.stringify(example)}, the server sent ` +
                  JSON.stringify(real);
    assert.equal(kind(real), kind(example), words);
    if (Array.isArray(example)) {
        real.forEach((item, i) => {
            const fits = example.some((sample) => {
                try {
                    sameShape(sample, item, `${where}[${i}]`);
                    return true;
                } catch {
                    return false;
                }
            });
            assert.ok(fits, `${words} ([${i}])`);
        });
    } else if (kind(example) === 'object') {
        assert.deepEqual(Object.keys(real).sort(), Object.keys(example).sort(), words);
        for (const key of Object.keys(example))
            if (!FREE.has(key))
                sameShape(example[key], real[key], `${where}.${key}`);
    } else if (typeof example === 'string') {
        for (const [name, pattern] of STRINGS)
            if (pattern.test(example))
                assert.match(real, pattern, `${words} (${name})`);
    } else if (typeof example === 'number') {
        assert.ok(Number.isSafeInteger(real), words);
    }
}
