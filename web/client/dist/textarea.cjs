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

// textarea.js
var textarea_exports = {};
__export(textarea_exports, {
  bindTextarea: () => bindTextarea,
  shown: () => shown
});
module.exports = __toCommonJS(textarea_exports);

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
function span(op) {
  let n = 0;
  for (const c of op) {
    if (typeof c === "number")
      n += Math.abs(c);
  }
  return n;
}
function ahead(doc, plain, at, c, op) {
  const n = c < 0 ? -c : c;
  const next = plain ? at + n : skip(doc, at, n);
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
  const plain = isPlain(doc);
  const out = [];
  let keep = 0;
  let at = 0;
  for (const c of op) {
    if (typeof c === "string") {
      keep = put(out, keep, -cpLength(c));
      continue;
    }
    const next = ahead(doc, plain, at, c, op);
    keep = put(out, keep, c > 0 ? c : doc.slice(at, next));
    at = next;
  }
  return out;
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
function bindTextarea(room, el, options = {}) {
  const binding = new Binding(room, el, options.undo === false ? null : new Undo(room));
  return () => binding.done();
}
function shown(text) {
  return text.includes("\r") ? text.replace(/\r/g, "␍") : text;
}
var Binding = class {
  constructor(room, el, undo) {
    this.room = room;
    this.el = el;
    this.undo = undo;
    this.last = shown(room.text);
    this.held = [];
    this.composing = false;
    this.source = /* @__PURE__ */ Symbol("textarea");
    this.offs = [];
    el.value = this.last;
    this.offs.push(room.on("change", (change) => this.changed(change)));
    this.listen(el, "input", () => this.read());
    this.listen(el, "compositionstart", () => {
      this.composing = true;
    });
    this.listen(el, "compositionend", () => {
      this.composing = false;
      this.read();
    });
    for (const event of ["select", "keyup", "pointerup", "focus", "selectionchange"])
      this.listen(el, event, () => this.tellCursor());
    if (el.ownerDocument)
      this.listen(el.ownerDocument, "selectionchange", () => this.tellCursor());
    if (undo) {
      this.listen(el, "keydown", (event) => this.keydown(event));
      this.listen(el, "beforeinput", (event) => this.beforeInput(event));
    }
  }
  done() {
    for (const off of this.offs)
      off();
    this.undo?.done();
  }
  listen(target, event, fn) {
    target.addEventListener(event, fn);
    this.offs.push(() => target.removeEventListener(event, fn));
  }
  /* The room's text has changed. */
  changed({ op, source }) {
    if (source === this.source)
      return;
    this.held = compose(this.held, op);
    if (!this.composing)
      this.sync(source instanceof UndoStep);
  }
  /* The user has typed. While composing, the text is not settled yet. */
  read() {
    if (!this.composing)
      this.sync(false);
  }
  /**
   * Brings the element and the room together: what the user did to the element
   * since the last look goes to the room, what happened in the room goes to
   * the element. Both are written against `last`.
   * @param {boolean} follow move the caret to what changed (an undo)
   */
  sync(follow) {
    const { el, room } = this;
    const value = toWellFormed(el.value);
    const typed = splice(this.last, value, el.selectionEnd);
    const missed = this.held;
    this.held = [];
    let theirs = missed;
    if (typed.length) {
      try {
        room.edit(transform(typed, missed, LEFT), this.source);
        theirs = transform(missed, typed, RIGHT);
      } catch {
        this.show(shown(room.text));
        return;
      }
    }
    this.last = value;
    if (value !== el.value)
      this.show(value);
    if (theirs.length)
      this.write(theirs, follow);
    if (typed.length)
      this.tellCursor();
  }
  /* Shows a text of the same length, or one that nobody's caret belongs to. */
  show(value) {
    const { el } = this;
    const { selectionStart, selectionEnd, selectionDirection, scrollTop } = el;
    el.value = value;
    el.setSelectionRange(
      Math.min(selectionStart, value.length),
      Math.min(selectionEnd, value.length),
      selectionDirection
    );
    el.scrollTop = scrollTop;
    this.last = value;
  }
  /* Puts an edit of the room into the element, selection and scroll kept. */
  write(op, follow) {
    const { el } = this;
    const before = this.last;
    const { selectionDirection, scrollTop, scrollHeight } = el;
    const start = transformPosition(cpAt(before, el.selectionStart), op, LEFT);
    const end = transformPosition(cpAt(before, el.selectionEnd), op, LEFT);
    const { parts, after, touched } = splices(before, op);
    if (parts.length <= 8) {
      for (const { at, drop, text } of parts)
        el.setRangeText(text, at, at + drop, "preserve");
    } else {
      el.value = after;
    }
    this.last = after;
    if (follow) {
      const { at, text } = parts[parts.length - 1];
      el.setSelectionRange(at + text.length, at + text.length);
      el.blur();
      el.focus();
      return;
    }
    el.setSelectionRange(unitAt(after, start), unitAt(after, end), selectionDirection);
    const top = scrollHeight > 0 ? before.length * scrollTop / scrollHeight : 0;
    el.scrollTop = touched < top ? scrollTop + el.scrollHeight - scrollHeight : scrollTop;
  }
  tellCursor() {
    const { el } = this;
    const active = !el.ownerDocument || el.ownerDocument.activeElement === el;
    if (this.composing || !active || el.value !== this.last)
      return;
    const back = el.selectionDirection === "backward";
    const start = cpAt(this.last, el.selectionStart);
    const end = cpAt(this.last, el.selectionEnd);
    this.room.setCursor(back ? start : end, back ? end : start);
  }
  keydown(event) {
    const ctrl = event.ctrlKey || event.metaKey;
    if (!ctrl || event.altKey || this.composing)
      return;
    const key = event.key.toLowerCase();
    if (key === "z" || key === "y" && !event.shiftKey) {
      event.preventDefault();
      this.back(key === "y" || event.shiftKey);
    }
  }
  beforeInput(event) {
    if (event.inputType !== "historyUndo" && event.inputType !== "historyRedo")
      return;
    event.preventDefault();
    this.back(event.inputType === "historyRedo");
  }
  back(redo) {
    if (this.room.mode !== "read" && this.room.status !== "closed")
      redo ? this.undo.redo() : this.undo.undo();
  }
};
function splices(before, op) {
  const parts = [];
  let at = 0;
  let moved = 0;
  let touched = 0;
  let after = "";
  let open = null;
  for (const c of op) {
    if (typeof c === "number" && c > 0) {
      const next = skip(before, at, c);
      after += before.slice(at, next);
      at = next;
      open = null;
      continue;
    }
    if (open === null)
      parts.push(open = { at: at + moved, drop: 0, text: "" });
    if (typeof c === "string") {
      const text = shown(c);
      open.text += text;
      after += text;
      moved += text.length;
    } else {
      const next = skip(before, at, -c);
      open.drop += next - at;
      moved -= next - at;
      at = next;
    }
    touched = at;
  }
  return { parts, after: after + before.slice(at), touched };
}
