// run.mjs BUILD - builds the peers, asks all sides, prints the table, writes results and plots.
//
//     QUICK=1   two repetitions and small sizes; docs/ is left alone
//     ONLY=re   only rows and figures whose id matches; docs/ is left alone
//     PEERS=0   weft alone
//
// The sides take turns within each repetition, the order turning round from one to the next, and
// ratios are taken within a repetition: what the machine does meanwhile meets all of them.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { judge, markdown, slope, table } from './report.mjs';
import { growthSvg, ratioSvg } from './plot.mjs';
import { Inputs, growthFigures, tableRows } from './scenarios.mjs';
import { Worker } from './worker.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../../..');
process.chdir(root);
const build = resolve(process.argv[2] ?? 'build');
const out = join(build, 'bench-engine');
const quick = process.env.QUICK === '1';
const only = process.env.ONLY ? new RegExp(process.env.ONLY) : null;
const say = (...words) => console.log(...words);

// ---- building the peers --------------------------------------------------------------------------

function buildRust() {
    const folder = join(out, 'rust');
    mkdirSync(folder, { recursive: true });
    cpSync(join(here, 'rust'), folder, { recursive: true, preserveTimestamps: true });
    const path = `${process.env.PATH}:${process.env.HOME}/.cargo/bin`;
    const made = spawnSync('cargo', ['build', '--release', '--quiet'], {
        cwd: folder,
        stdio: 'inherit',
        env: { ...process.env, PATH: path, CARGO_TARGET_DIR: join(folder, 'target') },
    });
    if (made.status === 0) return join(folder, 'target/release/peers');
    say('bench-engine: the peers in Rust could not be built; they are left out');
    return null;
}

function installJs() {
    const folder = join(out, 'js');
    mkdirSync(folder, { recursive: true });
    cpSync(join(here, 'js'), folder, {
        recursive: true,
        preserveTimestamps: true,
        filter: (path) => !path.includes('node_modules'),
    });
    const lock = join(folder, 'node_modules/.package-lock.json');
    if (
        !existsSync(lock) ||
        statSync(lock).mtimeMs < statSync(join(here, 'js/package-lock.json')).mtimeMs
    ) {
        const made = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
            cwd: folder,
            stdio: ['ignore', 'ignore', 'inherit'],
        });
        if (made.status !== 0) {
            say('bench-engine: the peers in JavaScript could not be installed; they are left out');
            return null;
        }
    }
    return join(folder, 'peers.mjs');
}

function startWorkers() {
    const workers = { weft: new Worker('weft', join(build, 'release/bench/engine_bench'), []) };
    if (process.env.PEERS === '0') return workers;
    const rust = buildRust();
    const js = installJs();
    if (rust !== null) workers.rust = new Worker('rust', rust, []);
    if (js !== null)
        workers.js = new Worker('js', process.execPath, ['--max-old-space-size=4096', js]);
    return workers;
}

// ---- asking --------------------------------------------------------------------------------------

let wrong = 0;
function complain(what) {
    wrong++;
    say(`WRONG: ${what}`);
}

// All answers to a question that stands for several rows are kept: it is asked once a repetition.
async function ask(workers, kept, repetition, [worker, , ...words]) {
    const key = [repetition, worker, ...words].join(' ');
    if (!kept.has(key)) kept.set(key, await workers[worker].ask(...words));
    return kept.get(key);
}

function checkAnswers(row, answers) {
    const shas = new Set(
        Object.values(answers)
            .map((a) => a.sha)
            .filter(Boolean),
    );
    if (shas.size > 1)
        complain(
            `${row.id}: the texts differ: ${JSON.stringify(
                Object.fromEntries(Object.entries(answers).map(([k, a]) => [k, a.sha])),
            )}`,
        );
    if (row.end && answers.weft?.sha !== createHash('sha256').update(row.end).digest('hex'))
        complain(`${row.id}: not the recorded text`);
}

async function measureRow(workers, kept, row) {
    const names = Object.keys(row.sides).filter((name) => workers[row.sides[name][0]]);
    const sides = Object.fromEntries(names.map((name) => [name, { values: [] }]));
    const repetitions = row.once ? 1 : quick ? 2 : row.slow ? 3 : 5;
    const answers = {};
    let also = true;
    for (let i = 0; i < repetitions; i++) {
        // weft first: it may write what the others read.
        for (const name of i % 2 ? [...names].reverse() : names) {
            const said = await ask(workers, kept, i, row.sides[name]);
            if (said.error) {
                if (!sides[name].error) say(`  ${row.id}: ${name}: ${said.error}`);
                sides[name].error = said.error;
                continue;
            }
            answers[name] = said;
            sides[name].values.push(row.sides[name][1](said));
            if (name === 'weft' && row.also && also === true) also = row.also(said);
        }
    }
    if (row.check)
        answers.weft = await ask(workers, kept, 0, ['weft', null, ...row.check.slice(1)]);
    checkAnswers(row, answers);
    for (const [name, side] of Object.entries(sides)) {
        side.values = side.values.filter((v) => Number.isFinite(v));
        if (side.error || side.values.length === 0) delete sides[name];
    }
    return judge(row, sides, answers, also);
}

