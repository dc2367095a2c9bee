/* report.mjs - from answers to medians, ratios, goals and tables. Pure: tests/tools/peers_bench_test.mjs.
 *
 * results: [{scenario, repetition, side, figures, sync?, base?, failure?}]. Sides are compared within a
 * repetition only: what the machine did meanwhile met all of them. */

export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

export function spread(values) {
    return values.length === 0 ? null
        : { median: median(values), least: Math.min(...values), most: Math.max(...values),
            n: values.length };
}

export function number(v) {
    if (v === 0) return '0';
    if (v >= 99.95) return Math.round(v).toLocaleString('en');
    return v >= 9.995 ? v.toFixed(1) : v >= 0.995 ? v.toFixed(2) : `${+v.toPrecision(2)}`;
}

export const cell = (s) => (!s ? '-' : s.n > 1
    ? `${number(s.median)} (${number(s.least)}-${number(s.most)})` : number(s.median));

const of = (results, scenario, side) => results.filter((r) =>
    r.scenario === scenario && r.side === side && r.figures);

/** All values of one figure of one side, as a spread; null where there are none. */
export function figure(results, scenario, side, name) {
    return spread(of(results, scenario, side).map((r) => r.figures[name]).filter(Number.isFinite));
}

/** A figure of one side by that of another, repetition by repetition. `against` may be `base`, what the
 * side itself showed just before; plus(sync) is added to the other's figure. */
export function ratios(results, scenario, side, against, name, plus) {
    const values = [];
    for (const mine of of(results, scenario, side)) {
        const theirs = against === 'base' ? mine.base
            : of(results, scenario, against).find((r) => r.repetition === mine.repetition)?.figures;
        const sync = mine.sync;
        if (plus && !Number.isFinite(sync))
            continue;
        const by = theirs?.[name] + (plus ? plus(sync) : 0);
        if (Number.isFinite(mine.figures[name]) && Number.isFinite(by) && by > 0)
            values.push(mine.figures[name] / by);
    }
    return spread(values);
}

/** A goal, measured: {words, side, ratio|value, bound, met}. met is null where it could not be. */
export function judge(scenario, goal, results) {
    const side = goal.side ?? 'weft';
    const found = goal.against
        ? ratios(results, scenario.id, side, goal.against, goal.figure, goal.plus)
        : figure(results, scenario.id, side, goal.figure);
    const met = found === null ? null
        : goal.most !== undefined ? found.median <= goal.most : found.median >= goal.least;
    return { scenario: scenario.id, words: goal.words, side, found, isRatio: Boolean(goal.against),
        bound: goal.most ?? goal.least, isMost: goal.most !== undefined, met };
}

const row = (cells) => `| ${cells.join(' | ')} |`;
const verdict = ({ met }) => (met === null ? 'not measured' : met ? 'met' : '**NOT met**');

/** The floor that a figure is compared with in the tables. */
const FLOOR = 'epoll';

export function scenarioTable(scenario, sides, results, heads) {
    const mine = results.filter((r) => r.scenario === scenario.id);
    const compared = scenario.figures.find((name) => scenario.goals.some((g) =>
        g.figure === name && g.against && g.against !== 'base'));
    const floor = scenario.goals.find((g) => g.figure === compared)?.against ?? FLOOR;
    const last = compared ? [`${heads(compared)} × ${floor}`] : [];
    const lines = [
        row(['server', ...scenario.figures.map(heads), ...last, 'n']),
        row(['---', ...scenario.figures.map(() => '---:'), ...last.map(() => '---:'), '---:']),
    ];
    for (const side of sides) {
        const runs = mine.filter((r) => r.side === side.id);
        if (runs.length === 0)
            continue;
        const ok = runs.filter((r) => r.figures);
        if (ok.length === 0) {
            const why = runs[0].failure.replaceAll('|', '/');
            lines.push(row([side.title, why, ...scenario.figures.slice(1).map(() => ''),
                ...last.map(() => ''), '0']));
            continue;
        }
        const cells = scenario.figures.map((name) => cell(figure(results, scenario.id, side.id, name)));
        const ratio = compared ? [cell(ratios(results, scenario.id, side.id, floor, compared))] : [];
        const n = ok.length === runs.length ? String(ok.length)
            : `${ok.length}; ${runs.length - ok.length} failed`;
        lines.push(row([side.title, ...cells, ...ratio, n]));
    }
    return lines;
}

