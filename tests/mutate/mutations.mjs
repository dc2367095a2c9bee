// mutations.mjs - the small changes that can be made to one C file, read off clang's syntax tree.
//
// A mutation replaces the bytes from `begin` to `end` by `text` and keeps the number of lines, so that
// asserts name the same lines. Only what is spelled in the file itself, inside a function, is
// touched: nothing that comes out of a macro (so no assert and no argument of one), no declaration
// of a type, an enum or an attribute. Functions named *_check or check_* are left alone: they are the
// walkers that tests run over a structure. They change nothing, and a walker that was too weak would
// let mutants of what it walks over survive. Functions named *_prefetch are too: they only say where
// will be read soon.
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"

const LEFT_ALONE = /(^|_)(check|prefetch)(_|$)/
const OTHER = {
    "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="], "!=": ["=="],
    "&&": ["||"], "||": ["&&"],
    "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"], "<<": [">>"], ">>": ["<<"],
    "&": ["|"], "|": ["&"], "^": ["|"],
    "+=": ["-="], "-=": ["+="], "*=": ["/="], "/=": ["*="], "%=": ["*="],
    "<<=": [">>="], ">>=": ["<<="], "&=": ["|="], "|=": ["&="], "^=": ["|="],
    "++": ["--"], "--": ["++"], "!": [""], "~": [""],
}
const OTHER_NAME = { WEFT_LEFT: "WEFT_RIGHT", WEFT_RIGHT: "WEFT_LEFT", true: "false", false: "true" }
const CONDITION_OF = { IfStmt: 0, WhileStmt: 0, ConditionalOperator: 0, DoStmt: 1, ForStmt: 2 }
const ASSIGNS = new Set(["CompoundAssignOperator", "CallExpr"])

/** One end of a range as { offset, tokLen, macro }; null where a macro's argument brought it. */
function place(loc) {
    if (loc?.offset !== undefined) return { offset: loc.offset, tokLen: loc.tokLen, macro: false }
    const use = loc?.expansionLoc
    if (!use || use.offset === undefined || loc.spellingLoc?.isMacroArgExpansion || loc.isMacroArgExpansion)
        return null
    return { offset: use.offset, tokLen: use.tokLen, macro: true }
}

