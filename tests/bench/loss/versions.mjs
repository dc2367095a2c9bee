/* versions.mjs - which version of a package is really there. */

import { readFileSync } from 'node:fs';

const folder = new URL('./node_modules/', import.meta.url);

export const versionOf = (...names) => names.map((name) => {
    const { version } = JSON.parse(readFileSync(new URL(`${name}/package.json`, folder), 'utf8'));
    return `${name} ${version}`;
}).join(', ');
