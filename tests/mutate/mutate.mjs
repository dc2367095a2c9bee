// mutate.mjs DIR N SEED PATH... - change the sources under the PATHs a little, and see who notices.
//
// N mutations (or `all`) are drawn by SEED from all that mutations.mjs finds in the PATHs: folders,
// files, or file:line. DIR gets copies of the tree, one per processor, built once as VARIANT=mutate;
// per mutant the objects that include the changed file are compiled, the core is linked, and the test
// programs that can reach one of those objects by the symbols they use run until one fails, those first
// that have caught most for their time. Properties play a tenth of their cases first, and all of
// them when nobody has failed by then. A mutant is
//
//   void        it does not compile
//   equal       the core's objects are byte for byte the original's, or those of an earlier mutant
//   caught      a program failed, crashed, or ran many times its usual time
//   survived    every program passed
//   equivalent  survived, and tests/mutate/equivalent.txt says why nobody can tell it from the original
//
// DIR/report.md has the table and every survivor. Exit status 1 when less than 95 % of the mutants
// that are none of void, equal and equivalent were caught.
import { createHash } from "node:crypto"
import { execFileSync, spawn } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { basename, dirname, join, resolve } from "node:path"
import { mutations } from "./mutations.mjs"

const SCORE_LEAST = 95
const MEMORY_KIB = 4 << 20
const CHUNK = 8 // mutants of one file that a worker takes at a time
const TENTH = 10 // of the cases of a property, in percent

const [dir_arg, n_arg, seed_arg, ...paths] = process.argv.slice(2)
const root = process.cwd()
const dir = resolve(dir_arg)
const seed = Number(seed_arg) || 1
const say = (text) => process.stdout.write(`${text}\n`)

// ---- what there is to play ----------------------------------------------------------------------

function files_of(path) {
    if (statSync(path).isFile()) return /\.[ch]$/.test(path) ? [path] : []
    return readdirSync(path).sort().flatMap((name) => files_of(join(path, name)))
}

/** Every mutation under the paths, and the original sources. */
function collect() {
    const made = []
    const sources = new Map()
    const only = new Map()
    for (const path of paths) {
        const [, name, line] = /^(.*?)(?::(\d+))?$/.exec(path)
        for (const file of files_of(name)) {
            if (!only.has(file)) only.set(file, new Set())
            if (line) only.get(file).add(Number(line))
        }
    }
    for (const [file, lines] of only) {
        const got = mutations(root, file)
        sources.set(file, got.source)
        made.push(...got.made.filter((m) => lines.size === 0 || lines.has(m.line)))
    }
    return { made, sources }
}

/** The first n of a seeded shuffle, back in the order of the files. */
function sample(made, n) {
    const order = made.map((m, i) => ({ m, i }))
    let state = BigInt(seed)
    const next = (below) => {
        state = (state * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n)
        return Number((state >> 33n) % BigInt(below))
    }
    for (let i = order.length - 1; i > 0; i--) {
        const j = next(i + 1)
        ;[order[i], order[j]] = [order[j], order[i]]
    }
    return order.slice(0, n).sort((a, b) => a.i - b.i).map((o) => o.m)
}

/** equivalent.txt: `file: function`, `- line`, `+ line`, then the reason on lines of their own. */
function equivalents() {
    const path = "tests/mutate/equivalent.txt"
    const text = existsSync(path) ? readFileSync(path, "latin1") : ""
    const entry = /^(src\/.*\n- .*\n\+ .*)\n((?:(?!src\/).+\n)+)/gm
    return new Map([...text.matchAll(entry)].map((e) => [e[1], e[2].trim().replace(/\s+/g, " ")]))
}

// ---- trees to build and run in ------------------------------------------------------------------

/** Builds targets in a tree; the answer is what make complains of, null when it does not. */
function make(tree, targets) {
    const env = { ...process.env, MAKELEVEL: "1", MAKEFLAGS: "" }
    const child = spawn("make", ["-s", "VARIANT=mutate", "BUILD=build", "WERROR=-w", ...targets],
        { cwd: tree, env, stdio: ["ignore", "ignore", "pipe"] })
    let complaint = ""
    child.stderr.on("data", (chunk) => (complaint += chunk))
    return new Promise((done) => child.on("close", (status) => done(status === 0 ? null : complaint)))
}

/** A copy of what git would commit, built; the others are copies of the first. What an earlier run left
 * there is kept where it is still the same. */
