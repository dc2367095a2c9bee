/* run.mjs BUILD - all servers through all scenarios, by one load generator, `weft bench`.
 *
 *     QUICK=1              one repetition, short; docs/ is left alone
 *     PEERS="weft epoll"   only these sides; docs/ is left alone
 *     SCENARIOS="s1 s3"    only these, and `growth`; docs/ is left alone
 *     REPETITIONS=5        instead of 3; with fewer docs/ is left alone
 *     WEFT_BENCH_PIN=0     server and generator on any core
 *
 * The sides take turns within a repetition, the order turning round from one to the next, each time a
 * server started anew; ratios are taken within a repetition. Exit status 1: a floor or weft itself is
 * missing, or a figure of theirs could not be measured. Goals are reported, never asserted. */

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { growthSvg } from '../engine/plot.mjs';
import { slope } from '../engine/report.mjs';
import { hotRoomSvg, latencySvg } from './plot.mjs';
import { cell, figure, goalsTable, growthTable, intoPage, judge, limits, markdown, number, scenarioTable } from './report.mjs';
import { GROWTH, SCENARIOS, figureHead, figuresOf } from './scenarios.mjs';
import { Databases, SIDES, WEFT_FLAGS, start } from './sides.mjs';

const RUN_MS = 150000;
/* A ramp overshoots, and some then take long to work off what they were given. */
const RAMP_MS = 60000;
const CLOCK_TICKS = 100;

process.chdir(fileURLToPath(new URL('../../..', import.meta.url)));
const build = path.resolve(process.argv[2] ?? 'build');
const out = path.join(build, 'bench-peers');
const quick = process.env.QUICK === '1';
const words = (name) => (process.env[name] ?? '').split(/\s+/).filter(Boolean);
const repetitions = Number(process.env.REPETITIONS) || (quick ? 1 : 3);
const context = { weft: path.join(build, 'weft'), floor: path.join(build, 'release/tools/weft-floor') };
const say = (...what) => console.log(...what);
const oneLine = (error) => String(error.message ?? error).replace(/\s+/g, ' ').slice(0, 300);

function chosen(all, name) {
    const wanted = words(name);
    const unknown = wanted.filter((id) => !all.includes(id));
    if (unknown.length > 0) {
        console.error(`bench-peers: ${name}: found ${unknown.join(' ')}; expected some of: ${all.join(' ')}`);
        process.exit(2);
    }
    return wanted.length > 0 ? all.filter((id) => wanted.includes(id)) : all;
}

const sideIds = chosen(SIDES.map((s) => s.id), 'PEERS');
const scenarioIds = chosen([...SCENARIOS.map((s) => s.id), 'growth'], 'SCENARIOS');
const isWhole = !quick && repetitions >= 3 && sideIds.length === SIDES.length && scenarioIds.length === SCENARIOS.length + 1;

/* ---- the machine ---------------------------------------------------------------------------------- */

/* Servers inherit core 0 from this process, which only waits; the generator is put on core 1. */
function pin() {
    if (process.env.WEFT_BENCH_PIN === '0' || os.cpus().length < 2)
        return false;
    return spawnSync('taskset', ['-acp', '0', String(process.pid)]).status === 0;
}
const pinned = pin();
const onOther = pinned ? ['taskset', '-c', '1'] : [];

function machine() {
    const read = (...argv) => {
        const made = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8' });
        return made.status === 0 ? made.stdout.trim() : 'unknown';
    };
    return [
        `${os.cpus().length} cores, ${os.cpus()[0].model}, Linux ${os.release()}, node ${process.versions.node}`,
        `disk: ${read('df', '--output=fstype,source', out).split('\n').at(-1).replace(/\s+/g, ' ')}; ` +
            `load ${readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 3).join(' ')}; ` +
            `commit ${read('git', 'describe', '--always', '--dirty')}, ${new Date().toISOString().slice(0, 10)}`,
        pinned ? 'server (and its database) on core 0, generator on core 1' : 'not pinned to cores',
    ];
}

