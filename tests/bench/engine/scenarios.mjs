// What is measured: the rows of the table, and the figures that are drawn over sizes.
//
// A row: id, title, unit, sides {name: [worker, pick, ...words]}, where `pick` takes the figure out
// of the answer. `weft` is the side that is judged; `goal` says how. Sides whose answers have a
// `sha` must all give the same one.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
    SESSIONS,
    recording,
    scattered,
    session,
    singles,
    spread,
    twoWriters,
    typed,
    writeEdits,
} from './gen.mjs';

const ROPES = ['jumprope-buffered', 'jumprope', 'ropey', 'crop'];
const JS = ['ot.js', 'ot-text-unicode', 'codemirror'];
const MB = 1 << 20;

export const ratio = (most, against) => ({ kind: 'ratio', most, against });
export const below = (most, unit, shown = most) => ({ kind: 'below', most, unit, shown });

// Files are made when they are first asked for, and once a run.
export class Inputs {
    constructor(folder) {
        this.folder = folder;
        this.made = new Map();
        this.recorded = true;
    }
    file(name, make) {
        if (!this.made.has(name))
            this.made.set(
                name,
                writeEdits(join(this.folder, `${name.replace(/\W+/g, '-')}.edits`), make()),
            );
        return this.made.get(name);
    }
    session(name) {
        return this.file(`session ${name}`, () => {
            const { list, recorded } = session(name);
            this.recorded &&= recorded;
            return list;
        });
    }
    random = (n, base) => this.file(`random ${n} ${base}`, () => scattered(2, n, base));
    typed = (n, base, seed = 4) =>
        this.file(`typed ${n} ${base} ${seed}`, () => typed(seed, n, base));
    two = (n, base) => this.file(`two ${n} ${base}`, () => twoWriters(n, base));
    singles = (n, base, seed) =>
        this.file(`single ${n} ${base} ${seed}`, () => singles(seed, n, base));
    spread = (k, base) => this.file(`spread ${k} ${base}`, () => spread(k, base));
}

const each = (a) => a.ns / a.n;
const inMs = (a) => a.ns / 1e6;

function edits(pick, base, file, ms) {
    const sides = { weft: ['weft', pick, 'edit', 'weft', base, 'ascii', file, ms] };
    for (const lib of ROPES) sides[lib] = ['rust', pick, 'edit', lib, base, 'ascii', file, ms];
    return sides;
}

function textRows(inputs, ms) {
    const rows = Object.keys(SESSIONS).map((name) => ({
        id: `replay-${name}`,
        title: `replay ${name}`,
        unit: 'ms',
        sides: edits(inMs, 0, inputs.session(name), ms),
        goal: ratio(name === 'automerge-paper' ? 0.9 : 0.5, 'jumprope-buffered'),
    }));
    for (const mb of [1, 10]) {
        rows.push({
            id: `random-${mb}mb`,
            title: `insert at random in ${mb} MB`,
            unit: 'ns',
            sides: edits(each, mb * MB, inputs.random(20000, mb * MB), ms),
            goal: ratio(0.6),
        });
    }
    rows.push({
        id: 'two-writers',
        title: 'two writers far apart in 1 MB',
        unit: 'ns',
        sides: edits(each, MB, inputs.two(100000, MB), ms),
        goal: ratio(1.0),
    });
    const paper = inputs.session('automerge-paper');
    const sides = { weft: ['weft', (a) => a.bytes / 1024, 'memory', 'weft', 0, 'ascii', paper] };
    for (const lib of ROPES)
        sides[lib] = ['rust', (a) => a.bytes / 1024, 'memory', lib, 0, 'ascii', paper];
    rows.push({
        id: 'memory',
        title: 'memory after automerge-paper',
        unit: 'KB',
        sides,
        once: true,
        goal: { kind: 'memory' },
    });
    return rows;
}

function pairRows(inputs, ms) {
    const words = ['-', inputs.singles(1000, 1000, 11), inputs.singles(1000, 1000, 12), 1000, ms];
    const asked = (lib) => ['pair', lib, ...words.slice(1)];
    const one = (a) => a.ns ?? a.both_ns; // the crate has no call for one
    const both = (a) => a.both_ns;
    const sides = (pick) => ({
        weft: ['weft', pick, ...asked('weft')],
        'operational-transform': ['rust', pick, ...asked('ot')],
        ...Object.fromEntries(JS.map((lib) => [lib, ['js', pick, ...asked(lib)]])),
    });
    return [
        {
            id: 'pair',
            title: 'transform, one of a pair of single edits',
            unit: 'ns',
            sides: sides(one),
            goal: below(10, 'ns'),
            also: (a) => a.allocs === 0 || `${a.allocs} allocations`,
        },
        { id: 'pair-both', title: 'transform, both of the pair', unit: 'ns', sides: sides(both) },
    ];
}