class File {
    constructor(path, source) {
        this.path = path
        this.source = source
        this.found = new Map()
        this.func = ""
    }
    /** The bytes of a node, where they stand in this file; a macro without arguments is a token. */
    range(node) {
        const from = place(node.range?.begin)
        const to = place(node.range?.end)
        if (!from || !to) return null
        const begin = from.offset
        const end = to.offset + to.tokLen
        const call = (p) => p.macro && /^\s*\(/.test(this.source.slice(p.offset + p.tokLen))
        if (call(from) || call(to) || end <= begin) return null
        return { begin, end, text: this.source.slice(begin, end) }
    }
    add(begin, end, text) {
        const old = this.source.slice(begin, end)
        const lost = old.split("\n").length - text.split("\n").length
        const kept = text + "\n".repeat(Math.max(0, lost))
        if (kept === old) return
        this.found.set(`${begin}:${end}:${kept}`, { file: this.path, func: this.func, begin, end, text: kept })
    }
    line_of(offset) {
        return this.source.slice(0, offset).split("\n").length
    }
    /** The whole lines a mutation touches, on one line, before or after it. */
    lines(m, after) {
        const from = this.source.lastIndexOf("\n", m.begin - 1) + 1
        let to = this.source.indexOf("\n", m.end)
        if (to < 0) to = this.source.length
        const middle = after ? m.text : this.source.slice(m.begin, m.end)
        const text = this.source.slice(from, m.begin) + middle + this.source.slice(m.end, to)
        return text.replace(/\s+/g, " ").trim()
    }
    operator(node) {
        const [left, right] = (node.inner ?? []).map((n) => this.range(n))
        if (!left || !right) return
        const gap = this.source.slice(left.end, right.begin).replace(/\/\*.*?\*\//gs, (c) => " ".repeat(c.length))
        const at = gap.indexOf(node.opcode)
        if (at < 0 || gap.trim() !== node.opcode) return
        const begin = left.end + at
        for (const text of OTHER[node.opcode] ?? []) this.add(begin, begin + node.opcode.length, text)
    }
    unary(node) {
        const r = this.range(node)
        if (!r) return
        const begin = node.isPostfix ? r.end - node.opcode.length : r.begin
        if (this.source.substr(begin, node.opcode.length) !== node.opcode) return
        const others = node.opcode === "-" ? [""] : (OTHER[node.opcode] ?? [])
        if (node.opcode !== "+" && node.opcode !== "*" && node.opcode !== "&")
            for (const text of others) this.add(begin, begin + node.opcode.length, text)
    }
    integer(node) {
        const r = this.range(node)
        const parts = r && /^(0x[0-9a-fA-F]+|[0-9]+)([uUlL]*)$/.exec(r.text)
        if (!parts) return
        const n = BigInt(parts[1])
        for (const other of n === 0n ? [1n] : [n - 1n, n + 1n]) this.add(r.begin, r.end, `${other}${parts[2]}`)
    }
    returned(node) {
        const value = node.inner?.[0]
        const r = value && this.range(value)
        if (!r || r.text.trim() === "0" || OTHER_NAME[r.text]) return
        this.add(r.begin, r.end, value.type?.qualType === "_Bool" || value.type?.qualType === "bool" ? "true" : "0")
        if (/bool/i.test(value.type?.qualType ?? "")) this.add(r.begin, r.end, "false")
    }
    condition(node) {
        // A declaration or an absent part stands as an empty object, so that places are fixed.
        const r = this.range(node.inner?.[CONDITION_OF[node.kind]] ?? {})
        if (r) this.add(r.begin, r.end, `!(${r.text})`)
    }
    /** A statement whose value nobody uses. */
    removal(node) {
        const counts = node.kind === "UnaryOperator" && /^(\+\+|--)$/.test(node.opcode)
        const assigns = node.kind === "BinaryOperator" && node.opcode === "="
        const leaves = node.kind === "BreakStmt" || node.kind === "ContinueStmt"
        if (!counts && !assigns && !leaves && !ASSIGNS.has(node.kind)) return
        const r = this.range(node)
        if (r && !place(node.range.begin).macro) this.add(r.begin, r.end, leaves ? "" : "(void)0")
    }
    walk(node, parent) {
        const statement =
            parent &&
            (/^(CompoundStmt|CaseStmt|DefaultStmt|LabelStmt)$/.test(parent.kind) ||
                (/^(IfStmt|WhileStmt|ForStmt|DoStmt)$/.test(parent.kind) &&
                    parent.inner.indexOf(node) !== CONDITION_OF[parent.kind]))
        if (statement) this.removal(node)
        if (node.kind === "BinaryOperator" || node.kind === "CompoundAssignOperator") this.operator(node)
        if (node.kind === "UnaryOperator") this.unary(node)
        // `= {0}` is how C says empty.
        const empty = parent?.kind === "InitListExpr" && /^\{0\}$/.test(this.range(parent)?.text)
        if (node.kind === "IntegerLiteral" && !empty) this.integer(node)
        if (node.kind === "ReturnStmt") this.returned(node)
        if (node.kind in CONDITION_OF) this.condition(node)
        const r = node.kind === "DeclRefExpr" || node.kind === "IntegerLiteral" ? this.range(node) : null
        if (r && r.text in OTHER_NAME) this.add(r.begin, r.end, OTHER_NAME[r.text])
        for (const child of node.inner ?? []) if (child.kind) this.walk(child, node)
    }
}

/** @returns {{source: string, made: object[]}} the file's bytes and its mutations, in their order */
export function mutations(root, path, include = ["-Iinclude", "-Isrc"]) {
    const json = execFileSync("clang",
        ["-std=gnu11", "-w", ...include, "-x", "c", "-Xclang", "-ast-dump=json", "-fsyntax-only", path],
        { cwd: root, maxBuffer: 1 << 30, stdio: ["ignore", "pipe", "inherit"] })
    const file = new File(path, readFileSync(`${root}/${path}`, "latin1"))
    for (const node of JSON.parse(json).inner) {
        const here = node.loc?.offset !== undefined && !node.loc.includedFrom
        if (node.kind !== "FunctionDecl" || !here || LEFT_ALONE.test(node.name)) continue
        const body = (node.inner ?? []).find((n) => n.kind === "CompoundStmt")
        file.func = node.name
        if (body) file.walk(body, null)
    }
    const made = [...file.found.values()].sort((a, b) => a.begin - b.begin || a.end - b.end)
    for (const m of made) {
        m.line = file.line_of(m.begin)
        m.before = file.lines(m, false)
        m.after = file.lines(m, true)
        m.key = `${m.file}: ${m.func}\n- ${m.before}\n+ ${m.after}`
    }
    return { source: file.source, made }
}
