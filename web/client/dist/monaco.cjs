/* weft-client. MIT licence. */
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

// monaco.js
var monaco_exports = {};
__export(monaco_exports, {
  bindMonaco: () => bindMonaco
});
module.exports = __toCommonJS(monaco_exports);

// text.js
var SHORT = 24;
var SURROGATE = /[\ud800-\udfff]/;
var REFUSED = /[\0\ud800-\udfff]/u;
var REFUSED_ALL = /[\0\ud800-\udfff]/gu;
function isHigh(unit) {
  return (unit & 64512) === 55296;
}
function isLow(unit) {
  return (unit & 64512) === 56320;
}
function isPlain(s) {
  return !SURROGATE.test(s);
}
function cpLength(s) {
  let n = s.length;
  if (n > SHORT && isPlain(s))
    return n;
  for (let at = s.length - 2; at >= 0; at--) {
    if (isHigh(s.charCodeAt(at)) && isLow(s.charCodeAt(at + 1)))
      n--;
  }
  return n;
}
function unitAt(s, cp) {
  return isPlain(s) ? cp : skip(s, 0, cp);
}
function cpAt(s, unit) {
  const end = Math.min(unit, s.length);
  return isPlain(s) ? end : walkToUnit(s, end);
}
function isInside(s, unit) {
  return isHigh(s.charCodeAt(unit - 1)) && isLow(s.charCodeAt(unit));
}
function skip(s, unit, cp) {
  let at = unit;
  let left = cp;
  while (left > 0 && at < s.length) {
    if (isHigh(s.charCodeAt(at)) && at + 1 < s.length && isLow(s.charCodeAt(at + 1)))
      at++;
    at++;
    left--;
  }
  return at + left;
}
function walkToUnit(s, end) {
  let cp = 0;
  for (let at = 0; at < end; at++, cp++) {
    if (isHigh(s.charCodeAt(at)) && at + 1 < s.length && isLow(s.charCodeAt(at + 1)))
      at++;
  }
  return cp;
}
function isWellFormed(s) {
  return !REFUSED.test(s);
}
function toWellFormed(s) {
  return REFUSED.test(s) ? s.replace(REFUSED_ALL, "�") : s;
}
function sharedEnds(from, to, hinted = 0) {
  const room = Math.min(from.length, to.length);
  const first = wholeTail(from, to, commonSuffix(from, to, hinted));
  const head = wholeHead(from, to, commonPrefix(from, to, room - first));
  return [head, wholeTail(from, to, commonSuffix(from, to, room - head))];
}
function wholeHead(a, b, n) {
  const cut = n > 0 && isHigh(b.charCodeAt(n - 1)) && (isLow(a.charCodeAt(n)) || isLow(b.charCodeAt(n)));
  return cut ? n - 1 : n;
}
function wholeTail(a, b, n) {
  const cut = n > 0 && isLow(b.charCodeAt(b.length - n)) && (isHigh(a.charCodeAt(a.length - n - 1)) || isHigh(b.charCodeAt(b.length - n - 1)));
  return cut ? n - 1 : n;
}
var BLOCK = 4096;
function commonPrefix(a, b, max) {
  let n = 0;
  while (n + BLOCK <= max && a.slice(n, n + BLOCK) === b.slice(n, n + BLOCK))
    n += BLOCK;
  while (n < max && a.charCodeAt(n) === b.charCodeAt(n))
    n++;
  return n;
}
function commonSuffix(a, b, max) {
  const ea = a.length;
  const eb = b.length;
  let n = 0;
  while (n + BLOCK <= max && a.slice(ea - n - BLOCK, ea - n) === b.slice(eb - n - BLOCK, eb - n))
    n += BLOCK;
  while (n < max && a.charCodeAt(ea - n - 1) === b.charCodeAt(eb - n - 1))
    n++;
  return n;
}

