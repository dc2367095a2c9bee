/**
 * build.mjs - bundles the page: web/page and web/client and CodeMirror into web/dist.
 *
 *   node web/build.mjs [OUTDIR]          (`make web` installs what it needs and calls it)
 *
 * web/dist is committed, so that building weft needs no Node; a test builds it again and
 * compares. Names of scripts and style sheets hold a hash of their contents and may be kept by
 * browsers for ever; the two HTML files name them and are asked for each time.
 *
 * The editor's styles go into a constructed style sheet: style-mod would write a <style> element,
 * which a Content-Security-Policy without 'unsafe-inline' forbids.
 */

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

const web = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(web, 'dist'));
const pages = path.join(out, 'page');

/** Where style-mod decides between an element and a constructed sheet. */
const SHEET_ONLY_IN_SHADOWS = '!root.head && root.adoptedStyleSheets';

const constructedSheets = {
    name: 'constructed style sheets',
    setup({ onLoad }) {
        onLoad({ filter: /[\\/]style-mod[\\/]src[\\/]style-mod\.js$/ }, ({ path: file }) => {
            const text = readFileSync(file, 'utf8');
            if (!text.includes(SHEET_ONLY_IN_SHADOWS))
                throw new Error(`${file}: expected the text "${SHEET_ONLY_IN_SHADOWS}"; ` +
                                'see how this version mounts its styles');
            return { contents: text.replace(SHEET_ONLY_IN_SHADOWS, 'root.adoptedStyleSheets') };
        });
    },
};

/**
 * The editor's commands are one file, of which some look at syntax and bring a sixth of the first
 * load with them. So there are two copies: the plain one, which gets page/plain-indent.js in the
 * place of the language machinery, and a full one ("?syntax"), loaded with a room's language. The
 * packages of @lezer are classes and constants but do not say that loading them does nothing else.
 */
const leanParts = {
    name: 'lean parts',
    setup({ onResolve, onLoad, resolve }) {
        const COMMANDS = /@codemirror[\\/]commands[\\/]dist[\\/]index\.js$/;
        const found = ({ kind, resolveDir }, name) =>
            resolve(name, { kind, resolveDir, pluginData: 'found here' });
        onResolve({ filter: /^@lezer\// }, async (args) => (args.pluginData ? null
            : { ...await found(args, args.path), sideEffects: false }));
        onResolve({ filter: /\?syntax$/ }, async (args) => {
            const name = args.path.replace(/\?syntax$/, '');
            const { path: file } = await found(args, name);
            /* No path in what is built: it is the same in every folder. */
            return { path: name, namespace: 'syntax', pluginData: file, sideEffects: false };
        });
        onResolve({ filter: /^@codemirror\/language$/ }, ({ importer, namespace }) =>
            (namespace === 'file' && COMMANDS.test(importer)
                ? { path: path.join(web, 'page/plain-indent.js'), sideEffects: false } : null));
        onLoad({ filter: /./, namespace: 'syntax' }, ({ pluginData: file }) =>
            ({ contents: readFileSync(file, 'utf8'), resolveDir: path.dirname(file) }));
    },
};

/**
 * What time travel has in common with the first load would be cut out of it, into a file of its own
 * that is loaded at once and compresses worse: a kilobyte more for everybody. So time travel gets a
 * copy of what keeps nothing that both would have to know.
 */
const copiesForHistory = {
    name: 'copies for time travel',
    setup({ onResolve, onLoad }) {
        onResolve({ filter: /^\.\.?\/.*\.js$/ }, ({ path: to, importer, namespace, resolveDir }) => {
            const file = path.relative(web, path.resolve(resolveDir, to)).replaceAll('\\', '/');
            if (/^(client\/|page\/(changes|direction|dom|look|settings|share)\.js$)/.test(file) &&
                (namespace === 'copy' || /[\\/]page[\\/]history[\\/]/.test(importer)))
                return { path: file, namespace: 'copy' };
            return namespace === 'copy' ? { path: path.join(web, file) } : undefined;
        });
        onLoad({ filter: /./, namespace: 'copy' }, ({ path: file }) => ({
            contents: readFileSync(path.join(web, file), 'utf8'),
            resolveDir: path.dirname(path.join(web, file)),
        }));
    },
};

/** A style sheet that a script imports is its text: it is put into a constructed one. */
const sheetsAsText = {
    name: 'style sheets as text',
    setup({ onLoad }) {
        onLoad({ filter: /\.css$/ }, async ({ path: file }) => {
            const { code } = await transform(readFileSync(file, 'utf8'), { loader: 'css', minify: true });
            return { contents: code, loader: 'text' };
        });
    },
};

/** Writes a file under a name with its hash; returns the name. */
function hashed(name, contents) {
    const hash = createHash('sha256').update(contents).digest('hex').slice(0, 8).toUpperCase();
    const { name: stem, ext } = path.parse(name);
    const full = `${stem}-${hash}${ext}`;
    writeFileSync(path.join(pages, full), contents);
    return full;
}

/** What those whose code is in the bundle ask to be kept with it. @param {string[]} inputs */
function licenses(inputs) {
    const packages = new Set(inputs.map((file) =>
        file.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]).filter(Boolean));
    return [...packages].sort().map((name) => {
        const folder = path.join(web, 'node_modules', name);
        const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
        const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
        if (file === undefined)
            throw new Error(`${name} ${version} has no license file`);
        return `${name} ${version}\n\n${readFileSync(path.join(folder, file), 'utf8').trim()}\n`;
    }).join(`\n${'-'.repeat(72)}\n\n`);
}

/** Source name -> what it is called in dist. */
async function scripts() {
    const { metafile } = await build({
        absWorkingDir: web,
        entryPoints: ['page/page.js', 'page/home.js'],
        outdir: pages,
        entryNames: '[name]-[hash]',
        chunkNames: 'part-[hash]',
        bundle: true,
        splitting: true,
        format: 'esm',
        target: ['es2022'],
        minify: true,
        legalComments: 'none',
        charset: 'utf8',
        metafile: true,
        logLevel: 'warning',
        plugins: [constructedSheets, leanParts, copiesForHistory, sheetsAsText],
    });
    writeFileSync(path.join(pages, 'licenses.txt'), licenses(Object.keys(metafile.inputs)));
    const names = new Map();
    for (const [file, { entryPoint }] of Object.entries(metafile.outputs)) {
        if (entryPoint)
            names.set(path.basename(entryPoint), path.basename(file));
    }
    return names;
}

rmSync(out, { recursive: true, force: true });
mkdirSync(pages, { recursive: true });
const names = await scripts();
const css = await transform(readFileSync(path.join(web, 'page/style.css'), 'utf8'),
    { loader: 'css', minify: true });
names.set('style.css', hashed('style.css', css.code));
writeFileSync(path.join(pages, 'icon.svg'), readFileSync(path.join(web, 'page/icon.svg')));
for (const file of ['index.html', 'room.html']) {
    const html = readFileSync(path.join(web, 'page', file), 'utf8');
    writeFileSync(path.join(pages, file), html.replace(/(page\/)([\w-]+\.(?:js|css))/g,
        (all, folder, name) => {
            if (!names.has(name))
                throw new Error(`web/page/${file} names ${name}, which is not built`);
            return folder + names.get(name);
        }));
}
