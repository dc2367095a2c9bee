// From figures to words: medians, ratios, goals, the table on the terminal and the one in docs/.

export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[sorted.length >> 1];
}

// Of a line through the points, both axes as logarithms: 0 constant, 1 linear.
export function slope(points) {
    if (points.length < 2) return null;
    const xy = points.map((p) => [Math.log(p.n), Math.log(p.value)]);
    const mean = (i) => xy.reduce((sum, p) => sum + p[i], 0) / xy.length;
    const [mx, my] = [mean(0), mean(1)];
    const over = xy.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
    return over / xy.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}

export function number(v) {
    if (v === 0) return '0';
    if (v >= 100) return Math.round(v).toLocaleString('en');
    return v >= 10 ? v.toFixed(1) : v >= 0.995 ? v.toFixed(2) : v.toPrecision(2);
}

function spread(values) {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return { median: median(values), least, most, values };
}

// Repetition by repetition; sides that were left out of some are compared as far as they go.
function ratios(a, b) {
    return spread(a.values.slice(0, b.values.length).map((v, i) => v / b.values[i]));
}

function judgeGoal(goal, weft, ratio, answers, also) {
    if (!goal || !weft) return { goal: goal ? 'not measured' : '', met: null };
    if (goal.kind === 'ratio')
        return {
            goal: `≤ ${goal.most} of ${goal.against ?? 'best'}`,
            met: ratio ? ratio.median <= goal.most : null,
        };
    if (goal.kind === 'memory') {
        const most = (2 * answers.weft.text) / 1024 + 64;
        return { goal: `≤ ${number(most)} KB (2 × text + 64)`, met: weft.median <= most };
    }
    const more = also === true ? '' : `; ${also}`;
    return {
        goal: `≤ ${goal.shown} ${goal.unit}${more}`,
        met: weft.median <= goal.most && also === true,
    };
}

export function judge(row, sides, answers, also) {
    const all = Object.fromEntries(Object.entries(sides).map(([k, s]) => [k, spread(s.values)]));
    const { weft, ...peers } = all;
    const [best] = Object.keys(peers).sort((a, b) => peers[a].median - peers[b].median);
    const against = row.goal?.against && peers[row.goal.against] ? row.goal.against : best;
    const ratio = weft && best ? ratios(weft, peers[against]) : null;
    return {
        id: row.id,
        title: row.title,
        unit: row.unit,
        note: row.note,
        sides: all,
        best,
        against,
        ratio,
        ...judgeGoal(row.goal, weft, ratio, answers, also),
    };
}

const cell = (s) =>
    !s
        ? '-'
        : s.values.length > 1
          ? `${number(s.median)} (${number(s.least)}-${number(s.most)})`
          : number(s.median);
const verdict = (met) => (met === null ? '' : met ? 'met' : 'NOT met');
const peer = (r) => (r.against ? `${r.against} ${cell(r.sides[r.against])}` : '-');

export const table = {
    head: () =>
        `${'scenario'.padEnd(58)}${'unit'.padEnd(5)}${'weft'.padEnd(24)}` +
        `${'peer'.padEnd(46)}${'ratio'.padEnd(22)}goal`,
    line: (r) =>
        r.title.padEnd(58) +
        r.unit.padEnd(5) +
        cell(r.sides.weft).padEnd(24) +
        peer(r).padEnd(46) +
        cell(r.ratio).padEnd(22) +
        `${r.goal} ${verdict(r.met)}`,
    growth: (f) =>
        [
            `${f.title}, ${f.unit}; ${f.x}`,
            ...Object.entries(f.series).map(
                ([name, s]) =>
                    `  ${name.padEnd(24)}` +
                    f.sizes
                        .map((n) =>
                            number(s.points.find((p) => p.n === n)?.value ?? NaN).padStart(14),
                        )
                        .join('') +
                    `   slope ${s.slope?.toFixed(2) ?? '-'}`,
            ),
        ]
            .join('\n')
            .replaceAll('NaN', '  -'),
};

// ---- docs/performance.md -------------------------------------------------------------------------

const line = (cells) => `| ${cells.join(' | ')} |`;

function others(r) {
    return (
        Object.entries(r.sides)
            .filter(([name]) => name !== 'weft' && name !== r.against)
            .map(([name, s]) => `${name} ${number(s.median)}`)
            .join(', ') || '-'
    );
}

function growthTable(f) {
    const size = (n) => `10${'⁰¹²³⁴⁵⁶⁷⁸⁹'[Math.round(Math.log10(n))]}`;
    return [
        `**${f.title}**, ${f.unit}, by ${f.x}`,
        '',
        line(['', ...f.sizes.map(size), 'slope']),
        line(['---', ...f.sizes.map(() => '---:'), '---:']),
        ...Object.entries(f.series).map(([name, s]) =>
            line([
                name,
                ...f.sizes.map((n) => {
                    const p = s.points.find((q) => q.n === n);
                    return p ? number(p.value) : '';
                }),
                s.slope?.toFixed(2) ?? '',
            ]),
        ),
        '',
    ];
}

export function markdown(results) {
    const m = results.machine;
    return [
        `One run of ${results.seconds} seconds: ${m.cores} cores, ${m.model}, Linux ${m.kernel}, node ${m.node}, load`,
        `${m.load}; commit ${m.commit}, ${m.date}. ${
            results.recorded
                ? 'Recorded sessions.'
                : 'No recordings were there: generated sessions of like shape.'
        }`,
        '',
        '![How many times the figure of weft each peer has](img/engine-ratios.svg)',
        '',
        line(['scenario', 'unit', 'weft', 'peer', 'ratio', 'goal', '', 'other peers']),
        line(['---', '---', '---:', '---', '---:', '---', '---', '---']),
        ...results.rows.map((r) =>
            line([
                r.title + (r.note ? ` (${r.note})` : ''),
                r.unit,
                cell(r.sides.weft),
                peer(r),
                r.ratio ? number(r.ratio.median) : '-',
                r.goal || '-',
                verdict(r.met),
                others(r),
            ]),
        ),
        '',
        'Growth: the least of the repetitions, and the slope of a line through them on logarithmic axes (0 constant, 1 linear).',
        '',
        '![The text at sizes from a thousand to ten million](img/engine-growth-text.svg)',
        '![Operations at sizes from a thousand up](img/engine-growth-ot.svg)',
        '',
        ...results.growth.flatMap(growthTable),
    ].join('\n');
}
