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

// ot.js
var ot_exports = {};
__export(ot_exports, {
  CP_MAX: () => CP_MAX,
  LEFT: () => LEFT,
  OpError: () => OpError,
  PARTS_MAX: () => PARTS_MAX,
  RIGHT: () => RIGHT,
  apply: () => apply,
  check: () => check,
  compose: () => compose,
  composeAll: () => composeAll,
  delta: () => delta,
  diff: () => diff,
  fromJson: () => fromJson,
  fromUtf16: () => fromUtf16,
  invert: () => invert,
  normalize: () => normalize,
  refuse: () => refuse,
  span: () => span,
  splice: () => splice,
  toUtf16: () => toUtf16,
  transform: () => transform,
  transformPosition: () => transformPosition
});
module.exports = __toCommonJS(ot_exports);

// text.js
var SHORT = 24;
var SURROGATE = /[\ud800-\udfff]/;
var REFUSED = /[\0\ud800-\udfff]/u;
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
    const { ahead: ahead2, back } = found;
    if (ahead2 || back) {
      if (back)
        this.push(back, end, box.rounds, false);
      this.push(ahead2 ?? start, back ?? end, roundsInside, false);
      if (ahead2)
        this.push(start, ahead2, box.rounds, false);
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
    const { a, b, ahead: ahead2, back, stepsMax } = this;
    const n = x1 - x0;
    const m = y1 - y0;
    const delta2 = n - m;
    const odd = (delta2 & 1) !== 0;
    const place = (x, k) => ({ x: x0 + x, y: y0 + x - k });
    let aheadLo = 0, aheadHi = 0, backLo = 0, backHi = 0;
    ahead2[MID] = 0;
    back[MID] = n;
    for (let round = 1; round <= rounds; round++) {
      ahead2[MID - round - 1] = ahead2[MID + round + 1] = NOWHERE_AHEAD;
      aheadLo--;
      aheadHi++;
      for (let k = aheadHi; k >= aheadLo; k -= 2) {
        const right = ahead2[MID + k - 1] + 1;
        const down = ahead2[MID + k + 1];
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
        ahead2[MID + k] = x;
        this.steps += 1 + (x - from >> 3);
        if (this.steps > stepsMax)
          return { tired: true };
        const i = k - delta2;
        if (odd && i > -round && i < round && x >= back[MID + i])
          return { met: place(x, k) };
      }
      back[MID - round - 1] = back[MID + round + 1] = NOWHERE_BACK;
      backLo--;
      backHi++;
      for (let i = backHi; i >= backLo; i -= 2) {
        const k = i + delta2;
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
        if (!odd && k >= -round && k <= round && ahead2[MID + k] >= x)
          return { met: place(x, k) };
      }
    }
    let best = this.bounds.worth * rounds - 1;
    let bestBack = best;
    const found = { ahead: null, back: null };
    for (let k = aheadHi; k >= aheadLo; k -= 2) {
      const x = ahead2[MID + k];
      if (2 * x - k > best) {
        best = 2 * x - k;
        found.ahead = place(x, k);
      }
    }
    for (let i = backHi; i >= backLo; i -= 2) {
      const x = back[MID + i];
      const way = n + m - (2 * x - (i + delta2));
      if (way > bestBack) {
        bestBack = way;
        found.back = place(x, i + delta2);
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
function fromJson(json) {
  let op;
  try {
    op = JSON.parse(json);
  } catch (err) {
    refuse("op", err.message, "JSON");
  }
  const real = json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, "").match(/[-\d]+[.eE][-+.\deE]*/);
  if (real)
    refuse("op", real[0], "integers without point and exponent");
  return normalize(check(op));
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
function delta(op) {
  let n = 0;
  for (const c of op) {
    if (typeof c === "string")
      n += cpLength(c);
    else if (c < 0)
      n += c;
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
function composeAll(ops) {
  const range = (from, to) => {
    const mid = from + to >> 1;
    return mid > from ? compose(range(from, mid), range(mid, to)) : ops[from];
  };
  return ops.length > 1 ? range(0, ops.length) : normalize(ops[0] ?? []);
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