async function build_tree() {
    const tree = join(dir, "tree0")
    mkdirSync(tree, { recursive: true })
    const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], { encoding: "utf8" })
    const wanted = new Set(listed.split("\0").filter((name) =>
        name && existsSync(name) && !/^tests\/(e2e|fuzz\/corpus)\//.test(name)))
    for (const name of readdirSync(tree, { recursive: true }))
        if (!/^(build|tmp)\b/.test(name) && !wanted.has(name) && statSync(join(tree, name)).isFile())
            rmSync(join(tree, name))
    for (const name of wanted) {
        const to = join(tree, name)
        if (existsSync(to) && readFileSync(to).equals(readFileSync(name))) continue
        mkdirSync(dirname(to), { recursive: true })
        cpSync(name, to)
    }
    const complaint = await make(tree, [`-j${availableParallelism()}`, "check-build"])
    if (complaint !== null) throw new Error(`the tree does not build:\n${complaint}`)
    return tree
}

class Tree {
    constructor(path) {
        this.path = path
        this.out = "build/mutate"
        this.core = `${this.out}/libweft-core.so`
        this.users = new Map()
        this.read_dependencies(join(path, this.out, "obj"))
    }
    /** Which objects are compiled from, or include, a source file. */
    read_dependencies(at) {
        for (const e of readdirSync(at, { withFileTypes: true })) {
            const path = join(at, e.name)
            if (e.isDirectory()) this.read_dependencies(path)
            else if (e.name.endsWith(".d")) {
                const rule = readFileSync(path, "utf8").split(/\n\n|\n(?=\S+:\n)/)[0]
                const [object, ...sources] = rule.replace(/\\\n/g, " ").trim().split(/\s+/)
                for (const s of sources) this.users.set(s, [...(this.users.get(s) ?? []), object.replace(/:$/, "")])
            }
        }
    }
    core_objects(file) {
        return (this.users.get(file) ?? []).filter((o) => /obj\/src\/(base|text|ot|client|room)\//.test(o))
    }
    /** Programs that have the file inside themselves, such as the text with tiny limits. */
    programs_with(file) {
        return (this.users.get(file) ?? []).flatMap((o) => {
            const at = /^(.*)\/obj\/tests\/((?:unit|property)\/.*_test)\.o$/.exec(o)
            return at ? [`${at[1]}/tests/${at[2]}`] : []
        })
    }
    /** The objects that a program's own object reaches, itself among them: through the symbols that it
     * uses, those that their objects use, and so on. Taking an address is a use too. */
    reached(program) {
        this.uses ??= this.read_symbols()
        const found = new Set([program.replace("/tests/replay/", "/tests/fuzz/").replace("/tests/", "/obj/tests/") + ".o"])
        for (const object of found)
            for (const symbol of this.uses.needs.get(object) ?? [])
                for (const other of this.uses.defines.get(symbol) ?? []) found.add(other)
        return found
    }
    read_symbols() {
        const needs = new Map()
        const defines = new Map()
        const put = (map, key, value) => map.set(key, [...(map.get(key) ?? []), value])
        const objects = [...new Set([...this.users.values()].flat())].filter((o) => existsSync(join(this.path, o)))
        const listed = execFileSync("nm", ["-A", "-P", "-g", ...objects], { cwd: this.path, encoding: "utf8", maxBuffer: 1 << 28 })
        for (const [, object, symbol, kind] of listed.matchAll(/^(\S+): (\S+) (\S)/gm)) {
            if (/[Uvw]/.test(kind)) put(needs, object, symbol)
            else if (/\/obj\/(src|tests\/support)\//.test(object)) put(defines, symbol, object)
        }
        return { needs, defines }
    }
    /** Writes a version of the file and compiles it. Returns a digest of the core's objects, or null. */
    async compile(file, source) {
        writeFileSync(join(this.path, file), source, "latin1")
        const objects = this.core_objects(file)
        for (const o of this.users.get(file) ?? []) rmSync(join(this.path, o), { force: true })
        if ((await make(this.path, objects)) !== null) return null
        const digest = createHash("sha256")
        for (const o of objects) digest.update(readFileSync(join(this.path, o)))
        return digest.digest("hex")
    }
    /** Links the core and the programs that have the file inside; false when the linker refuses. */
    async link(file) {
        const targets = [this.core, ...this.programs_with(file)]
        for (const target of targets) rmSync(join(this.path, target), { force: true })
        for (const target of targets) if ((await make(this.path, [target])) !== null) return false
        return true
    }
    /** Runs one program; the answer is whether it passed. The limits are of the processor's time and,
     * for one that waits for ever, of the clock's. */
    run({ program, percent }, cpu_s, clock_ms) {
        const tmp = join(this.path, "tmp")
        rmSync(tmp, { recursive: true, force: true })
        mkdirSync(tmp)
        const env = { ...process.env, WEFT_ROOT: root, WEFT_TMP: tmp, CMOCKA_MESSAGE_OUTPUT: "STDOUT",
            WEFT_BUILD: join(this.path, this.out), LD_LIBRARY_PATH: join(this.path, this.out) }
        if (percent !== undefined) env.WEFT_PERCENT = String(percent)
        const limits = `ulimit -v ${MEMORY_KIB}; ulimit -c 0; ulimit -t ${cpu_s}; exec "$0"`
        const child = spawn("sh", ["-c", limits, join(this.path, program)],
            { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], detached: true })
        let failed = false
        const stop = () => {
            failed = true
            try { process.kill(-child.pid, "SIGKILL") } catch { /* it has gone by itself */ }
        }
        const timer = setTimeout(stop, clock_ms)
        const read = (chunk) => { if (/\[ +FAILED +\]|^not ok /m.test(chunk.toString("latin1"))) stop() }
        child.stdout.on("data", read)
        child.stderr.on("data", read)
        return new Promise((done) => child.on("close", (status) => {
            clearTimeout(timer)
            done(status === 0 && !failed)
        }))
    }
}

// ---- who knows a file best ----------------------------------------------------------------------

class Programs {
    constructor(tree) {
        const list = ["unit", "property", "replay"].flatMap((group) => {
            const at = join(tree.path, tree.out, "tests", group)
            return existsSync(at) ? readdirSync(at).sort().map((name) => `${tree.out}/tests/${group}/${name}`) : []
        }).filter((p) => /_(test|fuzz)$/.test(p))
        const runs_of = (program) => {
            const run = { program, reached: tree.reached(program), seconds: 0, caught: new Map() }
            const tenth = { ...run, percent: TENTH, caught: new Map() }
            return program.includes("/property/") ? [tenth, run] : [run]
        }
        this.tree = tree
        this.runs = list.flatMap(runs_of).filter((r) => [...r.reached].some((o) => /\/obj\/src\/(text|ot|room)\//.test(o)))
    }
    async measure(trees) {
        const left = [...this.runs]
        await Promise.all(trees.map(async (tree) => {
            for (let r; (r = left.shift()); ) {
                const start = Date.now()
                if (!(await tree.run(r, 600, 600_000))) throw new Error(`${r.program} fails without any mutation`)
                r.seconds = (Date.now() - start) / 1000
            }
        }))
    }
    /** Whether the run passes. A processor's second is never longer than the clock's. */
    pass(tree, run) {
        return tree.run(run, Math.ceil(2 + 4 * run.seconds), 5000 + 10_000 * run.seconds)
    }
    /** Most mutants of the file caught per second first; names that speak of the file start ahead. */
    order(file) {
        const stem = basename(file).replace(/\.[ch]$/, "")
        const module = basename(dirname(file))
        const objects = this.tree.users.get(file) ?? []
        const within = this.tree.programs_with(file)
        const worth = (r) => {
            const name = basename(r.program)
            const hint = name.startsWith(stem) ? 3 : name.includes(stem) || name.startsWith(module.replace(/^ot$/, "op")) ? 1 : 0.1
            return ((r.caught.get(file) ?? 0) + hint) / (0.05 + r.seconds)
        }
        return this.runs.filter((r) => within.includes(r.program) || objects.some((o) => r.reached.has(o)))
            .sort((a, b) => worth(b) - worth(a))
    }
    count(file, run) {
        run.caught.set(file, (run.caught.get(file) ?? 0) + 1)
    }
}

// ---- the run ------------------------------------------------------------------------------------

async function judge(tree, programs, digests, source, m) {
    const digest = await tree.compile(m.file, source.slice(0, m.begin) + m.text + source.slice(m.end))
    if (digest === null) return { state: "void" }
    if (digests.has(digest)) return { state: "equal" }
    digests.add(digest)
    if (!(await tree.link(m.file))) return { state: "caught", by: "the linker" }
    for (const r of programs.order(m.file)) {
        if (await programs.pass(tree, r)) continue
        programs.count(m.file, r)
        return { state: "caught", by: basename(r.program) }
    }
    return { state: "survived" }
}

async function work(tree, chunks, programs, digests, sources) {
    for (let chunk; (chunk = chunks.shift()); ) {
        const source = sources.get(chunk[0].file)
        for (const m of chunk) {
            Object.assign(m, await judge(tree, programs, digests.get(m.file), source, m))
            const where = `${m.file}:${m.line}`
            if (m.state === "survived") say(`survived  ${where}\n    - ${m.before}\n    + ${m.after}`)
            else if (process.env.MUTATE_VERBOSE) say(`${m.state} ${m.by ?? ""} ${where} ${m.after}`)
        }
        await tree.compile(chunk[0].file, source)
        await tree.link(chunk[0].file)
    }
}

function report(played, all, known) {
    const rows = new Map()
    for (const m of played) {
        const listed = m.state === "survived" && known.has(m.key)
        if (listed) m.state = "equivalent"
        for (const name of [m.file, "all"]) {
            const r = rows.get(name) ?? { made: 0, void: 0, equal: 0, equivalent: 0, caught: 0, survived: 0 }
            r.made++
            r[m.state]++
            rows.set(name, r)
        }
    }
    const score = (r) => (r.caught + r.survived === 0 ? 100 : (100 * r.caught) / (r.caught + r.survived))
    const out = [`# Mutants, seed ${seed}: ${played.length} of ${all.length}`, "",
        "| file | made | void | equal code | equivalent | caught | survived | score |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for (const [name, r] of [...rows].sort((a, b) => (a[0] < b[0] ? -1 : 1)))
        out.push(`| ${name} | ${r.made} | ${r.void} | ${r.equal} | ${r.equivalent} | ${r.caught} | ${r.survived} ` +
            `| ${score(r).toFixed(1)} % |`)
    const survivors = played.filter((m) => m.state === "survived")
    if (survivors.length > 0) out.push("", "## Survived")
    for (const m of survivors)
        out.push("", `${m.file}:${m.line} in ${m.func}`, "", `    - ${m.before}`, `    + ${m.after}`)
    const found = new Set(all.map((m) => m.key))
    const files = new Set(all.map((m) => m.file))
    const stale = [...known.keys()].filter((k) => files.has(k.split(":")[0]) && !found.has(k))
    const wrong = played.filter((m) => m.state === "caught" && known.has(m.key)).map((m) => m.key)
    if (stale.length > 0) out.push("", "## Listed as equivalent, but no longer there", "", ...stale)
    if (wrong.length > 0) out.push("", "## Listed as equivalent, but caught", "", ...wrong)
    writeFileSync(join(dir, "report.md"), `${out.join("\n")}\n`, "latin1")
    say(out.join("\n"))
    return score(rows.get("all") ?? { caught: 0, survived: 0 })
}

const { made, sources } = collect()
const played = n_arg === "all" ? made : sample(made, Number(n_arg))
say(`mutate: ${played.length} of ${made.length} mutants of ${sources.size} files, seed ${seed}`)
if (played.length === 0) process.exit(1)
const first = await build_tree()
const trees = [new Tree(first)]
for (let i = 1; i < availableParallelism(); i++) {
    const path = join(dir, `tree${i}`)
    rmSync(path, { recursive: true, force: true })
    execFileSync("cp", ["-a", first, path])
    trees.push(new Tree(path))
}
const programs = new Programs(trees[0])
await programs.measure(trees)
const digests = new Map()
const chunks = []
for (const [file, source] of sources) {
    const of_file = played.filter((m) => m.file === file)
    if (of_file.length === 0) continue
    digests.set(file, new Set([await trees[0].compile(file, source)]))
    for (let i = 0; i < of_file.length; i += CHUNK) chunks.push(of_file.slice(i, i + CHUNK))
}
await trees[0].link([...sources.keys()][0])
await Promise.all(trees.map((tree) => work(tree, chunks, programs, digests, sources)))
const score = report(played, made, equivalents())
say(`\nmutate: ${score.toFixed(1)} % caught, expected ${SCORE_LEAST} %; ${dir_arg}/report.md`)
process.exitCode = score < SCORE_LEAST ? 1 : 0