export function goalsTable(goals) {
    return [
        row(['', 'goal', 'found', '']),
        row(['---', '---', '---:', '---']),
        ...goals.map((g) => row([g.scenario.toUpperCase(), g.words,
            g.found ? `${cell(g.found)}${g.isRatio ? ' ×' : ''}` : '-', verdict(g)])),
    ];
}

export function growthTable(curve) {
    return [
        row([`${curve.heading}: ${curve.x}`, ...curve.points.map((p) => p.n.toLocaleString('en')), 'slope']),
        row(['---', ...curve.points.map(() => '---:'), '---:']),
        row([curve.title, ...curve.points.map((p) => number(p.value)), curve.slope?.toFixed(2) ?? '-']),
        '',
    ];
}

/* Which of the two cores was busy, and how much of the server's time was the kernel's. */
export function limits(scenario, sides, results) {
    const lines = [];
    for (const side of sides) {
        const runs = of(results, scenario, side.id);
        if (runs.length === 0)
            continue;
        const part = (name) => spread(runs.map((r) => r.figures[name] ?? r[name]).filter(Number.isFinite));
        const [cpu, generator, kernel] = ['cpu', 'generator', 'kernel'].map(part);
        if (!cpu || !generator)
            continue;
        const what = cpu.median >= 90 ? 'its core'
            : generator.median >= 90 ? 'the generator: it could do more'
            : 'the 100 ms, before its core is full';
        lines.push(row([side.title, what, `${number(cpu.median)} %`, `${number(generator.median)} %`,
            kernel ? `${number(kernel.median)} %` : '-']));
    }
    return lines.length === 0 ? [] : [
        row(['server', 'limited by', 'server', 'generator', 'of the server\'s time in the kernel']),
        row(['---', '---', '---:', '---:', '---:']), ...lines];
}

/** The part of docs/performance.md between its marks. */
export function markdown({ head, scenarios, sides, results, goals, growth, left, heads }) {
    const versions = sides.map((s) => row([s.title, s.versions, s.durable ? 'on disk' : 'in memory']));
    return [
        ...head, '',
        '![Operations a second in one hot room](img/peers-hot-room.svg)',
        '![Latency of a delivery](img/peers-latency.svg)', '',
        ...goalsTable(goals), '',
        ...scenarios.flatMap((s) => [`**${s.title}**`, '', ...scenarioTable(s, sides, results, heads), '']),
        '**What limits each in S3**', '', ...limits('s3', sides, results), '',
        '**Growth of weft**: the least of the repetitions, and the slope of a line through them on logarithmic axes (0 constant, 1 linear).', '',
        '![Growth of weft](img/peers-growth.svg)', '',
        ...growth.flatMap(growthTable),
        row(['server', 'versions', 'what is acknowledged is']), row(['---', '---', '---']), ...versions,
        ...(left.length > 0 ? ['', 'Left out:', '',
            ...left.map(({ title, why }) => `- ${title}: ${why}`)] : []),
    ].join('\n');
}

const MARKS = ['<!-- bench-peers: from here -->', '<!-- bench-peers: to here -->'];

/** The page with `text` between the marks, and nothing else changed. */
export function intoPage(page, text) {
    const [from, to] = MARKS.map((mark) => page.indexOf(mark));
    if (from < 0 || to < from)
        throw new Error(`the page has no ${MARKS.join(' ... ')}`);
    return `${page.slice(0, from + MARKS[0].length)}\n\n${text}\n\n${page.slice(to)}`;
}
