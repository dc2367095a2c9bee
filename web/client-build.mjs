/**
 * client-build.mjs - builds what of the package weft-client is not its source.
 *
 *   node web/client-build.mjs [OUTDIR]          (`make web` calls it)
 *
 * web/client/dist is committed; a test builds it again and compares.
 *
 *   weft.min.js       one file for a <script>: the global weft
 *   *.cjs, *.d.cts    for require()
 *   core.js           the smallest client
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const client = path.join(path.dirname(fileURLToPath(import.meta.url)), 'client');
const out = path.resolve(process.argv[2] ?? path.join(client, 'dist'));

const common = {
    absWorkingDir: client,
    bundle: true,
    target: ['es2022'],
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
    external: ['@codemirror/*'],
};

/** The stand-ins instead of the parts. */
export const lean = {
    name: 'lean',
    setup({ onLoad }) {
        onLoad({ filter: /[\\/]client[\\/](presence|requests|split|diff|doc|keep|restore)\.js$/ },
            () => ({ contents: "export * from './core-parts.js';", resolveDir: client }));
    },
};

/** Names that only the modules of the core say to each other: they become short ones. */
export const inner = new RegExp(`^(${['serverText', 'serverDoc', 'inflight', 'bufferCount', 'metaBuffer',
    'resynced', 'caughtUp', 'localEdit', 'localMeta', 'messageTooLarge', 'forgetSession', 'dropPending',
    'setTexts', 'onWelcome', 'onAck', 'onError', 'onOp', 'forgetLog', 'expectAnswer', 'catchingUp',
    'watchful', 'goal', 'phase', 'setOwn', 'ownReady', 'ownMessage', 'disconnected', 'presence',
    'buffer', 'online', 'moved', 'logged', 'cancelAll', 'protocols', 'drop', 'later'].join('|')})$`);

async function main() {
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    const banner = { js: '/* weft-client. MIT licence. */' };
    await build({
        ...common, minify: true, format: 'iife', globalName: 'weft', banner,
        stdin: { contents: "export * from './index.js'; export { bindMonaco } from './monaco.js';",
                 resolveDir: client },
        outfile: path.join(out, 'weft.min.js'),
    });
    for (const [name, entry] of [['weft', 'index'], ['ot', 'ot'], ['textarea', 'textarea'],
                                 ['codemirror', 'codemirror'], ['monaco', 'monaco']])
        await build({ ...common, format: 'cjs', entryPoints: [`${entry}.js`], banner,
                      outfile: path.join(out, `${name}.cjs`) });
    for (const [format, end] of [['esm', 'js'], ['cjs', 'cjs']])
        await build({ ...common, minify: true, format, entryPoints: ['core.js'], banner,
                      plugins: [lean], mangleProps: inner,
                      outfile: path.join(out, `core.${end}`) });
    for (const file of readdirSync(path.join(client, 'types'))) {
        const text = readFileSync(path.join(client, 'types', file), 'utf8');
        writeFileSync(path.join(out, file.replace(/\.d\.ts$/, '.d.cts')),
            text.replace(/(from '\.\/\w+)\.js'/g, "$1.cjs'"));
    }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
    await main();
