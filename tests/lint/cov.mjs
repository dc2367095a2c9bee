// cov.mjs DIR MODULE... - what the tests run of src/, by clang's source-based coverage.
//
// DIR is a cov build after its tests: programs in DIR/tests, what they counted in DIR/profile. Prints
// lines and branches per file and per module, then every side of a branch in the pure core that no
// test took; DIR/branches.txt has those of all modules. A side is one outcome of one condition, so
// `a && b` has four. Exit status 1 when a MODULE named (such as src/text) has a side not taken.
//
// Asserts are no branches of the program: their failing side is our bug, which no test may reach.
// Everything that comes out of base/assert.h is left out. A function that several programs hold,
// or one program twice (tests/support/small_text.h has all of the text with tiny limits), counts as
// one: clang names a place in the source, and what was counted for a place is added up. A file that
// no program links is listed, and counts against its module.
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"

const CORE = ["src/base", "src/text", "src/ot", "src/client", "src/room"]
const SHOWN_MAX = 400 // an untested file is not worth a screen of its own
const BRANCH = 4 // kinds of regions in clang's mapping
const EXPANSION = 1

const [dir, ...gates] = process.argv.slice(2)
const root = process.cwd()
const big = { maxBuffer: 1 << 30, stdio: ["ignore", "pipe", "inherit"] }

/** @returns {string[]} the files below `at` that `wanted` takes */
function find(at, wanted) {
    if (!existsSync(at)) return []
    return readdirSync(at, { withFileTypes: true }).flatMap((e) =>
        e.isDirectory() ? find(join(at, e.name), wanted) : wanted(e.name) ? [join(at, e.name)] : [])
}

function coverage() {
    const counted = find(join(dir, "profile"), (name) => name.endsWith(".profraw"))
    const programs = find(join(dir, "tests"), (name) => /_(test|fuzz)$/.test(name))
    if (counted.length === 0 || programs.length === 0) throw new Error(`nothing was run in ${dir}`)
    const profile = join(dir, "profile", "all.profdata")
    execFileSync("llvm-profdata", ["merge", "-sparse", "-o", profile, ...counted], big)
    const objects = programs.slice(1).flatMap((p) => ["-object", p])
    const json = execFileSync("llvm-cov",
        ["export", programs[0], ...objects, `-instr-profile=${profile}`], big)
    return JSON.parse(json).data[0]
}

/** The place in a source file where a region that a macro brought stands: the macro's outermost use. */
function place_of(f, file_id, line, column, uses) {
    while (uses.has(file_id)) {
        if (f.filenames[file_id].endsWith("base/assert.h")) return null
        const use = uses.get(file_id)
        ;[file_id, line, column] = [use.file_id, use.line, use.column]
    }
    return { file: relative(root, f.filenames[file_id]), line, column }
}

/** @returns {Map<string, {file, line, column, nth, taken: [number, number]}>} by place */
function branches_of(data) {
    const all = new Map()
    for (const f of data.functions) {
        const uses = new Map()
        for (const [line, column, , , , file_id, expanded, kind] of f.regions)
            if (kind === EXPANSION) uses.set(expanded, { file_id, line, column })
        const seen = new Map()
        for (const [line, column, , , yes, no, file_id, , kind] of f.branches ?? []) {
            const at = kind === BRANCH ? place_of(f, file_id, line, column, uses) : null
            if (!at || !at.file.startsWith("src/")) continue
            // Several conditions of one macro stand at one place: told apart by their order.
            const key = `${at.file}:${at.line}:${at.column}`
            const nth = seen.get(key) ?? 0
            seen.set(key, nth + 1)
            const b = all.get(`${key}:${nth}`) ?? { ...at, nth, taken: [0, 0] }
            b.taken[0] += yes
            b.taken[1] += no
            all.set(`${key}:${nth}`, b)
        }
    }
    return all
}

const module_of = (file) => file.split("/").slice(0, 2).join("/")
const unlinked = (rows) =>
    find("src", (name) => name.endsWith(".c")).filter((name) => !rows.has(name)).sort()
const percent = (part, all) => (all === 0 ? "     -" : `${((100 * part) / all).toFixed(1)}%`.padStart(6))
const row = (name, r) =>
    `${percent(r.lines_run, r.lines)} of ${String(r.lines).padStart(5)} lines  ` +
    `${percent(r.sides_taken, r.sides)} of ${String(r.sides).padStart(5)} sides  ${name}`

function tables(data, branches) {
    const rows = new Map()
    const at = (name) => {
        if (!rows.has(name)) rows.set(name, { lines: 0, lines_run: 0, sides: 0, sides_taken: 0 })
        return rows.get(name)
    }
    for (const f of data.files) {
        const name = relative(root, f.filename)
        if (!name.startsWith("src/")) continue
        for (const r of [at(name), at(module_of(name))]) {
            r.lines += f.summary.lines.count
            r.lines_run += f.summary.lines.covered
        }
    }
    for (const b of branches)
        for (const r of [at(b.file), at(module_of(b.file))]) {
            r.sides += 2
            r.sides_taken += b.taken.filter((n) => n > 0).length
        }
    return rows
}

const data = coverage()
const branches = [...branches_of(data).values()].sort((a, b) =>
    a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column || a.nth - b.nth)
const rows = tables(data, branches)
const names = [...rows.keys()].filter((n) => rows.get(n).lines > 0).sort()
for (const name of names.filter((n) => /\.[ch]$/.test(n))) console.log(row(name, rows.get(name)))
for (const name of unlinked(rows)) console.log(`${"in no test program".padStart(42)}  ${name}`)
console.log("")
for (const name of names.filter((n) => !/\.[ch]$/.test(n))) console.log(row(name, rows.get(name)))

const missed = branches.flatMap((b) =>
    [0, 1].filter((side) => b.taken[side] === 0).map((side) => ({
        file: b.file,
        text: `${b.file}:${b.line}:${b.column}: never ${side === 0 ? "true" : "false"}`,
    })))
writeFileSync(join(dir, "branches.txt"), missed.map((m) => `${m.text}\n`).join(""))
const core = missed.filter((m) => CORE.includes(module_of(m.file)))
if (core.length > 0) console.log("")
for (const m of core.slice(0, SHOWN_MAX)) console.log(m.text)
if (core.length > SHOWN_MAX) console.log(`and ${core.length - SHOWN_MAX} more: ${dir}/branches.txt`)

for (const gate of gates) {
    const missing = unlinked(rows).filter((name) => module_of(name) === gate)
    const { sides, sides_taken } = rows.get(gate) ?? { sides: 0, sides_taken: 0 }
    if (sides > 0 && sides === sides_taken && missing.length === 0) continue
    console.log(`\n${gate}: ${sides - sides_taken} sides of ${sides} never taken` +
        `, ${missing.length} files in no test program; expected all`)
    process.exitCode = 1
}
