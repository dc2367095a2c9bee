// Can the simulator fail? Each bug of tests/sim/plants.mjs is compiled in, and has to be found within what
// the simulator plays in about a second.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PLANTS } from '../sim/plants.mjs';

const EDITS = 500000;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD = process.env.WEFT_BUILD ?? join(ROOT, 'build/release');
const TMP = process.env.WEFT_TMP ?? mkdtempSync(join(tmpdir(), 'weft-'));
const PKGS = ['libwebsockets', 'libuv', 'jansson', 'sqlite3', 'uuid', 'libcrypto'];

/** The compiler and the flags that the variant was built with: one line, as the Makefile wrote it. */
const words = readFileSync(join(BUILD, 'flags'), 'utf8').trim().split(/\s+/);
const [CC, ...FLAGS] = words;
const OBJECTS = [
    ...readdirSync(join(BUILD, 'obj/tests/sim')).filter((f) => f.endsWith('.o')).map((f) => `sim/${f}`),
    'support/rng.o', 'support/trap.o', 'support/panic.o',
].map((f) => join(BUILD, 'obj/tests', f)).filter(existsSync);
const LIBS = execFileSync('pkg-config', ['--libs', ...PKGS], { encoding: 'utf8' }).trim().split(/\s+/);

/** A simulator with `source` in place of the file; the archive's own object is then not taken. */
function build(file, source, name) {
    const at = join(TMP, name, file);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, source);
    const compile = FLAGS.filter((f) => !f.startsWith('-Wl') && f !== '-pie');
    execFileSync(CC, [...compile, '-w', `-I${dirname(join(ROOT, file))}`, '-c', at, '-o', `${at}.o`],
                 { cwd: ROOT });
    const program = join(TMP, name, 'weft-sim');
    execFileSync(CC, [...FLAGS, '-w', '-o', program, `${at}.o`, ...OBJECTS, '-Wl,--start-group',
                      join(BUILD, 'libweft-edge.a'), join(BUILD, 'libweft-core.a'), '-Wl,--end-group',
                      ...LIBS, '-lpthread', '-lm'], { cwd: ROOT });
    return program;
}

const seed = process.env.WEFT_SEED ?? '1';
const play = (program) => spawnSync(program, ['--no-shrink', '--seed', seed, '--edits', String(EDITS)],
                                    { encoding: 'utf8' });

test('without a bug nothing is found', () => {
    const file = PLANTS[0][1];
    const run = play(build(file, readFileSync(join(ROOT, file), 'utf8'), 'none'));
    assert.equal(run.status, 0, run.stdout + run.stderr);
});

PLANTS.forEach(([what, file, before, after], i) => test(what, (t) => {
    const source = readFileSync(join(ROOT, file), 'utf8');
    assert.equal(source.split(before).length, 2, `${file} has the line that is to be broken once`);
    const run = play(build(file, source.replace(before, () => after), `plant-${i}`));
    assert.notEqual(run.status, 0, 'the bug is not found');
    const [, found] = /# broken: (.*)/.exec(run.stdout) ?? [];
    assert.ok(found, `it says what it found: ${run.stdout}${run.stderr}`);
    t.diagnostic(`${/found after .*simulations/.exec(run.stdout)?.[0]}: ${found}`);
}));