// ot.js
var LEFT = "left";
var RIGHT = "right";
var CP_MAX = 2147483647;
var PARTS_MAX = 1 << 20;
var OpError = class extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "OpError";
  }
};
function refuse(where, found, expected) {
  throw new OpError(`${where}: found ${found}; expected ${expected}`);
}
function shown(value) {
  const s = typeof value === "number" ? String(value) : JSON.stringify(value) ?? typeof value;
  return s.length > 40 ? s.slice(0, 40) + "…" : s;
}
function check(op) {
  if (!Array.isArray(op))
    refuse("op", shown(op), 'an array such as [5,"hi",-2]');
  if (op.length > PARTS_MAX)
    refuse("op", `${op.length} parts`, `at most ${PARTS_MAX}`);
  let before = 0;
  let after = 0;
  for (let i = 0; i < op.length; i++) {
    const c = op[i];
    if (typeof c === "string" ? c === "" : !Number.isInteger(c) || c === 0) {
      refuse(`op[${i}]`, shown(c), "a positive integer (keep), a negative integer (delete) or text that is not empty (insert)");
    }
    if (typeof c === "string") {
      if (!isWellFormed(c))
        refuse(`op[${i}]`, "a lone surrogate or a NUL", "text without it");
      after += cpLength(c);
    } else {
      before += Math.abs(c);
      after += c > 0 ? c : 0;
    }
    if (before > CP_MAX || after > CP_MAX)
      refuse(`op[${i}]`, "counts that pass " + CP_MAX, "at most that in all");
  }
  return op;
}
function normalize(op) {
  const out = [];
  for (const c of op)
    push(out, c);
  return finish(out);
}
function span(op) {
  let n = 0;
  for (const c of op) {
    if (typeof c === "number")
      n += Math.abs(c);
  }
  return n;
}
function apply(doc, op, inUnits = isPlain(doc)) {
  let out = "";
  let at = 0;
  for (const c of op) {
    if (typeof c === "string") {
      out += c;
      continue;
    }
    const next = ahead(doc, inUnits, at, c, op);
    if (c > 0)
      out += doc.slice(at, next);
    at = next;
  }
  return out + doc.slice(at);
}
function ahead(doc, plain2, at, c, op) {
  const n = c < 0 ? -c : c;
  const next = plain2 ? at + n : skip(doc, at, n);
  if (next > doc.length) {
    refuse(
      "op",
      `an operation that spans ${span(op)} code points`,
      `at most ${cpLength(doc)}, the document's length`
    );
  }
  return next;
}
function transform(a, b, side) {
  const out = [];
  const left = side === LEFT;
  let keep = 0;
  let i = 0;
  let j = 0;
  let x = a[0];
  let y = b[0];
  while (x !== void 0) {
    if (typeof y === "string" && (typeof x !== "string" || !left)) {
      keep += cpLength(y);
      y = b[++j];
    } else if (typeof x === "string" || y === void 0) {
      keep = put(out, keep, x);
      x = a[++i];
    } else {
      const n = Math.min(Math.abs(x), Math.abs(y));
      if (y > 0)
        keep = put(out, keep, x < 0 ? -n : n);
      x = less(x, n) || a[++i];
      y = less(y, n) || b[++j];
    }
  }
  return out;
}
function put(out, keep, c) {
  if (c > 0 && typeof c === "number")
    return keep + c;
  const end = out.length - 1;
  if (keep)
    out.push(keep, c);
  else if (end >= 0 && typeof out[end] === typeof c)
    out[end] += c;
  else
    out.push(c);
  return 0;
}
function less(c, n) {
  return c < 0 ? c + n : c - n;
}
function compose(a, b) {
  const out = [];
  let keep = 0;
  let i = 0;
  let j = 0;
  let x = a[0];
  let y = b[0];
  let left = 0;
  let at = 0;
  while (x !== void 0 || y !== void 0) {
    if (typeof x === "number" && x < 0) {
      keep = put(out, keep, x);
      x = a[++i];
    } else if (y === void 0) {
      keep = put(out, keep, at ? x.slice(at) : x);
      at = left = 0;
      x = a[++i];
    } else if (typeof y === "string" || x === void 0) {
      keep = put(out, keep, y);
      y = b[++j];
    } else if (typeof x === "string") {
      left ||= cpLength(x);
      const n = Math.min(left, Math.abs(y));
      const end = left === n ? x.length : x.length - at === left ? at + n : skip(x, at, n);
      if (y > 0)
        keep = put(out, keep, x.slice(at, end));
      y = less(y, n) || b[++j];
      at = end;
      if ((left -= n) === 0) {
        at = 0;
        x = a[++i];
      }
    } else {
      const n = Math.min(x, Math.abs(y));
      keep = put(out, keep, y < 0 ? -n : n);
      x = less(x, n) || a[++i];
      y = less(y, n) || b[++j];
    }
  }
  return out;
}
function invert(op, doc) {
  const plain2 = isPlain(doc);
  const out = [];
  let keep = 0;
  let at = 0;
  for (const c of op) {
    if (typeof c === "string") {
      keep = put(out, keep, -cpLength(c));
      continue;
    }
    const next = ahead(doc, plain2, at, c, op);
    keep = put(out, keep, c > 0 ? c : doc.slice(at, next));
    at = next;
  }
  return out;
}
function toUtf16(op, doc) {
  return recount(op, doc, (at, c) => ahead(doc, false, at, c, op), (from, to) => to - from);
}
function fromUtf16(op, doc) {
  return recount(op, doc, (at, c) => {
    const next = at + Math.abs(c);
    if (next > doc.length) {
      refuse(
        "op",
        `an operation that spans ${span(op)} units`,
        `at most ${doc.length}, the document's length`
      );
    }
    if (isInside(doc, next))
      refuse("op", `unit ${next}, inside a pair`, "a place between characters");
    return next;
  }, (from, to) => cpLength(doc.slice(from, to)));
}
function recount(op, doc, end, size) {
  if (isPlain(doc)) {
    ahead(doc, true, 0, span(op), op);
    return normalize(op);
  }
  let at = 0;
  return normalize(op.map((c) => {
    if (typeof c === "string")
      return c;
    const from = at;
    at = end(at, c);
    return c < 0 ? -size(from, at) : size(from, at);
  }));
}
function transformPosition(gap, op, side) {
  let at = 0;
  let moved = gap;
  for (const c of op) {
    if (typeof c === "string") {
      if (at < gap || at === gap && side === RIGHT)
        moved += cpLength(c);
      continue;
    }
    if (c < 0 && at < gap)
      moved -= Math.min(-c, gap - at);
    at += Math.abs(c);
    if (at > gap)
      break;
  }
  return moved;
}
function splice(from, to, caret) {
  if (from === to)
    return [];
  const room = Math.min(from.length, to.length);
  const hinted = caret === void 0 ? 0 : Math.min(room, Math.max(0, to.length - caret));
  const [head, tail] = sharedEnds(from, to, hinted);
  const out = [];
  push(out, cpLength(from.slice(0, head)));
  push(out, -cpLength(from.slice(head, from.length - tail)));
  push(out, to.slice(head, to.length - tail));
  return finish(out);
}
function push(out, c) {
  const end = out.length - 1;
  if (end >= 0 && c) {
    const last = out[end];
    if (typeof c === "string" ? typeof last === "string" : typeof last === "number" && last > 0 === c > 0) {
      out[end] = last + c;
      return;
    }
  }
  if (c)
    out.push(c);
}
function finish(out) {
  const last = out[out.length - 1];
  if (typeof last === "number" && last > 0)
    out.pop();
  return out;
}