/* Time in the kernel as a part of all, in percent, of processes and the children they have. */
function kernelPart(pids) {
    let user = 0;
    let system = 0;
    const add = (pid) => {
        const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
        user += Number(fields[11]) / CLOCK_TICKS;
        system += Number(fields[12]) / CLOCK_TICKS;
        const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
        children.split(' ').filter(Boolean).forEach(add);
    };
    try {
        pids.forEach(add);
    } catch {
        return undefined;
    }
    return user + system > 0.1 ? 100 * system / (user + system) : undefined;
}

const descriptors = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' })) || Infinity;

/* ---- one run -------------------------------------------------------------------------------------- */

const folder = mkdtempSync('/var/tmp/weft-peers.');
chmodSync(folder, 0o755);
const databases = new Databases(folder);
let running = null; /* the generator */
let runs = 0;

function cleanUp() {
    running?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
}
process.on('exit', cleanUp);
for (const [signal, status] of [['SIGINT', 130], ['SIGTERM', 143]])
    process.once(signal, () => process.exit(status));

/** @returns {Promise<object>} what `weft bench` wrote; `failure` where it has no figures */
function bench(side, server, args, most_ms = RUN_MS) {
    const file = path.join(folder, 'bench.json');
    const argv = [...onOther, context.weft, 'bench', '--url', server.url, '--protocol', side.protocol,
        '--pid', server.pids.join(','), '--json', file, ...args];
    return new Promise((resolve) => {
        rmSync(file, { force: true });
        let said = '';
        running = spawn(argv[0], argv.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
        running.stderr.on('data', (data) => { said = (said + data).slice(-2000); });
        const timer = setTimeout(() => running?.kill('SIGKILL'), most_ms);
        running.on('error', (error) => { said += error.message; });
        running.on('close', (code, signal) => {
            clearTimeout(timer);
            running = null;
            let json = {};
            try {
                json = JSON.parse(readFileSync(file, 'utf8'));
            } catch { /* it says below */ }
            const failure = signal ? `no result within ${most_ms / 1000} s`
                : json.failure ?? (code === 0 ? undefined : said.trim().split('\n').at(-1));
            resolve({ ...json, failure });
        });
    });
}

async function withServer(side, more, use) {
    const own = path.join(folder, `run-${runs++}`);
    mkdirSync(own);
    const server = await start(side, { ...context, folder: own, more }, databases);
    try {
        return await use(server);
    } finally {
        await server.end();
        rmSync(own, { recursive: true, force: true });
    }
}

function syncUs() {
    const made = spawnSync(context.floor, ['sync', path.join(folder, 'sync'), '300'], { encoding: 'utf8' });
    return made.status === 0 ? Number(made.stdout) : undefined;
}

const hot = new Map(); /* side: the rate it held, which the next ramp begins below */

async function play(scenario, side, repetition, sync) {
    const result = { scenario: scenario.id, repetition, side: side.id, sync };
    const options = { quick, side, hot: hot.get(side.id) };
    const once = async (server) => {
        if (scenario.base) {
            const base = await bench(side, server, scenario.base(options));
            if (!base.failure)
                result.base = figuresOf(scenario.figures, base);
        }
        const json = await bench(side, server, scenario.args(options),
            scenario.ramp ? RAMP_MS : RUN_MS);
        result.kernel = kernelPart(server.pids);
        result.failure = json.failure;
        result.figures = json.failure ? undefined : figuresOf(scenario.figures, json);
    };
    try {
        await withServer(side, [], once);
        /* A ramp that ended badly is begun again from far below, once. */
        if (scenario.ramp && result.failure) {
            say(`        ${side.id}: ${result.failure}; once more from below`);
            options.hot = (options.hot ?? side.hot) / 10;
            await withServer(side, [], once);
        }
    } catch (error) {
        result.failure = oneLine(error);
        result.figures = undefined;
    }
    if (result.figures?.ops && scenario.ramp)
        hot.set(side.id, result.figures.ops);
    return result;
}

/* ---- who is there --------------------------------------------------------------------------------- */

async function findSides() {
    const sides = [];
    const left = [];
    for (const side of SIDES.filter((s) => sideIds.includes(s.id))) {
        try {
            side.versions = side.version(context);
            const json = await withServer(side, [], (server) => bench(side, server,
                ['--scenario', 's1', '--warm-ms', '100', '--seconds', '0.3', '--timeout-ms', '10000']));
            if (json.failure)
                throw new Error(json.failure);
            if (side.database)
                side.versions += ` (${databases.settings})`;
            sides.push(side);
        } catch (error) {
            left.push({ ...side, why: oneLine(error) });
            say(`LEFT OUT: ${side.title}: ${oneLine(error)}`);
        }
    }
    return { sides, left };
}

const playsIn = (scenario, side) => (!side.only || side.only.includes(scenario.id)) &&
    !scenario.without?.includes(side.id);

/* A side that did not manage the load once is not asked again, which only takes long; but for weft and
 * those that a goal is measured by. */
const gaveUp = (results, scenario, side) => side.kind !== 'weft' &&
    !scenario.goals.some((goal) => goal.against === side.id) &&
    results.some((r) => r.scenario === scenario.id && r.side === side.id && r.failure);

async function playAll(scenarios, sides) {
    const results = [];
    for (let repetition = 0; repetition < repetitions; repetition++) {
        for (const scenario of scenarios) {
            const sync = scenario.syncs ? syncUs() : undefined;
            const there = sides.filter((side) => playsIn(scenario, side));
            for (let k = 0; k < there.length; k++) {
                const side = there[(k + repetition) % there.length];
                if (gaveUp(results, scenario, side))
                    continue;
                const result = await play(scenario, side, repetition, sync);
                results.push(result);
                const told = result.failure ?? scenario.figures.filter((name) => name in result.figures)
                    .map((name) => `${figureHead(name)} ${number(result.figures[name])}`).join('  ');
                say(`${elapsed()} ${repetition + 1}/${repetitions} ${scenario.id} ${side.id.padEnd(18)} ${told}`);
            }
        }
    }
    return results;
}

async function grow(side) {
    const curves = [];
    const failed = [];
    for (const growth of GROWTH) {
        const seen = new Map();
        const points = quick ? growth.few : growth.points;
        for (const n of points) {
            if (growth.descriptors && growth.descriptors(n) + 100 > descriptors) {
                failed.push(`${growth.id} ${n}: ${descriptors} descriptors`);
                continue;
            }
            for (let i = 0; i < (quick || n >= 1e6 ? 1 : 2); i++) {
                try {
                    const json = await withServer(side, growth.flags, (server) =>
                        bench(side, server, growth.args(n, { quick, side })));
                    if (json.failure)
                        throw new Error(json.failure);
                    seen.set(n, [...(seen.get(n) ?? []), figuresOf(growth.curves.map((c) => c.figure), json)]);
                } catch (error) {
                    failed.push(`${growth.id} ${n}: ${oneLine(error)}`);
                }
            }
            const told = growth.curves.map((c) => `${c.title} ` + (seen.get(n) ?? [])
                .map((f) => number(f[c.figure])).join(' '));
            say(`${elapsed()} growth ${growth.id} ${n}: ${seen.has(n) ? told.join('; ') : failed.at(-1)}`);
        }
        for (const { figure: name, title } of growth.curves) {
            const best = name === 'ops' ? Math.max : Math.min;
            const list = [...seen].map(([n, all]) => ({ n, value: best(...all.map((f) => f[name])) }));
            curves.push({ heading: growth.title, title, x: growth.x, points: list, slope: slope(list) });
        }
    }
    return { curves, failed };
}

/* ---- all of it ------------------------------------------------------------------------------------ */

const began = Date.now();
const elapsed = () => `[${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s]`;

function growthFigures(curves) {
    return curves.filter((c) => c.points.length > 0).map((c) => ({
        title: `${c.heading}: ${c.title}`, x: c.x, unit: 'µs', sizes: c.points.map((p) => p.n),
        series: { weft: { points: c.points, slope: c.slope } },
    }));
}

function writeDocs(docs, page) {
    mkdirSync(path.join(docs, 'img'), { recursive: true });
    for (const [name, svg] of Object.entries(page.images))
        writeFileSync(path.join(docs, 'img', `peers-${name}.svg`), svg);
    writeFileSync(path.join(out, 'peers.md'), `${page.text}\n`);
    if (docs !== 'docs')
        return;
    const file = 'docs/performance.md';
    writeFileSync(file, intoPage(readFileSync(file, 'utf8'), page.text));
}

async function main() {
    mkdirSync(out, { recursive: true });
    const head = machine();
    head.forEach((line) => say(line));
    const { sides, left } = await findSides();
    const tooFew = SCENARIOS.filter((s) => (s.descriptors ?? 0) + 100 > descriptors);
    tooFew.forEach((s) => say(`LEFT OUT: ${s.id}: this shell allows ${descriptors} descriptors (ulimit -Hn)`));
    const scenarios = SCENARIOS.filter((s) => scenarioIds.includes(s.id) && !tooFew.includes(s));
    const results = await playAll(scenarios, sides);
    const weft = sides.find((s) => s.id === 'weft');
    const { curves, failed } = weft && scenarioIds.includes('growth') ? await grow(weft)
        : { curves: [], failed: [] };
    await databases.end();
    const goals = scenarios.flatMap((s) => s.goals.map((goal) => judge(s, goal, results)));
    for (const s of scenarios)
        say(`\n${s.title}\n${scenarioTable(s, sides, results, figureHead).join('\n')}`);
    const what = limits('s3', sides, results);
    if (what.length > 0)
        say(`\nwhat limits each in s3\n${what.join('\n')}`);
    if (curves.length > 0)
        say(`\ngrowth of weft\n${curves.flatMap(growthTable).join('\n')}`);
    say(`\n${goalsTable(goals).join('\n')}`);
    left.forEach((s) => say(`LEFT OUT: ${s.title}: ${s.why}`));
    const took = `${Math.round((Date.now() - began) / 1000)} seconds, ${repetitions} repetitions`;
    const page = {
        text: markdown({
            head: [`One run of ${took}: ${head[0]};`, `${head[1]}; ${head[2]}.`,
                `weft with \`${WEFT_FLAGS.join(' ')}\` and \`--sync full\`. Medians, with the least and the most.`],
            scenarios, sides, results, goals, growth: curves, left: [...left, ...tooFew.map((s) =>
                ({ title: s.title, why: `${descriptors} descriptors` }))], heads: figureHead,
        }),
        images: {
            'hot-room': hotRoomSvg(sides, (side) => figure(results, 's3', side, 'ops')),
            latency: latencySvg(sides, ['s1', 's2'], (s, side, name) => figure(results, s, side, name)),
            growth: growthSvg(growthFigures(curves)),
        },
    };
    writeFileSync(path.join(out, 'results.json'), JSON.stringify({ head, quick, results, curves, goals, left }, null, 1));
    writeDocs(isWhole ? 'docs' : path.join(out, 'docs'), page);
    const missing = [
        ...left.filter((s) => s.kind !== 'peer').map((s) => `${s.title} is missing`),
        ...results.filter((r) => r.failure && SIDES.find((s) => s.id === r.side).kind === 'weft')
            .map((r) => `${r.side} in ${r.scenario}: ${r.failure}`),
        ...goals.filter((g) => g.met === null && isWhole).map((g) => `no figure for: ${g.words}`),
        ...failed.map((f) => `growth: ${f}`),
    ];
    missing.forEach((m) => say(`MISSING: ${m}`));
    say(`\n${took}; ${goals.filter((g) => g.met).length} goals met, ${goals.filter((g) => g.met === false).length} NOT met; ` +
        `${isWhole ? 'docs/performance.md' : `${path.relative('.', out)}/peers.md`} is written`);
    return missing.length > 0 ? 1 : 0;
}

for (const program of Object.values(context)) {
    if (!existsSync(program)) {
        console.error(`bench-peers: ${program} is not built; \`make bench-peers\` builds it`);
        process.exit(2);
    }
}
process.exit(await main());
