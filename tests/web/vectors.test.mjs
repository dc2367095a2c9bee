/**
 * The operation model in C and in JavaScript, compared function by function: cases written by
 * the one and checked by the other, both ways. vectors.mjs has the functions and the JavaScript
 * side, tests/tools/vectors.c the C side.
 *
 * WEFT_SEED=<n> begins at that case, WEFT_CASES=<n> plays as many each way (100,000); a failure
 * says which to give.
 */

import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FUNCTIONS, answer, ofLine, same, shrink, someCase, someLargeCase, toLine, words } from './vectors.mjs';

const FLOOR = 100000;
const BATCH = 10000; /* cases held in memory at a time */
const LARGE = 12; /* cases with large texts */
const EDITS_OF_A_SEARCH = 4096; /* twice the rounds of the first one (docs/operations.md) */
const SHOWN = 3; /* differing cases of a function that are printed */
const SEED = Number(process.env.WEFT_SEED ?? 1);
const CASES = Number(process.env.WEFT_CASES ?? FLOOR);
const BUILD = process.env.WEFT_BUILD ??
              fileURLToPath(new URL('../../build/release', import.meta.url));
const TOOL = `${BUILD}/tools/vectors`;

/** What the C program says, line by line. */
function vectors(args, input = '') {
    const run = spawnSync(TOOL, args, { input, encoding: 'utf8', maxBuffer: 1 << 30 });
    if (run.error || run.status !== 0) {
        throw new Error(`${TOOL} ${args.join(' ')}: ${run.error?.message ??
            `exit ${run.status ?? run.signal}`}; \`make tools\` builds it\n${run.stderr ?? ''}`);
    }
    return run.stdout.split('\n').filter((line) => line !== '');
}

/* By function: how many cases came from where, and the first that differ. */
const found = FUNCTIONS.map(() => ({ c: 0, js: 0, refused: 0, differ: 0, reports: [] }));

function report(which, written, seed, input, theirs) {
    const fn = FUNCTIONS[which];
    const all = found[which];
    if (all.reports.length > SHOWN)
        return;
    let small = input;
    let smallTheirs = theirs;
    if (all.reports.length === 0) {
        small = shrink(input, fn.uses, (cases) => {
            const lines = vectors(['answer'], cases.map((c) => toLine(c, [])).join('\n') + '\n');
            return lines.findIndex((line, i) => {
                const { answers } = ofLine(line);
                if (same(answers[which], answer(fn, cases[i])))
                    return false;
                smallTheirs = answers[which];
                return true;
            });
        });
    }
    all.reports.push(`  case ${seed}, written by ${written} (WEFT_SEED=${seed} WEFT_CASES=1 ` +
                     `plays it alone)\n${words(fn, input, theirs)}`);
    if (small !== input)
        all.reports.push(`  the same, made small:\n${words(fn, small, smallTheirs)}`);
}

function checkWhatCWrote(from, n) {
    const lines = vectors(['write', '--seed', String(from), '--cases', String(n)]);
    assert.equal(lines.length, n, 'C wrote as many cases as it was asked for');
    lines.forEach((line, i) => {
        const { input, answers } = ofLine(line);
        FUNCTIONS.forEach((fn, which) => {
            found[which].c++;
            found[which].refused += answers[which] === null;
            if (same(answer(fn, input), answers[which]))
                return;
            found[which].differ++;
            report(which, 'C', from + i, input, answers[which]);
        });
    });
}

function letCCheck(from, n) {
    const inputs = [];
    let lines = '';
    for (let i = 0; i < n; i++) {
        inputs.push(someCase(from + i));
        const answers = FUNCTIONS.map((fn) => answer(fn, inputs[i]));
        answers.forEach((one, which) => (found[which].refused += one === null));
        lines += toLine(inputs[i], answers) + '\n';
    }
    for (const line of vectors(['check'], lines)) {
        const said = JSON.parse(line);
        const which = FUNCTIONS.findIndex((fn) => fn.name === said.function);
        if (said.compared === undefined) {
            report(which, 'JavaScript', from + said.case, inputs[said.case], said.answer);
        } else {
            found[which].js += said.compared;
            found[which].differ += said.differ;
        }
    }
}

test('both sides ask the same functions', () => {
    assert.deepEqual(vectors(['names']), FUNCTIONS.map((fn) => fn.name));
});

test('cases written by C, checked by JavaScript', () => {
    for (let done = 0; done < CASES; done += BATCH)
        checkWhatCWrote(SEED + done, Math.min(BATCH, CASES - done));
});

test('cases written by JavaScript, checked by C', () => {
    for (let done = 0; done < CASES; done += BATCH)
        letCCheck(SEED + done, Math.min(BATCH, CASES - done));
});

/* Where two texts differ in more than one search reaches, lines, cuts and counted steps decide. */
test('C and JavaScript find one difference between large texts', () => {
    const which = FUNCTIONS.findIndex((fn) => fn.name === 'diff');
    let lines = '';
    const ops = [];
    for (let i = 0; i < LARGE; i++) {
        const input = someLargeCase(SEED + i);
        const answers = FUNCTIONS.map((fn) => answer(fn, input));
        ops.push(answers[which]);
        lines += toLine(input, answers) + '\n';
        const edits = ops[i].reduce((n, c) => n + (typeof c === 'string' ? Array.from(c).length
                                                                         : Math.max(0, -c)), 0);
        assert.ok(edits > EDITS_OF_A_SEARCH, `case ${SEED + i}: ${edits} edits`);
    }
    for (const line of vectors(['check'], lines)) {
        const said = JSON.parse(line);
        if (said.compared !== undefined) {
            assert.deepEqual([said.compared, said.differ], [LARGE, 0], said.function);
        } else if (said.function === 'diff') {
            const theirs = said.answer;
            const at = theirs.findIndex((c, i) => c !== ops[said.case][i]);
            assert.fail(`large case ${SEED + said.case}, from component ${at}: C has ` +
                        `${JSON.stringify(theirs.slice(at, at + 4))}, JavaScript ` +
                        JSON.stringify(ops[said.case].slice(at, at + 4)));
        }
    }
});

const FEWEST = process.env.WEFT_CASES === undefined ? FLOOR : CASES;
FUNCTIONS.forEach((fn, which) => {
    test(`C and JavaScript agree: ${fn.name}`, (t) => {
        const { c, js, refused, differ, reports } = found[which];
        t.diagnostic(`${fn.name}: ${c} cases written by C, ${js} by JavaScript, from seed ${SEED}` +
                     (fn.refuses ? `; ${refused} of them refused` : ''));
        if (differ > 0)
            assert.fail(`${fn.name}: ${differ} of ${c + js} cases differ\n${reports.join('\n')}`);
        assert.ok(c >= FEWEST && js >= FEWEST, `${c} and ${js} cases; at least ${FEWEST} each way`);
        /* Cases of both kinds, or the agreement says little. */
        const few = CASES < FLOOR ? 0 : FLOOR / 20;
        assert.ok(fn.refuses ? refused > few && c + js - refused > few : refused === 0,
                  `${refused} of ${c + js} cases are refused`);
    });
});