async function measureGrowth(workers, kept, figure) {
    const series = {};
    for (const [name, [worker, pick, words, most]] of Object.entries(figure.series)) {
        if (!workers[worker]) continue;
        series[name] = {
            points: figure.sizes
                .filter((n) => n <= (most ?? Infinity))
                .map((n) => ({ n, values: [], words: words(n) })),
            worker,
            pick,
        };
    }
    for (const n of figure.sizes) {
        const shas = {};
        // Large sizes take their time; the smaller ones need the repetitions.
        for (let i = 0; i < (quick || n >= 1e6 ? 2 : 3); i++) {
            for (const [name, s] of Object.entries(series)) {
                const point = s.points.find((p) => p.n === n);
                if (!point) continue;
                const said = await ask(workers, kept, i, [s.worker, s.pick, ...point.words]);
                if (said.error) {
                    say(`  ${figure.id} ${n}: ${name}: ${said.error}`);
                    continue;
                }
                if (said.right === false) complain(`${figure.id} ${n}: ${name} is not right`);
                if (said.sha) shas[name] = said.sha;
                point.values.push(s.pick(said));
            }
        }
        if (new Set(Object.values(shas)).size > 1) complain(`${figure.id} ${n}: the texts differ`);
    }
    for (const s of Object.values(series)) {
        s.points = s.points
            .filter((p) => p.values.length)
            .map((p) => ({ n: p.n, value: Math.min(...p.values) }));
        s.slope = slope(s.points);
        delete s.worker;
    }
    const { id, file, title, x, unit, linear, sizes } = figure;
    return { id, file, title, x, unit, linear, sizes, series };
}

// ---- all of it -----------------------------------------------------------------------------------

function machine() {
    const git = (...args) => {
        try {
            return execFileSync('git', args, {
                encoding: 'utf8',
                stdio: ['ignore', 'pipe', 'ignore'],
            }).trim();
        } catch {
            return 'unknown';
        }
    };
    return {
        cores: cpus().length,
        model: cpus()[0].model,
        kernel: release(),
        node: process.version,
        load: loadavg()
            .map((v) => v.toFixed(2))
            .join(' '),
        commit: git('describe', '--always', '--dirty'),
        date: new Date().toISOString().slice(0, 10),
    };
}

function writeDocs(folder, results) {
    mkdirSync(join(folder, 'img'), { recursive: true });
    writeFileSync(join(folder, 'img/engine-ratios.svg'), ratioSvg(results.rows));
    for (const file of ['text', 'ot'])
        writeFileSync(
            join(folder, `img/engine-growth-${file}.svg`),
            growthSvg(results.growth.filter((f) => f.file === file)),
        );
}

function intoPage(text) {
    const page = 'docs/performance.md';
    const marks = ['<!-- bench-engine: from here -->', '<!-- bench-engine: to here -->'];
    const old = readFileSync(page, 'utf8');
    const [from, to] = marks.map((m) => old.indexOf(m));
    if (from < 0 || to < from) throw new Error(`${page} has no ${marks.join(' ... ')}`);
    writeFileSync(page, `${old.slice(0, from + marks[0].length)}\n\n${text}\n${old.slice(to)}`);
}

mkdirSync(join(out, 'inputs'), { recursive: true });
const started = Date.now();
const inputs = new Inputs(join(out, 'inputs'));
const workers = startWorkers();
const built = Date.now();
const rows = tableRows(inputs, quick).filter((r) => !only || only.test(r.id));
const figures = growthFigures(inputs, quick).filter((f) => !only || only.test(`growth-${f.id}`));
const results = { machine: machine(), recorded: inputs.recorded, quick, rows: [], growth: [] };
const { machine: m } = results;
say(`machine: ${m.cores} cores, ${m.model}, load ${m.load}; ${m.commit}, ${m.date}`);
if (!inputs.recorded)
    say(
        'note:    no recorded sessions here (WEFT_TRACES names their folder): generated ones of like shape',
    );
const kept = new Map();
say(table.head());
for (const row of rows) {
    const result = await measureRow(workers, kept, row);
    results.rows.push(result);
    say(table.line(result));
}
if (figures.length)
    say('\ngrowth: the least of the repetitions at each size, and the slope of a line through them (log over log)');
for (const figure of figures) {
    const result = await measureGrowth(workers, kept, figure);
    results.growth.push(result);
    say(table.growth(result));
}
Object.values(workers).forEach((w) => w.end());
results.seconds = Math.round((Date.now() - built) / 1000);
writeFileSync(join(out, 'results.json'), JSON.stringify(results, null, 1));
if (results.rows.length && results.growth.length) {
    const partly = quick || only;
    writeDocs(partly ? out : 'docs', results);
    writeFileSync(join(out, 'results.md'), markdown(results));
    if (!partly) intoPage(markdown(results));
    say(
        `\nwritten: ${join(out, 'results.json')}${partly ? '' : ', docs/performance.md, docs/img/engine-*.svg'}`,
    );
}
say(`${results.seconds} s, after ${Math.round((built - started) / 1000)} s of building`);
if (wrong) say(`${wrong} results were wrong`);
process.exitCode = wrong ? 1 : 0;