// undo.js
var STEPS_MAX = 200;
var STEP_MS = 700;
var UndoStep = class {
  /**
   * @param {Undo} owner to any other Undo of the room it is an edit like all
   * @param {import('./ot.js').Op[]} target the stack that receives the inverse
   */
  constructor(owner, target) {
    this.owner = owner;
    this.target = target;
  }
};
var Undo = class {
  #room;
  #now;
  #undo = [];
  #redo = [];
  #editedAt = -Infinity;
  #off;
  /**
   * @param {import('./room.js').Room} room
   * @param {() => number} [now] milliseconds; for tests
   */
  constructor(room, now = Date.now) {
    this.#room = room;
    this.#now = now;
    this.#off = room.on("change", (change) => this.#changed(change));
  }
  get canUndo() {
    return this.#undo.length > 0;
  }
  get canRedo() {
    return this.#redo.length > 0;
  }
  /** @returns {boolean} whether there was something to take back */
  undo() {
    return this.#step(this.#undo, this.#redo);
  }
  /** @returns {boolean} */
  redo() {
    return this.#step(this.#redo, this.#undo);
  }
  /** The next edit begins a step of its own. */
  breakStep() {
    this.#editedAt = -Infinity;
  }
  /** Stops listening. */
  done() {
    this.#off();
  }
  #step(from, to) {
    const op = from.pop();
    if (op === void 0)
      return false;
    try {
      this.#room.edit(op, new UndoStep(this, to));
    } catch (err) {
      from.push(op);
      throw err;
    }
    this.breakStep();
    return true;
  }
  #changed({ op, before, local, source }) {
    if (!local) {
      carry(this.#undo, op);
      carry(this.#redo, op);
      return;
    }
    const inverse = invert(op, before);
    if (source instanceof UndoStep && source.owner === this) {
      source.target.push(inverse);
      return;
    }
    const now = this.#now();
    const top = this.#undo.length - 1;
    if (top >= 0 && now - this.#editedAt < STEP_MS)
      this.#undo[top] = compose(inverse, this.#undo[top]);
    else
      this.#undo.push(inverse);
    if (this.#undo.length > STEPS_MAX)
      this.#undo.shift();
    this.#editedAt = now;
    this.#redo.length = 0;
  }
};
function carry(stack, foreign) {
  let op = foreign;
  for (let i = stack.length - 1; i >= 0; i--) {
    const own = stack[i];
    stack[i] = transform(own, op, LEFT);
    op = transform(op, own, RIGHT);
    if (stack[i].length === 0)
      stack.splice(i, 1);
  }
}

// textarea.js
function shown2(text) {
  return text.includes("\r") ? text.replace(/\r/g, "␍") : text;
}

// monaco.js
var LF = 0;
var AS_LF = 1;
function bindMonaco(room, editor, options = {}) {
  const binding = new Binding(room, editor, options.people !== false);
  return () => binding.done();
}
var Binding = class {
  constructor(room, editor, people) {
    this.room = room;
    this.editor = editor;
    this.model = editor.getModel();
    this.undo = new Undo(room);
    this.text = "";
    this.held = [];
    this.telling = false;
    this.putting = false;
    this.composing = false;
    this.people = people ? editor.createDecorationsCollection() : null;
    this.offs = [];
    this.take(room.on("change", (change) => this.changed(change)));
    this.take(room.on("status", () => this.permit()));
    if (people)
      this.take(room.on("users", () => this.draw()));
    this.listen(this.model.onDidChangeContent((event) => this.tell(event)));
    this.listen(editor.onDidCompositionStart(() => {
      this.composing = true;
    }));
    this.listen(editor.onDidCompositionEnd(() => {
      this.composing = false;
      queueMicrotask(() => this.release());
    }));
    this.listen(editor.onDidChangeCursorSelection(() => this.tellCursor()));
    this.listen(editor.onDidFocusEditorText(() => this.tellCursor()));
    this.takeUndo();
    this.resync();
    this.permit();
    this.draw();
  }
  take(off) {
    this.offs.push(off);
  }
  listen(disposable) {
    this.take(() => disposable.dispose());
  }
  done() {
    for (const off of this.offs)
      off();
    this.undo.done();
    this.people?.clear();
  }
  takeUndo() {
    const { model, undo } = this;
    const may = () => this.room.mode !== "read" && this.room.status !== "closed";
    const own = {
      undo: () => void (may() && undo.undo()),
      redo: () => void (may() && undo.redo()),
      canUndo: () => undo.canUndo,
      canRedo: () => undo.canRedo
    };
    Object.assign(model, own);
    this.take(() => Object.keys(own).forEach((name) => delete model[name]));
  }
  permit() {
    const { mode, status, epoch } = this.room;
    this.editor.updateOptions({
      readOnly: mode === "read" || status === "closed" || epoch === null
    });
  }
  /* ---- from the room -------------------------------------------------- */
  changed({ op, source }) {
    if (source === this)
      return;
    this.held = compose(this.held, op);
    if (this.telling)
      queueMicrotask(() => this.release());
    else
      this.release(source instanceof UndoStep && source.owner === this.undo);
    this.permit();
  }
  /** Puts what is held into the model. @param {boolean} [follow] with the caret (an undo) */
  release(follow = false) {
    const { held, text, model, editor } = this;
    if (held.length === 0 || this.composing || model.isDisposed())
      return;
    const places = (editor.getSelections() ?? []).map((s) => [
      [s.selectionStartLineNumber, s.selectionStartColumn],
      [s.positionLineNumber, s.positionColumn]
    ].map(([lineNumber, column]) => cpAt(text, model.getOffsetAt({ lineNumber, column }))));
    const edits = this.editsOf(toUtf16(held, text));
    this.held = [];
    this.text = apply(text, held);
    this.put(edits);
    const end = follow ? endOf(held) : -1;
    this.select(places.map((ends) => ends.map((cp) => unitAt(this.text, follow ? end : transformPosition(cp, held, LEFT)))));
    if (follow)
      editor.revealPosition(editor.getPosition());
    this.draw();
  }
  put(edits) {
    this.putting = true;
    try {
      this.model.applyEdits(edits);
    } finally {
      this.putting = false;
    }
  }
  /* Where Monaco has moved them elsewhere itself. */
  select(places) {
    const { model, editor } = this;
    const now = editor.getSelections() ?? [];
    const wanted = places.map(([from, to]) => {
      const a = model.getPositionAt(from);
      const b = model.getPositionAt(to);
      return {
        selectionStartLineNumber: a.lineNumber,
        selectionStartColumn: a.column,
        positionLineNumber: b.lineNumber,
        positionColumn: b.column
      };
    });
    const same = (s, i) => Object.keys(s).every((key) => s[key] === now[i]?.[key]);
    if (wanted.length > 0 && !wanted.every(same))
      editor.setSelections(wanted);
  }
  /* An operation in units as edits of the model. */
  editsOf(op) {
    const edits = [];
    let at = 0;
    let open = null;
    for (const c of op) {
      if (typeof c === "number" && c > 0) {
        at += c;
        open = null;
        continue;
      }
      if (open === null)
        edits.push(open = { from: at, to: at, text: "" });
      if (typeof c === "string")
        open.text += shown2(c);
      else
        open.to = at -= c;
    }
    return edits.map(({ from, to, text }) => ({ range: this.rangeOf(from, to), text }));
  }
  rangeOf(from, to) {
    const a = this.model.getPositionAt(from);
    const b = this.model.getPositionAt(to);
    return {
      startLineNumber: a.lineNumber,
      startColumn: a.column,
      endLineNumber: b.lineNumber,
      endColumn: b.column
    };
  }
  /* Makes the model what the room is, whatever it was. */
  resync() {
    if (this.model.isDisposed())
      return;
    this.putting = true;
    if (this.model.getEOL() !== "\n")
      this.model.setEOL(LF);
    this.putting = false;
    const now = this.model.getValue(AS_LF);
    const { text } = this.room;
    this.held = [];
    this.text = text;
    if (now !== shown2(text)) {
      const known = toWellFormed(now);
      this.put(this.editsOf(toUtf16(splice(known, shown2(text)), known)));
    }
  }
  /* ---- from the page -------------------------------------------------- */
  tell({ changes, isEolChange }) {
    if (this.putting)
      return;
    if (isEolChange || changes.length === 0) {
      queueMicrotask(() => this.resync());
      return;
    }
    const { text, held } = this;
    const [op, after] = this.operationOf(changes);
    this.held = transform(held, op, RIGHT);
    this.text = after;
    this.telling = true;
    try {
      this.room.edit(transform(op, held, LEFT), this);
    } catch {
      queueMicrotask(() => this.resync());
    } finally {
      this.telling = false;
    }
    if (this.text !== text)
      this.tellCursor();
  }
  /* The changes as an operation, and the text after it. */
  operationOf(changes) {
    const { text } = this;
    const op = [];
    let at = 0;
    for (const { rangeOffset, rangeLength, text: put2 } of [...changes].sort((a, b) => a.rangeOffset - b.rangeOffset)) {
      if (rangeOffset > at)
        op.push(rangeOffset - at);
      if (rangeLength > 0)
        op.push(-rangeLength);
      if (put2)
        op.push(put2);
      at = rangeOffset + rangeLength;
    }
    try {
      const whole = check(fromUtf16(normalize(op), text));
      return [whole, apply(text, whole)];
    } catch {
      const now = this.model.getValue(AS_LF);
      const after = toWellFormed(now);
      const told = splice(shown2(text), after);
      if (!isWellFormed(now))
        queueMicrotask(() => this.resync());
      return [told, apply(text, told)];
    }
  }
  tellCursor() {
    const selection = this.editor.getSelection();
    if (!selection || this.held.length > 0 || !this.editor.hasTextFocus())
      return;
    const at = (lineNumber, column) => cpAt(this.text, this.model.getOffsetAt({ lineNumber, column }));
    this.room.setCursor(
      at(selection.positionLineNumber, selection.positionColumn),
      at(selection.selectionStartLineNumber, selection.selectionStartColumn)
    );
  }
  /* ---- the others ------------------------------------------------------ */
  draw() {
    if (this.people === null || this.held.length > 0 || this.model.isDisposed())
      return;
    const list = [];
    for (const { name, color, head, anchor } of this.room.users.values()) {
      if (head === null)
        continue;
      const [a, b] = [head, anchor].map((cp) => unitAt(this.text, cp));
      const tint = tintOf(color);
      if (a !== b)
        list.push({
          range: this.rangeOf(Math.min(a, b), Math.max(a, b)),
          options: { className: `weft-monaco-chosen ${tint}` }
        });
      list.push({ range: this.rangeOf(a, a), options: {
        beforeContentClassName: `weft-monaco-caret ${tint}`,
        hoverMessage: { value: plain(name || "Somebody") },
        stickiness: 1
        /* does not grow when typed at */
      } });
    }
    this.people.set(list);
  }
};
function endOf(op) {
  let at = 0;
  for (const c of op)
    at += typeof c === "string" ? Array.from(c).length : Math.max(c, 0);
  return at;
}
function plain(name) {
  return name.replace(/[\\`*_{}[\]()#+\-.!<>&|~]/g, "\\$&");
}
var TINTS_MAX = 1e3;
var tints = /* @__PURE__ */ new Set();
var sheet = null;
function tintOf(color) {
  const safe = /^#[0-9a-f]{6}$/i.test(color ?? "") ? color.toLowerCase() : "#78716c";
  const name = `weft-monaco-${safe.slice(1)}`;
  if (typeof CSSStyleSheet === "undefined" || tints.has(name) || tints.size >= TINTS_MAX)
    return name;
  tints.add(name);
  if (sheet === null) {
    sheet = new CSSStyleSheet();
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    sheet.insertRule(".weft-monaco-chosen { background: color-mix(in srgb, var(--weft-who) 28%, transparent); }");
    sheet.insertRule(".weft-monaco-caret { position: absolute; border-left: 2px solid var(--weft-who); height: 100%; }");
  }
  sheet.insertRule(`.${name} { --weft-who: ${safe}; }`);
  return name;
}
