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

// codemirror.js
var codemirror_exports = {};
__export(codemirror_exports, {
  bindCodeMirror: () => bindCodeMirror,
  cpAt: () => cpAt,
  fromRoom: () => fromRoom,
  unitAt: () => unitAt
});
module.exports = __toCommonJS(codemirror_exports);
var import_state3 = require("@codemirror/state");
var import_view2 = require("@codemirror/view");

// changes.js
function changesOf(op) {
  const list = [];
  let at = 0;
  for (const c of op) {
    if (typeof c === "string")
      list.push({ from: at, insert: c });
    else if (c > 0)
      at += c;
    else
      list.push({ from: at, to: at -= c });
  }
  return list;
}

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

// diff.js
var BOUNDS = {
  rounds: 2048,
  /* of the first search: 2 * rounds edits are found exactly */
  roundsInside: 128,
  roundsStuck: 512,
  worth: 4,
  /* places for each round that make a cut worth it */
  linesMax: 1 << 20,
  lineCpMin: 4,
  hunksMax: 1 << 18,
  steps: 1 << 24,
  stepsPerCp: 4
};
var NOWHERE_AHEAD = -2;
var NOWHERE_BACK = 2147483647;
function diff(from, to) {
  return diffCounted(from, to).op;
}
function diffCounted(from, to, bounds = BOUNDS) {
  if (from === to)
    return { op: [], steps: 0 };
  const [head, tail] = sharedEnds(from, to);
  const dropped = from.slice(head, from.length - tail);
  const put2 = to.slice(head, to.length - tail);
  if (dropped === "" || put2 === "") {
    const op = [cpLength(from.slice(0, head)), put2 || -cpLength(dropped)];
    return { op: op[0] === 0 ? op.slice(1) : op, steps: 0 };
  }
  const d = new Diff(
    codePoints(dropped),
    codePoints(put2),
    new Script(cpLength(from.slice(0, head)), put2),
    bounds
  );
  d.run();
  return { op: d.script.op, steps: d.steps };
}
function codePoints(s) {
  const out = new Int32Array(s.length);
  let n = 0;
  for (let i = 0; i < s.length; i++) {
    let unit = s.charCodeAt(i);
    if (isHigh(unit) && i + 1 < s.length && isLow(s.charCodeAt(i + 1)))
      unit = (unit - 55296 << 10) + s.charCodeAt(++i) - 56320 + 65536;
    out[n++] = unit;
  }
  return out.subarray(0, n);
}
var Script = class {
  constructor(head, text) {
    this.op = [];
    this.head = head;
    this.text = text;
    this.x = this.y = this.unit = 0;
    this.hunks = 0;
    this.open = null;
  }
  flush() {
    if (this.open === null)
      return;
    const [x0, x1, y0, y1] = this.open;
    const start = this.skip(this.unit, y0 - this.y);
    const end = this.skip(start, y1 - y0);
    const kept = this.head + x0 - this.x;
    if (kept > 0)
      this.op.push(kept);
    if (x1 > x0)
      this.op.push(x0 - x1);
    if (y1 > y0)
      this.op.push(this.text.slice(start, end));
    this.head = 0;
    this.x = x1;
    this.y = y1;
    this.unit = end;
    this.hunks++;
    this.open = null;
  }
  skip(unit, cps) {
    let at = unit;
    for (let left = cps; left > 0; left--) {
      if (isHigh(this.text.charCodeAt(at)) && isLow(this.text.charCodeAt(at + 1)))
        at++;
      at++;
    }
    return at;
  }
};
var Diff = class {
  constructor(a, b, script, bounds) {
    this.a = a;
    this.b = b;
    this.script = script;
    this.bounds = bounds;
    this.steps = 0;
    this.stepsMax = bounds.steps + bounds.stepsPerCp * (a.length + b.length);
    this.ahead = new Int32Array(2 * bounds.rounds + 3);
    this.back = new Int32Array(2 * bounds.rounds + 3);
  }
  run() {
    this.boxes = [{
      x0: 0,
      x1: this.a.length,
      y0: 0,
      y1: this.b.length,
      rounds: this.bounds.rounds,
      lines: true
    }];
    while (this.boxes.length > 0) {
      const box = this.boxes.pop();
      this.takeEnds(box);
      const { x0, x1, y0, y1 } = box;
      let whole = x0 === x1 || y0 === y1 || this.steps > this.stepsMax;
      if (!whole)
        whole = this.split(box);
      if (whole && (x0 !== x1 || y0 !== y1))
        this.change(box);
    }
    this.script.flush();
  }
  takeEnds(box) {
    const most = Math.min(box.x1 - box.x0, box.y1 - box.y0);
    const start = this.runAhead(box.x0, box.y0, most);
    const end = this.runBehind(box.x1, box.y1, most - start);
    box.x0 += start;
    box.y0 += start;
    box.x1 -= end;
    box.y1 -= end;
  }
  /* x0 to x1 becomes y0 to y1, behind all that was written before. */
  change({ x0, x1, y0, y1 }) {
    const { script } = this;
    if (script.open !== null && (this.slide(x0 - script.open[1]) || script.hunks + 1 === this.bounds.hunksMax)) {
      script.open[1] = x1;
      script.open[3] = y1;
      return;
    }
    script.flush();
    script.open = [x0, x1, y0, y1];
  }
  /* Moves the open change over what is kept behind it as far as that means the
   * same; true when it got to the end. */
  slide(most) {
    const { open } = this.script;
    const [x0, x1, y0, y1] = open;
    const s = x0 === x1 ? this.b : this.a;
    const from = x0 === x1 ? y0 : x0;
    const to = x0 === x1 ? y1 : x1;
    let n = 0;
    if (x0 === x1 || y0 === y1) {
      while (n < most && s[from + n] === s[to + n])
        n++;
    }
    for (let i = 0; i < 4; i++)
      open[i] += n;
    return n === most;
  }
  push(from, to, rounds, lines) {
    this.boxes.push({ x0: from.x, x1: to.x, y0: from.y, y1: to.y, rounds, lines });
  }
  /* A box with something on both sides: into smaller ones, or true. */
  split(box) {
    const { roundsInside, roundsStuck } = this.bounds;
    const start = { x: box.x0, y: box.y0 };
    const end = { x: box.x1, y: box.y1 };
    const found = this.search(box);
    if (found.met) {
      this.push(found.met, end, box.rounds, box.lines);
      this.push(start, found.met, box.rounds, box.lines);
      return false;
    }
    if (found.tired)
      return true;
    if (box.lines && this.splitAtLines(box))
      return false;
    const { ahead, back } = found;
    if (ahead || back) {
      if (back)
        this.push(back, end, box.rounds, false);
      this.push(ahead ?? start, back ?? end, roundsInside, false);
      if (ahead)
        this.push(start, ahead, box.rounds, false);
      return false;
    }
    if (box.rounds >= roundsStuck)
      return true;
    this.push(start, end, roundsStuck, false);
    return false;
  }
  /* ---- the search: diff_search.c ------------------------------------ */
  runAhead(x, y, most) {
    const { a, b } = this;
    let n = 0;
    while (n < most && a[x + n] === b[y + n])
      n++;
    this.steps += 1 + (n >> 3);
    return n;
  }
  runBehind(x, y, most) {
    const { a, b } = this;
    let n = 0;
    while (n < most && a[x - n - 1] === b[y - n - 1])
      n++;
    this.steps += 1 + (n >> 3);
    return n;
  }
  search({ x0, x1, y0, y1, rounds }) {
    const MID = this.bounds.rounds + 1;
    const { a, b, ahead, back, stepsMax } = this;
    const n = x1 - x0;
    const m = y1 - y0;
    const delta = n - m;
    const odd = (delta & 1) !== 0;
    const place = (x, k) => ({ x: x0 + x, y: y0 + x - k });
    let aheadLo = 0, aheadHi = 0, backLo = 0, backHi = 0;
    ahead[MID] = 0;
    back[MID] = n;
    for (let round = 1; round <= rounds; round++) {
      ahead[MID - round - 1] = ahead[MID + round + 1] = NOWHERE_AHEAD;
      aheadLo--;
      aheadHi++;
      for (let k = aheadHi; k >= aheadLo; k -= 2) {
        const right = ahead[MID + k - 1] + 1;
        const down = ahead[MID + k + 1];
        let x = right > down ? right : down;
        const y = x - k;
        if (x > n) {
          aheadHi = k - 2;
          continue;
        }
        if (y > m) {
          aheadLo = k + 2;
          break;
        }
        const from = x;
        const last = n - m < k ? n : m + k;
        while (x < last && a[x0 + x] === b[y0 - k + x])
          x++;
        ahead[MID + k] = x;
        this.steps += 1 + (x - from >> 3);
        if (this.steps > stepsMax)
          return { tired: true };
        const i = k - delta;
        if (odd && i > -round && i < round && x >= back[MID + i])
          return { met: place(x, k) };
      }
      back[MID - round - 1] = back[MID + round + 1] = NOWHERE_BACK;
      backLo--;
      backHi++;
      for (let i = backHi; i >= backLo; i -= 2) {
        const k = i + delta;
        const left = back[MID + i + 1] - 1;
        const up = back[MID + i - 1];
        let x = left < up ? left : up;
        const y = x - k;
        if (y < 0) {
          backHi = i - 2;
          continue;
        }
        if (x < 0) {
          backLo = i + 2;
          break;
        }
        const from = x;
        const last = k > 0 ? k : 0;
        while (x > last && a[x0 + x - 1] === b[y0 - k + x - 1])
          x--;
        back[MID + i] = x;
        this.steps += 1 + (from - x >> 3);
        if (this.steps > stepsMax)
          return { tired: true };
        if (!odd && k >= -round && k <= round && ahead[MID + k] >= x)
          return { met: place(x, k) };
      }
    }
    let best = this.bounds.worth * rounds - 1;
    let bestBack = best;
    const found = { ahead: null, back: null };
    for (let k = aheadHi; k >= aheadLo; k -= 2) {
      const x = ahead[MID + k];
      if (2 * x - k > best) {
        best = 2 * x - k;
        found.ahead = place(x, k);
      }
    }
    for (let i = backHi; i >= backLo; i -= 2) {
      const x = back[MID + i];
      const way = n + m - (2 * x - (i + delta));
      if (way > bestBack) {
        bestBack = way;
        found.back = place(x, i + delta);
      }
    }
    if (found.ahead && found.back && (found.ahead.x > found.back.x || found.ahead.y > found.back.y))
      found[best >= bestBack ? "back" : "ahead"] = null;
    return found;
  }
  /* ---- lines that both have exactly once: diff_lines.c -------------- */
  splitAtLines(box) {
    const { roundsInside } = this.bounds;
    const points = this.samePlaces(box);
    let to = { x: box.x1, y: box.y1 };
    for (let i = points.length - 1; i >= 0; i--) {
      this.push(points[i], to, roundsInside, true);
      to = points[i];
    }
    if (points.length > 0)
      this.push({ x: box.x0, y: box.y0 }, to, roundsInside, true);
    return points.length > 0;
  }
  samePlaces({ x0, x1, y0, y1 }) {
    this.steps += (x1 - x0 >> 2) + (y1 - y0 >> 2);
    const { linesMax, lineCpMin } = this.bounds;
    const lines = readLines(this.a, x0, x1, lineCpMin);
    const first = lines.length;
    const second = readLines(this.b, y0, y1, lineCpMin);
    if (first === 0 || second.length === 0 || first + second.length > linesMax)
      return [];
    for (const line of second)
      lines.push(line);
    const pairs = longestRun(this.twins(lines, first));
    const points = [];
    let endX = -1, endY = -1;
    for (const [i, k] of pairs) {
      const [x, length] = lines[i];
      const y = lines[k][0];
      if (x !== endX || y !== endY)
        points.push({ x, y });
      endX = x + length;
      endY = y + length;
    }
    return points;
  }
  /* Pairs of line numbers: each the only one of its hash on its side. */
  twins(lines, first) {
    const { linesMax } = this.bounds;
    const order = Float64Array.from(lines, (line, i) => line[2] * linesMax + i).sort();
    const hash = (i) => lines[order[i] % linesMax][2];
    const pairs = [];
    for (let i = 0, end; i < order.length; i = end) {
      for (end = i + 1; end < order.length && hash(end) === hash(i); )
        end++;
      const one = order[i] % linesMax;
      const two = end === i + 2 ? order[i + 1] % linesMax : 0;
      if (one < first && two >= first && this.sameLine(lines[one], lines[two]))
        pairs.push([one, two]);
    }
    return pairs.sort((p, q) => p[0] - q[0]);
  }
  sameLine([x, length], [y, other]) {
    for (let i = 0; i < length && length === other; i++) {
      if (this.a[x + i] !== this.b[y + i])
        return false;
    }
    return length === other;
  }
};
function readLines(s, from, to, lineCpMin) {
  const lines = [];
  let start = from;
  let hash = 2166136261;
  for (let i = from; i < to; i++) {
    hash = Math.imul(hash ^ s[i], 16777619);
    if (s[i] !== 10 && i + 1 < to)
      continue;
    if (i + 1 - start >= lineCpMin)
      lines.push([start, i + 1 - start, hash >>> 0]);
    start = i + 1;
    hash = 2166136261;
  }
  return lines;
}
function longestRun(pairs) {
  const last = [];
  const before = [];
  pairs.forEach(([, twin], i) => {
    let lo = 0;
    let hi = last.length;
    while (lo < hi) {
      const mid = lo + hi >> 1;
      if (pairs[last[mid]][1] < twin)
        lo = mid + 1;
      else
        hi = mid;
    }
    before[i] = lo > 0 ? last[lo - 1] : -1;
    last[lo] = i;
  });
  const run = [];
  for (let i = last.length > 0 ? last[last.length - 1] : -1; i >= 0; i = before[i])
    run.push(pairs[i]);
  return run.reverse();
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

// doc.js
var USUAL = 2048;
var Doc = class _Doc {
  #usual;
  #units;
  /* where each chunk begins, and the last one ends */
  #cps;
  #string;
  /**
   * @param {Chunk[]} chunks @param {number} usual
   * @param {string} [string] the text, where it is known
   * @param {Doc} [known] has the same chunks up to first, and from its own `end` on
   * @param {number} [first] @param {number} [end]
   */
  constructor(chunks, usual, string, known, first, end) {
    this.#usual = usual;
    this.#string = string;
    this.#units = sums(chunks, ({ text }) => text.length, known?.#units, first, end);
    this.#cps = sums(chunks, ({ cps }) => cps, known?.#cps, first, end);
    this.chunks = chunks;
    this.units = this.#units[chunks.length];
    this.cps = this.#cps[chunks.length];
  }
  /** @param {string} text @param {number} [usual] units of a chunk; tests take few */
  static of(text, usual = USUAL) {
    const chunks = [];
    addChunks(chunks, text, usual);
    return new _Doc(chunks, usual, text);
  }
  /** True where units and code points are one and the same. */
  get plain() {
    return this.units === this.cps;
  }
  toString() {
    return this.#string ??= this.chunks.map(({ text }) => text).join("");
  }
  /**
   * @param {import('./ot.js').Op} op
   * @returns {Doc} the text after op; an OpError where op does not fit
   */
  apply(op) {
    const whole = span(op);
    if (whole > this.cps)
      refuse(
        "op",
        `an operation that spans ${whole} code points`,
        `at most ${this.cps}, the document's length`
      );
    const { chunks } = this;
    const head = typeof op[0] === "number" ? op[0] : 0;
    const first = Math.max(0, lastUpTo(this.#cps, head) - 1);
    const end = Math.min(chunks.length, lastUpTo(this.#cps, whole) + 2);
    const least = this.#usual >> 2;
    const out = [];
    let piece = "";
    let at = first;
    let unit = 0;
    let cp = 0;
    let before = this.#cps[first];
    const flush = () => {
      addChunks(out, piece, this.#usual);
      piece = "";
    };
    const step = (n, kept) => {
      while (n > 0 && at < end) {
        const { text, cps } = chunks[at];
        const k = Math.min(n, cps - cp);
        const to = cp + k === cps ? text.length : cps === text.length ? unit + k : skip(text, unit, k);
        if (kept && !piece && k === cps && to >= least)
          out.push(chunks[at]);
        else if (kept)
          piece += text.slice(unit, to);
        n -= k;
        unit = to;
        cp += k;
        if (cp === cps) {
          at++;
          unit = cp = 0;
          if (piece.length >= least)
            flush();
        }
      }
    };
    for (const c of op) {
      if (typeof c === "string") {
        piece += c;
      } else {
        step(Math.abs(c) - before, c > 0);
        before = 0;
      }
    }
    step(Infinity, true);
    if (piece && piece.length < least && out.length)
      piece = out.pop().text + piece;
    flush();
    const all = chunks.slice(0, first).concat(out, chunks.slice(end));
    return new _Doc(all, this.#usual, void 0, this, first, end);
  }
  /**
   * The same operation with counts in UTF-16 units.
   * @param {import('./ot.js').Op} op one that fits
   * @returns {import('./ot.js').Op}
   */
  toUtf16(op) {
    let cp = 0;
    let unit = 0;
    return this.plain ? op : op.map((c) => {
      if (typeof c === "string")
        return c;
      const from = unit;
      unit = this.unitAt(cp += Math.abs(c));
      return c < 0 ? from - unit : unit - from;
    });
  }
  /** The unit offset of a code point offset within the text. @param {number} cp */
  unitAt(cp) {
    if (this.plain)
      return cp;
    const b = lastUpTo(this.#cps, cp);
    return this.#units[b] + skip(this.chunks[b].text, 0, cp - this.#cps[b]);
  }
  /**
   * The code point offset of a unit offset within the text; a unit inside a pair
   * counts as the place behind the pair's character.
   * @param {number} unit
   */
  cpAt(unit) {
    if (this.plain)
      return unit;
    const b = lastUpTo(this.#units, unit);
    const { text } = this.chunks[b];
    const end = unit - this.#units[b];
    return this.#cps[b] + cpLength(text.slice(0, isInside(text, end) ? end + 1 : end));
  }
};
var EMPTY = Doc.of("");
function sums(chunks, size, known = new Int32Array(1), first = 0, end = 0) {
  const out = new Int32Array(chunks.length + 1);
  out.set(known.subarray(0, first + 1));
  const shift = known.length - out.length;
  for (let b = first; b < chunks.length; b++)
    out[b + 1] = out[b] + (b + shift < end ? size(chunks[b]) : known[b + shift + 1] - known[b + shift]);
  return out;
}
function lastUpTo(list, goal) {
  let low = 0;
  for (let high = list.length - 1; high - low > 1; ) {
    const mid = low + high >> 1;
    if (list[mid] > goal)
      high = mid;
    else
      low = mid;
  }
  return low;
}
function addChunks(out, text, usual) {
  const { length } = text;
  let left = length > 2 * usual ? Math.ceil(length / usual) : 1;
  for (let at = 0; at < length; left--) {
    let end = at + Math.ceil((length - at) / left);
    if (isInside(text, end))
      end++;
    const part = text.slice(at, end);
    out.push({ text: part, cps: cpLength(part) });
    at = end;
  }
}

// codemirror-people.js
var import_state = require("@codemirror/state");
var import_view = require("@codemirror/view");

// ink.js
function inkOn(color) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = parseInt(color.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#000000" : "#ffffff";
}

// codemirror-people.js
var showPeople = import_state.StateEffect.define();
var NOBODY = { decorations: import_view.Decoration.none, moved: /* @__PURE__ */ new Map() };
var field = import_state.StateField.define({
  create: () => NOBODY,
  update({ decorations, moved }, tr) {
    const effect = tr.effects.find((one) => one.is(showPeople));
    if (!tr.docChanged && !effect)
      return { decorations, moved };
    const before = tr.docChanged ? carried(moved, tr.changes) : moved;
    return effect ? drawn(effect.value, before, tr.state.doc.length) : { decorations: decorations.map(tr.changes), moved: before };
  },
  provide: (self) => import_view.EditorView.decorations.from(self, (value) => value.decorations)
});
var look = import_view.EditorView.baseTheme({
  ".cm-weft-chosen": {
    /* Whatever the colour, what is written on it still reads; the line below is the colour. */
    backgroundColor: "color-mix(in srgb, var(--weft-who) 12%, transparent)",
    boxShadow: "inset 0 -2px var(--weft-who)"
  },
  ".cm-weft-caret": {
    position: "relative",
    borderInlineStart: "2px solid var(--weft-who)",
    marginInline: "-1px",
    /* Seen also where its colour is the ground's. */
    boxShadow: "0 0 0 1px color-mix(in srgb, currentColor 16%, transparent)"
  },
  ".cm-weft-flag": {
    position: "absolute",
    insetInlineStart: "-2px",
    bottom: "100%",
    zIndex: "2",
    padding: "0 6px",
    borderRadius: "5px",
    borderEndStartRadius: "0",
    backgroundColor: "var(--weft-who)",
    color: "var(--weft-on-who)",
    font: "600 11px/16px system-ui, sans-serif",
    outline: "1px solid color-mix(in srgb, currentColor 20%, transparent)",
    maxWidth: "16em",
    overflow: "hidden",
    textOverflow: "ellipsis",
    whiteSpace: "nowrap",
    pointerEvents: "none",
    animation: "weft-leave 4s forwards"
  },
  ".cm-weft-first .cm-weft-flag": {
    bottom: "auto",
    top: "100%",
    borderRadius: "5px",
    borderStartStartRadius: "0"
  },
  ".cm-weft-caret:hover .cm-weft-flag": { animation: "none" },
  "@media (prefers-reduced-motion: reduce)": {
    ".cm-weft-flag": { animationTimingFunction: "step-end" }
  },
  "@keyframes weft-leave": { "85%": { opacity: "1" }, to: { opacity: "0" } }
});
var people = [field, look];
function carried(moved, changes) {
  const out = /* @__PURE__ */ new Map();
  for (const [userId, { head, at }] of moved)
    out.set(userId, { head: changes.mapPos(head, -1), at });
  return out;
}
function drawn(places, before, length) {
  const now = performance.now();
  const moved = /* @__PURE__ */ new Map();
  const ranges = [];
  for (const place of places) {
    const head = Math.min(place.head, length);
    const anchor = Math.min(place.anchor, length);
    const last = before.get(place.userId);
    const move = last?.head === head ? last : { head, at: now };
    moved.set(place.userId, move);
    const tint = tintOf(place.color);
    if (head !== anchor)
      ranges.push(import_view.Decoration.mark({ class: `cm-weft-chosen ${tint}` }).range(Math.min(head, anchor), Math.max(head, anchor)));
    ranges.push(import_view.Decoration.widget({
      widget: new Caret(place.userId, place.name || "Somebody", tint, move.at),
      side: head < anchor ? -1 : 1
    }).range(head));
  }
  return { decorations: import_view.Decoration.set(ranges, true), moved };
}
var Caret = class extends import_view.WidgetType {
  constructor(userId, name, tint, movedAt) {
    super();
    this.userId = userId;
    this.name = name;
    this.tint = tint;
    this.movedAt = movedAt;
  }
  eq(other) {
    return this.userId === other.userId && this.name === other.name && this.tint === other.tint && this.movedAt === other.movedAt;
  }
  toDOM(view) {
    const caret = document.createElement("span");
    caret.className = `cm-weft-caret ${this.tint}`;
    caret.setAttribute("aria-hidden", "true");
    const flag = document.createElement("span");
    flag.className = "cm-weft-flag";
    flag.append(document.createElement("bdi"));
    flag.firstChild.textContent = this.name;
    flag.style.animationDelay = `${Math.round(this.movedAt - performance.now())}ms`;
    caret.append("⁠", flag);
    if (view.viewport.from === 0)
      requestAnimationFrame(() => isOnFirstLine(view, caret) && caret.classList.add("cm-weft-first"));
    return caret;
  }
  ignoreEvent() {
    return true;
  }
  get lineBreaks() {
    return 0;
  }
};
function isOnFirstLine(view, caret) {
  return caret.isConnected && view.posAtDOM(caret) <= view.state.doc.line(1).to;
}
var FALLBACK = "#78716c";
var TINTS_MAX = 1e3;
var tints = /* @__PURE__ */ new Set();
var sheet = null;
function tintOf(color) {
  const safe = /^#[0-9a-f]{6}$/i.test(color ?? "") ? color.toLowerCase() : FALLBACK;
  const name = `weft-tint-${safe.slice(1)}`;
  if (tints.has(name) || tints.size >= TINTS_MAX)
    return name;
  tints.add(name);
  if (sheet === null) {
    sheet = new CSSStyleSheet();
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }
  sheet.insertRule(`.${name} { --weft-who: ${safe}; --weft-on-who: ${inkOn(safe)}; }`);
  return name;
}

// codemirror-whole.js
var import_state2 = require("@codemirror/state");
function wholeCharacters(tr) {
  if (!tr.docChanged)
    return tr;
  const { doc } = tr.startState;
  const list = [];
  let widened = false;
  tr.changes.iterChanges((fromA, toA, fromB, toB, inserted) => {
    const was = { from: fromA, to: toA, insert: inserted.toString() };
    const now = widen(doc, was);
    widened ||= now !== was;
    list.push(now);
  }, true);
  if (!widened) {
    const selection = tr.selection ? void 0 : upright(tr.newSelection);
    return selection ? [tr, { selection, sequential: true }] : tr;
  }
  const userEvent = tr.annotation(import_state2.Transaction.userEvent);
  const changes = tr.startState.changes(joined(list));
  return [{
    changes,
    selection: upright(tr.startState.selection.map(changes)),
    effects: tr.effects,
    annotations: userEvent === void 0 ? [] : [import_state2.Transaction.userEvent.of(userEvent)],
    scrollIntoView: tr.scrollIntoView
  }];
}
function upright(selection) {
  if (selection.ranges.every(({ from, to }) => from <= to))
    return void 0;
  return import_state2.EditorSelection.create(selection.ranges.map((range) => range.from <= range.to ? range : import_state2.EditorSelection.cursor(range.from)), selection.mainIndex);
}
function isCut(doc, at) {
  if (at === 0 || at >= doc.length)
    return false;
  const around = doc.sliceString(at - 1, at + 1);
  return isHigh(around.charCodeAt(0)) && isLow(around.charCodeAt(1));
}
function widen(doc, change) {
  let { from, to, insert } = change;
  const cutFrom = isCut(doc, from);
  const cutTo = to === from ? cutFrom : isCut(doc, to);
  if (!cutFrom && !cutTo && isWellFormed(insert))
    return change;
  if (cutFrom && from === to) {
    from = to = from + 1;
  } else {
    if (cutFrom) {
      from--;
      if (isLow(insert.charCodeAt(0)))
        insert = doc.sliceString(from, from + 1) + insert;
    }
    if (cutTo) {
      if (isHigh(insert.charCodeAt(insert.length - 1)))
        insert += doc.sliceString(to, to + 1);
      to++;
    }
  }
  return { from, to, insert: toWellFormed(insert) };
}
function joined(list) {
  const out = [];
  for (const change of list) {
    const last = out[out.length - 1];
    if (last === void 0 || change.from >= last.to) {
      out.push({ ...change });
      continue;
    }
    last.to = Math.max(last.to, change.to);
    last.insert += change.insert;
  }
  return out;
}

// codemirror.js
var COMPOSED_AFTER_MS = 60;
var COMPOSING_IDLE_MS = 5e3;
var fromRoom = import_state3.Annotation.define();
function bindCodeMirror(room, options = {}) {
  const writable = new import_state3.Compartment();
  const shown2 = options.people !== false;
  const plugin = import_view2.ViewPlugin.define((view) => new Binding(room, view, writable, shown2), {
    eventObservers: {
      compositionstart() {
        this.composes(true);
      },
      compositionupdate() {
        this.composes(true);
      },
      compositionend() {
        this.composes(false);
      }
    }
  });
  return [
    import_state3.EditorState.lineSeparator.of("\n"),
    import_view2.EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, "\n")),
    import_state3.EditorState.transactionFilter.of(wholeCharacters),
    writable.of(import_state3.EditorState.readOnly.of(isReadOnly(room))),
    shown2 ? people : [],
    plugin
  ];
}
var bindings = /* @__PURE__ */ new WeakMap();
function unitAt(view, cp) {
  const { doc } = bindings.get(view);
  return doc.unitAt(Math.min(cp, doc.cps));
}
function cpAt(view, unit) {
  const { doc } = bindings.get(view);
  return doc.cpAt(Math.min(unit, doc.units));
}
function isReadOnly(room) {
  return room.mode === "read" || room.status === "closed" || room.epoch === null;
}
var Binding = class {
  constructor(room, view, writable, shown2) {
    this.room = room;
    this.view = view;
    this.writable = writable;
    this.doc = room.doc;
    this.held = [];
    this.composing = false;
    this.composed = 0;
    this.telling = false;
    this.due = /* @__PURE__ */ new Set();
    this.frame = 0;
    this.people = shown2;
    this.drawn = 0;
    this.gone = false;
    bindings.set(view, this);
    this.offs = [
      room.on("change", (change) => this.changed(change)),
      room.on("status", () => this.soon("permit"))
    ];
    this.soon("resync");
    this.soon("permit");
    if (shown2) {
      this.offs.push(room.on("users", () => this.drawSoon()));
      this.drawSoon();
    }
  }
  destroy() {
    this.gone = true;
    cancelAnimationFrame(this.frame);
    clearTimeout(this.composed);
    for (const off of this.offs)
      off();
  }
  /* ---- from the room -------------------------------------------------- */
  changed({ op, source }) {
    if (source === this)
      return;
    this.held = compose(this.held, op);
    if (this.view.state.readOnly)
      this.soon("permit");
    if (this.telling)
      this.soon("release");
    else
      this.release();
  }
  /* Puts what is held into the document. */
  release() {
    const { held, doc } = this;
    if (held.length === 0 || this.isComposedAt(held))
      return;
    this.held = [];
    this.doc = this.room.doc;
    try {
      this.fromRoom(changesOf(doc.toUtf16(held)));
    } catch (err) {
      if (!/update is in progress/.test(err?.message ?? ""))
        throw err;
      this.held = compose(held, this.held);
      this.doc = doc;
      this.soon("release");
    }
  }
  fromRoom(changes) {
    const { state } = this.view;
    const set = state.changes(changes);
    this.view.dispatch({
      changes: set,
      selection: upright(state.selection.map(set)),
      annotations: [
        fromRoom.of(this.room),
        import_state3.Transaction.remote.of(true),
        import_state3.Transaction.addToHistory.of(false)
      ],
      filter: false
    });
  }
  /* An input method loses its place when the line that it writes in is drawn anew. So what others
   * do there waits until it is done, or idle; elsewhere it goes on. */
  composes(goesOn) {
    clearTimeout(this.composed);
    this.composing ||= goesOn;
    this.composed = setTimeout(() => {
      this.composing = false;
      this.release();
    }, goesOn ? COMPOSING_IDLE_MS : COMPOSED_AFTER_MS);
  }
  /* Whether an operation touches the line where an input method is writing. */
  isComposedAt(op) {
    if (!this.composing)
      return false;
    const { doc, selection } = this.view.state;
    const line = doc.lineAt(selection.main.head);
    const from = this.doc.cpAt(line.from);
    const to = this.doc.cpAt(line.to);
    let at = 0;
    for (const c of op) {
      const end = typeof c === "string" ? at : at + Math.abs(c);
      const edits = typeof c === "string" || c < 0;
      if (edits && at <= to && end >= from)
        return true;
      at = end;
    }
    return false;
  }
  /* Makes the document what the room is, whatever it was. */
  resync() {
    const now = this.view.state.doc.toString();
    const { doc, text } = this.room;
    this.held = [];
    this.doc = doc;
    if (now === text)
      return;
    const known = toWellFormed(now);
    this.fromRoom(changesOf(Doc.of(known).toUtf16(diff(known, text))));
  }
  permit() {
    const readOnly = isReadOnly(this.room);
    if (readOnly !== this.view.state.readOnly)
      this.view.dispatch({
        effects: this.writable.reconfigure(import_state3.EditorState.readOnly.of(readOnly))
      });
  }
  /* After the transaction that is under way. */
  soon(what) {
    if (this.due.size === 0)
      queueMicrotask(() => this.runDue());
    this.due.add(what);
  }
  runDue() {
    const due = [...this.due];
    this.due.clear();
    for (const what of due) {
      if (!this.gone)
        this[what]();
    }
  }
  drawSoon() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }
  /* The others' places, once a frame; only of those who can be seen. */
  draw() {
    if (this.gone || this.held.length > 0)
      return;
    const { doc, view } = this;
    const from = doc.cpAt(Math.min(view.viewport.from, doc.units));
    const to = doc.cpAt(Math.min(view.viewport.to, doc.units));
    const list = [];
    for (const { userId, name, color, head, anchor } of this.room.users.values()) {
      if (head === null || Math.max(head, anchor) < from || Math.min(head, anchor) > to)
        continue;
      const unit = doc.unitAt(head);
      list.push({
        userId,
        name,
        color,
        head: unit,
        anchor: anchor === head ? unit : doc.unitAt(anchor)
      });
    }
    if (list.length > 0 || this.drawn > 0)
      view.dispatch({ effects: showPeople.of(list) });
    this.drawn = list.length;
  }
  /* ---- from the page -------------------------------------------------- */
  update(update) {
    if (update.viewportChanged && this.people && this.room.users.size > 0)
      this.drawSoon();
    for (const tr of update.transactions) {
      if (tr.docChanged && tr.annotation(fromRoom) !== this.room)
        this.tell(tr.changes);
    }
    if ((update.docChanged || update.selectionSet || update.focusChanged) && update.view.hasFocus && this.held.length === 0 && !this.due.has("resync"))
      this.tellCursor(update.state.selection.main);
  }
  tell(changes) {
    if (this.due.has("resync"))
      return;
    let op;
    try {
      op = this.operationOf(changes);
    } catch {
      this.soon("resync");
      return;
    }
    const { doc, held } = this;
    this.held = transform(held, op, RIGHT);
    this.telling = true;
    try {
      this.room.edit(transform(op, held, LEFT), this);
    } catch {
      this.soon("resync");
    } finally {
      this.telling = false;
    }
    this.doc = this.held.length ? doc.apply(op) : this.room.doc;
  }
  tellCursor({ head, anchor }) {
    this.room.setCursor(this.doc.cpAt(head), this.doc.cpAt(anchor));
  }
  /** @returns {import('./ot.js').Op} throws where a pair is cut */
  operationOf(changes) {
    const op = [];
    let end = 0;
    let endCp = 0;
    const to = (unit) => {
      const cp = this.doc.cpAt(unit);
      if (this.doc.unitAt(cp) !== unit)
        throw new Error(`offset ${unit} is inside a character`);
      const count = cp - endCp;
      end = unit;
      endCp = cp;
      return count;
    };
    changes.iterChanges((fromA, toA, fromB, toB, inserted) => {
      if (fromA > end)
        op.push(to(fromA));
      if (toA > fromA)
        op.push(-to(toA));
      if (inserted.length > 0)
        op.push(inserted.toString());
    }, true);
    return check(normalize(op));
  }
};