// The whole table of 10,000 by 10,000 takes the peers half a minute and more: theirs is a part of
// it, times what is left out; texts are compared for that part.
function allPairsRow(inputs, n) {
    const part = Math.min(1000, n);
    const base = 100000;
    const files = [inputs.typed(n, base, 21), inputs.typed(n, base, 22)];
    const whole = (a) => (a.ms * (n / part) ** 2) / 1000;
    const asked = (lib, m) => ['allpairs', lib, ...files, base, m];
    return {
        id: 'all-pairs',
        title: `${n.toLocaleString('en')} against ${n.toLocaleString('en')} operations, all pairs`,
        unit: 's',
        slow: true,
        sides: {
            weft: ['weft', (a) => a.ms / 1000, ...asked('weft', n)],
            'operational-transform': ['rust', whole, ...asked('ot', part)],
            ...Object.fromEntries(JS.map((lib) => [lib, ['js', whole, ...asked(lib, part)]])),
        },
        check: ['weft', ...asked('weft', part)],
        note: `peers: ${part.toLocaleString('en')} by ${part.toLocaleString('en')}, times ${(n / part) ** 2}`,
        goal: below(0.6, 's'),
    };
}

function offlineRows(inputs, n, own) {
    const base = 100000;
    const rows = [];
    for (const [habit, make] of [
        ['typed', 'typed'],
        ['scattered', 'random'],
    ]) {
        const files =
            make === 'typed'
                ? [inputs.typed(n, base, 31), inputs.typed(own, base, 32)]
                : [
                      inputs.file(`scattered ${n}`, () => scattered(33, n, base)),
                      inputs.file(`scattered ${own}`, () => scattered(34, own, base)),
                  ];
        const asked = (lib) => ['offline', lib, ...files, base];
        const sides = (pick, yjs = pick) => ({
            weft: ['weft', pick, ...asked('weft')],
            'operational-transform': ['rust', pick, ...asked('ot')],
            ...Object.fromEntries(JS.map((lib) => [lib, ['js', pick, ...asked(lib)]])),
            yjs: ['js', yjs, ...asked('yjs')],
        });
        const what = `${own.toLocaleString('en')} onto ${n.toLocaleString('en')}, ${habit}`;
        const goals = habit === 'typed' ? [below(15, 'ms'), below(1, 'ms'), below(100, 'KB')] : [];
        rows.push(
            {
                id: `offline-first-${habit}`,
                title: `offline client, ${what}: first time`,
                unit: 'ms',
                slow: true,
                sides: sides((a) => a.first_ms),
                goal: goals[0],
                share: `offline-${habit}`,
            },
            {
                id: `offline-kept-${habit}`,
                title: `offline client, ${habit}: ranges kept`,
                unit: 'ms',
                slow: true,
                sides: sides((a) => a.kept_ms),
                goal: goals[1],
                share: `offline-${habit}`,
            },
            {
                id: `offline-wire-${habit}`,
                title: `offline client, ${habit}: on the wire`,
                unit: 'KB',
                slow: true,
                sides: sides((a) => (a.wire_bytes ?? NaN) / 1024),
                goal: goals[2],
                share: `offline-${habit}`,
            },
        );
    }
    return rows;
}

function sessionRows(inputs) {
    const said = join(inputs.folder, 'friendsforever.submissions');
    const lines = recording('friendsforever.session.gz');
    const asked = ['session', 'weft', 'friendsforever', said];
    const rows = [
        [
            'session-engine',
            'friendsforever session, merged by the engine',
            (a) => a.engine_ms,
            below(2, 'ms'),
        ],
        [
            'session-room',
            'friendsforever session, pure room, 64 to a commit',
            (a) => a.groups_ms,
            below(2, 'ms'),
        ],
        ['session-life', 'friendsforever session, pure room, one to a commit', (a) => a.ms],
    ].map(([id, title, pick, goal]) => ({
        id,
        title,
        unit: 'ms',
        slow: true,
        share: 'session',
        goal,
        sides: { weft: ['weft', pick, ...asked] },
    }));
    if (lines === null) return rows; // a generated session has text that the peers count differently
    const path = join(inputs.folder, 'friendsforever.session');
    if (!existsSync(path)) writeFileSync(path, lines);
    for (const row of rows) {
        row.sides['ot.js'] = ['js', (a) => a.ms, 'session', 'ot.js', said];
        row.sides.yjs = ['js', (a) => a.ms, 'session', 'yjs', path];
        row.end = recording('friendsforever.end.gz');
    }
    return rows;
}

function composeRow(inputs, n, ms) {
    const asked = (lib) => ['compose', lib, inputs.typed(n, 100000, 41), 100000, n, ms];
    return {
        id: 'compose',
        title: `compose ${n.toLocaleString('en')} typed edits into one`,
        unit: 'ms',
        slow: true,
        sides: {
            weft: ['weft', (a) => a.ms, ...asked('weft')],
            'operational-transform': ['rust', (a) => a.ms, ...asked('ot')],
            ...Object.fromEntries(JS.map((lib) => [lib, ['js', (a) => a.ms, ...asked(lib)]])),
        },
        goal: below(12, 'ms'),
    };
}

export function tableRows(inputs, quick) {
    const ms = quick ? 5 : 40;
    return [
        ...textRows(inputs, ms),
        ...pairRows(inputs, quick ? 2 : 20),
        allPairsRow(inputs, quick ? 2000 : 10000),
        ...offlineRows(inputs, 100000, 10000),
        ...sessionRows(inputs),
        composeRow(inputs, 100000, ms),
    ];
}

// ---- growth ------------------------------------------------------------------------------------

const sized = (n) => Math.max(100, Math.min(20000, Math.floor(n / 10)));

// Figures over sizes: series {name: [worker, pick, n => words, most]}; `most` is the largest size
// that the side is asked for.
export function growthFigures(inputs, quick) {
    const ms = quick ? 2 : 10;
    const most = quick ? 1e5 : 1e7;
    const sizes = [1e3, 1e4, 1e5, 1e6, 1e7].filter((n) => n <= most);
    const ropes = (make) => {
        const words = (lib) => (n) => ['edit', lib, n, 'ascii', make(n), ms];
        const series = { weft: ['weft', each, words('weft')] };
        for (const lib of ROPES) series[lib] = ['rust', each, words(lib)];
        return series;
    };
    const ops = (names, question, pick, words, limits = {}) =>
        Object.fromEntries(
            names.map((name) => {
                const worker =
                    name === 'weft' ? 'weft' : name === 'operational-transform' ? 'rust' : 'js';
                const lib = name === 'operational-transform' ? 'ot' : name;
                return [name, [worker, pick, (n) => [question, lib, ...words(n)], limits[name]]];
            }),
        );
    const ot = ['weft', 'operational-transform', ...JS];
    const behind = (n) => ['behind', 'weft', inputs.typed(n, 10000, 51), 10000, n];
    const held = (lib) => (n) => ['memory', lib, n, 'ascii', inputs.random(sized(n), n)];
    return [
        {
            id: 'random',
            file: 'text',
            title: 'insert at random',
            x: 'characters in the text',
            unit: 'ns',
            series: ropes((n) => inputs.random(sized(n), n)),
        },
        {
            id: 'typing',
            file: 'text',
            title: 'typing, 5 to 40 characters a place',
            x: 'characters in the text',
            unit: 'ns',
            series: ropes((n) => inputs.typed(sized(n), n, 6)),
        },
        {
            id: 'two',
            file: 'text',
            title: 'two writers far apart',
            x: 'characters in the text',
            unit: 'ns',
            series: ropes((n) => inputs.two(sized(n), n)),
        },
        {
            id: 'convert',
            file: 'text',
            title: 'code points to UTF-16, at random',
            x: 'characters in the text',
            unit: 'ns',
            series: {
                weft: ['weft', each, (n) => ['convert', 'weft', n, 2000, ms]],
                ropey: ['rust', each, (n) => ['convert', 'ropey', n, 2000, ms]],
            },
        },
        {
            id: 'memory',
            file: 'text',
            title: 'memory held for a byte of text',
            x: 'characters in the text',
            unit: 'bytes',
            linear: true,
            series: Object.fromEntries(
                ['weft', ...ROPES].map((lib) => [
                    lib,
                    [lib === 'weft' ? 'weft' : 'rust', (a) => a.bytes / a.text, held(lib)],
                ]),
            ),
        },
        {
            id: 'diff',
            file: 'text',
            title: 'diff, 10 places changed',
            x: 'characters in the text',
            unit: 'ns',
            series: {
                weft: ['weft', (a) => a.ns, (n) => ['diff', 'weft', n, inputs.spread(10, n), ms]],
            },
        },
        {
            id: 'compose',
            file: 'ot',
            title: 'compose typed edits into one',
            x: 'edits',
            unit: 'ns',
            series: ops(
                ot,
                'compose',
                (a) => a.ms * 1e6,
                (n) => [inputs.typed(n, 100000, 52), 100000, n, ms],
                {
                    weft: 1e6,
                    'operational-transform': 1e5,
                    'ot.js': 1e5,
                    'ot-text-unicode': 1e5,
                    codemirror: 1e5,
                },
            ),
        },
        {
            id: 'behind-first',
            file: 'ot',
            title: 'one edit far behind, first time',
            x: 'revisions behind',
            unit: 'ns',
            series: { weft: ['weft', (a) => a.first_ns, behind, 1e6] },
        },
        {
            id: 'behind-kept',
            file: 'ot',
            title: 'one edit far behind, ranges kept',
            x: 'revisions behind',
            unit: 'ns',
            share: 'behind-first',
            series: { weft: ['weft', (a) => a.kept_ns, behind, 1e6] },
        },
        {
            id: 'apply',
            file: 'ot',
            title: 'apply one operation of 100 replacements',
            x: 'characters in the text',
            unit: 'ns',
            series: ops(
                ot,
                'apply',
                (a) => a.ns,
                (n) => [inputs.spread(100, n), n, ms],
                {
                    'operational-transform': 1e6,
                    'ot.js': 1e6,
                    'ot-text-unicode': 1e6,
                    codemirror: 1e6,
                },
            ),
        },
    ].map((f) => ({ ...f, sizes }));
}
