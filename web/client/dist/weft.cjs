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

// index.js
var index_exports = {};
__export(index_exports, {
  Doc: () => Doc,
  PROTOCOL: () => PROTOCOL,
  Room: () => Room,
  State: () => State,
  Undo: () => Undo,
  bindTextarea: () => bindTextarea,
  connect: () => connect,
  ot: () => ot_exports,
  text: () => text_exports
});
module.exports = __toCommonJS(index_exports);

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

// text.js
var text_exports = {};
__export(text_exports, {
  cpAt: () => cpAt,
  cpLength: () => cpLength,
  cpSlice: () => cpSlice,
  isHigh: () => isHigh,
  isInside: () => isInside,
  isLow: () => isLow,
  isPlain: () => isPlain,
  isWellFormed: () => isWellFormed,
  jsonBytes: () => jsonBytes,
  jsonUnitBytes: () => jsonUnitBytes,
  sharedEnds: () => sharedEnds,
  skip: () => skip,
  toWellFormed: () => toWellFormed,
  unitAt: () => unitAt
});
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
function cpSlice(s, from, to) {
  if (isPlain(s))
    return s.slice(from, to);
  const start = skip(s, 0, from);
  return to === void 0 ? s.slice(start) : s.slice(start, skip(s, start, to - from));
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
function jsonBytes(s) {
  let n = 2;
  for (let i = 0; i < s.length; i++)
    n += jsonUnitBytes(s.charCodeAt(i));
  return n;
}
function jsonUnitBytes(u) {
  if (u < 32)
    return u >= 8 && u <= 13 && u !== 11 ? 2 : 6;
  if (u < 128)
    return u === 34 || u === 92 ? 2 : 1;
  if (u < 2048 || isHigh(u) || isLow(u))
    return 2;
  return 3;
}
function sharedEnds(from, to, hinted = 0) {
  const room = Math.min(from.length, to.length);
  const first = wholeTail(from, to, commonSuffix(from, to, hinted));
  const head = wholeHead(from, to, commonPrefix(from, to, room - first));
  return [head, wholeTail(from, to, commonSuffix(from, to, room - head))];
}
function wholeHead(a, b, n) {
  const cut2 = n > 0 && isHigh(b.charCodeAt(n - 1)) && (isLow(a.charCodeAt(n)) || isLow(b.charCodeAt(n)));
  return cut2 ? n - 1 : n;
}
function wholeTail(a, b, n) {
  const cut2 = n > 0 && isLow(b.charCodeAt(b.length - n)) && (isHigh(a.charCodeAt(a.length - n - 1)) || isHigh(b.charCodeAt(b.length - n - 1)));
  return cut2 ? n - 1 : n;
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

// messages.js
function opOf(msg, length) {
  switch (msg.type) {
    case "insert":
      return normalize([msg.position ?? length, ...check([msg.text])]);
    case "delete":
      return normalize([msg.position, ...check([-(msg.length ?? 1)])]);
    case "edit":
      return normalize(check(msg.op));
    default:
      return [];
  }
}
function reconnect(full, reason) {
  return { kind: "reconnect", full, reason };
}
function problem(msg) {
  return {
    kind: "error",
    code: msg.code,
    message: msg.message ?? "",
    retry_ms: msg.retry_ms
  };
}

// split.js
var ENVELOPE_BYTES = 160;
var PARTS_MAX2 = 1e3;
var PIECE_BYTES_MAX = 256 * 1024;
function splitOp(op, maxBytes) {
  const head = [];
  let bytes = 2;
  let kept = 0;
  let changed = false;
  for (let i = 0; i < op.length; i++) {
    const c = op[i];
    const cost = 1 + (typeof c === "string" ? jsonBytes(c) : String(c).length);
    if (changed && i >= PARTS_MAX2)
      return cut(head, kept, op.slice(i));
    if (bytes + cost > maxBytes && (changed || typeof c === "string")) {
      if (typeof c !== "string")
        return cut(head, kept, op.slice(i));
      const at = fitting(c, maxBytes - bytes - 3, !changed);
      if (at > 0)
        head.push(c.slice(0, at));
      if (at < c.length) {
        const rest = [c.slice(at), ...op.slice(i + 1)];
        return cut(head, kept + cpLength(c.slice(0, at)), rest);
      }
    } else {
      head.push(c);
    }
    bytes += cost;
    if (typeof c === "string")
      kept += cpLength(c);
    else if (c > 0)
      kept += c;
    changed ||= typeof c === "string" || c < 0;
  }
  return [normalize(head), []];
}
function cut(head, kept, rest) {
  return [normalize(head), normalize([kept, ...rest])];
}
function fitting(s, maxBytes, atLeastOne) {
  let bytes = 0;
  let at = 0;
  while (at < s.length) {
    const pair = isHigh(s.charCodeAt(at)) && isLow(s.charCodeAt(at + 1));
    bytes += pair ? 4 : jsonUnitBytes(s.charCodeAt(at));
    if (bytes > maxBytes && !(atLeastOne && at === 0))
      break;
    at += pair ? 2 : 1;
  }
  return at;
}

// presence.js
var RECENT_MAX = 64;
var Presence = class {
  #places = (
    /** @type {Map<string, Place>} */
    /* @__PURE__ */ new Map()
  );
  #sent = (
    /** @type {Place|null} */
    null
  );
  #recent = [];
  /* {from, op, userId}, oldest first */
  #waiting = [];
  /* cursor messages of a revision we have not reached yet */
  /** @param {import('./state.js').State} state whose text the places are in */
  constructor(state) {
    this.state = state;
    this.users = /** @type {Map<string, User>} */
    /* @__PURE__ */ new Map();
    this.me = {
      head: (
        /** @type {number|null} */
        null
      ),
      anchor: (
        /** @type {number|null} */
        null
      )
    };
  }
  /**
   * The users of a welcome, who stand where they stand at revision rev.
   * @param {any[]} users @param {number} rev
   */
  welcome(users, rev) {
    this.users.clear();
    this.#places.clear();
    this.#waiting = [];
    this.#sent = null;
    for (const user of users) {
      this.message({ ...user, type: "join" });
      if (user.position !== void 0)
        this.message({ ...user, type: "cursor", rev });
    }
  }
  /**
   * join, user, leave or cursor.
   * @returns {boolean} whether anything is to be shown anew
   */
  message(msg) {
    const id = msg.user_id;
    if (typeof id !== "string" || id === this.state.userId)
      return false;
    if (msg.type === "leave") {
      this.#waiting = this.#waiting.filter((w) => w.user_id !== id);
      this.#places.delete(id);
      return this.users.delete(id);
    }
    let user = this.users.get(id);
    if (msg.type === "cursor")
      return user !== void 0 && this.#cursor(user, msg);
    if (!user) {
      user = { userId: id, name: "", color: "", head: null, anchor: null };
      this.users.set(id, user);
    }
    const join = msg.type === "join";
    user.name = msg.name ?? (join ? "" : user.name);
    user.color = msg.color ?? (join ? "" : user.color);
    return true;
  }
  /**
   * An operation has been logged.
   * @param {import('./ot.js').Op} op in the server's coordinates
   * @param {number} from the revision it runs on
   * @param {string|null} userId its author; null: several, or unknown
   */
  logged(op, from, userId) {
    this.#recent.push({ from, op, userId });
    if (this.#recent.length > RECENT_MAX)
      this.#recent.shift();
    for (const [id, place] of this.#places)
      carry(place, op, id === userId ? RIGHT : LEFT);
    if (this.#sent)
      carry(this.#sent, op, userId !== null && userId === this.state.userId ? RIGHT : LEFT);
  }
  /** The log we knew is gone: its revisions mean nothing any more. */
  forgetLog() {
    this.#recent = [];
    this.#waiting = [];
  }
  /**
   * The text on screen was changed; or, with [], only what is pending was.
   * @param {import('./ot.js').Op} op in the coordinates of the screen
   * @param {boolean} own made here
   */
  moved(op, own) {
    if (this.me.head !== null)
      carry(this.me, op, own ? RIGHT : LEFT);
    const ready = this.#waiting.filter((w) => w.rev <= this.state.rev);
    this.#waiting = this.#waiting.filter((w) => w.rev > this.state.rev);
    for (const msg of ready)
      this.message(msg);
    for (const user of this.users.values())
      this.#show(user);
  }
  /** @param {number} head @param {number} [anchor] positions in the text on screen */
  setOwn(head, anchor = head) {
    this.me = { head, anchor };
  }
  /** Whether ownMessage() has something to say. */
  get ownReady() {
    const { state, me } = this;
    return me.head !== null && state.caughtUp && !state.pending && state.mode !== "read" && (me.head !== this.#sent?.head || me.anchor !== this.#sent.anchor);
  }
  /** The cursor message that is due, or null; asking for it counts as sending it. */
  ownMessage() {
    if (!this.ownReady)
      return null;
    const { head, anchor } = this.me;
    this.#sent = { head, anchor };
    const message = { type: "cursor", position: head, rev: this.state.rev };
    return anchor === head ? message : { ...message, anchor };
  }
  #cursor(user, msg) {
    const id = user.userId;
    if (msg.rev > this.state.rev) {
      this.#waiting = this.#waiting.filter((w) => w.user_id !== id);
      this.#waiting.push({ ...msg, type: "cursor" });
      return false;
    }
    const place = { head: msg.position, anchor: msg.anchor ?? msg.position };
    for (const entry of this.#recent) {
      if (entry.from >= msg.rev)
        carry(place, entry.op, entry.userId === id ? RIGHT : LEFT);
    }
    this.#places.set(id, place);
    this.#show(user);
    return true;
  }
  #show(user) {
    const place = this.#places.get(user.userId);
    if (!place)
      return;
    const shown3 = { ...place };
    if (this.state.inflight)
      carry(shown3, this.state.inflight.op, LEFT);
    carry(shown3, this.state.buffer, LEFT);
    user.head = shown3.head;
    user.anchor = shown3.anchor;
  }
};
function carry(place, op, side) {
  const collapsed = place.head === place.anchor;
  place.head = transformPosition(place.head, op, side);
  place.anchor = collapsed ? place.head : transformPosition(place.anchor, op, side);
}

// state.js
var PIECE_BYTES_MIN = 1024;
var RETRY_MS = 1e3;
var MESSAGE_BYTES = 1 << 20;
var TRY_AGAIN = /* @__PURE__ */ new Set(["unavailable", "rate_limited"]);
var ELSEWHERE = /* @__PURE__ */ new Set(["text", "history", "signal", "pong", "help", "closing"]);
var OUT_OF_STEP = /* @__PURE__ */ new Set(["gone", "bad_rev"]);
var isTable = (value) => Object.getPrototypeOf(value) === Object.prototype;
var State = class {
  #pieceBytes = PIECE_BYTES_MAX;
  /* halved when the server finds a message too large */
  constructor() {
    this.doc = EMPTY;
    this.serverDoc = EMPTY;
    this.rev = 0;
    this.goal = 0;
    this.epoch = /** @type {string|null} */
    null;
    this.session = /** @type {string|null} */
    null;
    this.userId = /** @type {string|null} */
    null;
    this.readKey = /** @type {string|null} */
    null;
    this.mode = "write";
    this.limits = { message: MESSAGE_BYTES, document: Infinity };
    this.meta = {};
    this.seq = 0;
    this.inflight = /** @type {Inflight|null} */
    null;
    this.buffer = /** @type {Op} */
    [];
    this.bufferCount = 0;
    this.metaBuffer = /** @type {object|null} */
    null;
    this.online = false;
    this.presence = new Presence(this);
  }
  get text() {
    return String(this.doc);
  }
  get serverText() {
    return String(this.serverDoc);
  }
  /** Edits not yet in the log, as the user counts them. */
  get pendingCount() {
    return (this.inflight?.count ?? 0) + this.bufferCount;
  }
  get pending() {
    return this.inflight !== null || this.buffer.length > 0 || this.metaBuffer !== null;
  }
  get caughtUp() {
    return this.online && this.rev >= this.goal;
  }
  /* ---- from the user ------------------------------------------------ */
  /**
   * An edit made here. Throws an OpError, with nothing changed, where op does
   * not fit the text.
   * @param {Op} op @param {unknown} [source] handed on to the change event
   * @returns {Effect[]}
   */
  localEdit(op, source) {
    const fx = [];
    const edit = normalize(op);
    if (edit.length === 0)
      return fx;
    const before = this.doc;
    this.doc = before.apply(edit);
    this.buffer = compose(this.buffer, edit);
    this.bufferCount = this.buffer.length ? this.bufferCount + 1 : 0;
    this.presence.moved(edit, true);
    fx.push(change(before, edit, true, this.userId, source));
    this.#flush(fx);
    fx.push({ kind: "saved" });
    return fx;
  }
  /** @param {Record<string, string|null>} meta @returns {Effect[]} */
  localMeta(meta) {
    const fx = [];
    this.metaBuffer = { ...this.metaBuffer, ...meta };
    this.#flush(fx);
    fx.push({ kind: "saved" });
    return fx;
  }
  /** The time named by a retry effect has passed. @returns {Effect[]} */
  retry() {
    const fx = [];
    if (this.inflight?.phase === "waiting")
      this.inflight.phase = "resend";
    this.#flush(fx);
    return fx;
  }
  /* ---- from the connection ------------------------------------------ */
  /** The connection is gone; the next welcome decides about the in-flight one. */
  disconnected() {
    this.online = false;
    return [{ kind: "saved" }];
  }
  /** The server closed because a message was too large: it has not read it. */
  messageTooLarge() {
    this.#pieceBytes = Math.max(PIECE_BYTES_MIN, this.#pieceBytes / 2);
    this.#foldBack();
  }
  /** From restore.js. */
  setTexts(serverText, text) {
    this.serverDoc = Doc.of(serverText);
    this.doc = text === serverText ? this.serverDoc : Doc.of(text);
  }
  /** Takes back here all that is pending: nobody knows whether the server has it. */
  dropPending() {
    this.#foldBack();
    const before = this.doc;
    const undo = invert(this.buffer, this.serverText);
    this.doc = this.serverDoc;
    this.buffer = [];
    this.bufferCount = 0;
    this.metaBuffer = null;
    this.presence.moved(undo, false);
    return [change(before, undo, false, null), { kind: "saved" }];
  }
  /** The session is not valid any more; what is pending is kept. */
  forgetSession() {
    this.session = null;
  }
  /** @param {any} msg a message of the server, parsed @returns {Effect[]} */
  message(msg) {
    switch (msg.type) {
      case "welcome":
        return this.onWelcome(msg);
      case "ack":
        return this.onAck(msg);
      case "error":
        return this.onError(msg);
      case "insert":
      case "delete":
      case "edit":
      case "meta":
        return this.onOp(msg);
      case "cursor":
      case "join":
      case "user":
      case "leave":
        return this.presence.message(msg) ? [{ kind: "users" }] : [];
      default:
        return ELSEWHERE.has(msg.type) ? [] : [{ kind: "unknown", type: msg.type }];
    }
  }
  /** @returns {Effect[]} */
  onWelcome(msg) {
    const sameEpoch = this.epoch !== null && msg.epoch === this.epoch;
    const sameSession = this.session !== null && (msg.session === void 0 || msg.session === this.session);
    const full = typeof msg.text === "string";
    if (!Number.isSafeInteger(msg.rev) || !Array.isArray(msg.users ?? []) || !isTable(msg.meta ?? {}))
      return [reconnect(true, "a malformed welcome")];
    if (!full && !(sameEpoch && sameSession && msg.rev >= this.rev))
      return [reconnect(true, "a welcome without text that does not fit")];
    const fx = [];
    this.#adopt(msg, sameSession);
    const had = this.inflight;
    const logged = had !== null && sameEpoch && sameSession && (msg.seq ?? 0) >= had.seq;
    if (full)
      this.#restart(msg, sameEpoch, sameSession, logged, fx);
    if (this.inflight)
      this.inflight.phase = logged ? "logged" : "resend";
    this.goal = msg.rev;
    this.online = true;
    this.presence.welcome(msg.users ?? [], msg.rev);
    this.#flush(fx);
    fx.push({ kind: "users" }, { kind: "saved" });
    if (msg.meta)
      fx.push({ kind: "meta", meta: this.meta });
    return fx;
  }
  /** @returns {Effect[]} */
  onOp(msg) {
    if ((msg.from ?? msg.rev - 1) !== this.rev || !(msg.rev > this.rev))
      return [reconnect(false, `revision ${msg.rev} does not follow ${this.rev}`)];
    const fx = [];
    try {
      if (!isTable(msg.meta ?? {}))
        throw new TypeError("malformed entries");
      this.#receive(opOf(msg, this.serverDoc.cps), msg.rev, msg.user_id ?? null, fx);
    } catch (err) {
      return [reconnect(true, `revision ${msg.rev} does not fit: ${err.message}`)];
    }
    if (msg.meta)
      this.#setMeta(msg.meta, fx);
    this.#flush(fx);
    fx.push({ kind: "saved" });
    return fx;
  }
  /** @returns {Effect[]} */
  onAck(msg) {
    const own = this.inflight;
    if (own === null || msg.seq !== own.seq) {
      if (msg.dup || !(msg.rev > this.rev))
        return [];
      return [reconnect(true, "an ack for nothing we have sent")];
    }
    if (msg.rev !== this.rev + 1) {
      return [reconnect(!(msg.rev > this.rev), "an ack out of its place")];
    }
    const fx = [];
    this.presence.logged(own.op, this.rev, this.userId);
    this.serverDoc = this.buffer.length ? this.serverDoc.apply(own.op) : this.doc;
    this.rev = msg.rev;
    this.inflight = null;
    if (own.meta)
      this.#setMeta(own.meta, fx);
    this.presence.moved([], true);
    this.#flush(fx);
    fx.push({ kind: "saved" });
    return fx;
  }
  /** @returns {Effect[]} */
  onError(msg) {
    const own = this.inflight;
    const mine = own !== null && msg.seq === own.seq;
    const unclear = own !== null && msg.seq === void 0 && own.phase === "sent";
    if (TRY_AGAIN.has(msg.code) && (mine || unclear)) {
      own.phase = "waiting";
      return [problem(msg), { kind: "retry", ms: msg.retry_ms ?? RETRY_MS }];
    }
    if (!mine)
      return [problem(msg)];
    if (OUT_OF_STEP.has(msg.code) && !own.resynced) {
      own.resynced = true;
      return [reconnect(true, `${msg.code}: ${msg.message ?? ""}`)];
    }
    const fx = [];
    if (msg.code === "too_large" && this.#pieceBytes > PIECE_BYTES_MIN)
      this.messageTooLarge();
    else
      this.#refuse(msg, fx);
    this.#flush(fx);
    fx.push({ kind: "saved" });
    return fx;
  }
  /* ---- inside ------------------------------------------------------- */
  #adopt(msg, sameSession) {
    this.seq = sameSession ? Math.max(this.seq, msg.seq ?? 0) : msg.seq ?? 0;
    this.session = msg.session ?? this.session;
    this.userId = msg.user_id ?? this.userId;
    this.readKey = msg.read_key ?? this.readKey;
    this.mode = msg.mode ?? "write";
    this.limits = { ...this.limits, ...msg.limits };
    if (msg.meta)
      this.meta = { ...msg.meta };
    else if (typeof msg.text === "string")
      this.meta = {};
  }
  /* A welcome with the text: what we missed is the difference. */
  #restart(msg, sameEpoch, sameSession, logged, fx) {
    if (logged) {
      this.serverDoc = this.serverDoc.apply(this.inflight.op);
      this.inflight = null;
    } else if (!sameEpoch || !sameSession) {
      this.#foldBack();
    }
    if (this.epoch !== null && !sameEpoch && this.pending)
      fx.push({ kind: "reset", text: this.text });
    this.epoch = msg.epoch;
    this.#receive(diff(this.serverText, msg.text), msg.rev, null, fx);
    this.presence.forgetLog();
  }
  /* Takes the in-flight operation back into the buffer. Only where it is
   * certain that its seq is not, and will not be, in the log. */
  #foldBack() {
    const own = this.inflight;
    if (own === null)
      return;
    this.buffer = compose(own.op, this.buffer);
    this.bufferCount = this.buffer.length ? this.bufferCount + own.count : 0;
    if (own.meta)
      this.metaBuffer = { ...own.meta, ...this.metaBuffer };
    this.inflight = null;
  }
  /* Somebody else's operation is in the log: everything pending moves over it. */
  #receive(op, rev, userId, fx) {
    const alone = this.inflight === null && this.buffer.length === 0;
    const serverDoc = this.serverDoc.apply(op);
    this.presence.logged(op, this.rev, userId);
    let shown3 = op;
    if (this.inflight) {
      const own = this.inflight.op;
      this.inflight.op = transform(own, shown3, LEFT);
      shown3 = transform(shown3, own, RIGHT);
    }
    if (this.buffer.length) {
      const own = this.buffer;
      this.buffer = transform(own, shown3, LEFT);
      shown3 = transform(shown3, own, RIGHT);
      if (this.buffer.length === 0)
        this.bufferCount = 0;
    }
    this.serverDoc = serverDoc;
    this.rev = rev;
    const before = this.doc;
    this.doc = alone ? serverDoc : before.apply(shown3);
    this.presence.moved(shown3, false);
    if (shown3.length)
      fx.push(change(before, shown3, false, userId));
  }
  /* Undoes the in-flight operation here, leaving what was typed after it. */
  #refuse(msg, fx) {
    const own = this.inflight;
    const undo = invert(own.op, this.serverText);
    const shown3 = transform(undo, this.buffer, RIGHT);
    this.buffer = transform(this.buffer, undo, LEFT);
    if (this.buffer.length === 0)
      this.bufferCount = 0;
    this.inflight = null;
    const before = this.doc;
    this.doc = this.buffer.length ? before.apply(shown3) : this.serverDoc;
    this.presence.moved(shown3, false);
    if (shown3.length)
      fx.push(change(before, shown3, false, null));
    fx.push({
      kind: "refused",
      code: msg.code,
      message: msg.message ?? "",
      op: own.op,
      text: own.op.filter((c) => typeof c === "string").join("")
    });
  }
  #setMeta(entries, fx) {
    for (const [key, value] of Object.entries(entries)) {
      if (value === null)
        delete this.meta[key];
      else
        this.meta[key] = value;
    }
    fx.push({ kind: "meta", meta: this.meta });
  }
  /* Sends what can be sent: one at a time, and not before we are caught up. */
  #flush(fx) {
    if (!this.caughtUp)
      return;
    if (this.inflight === null && !this.#load())
      return;
    const own = this.inflight;
    if (own.phase === "logged")
      fx.push(reconnect(true, `caught up without an ack for seq ${own.seq}`));
    if (own.phase !== "resend")
      return;
    own.phase = "sent";
    const message = own.meta ? { type: "meta", meta: own.meta, seq: own.seq } : { type: "edit", op: own.op, rev: this.rev, seq: own.seq };
    fx.push({ kind: "send", message });
  }
  #load() {
    const own = { op: [], seq: 0, count: 0, meta: null, phase: "resend", resynced: false };
    if (this.metaBuffer) {
      own.meta = this.metaBuffer;
      this.metaBuffer = null;
    } else if (this.buffer.length) {
      const bytes = Math.min(this.limits.message, this.#pieceBytes) - ENVELOPE_BYTES;
      [own.op, this.buffer] = splitOp(this.buffer, bytes);
      if (this.buffer.length === 0) {
        own.count = this.bufferCount;
        this.bufferCount = 0;
      }
    } else {
      return false;
    }
    own.seq = ++this.seq;
    this.inflight = own;
    return true;
  }
};
function change(doc, op, local, userId, source) {
  return { kind: "change", op, get before() {
    return String(doc);
  }, local, userId, source };
}

// emitter.js
var Emitter = class {
  #listeners = (
    /** @type {Map<string, Set<Function>>} */
    /* @__PURE__ */ new Map()
  );
  /**
   * @param {string} event
   * @param {(detail: any) => void} listener
   * @returns {() => void} takes the listener off
   */
  on(event, listener) {
    let set = this.#listeners.get(event);
    if (!set)
      this.#listeners.set(event, set = /* @__PURE__ */ new Set());
    set.add(listener);
    return () => set.delete(listener);
  }
  /** @param {string} event @param {any} [detail] */
  emit(event, detail) {
    for (const listener of [...this.#listeners.get(event) ?? []]) {
      try {
        listener(detail);
      } catch (err) {
        queueMicrotask(() => {
          throw err;
        });
      }
    }
  }
};

// restore.js
var VERSION = 1;
function snapshot(state) {
  const { epoch, rev, session, userId, seq, buffer, bufferCount, metaBuffer, inflight } = state;
  const { op, seq: own, count, meta } = inflight ?? {};
  return {
    v: VERSION,
    epoch,
    rev,
    session,
    userId,
    seq,
    buffer,
    bufferCount,
    metaBuffer,
    inflight: inflight && { op, seq: own, count, meta }
  };
}
function restore(state, kept) {
  const own = kept.inflight;
  const pending = own ? compose(own.op, kept.buffer) : kept.buffer;
  const text = apply(kept.text, pending);
  const typed = state.buffer;
  const fill = normalize([text]);
  const shown3 = transform(fill, typed, RIGHT);
  const before = state.text;
  state.setTexts(kept.text, apply(before, shown3));
  state.buffer = compose(kept.buffer, transform(typed, fill, LEFT));
  state.bufferCount += kept.bufferCount;
  state.inflight = own && { ...own, phase: "resend", resynced: false };
  if (kept.metaBuffer)
    state.metaBuffer = { ...kept.metaBuffer, ...state.metaBuffer };
  for (const name of ["epoch", "rev", "session", "userId", "seq"])
    state[name] = kept[name];
  state.presence.moved(shown3, false);
  const fx = [{ kind: "saved" }];
  if (shown3.length)
    fx.unshift({ kind: "change", op: shown3, before, local: false, userId: null });
  return fx;
}
function typedText({ inflight, buffer }) {
  const op = inflight ? compose(inflight.op, buffer) : buffer;
  return op.filter((c) => typeof c === "string").join("\n");
}
var Restore = class {
  #owner;
  #record = null;
  /* its text has to be asked for */
  #unsure = false;
  /* restored, and no welcome has told yet how old the record is */
  constructor(owner) {
    this.#owner = owner;
  }
  /** Nothing is to be sent or kept before the text is here. */
  get waiting() {
    return this.#record !== null;
  }
  /** Of a connection that only asks for the text. */
  get session() {
    return this.#record?.session;
  }
  /** @param {any} record of keep.js */
  begin(record) {
    if (record.text === void 0)
      this.#record = record;
    else
      this.#put(record);
  }
  /** Looks at each message of the server. @returns {boolean} whether to go on with it */
  hear(msg) {
    if (this.#record)
      return this.#hearText(msg);
    return !this.#unsure || msg.type !== "welcome" || this.#isNewest(msg);
  }
  #put(record) {
    let effects;
    try {
      effects = restore(this.#owner.state, record);
    } catch {
      this.#giveUp(record);
      return;
    }
    this.#unsure = record.session !== null;
    this.#owner.run(effects);
  }
  #giveUp(record) {
    this.#record = null;
    const text = typedText(record);
    if (text !== "")
      this.#owner.emit("reset", { text, merged: false });
    this.#owner.run([{ kind: "saved" }]);
  }
  #hearText(msg) {
    const record = this.#record;
    if (msg.type === "welcome") {
      const same = msg.epoch === record.epoch && msg.session === record.session;
      if (same)
        this.#owner.send({ type: "text", rev: record.rev });
      else
        this.#giveUp(record);
      return !same;
    }
    if (msg.type === "text" && msg.rev === record.rev) {
      this.#record = null;
      this.#put({ ...record, text: msg.text });
      this.#owner.drop("the missing text is here");
    } else if (msg.type === "error") {
      if (msg.code === "gone" || msg.code === "bad_rev")
        this.#giveUp(record);
      this.#owner.drop(msg.message);
    }
    return false;
  }
  #isNewest(msg) {
    const { state } = this.#owner;
    const { session, epoch, seq, inflight, text } = state;
    const known = Math.max(seq, inflight?.seq ?? 0);
    this.#unsure = false;
    if (msg.session !== session || msg.epoch !== epoch || !(msg.seq > known))
      return true;
    if (state.pending)
      this.#owner.emit("reset", { text, merged: false });
    this.#owner.run(state.dropPending());
    this.#owner.reload("what was kept is older than what was sent");
    return false;
  }
};

// timers.js
function forward(wall) {
  let last = -Infinity;
  let behind = 0;
  return () => {
    const now = wall();
    behind = Math.max(behind, last - now);
    last = now + behind;
    return last;
  };
}
var SYSTEM_CLOCK = {
  now: forward(Date.now),
  random: () => Math.random(),
  setTimeout: (fn, ms) => setTimeout(fn, ms),
  clearTimeout: (id) => clearTimeout(id)
};
var Timers = class {
  #running = /* @__PURE__ */ new Map();
  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock;
  }
  has(name) {
    return this.#running.has(name);
  }
  /** Runs fn after ms; a timer of that name that is running is replaced. */
  later(name, ms, fn) {
    this.cancel(name);
    this.#running.set(name, this.clock.setTimeout(() => {
      this.#running.delete(name);
      fn();
    }, ms));
  }
  cancel(name) {
    if (this.#running.has(name))
      this.clock.clearTimeout(this.#running.get(name));
    this.#running.delete(name);
  }
  cancelAll() {
    for (const name of [...this.#running.keys()])
      this.cancel(name);
  }
};

// keep.js
var KEEP_MS = 500;
var SHARE = 50;
var TEXT_MAX = 2 * 1024 * 1024;
var WAIT_MS = 400;
var ASK_MS = 250;
var inUse = /* @__PURE__ */ new WeakMap();
var Keep = class {
  #storage = null;
  #prefix;
  #key = "";
  #clock;
  #timers;
  #locks;
  #release = null;
  /* lets go of the lock of #key */
  #textOf = "";
  /* epoch and revision of the text that lies there */
  #written = false;
  /** Whether a record is there still when the page was closed, and not only loaded again. */
  lasting = true;
  /**
   * @param {'session' | 'local' | Storage} storage @param {string} address of the room
   * @param {import('./timers.js').Clock} clock
   * @param {{request: Function}} [locks] as navigator.locks
   */
  constructor(storage, address, clock, locks = globalThis.navigator?.locks) {
    this.#clock = clock;
    this.#timers = new Timers(clock);
    this.#locks = locks;
    this.#prefix = `weft ${address} `;
    try {
      if (storage === "local" && !locks)
        this.lasting = false;
      this.#storage = typeof storage !== "string" ? storage : storage === "local" && locks ? globalThis.localStorage : globalThis.sessionStorage;
    } catch {
    }
  }
  /**
   * A record that nobody uses, with its text where that was kept; null: there is none.
   * @returns {any | Promise<any>} null at once where there is nothing to ask about
   */
  take() {
    const keys = this.#records();
    if (keys.length > 0)
      return this.#take(keys);
    this.#fresh();
    return null;
  }
  async #take(keys) {
    for (const key of keys) {
      const record = this.#read(key);
      const release = record && await this.#lock(key);
      if (!release)
        continue;
      this.#hold(key, release);
      this.#written = true;
      return this.#read(key) ?? record;
    }
    this.#fresh();
    return null;
  }
  /** Something has changed: a record is written soon, or dropped when there is no need of it. */
  note(state) {
    if (!state.pending)
      this.clear();
    else if (!this.#timers.has("keep"))
      this.#soon(state, KEEP_MS);
  }
  /**
   * Writes the record now.
   * @param {import('./state.js').State} state
   * @param {boolean} [whole] with the text
   * @returns {boolean} whether all that is pending is kept
   */
  write(state, whole = true) {
    if (!state.pending) {
      this.clear();
      return true;
    }
    const record = JSON.stringify(snapshot(state));
    try {
      this.#storage.setItem(this.#key, record);
    } catch {
      this.#remove(`${this.#key} text`);
      this.#textOf = "";
      try {
        this.#storage.setItem(this.#key, record);
      } catch {
        this.#remove(this.#key);
        return false;
      }
    }
    this.#written = true;
    if (whole)
      this.#writeText(state);
    return true;
  }
  /** Nothing is pending. */
  clear() {
    this.#timers.cancel("keep");
    if (!this.#written)
      return;
    this.#remove(this.#key);
    this.#remove(`${this.#key} text`);
    this.#textOf = "";
    this.#written = false;
  }
  /** Lets go of the record, which stays for whoever comes next. */
  done() {
    this.#timers.cancelAll();
    inUse.get(this.#storage)?.delete(this.#key);
    this.#release?.();
    this.#release = null;
  }
  /* ---- inside --------------------------------------------------------- */
  #soon(state, ms) {
    this.#timers.later("keep", ms, () => {
      if (!state.pending)
        return;
      const from = this.#clock.now();
      this.write(state, !state.online);
      this.#soon(state, Math.max(KEEP_MS, SHARE * (this.#clock.now() - from)));
    });
  }
  #writeText({ epoch, rev, serverDoc }) {
    const of = `${epoch} ${rev}`;
    if (of === this.#textOf)
      return;
    this.#textOf = "";
    this.#remove(`${this.#key} text`);
    if (serverDoc.units > TEXT_MAX)
      return;
    try {
      this.#storage.setItem(`${this.#key} text`, `${of}
${serverDoc}`);
      this.#textOf = of;
    } catch {
    }
  }
  #remove(key) {
    try {
      this.#storage.removeItem(key);
    } catch {
    }
  }
  /* Keys of records of this room that no room of this page has. */
  #records() {
    const found = [];
    try {
      for (let i = 0; i < this.#storage.length; i++) {
        const key = this.#storage.key(i);
        if (key.startsWith(this.#prefix) && !key.endsWith(" text") && !inUse.get(this.#storage)?.has(key))
          found.push(key);
      }
    } catch {
    }
    return found.sort();
  }
  /* Null, and gone, where it is not one of ours. */
  #read(key) {
    try {
      const record = JSON.parse(this.#storage.getItem(key));
      const { v, epoch, rev, inflight } = record;
      if (v !== VERSION)
        return null;
      record.buffer = normalize(check(record.buffer));
      if (inflight)
        inflight.op = normalize(check(inflight.op));
      if (epoch === null)
        return { ...record, text: "" };
      const text = this.#storage.getItem(`${key} text`) ?? "";
      const end = text.indexOf("\n");
      if (end < 0 || text.slice(0, end) !== `${epoch} ${rev}`)
        return record;
      record.text = text.slice(end + 1);
      this.#textOf = text.slice(0, end);
      return record;
    } catch {
      this.#remove(key);
      this.#remove(`${key} text`);
      return null;
    }
  }
  #fresh() {
    const key = `${this.#prefix}${this.#clock.now().toString(36)}-${String(Math.random()).slice(2)}`;
    this.#hold(key, null);
    this.#lock(key, true).then((release) => {
      if (this.#key === key && inUse.get(this.#storage)?.has(key))
        this.#release = release;
      else
        release?.();
    });
  }
  #hold(key, release) {
    this.#key = key;
    this.#release = release;
    if (this.#storage && !inUse.has(this.#storage))
      inUse.set(this.#storage, /* @__PURE__ */ new Set());
    inUse.get(this.#storage)?.add(key);
  }
  /* A function that lets go of it again, or null: another page has it. */
  #lock(key, fresh = false) {
    if (this.#locks)
      return this.#webLock(key);
    return globalThis.BroadcastChannel ? this.#channelLock(key, fresh) : Promise.resolve(() => {
    });
  }
  #webLock(key) {
    const asking = new AbortController();
    const timer = this.#clock.setTimeout(() => asking.abort(), WAIT_MS);
    return new Promise((resolve) => {
      const held = () => new Promise((release) => {
        this.#clock.clearTimeout(timer);
        resolve(release);
      });
      this.#locks.request(key, { signal: asking.signal }, held).catch(() => resolve(null));
    });
  }
  /* Of two who ask at once, the one with the lower number has it. */
  #channelLock(key, fresh) {
    const channel = new BroadcastChannel(key);
    channel.unref?.();
    const number = Math.random();
    let held = fresh;
    return new Promise((resolve) => {
      const lose = () => {
        this.#clock.clearTimeout(timer);
        channel.close();
        resolve(null);
      };
      const win = () => {
        held = true;
        resolve(() => channel.close());
      };
      const timer = this.#clock.setTimeout(win, fresh ? 0 : ASK_MS);
      channel.onmessage = ({ data }) => {
        if (data?.asks === void 0)
          held || lose();
        else if (held || number < data.asks)
          channel.postMessage({ mine: true });
        else
          lose();
      };
      if (!fresh)
        channel.postMessage({ asks: number });
    });
  }
};

// requests.js
var TYPES = /* @__PURE__ */ new Set(["text", "history"]);
var ABOUT_ONE = /* @__PURE__ */ new Set(["gone", "bad_rev"]);
var ABOUT_ANY = /* @__PURE__ */ new Set(["rate_limited", "unavailable"]);
var Requests = class {
  /** @param {(message: object) => boolean} send false: there is no connection */
  constructor(send) {
    this.send = send;
    this.open = [];
  }
  /** @param {{type: string}} message @returns {Promise<any>} the answering message */
  ask(message) {
    return new Promise((resolve, reject) => {
      if (this.send(message))
        this.open.push({ ...message, resolve, reject });
      else
        reject(new Error("not connected"));
    });
  }
  /** Looks at each message of the server. */
  answer(msg) {
    if (TYPES.has(msg.type))
      this.#take(this.#asked(msg))?.resolve(msg);
    else if (msg.type !== "error" || msg.seq !== void 0)
      return;
    else if (ABOUT_ONE.has(msg.code))
      this.#take(this.#named(msg))?.reject(errorOf(msg));
    else if (ABOUT_ANY.has(msg.code))
      for (const question of this.open.splice(0))
        question.reject(errorOf(msg));
  }
  #take(at) {
    return at >= 0 ? this.open.splice(at, 1)[0] : void 0;
  }
  #asked({ type, rev, from }) {
    if (type === "history")
      return this.open.findIndex((q) => q.type === type && q.from === from);
    const exact = this.open.findIndex((q) => q.type === type && q.rev === rev);
    return exact >= 0 ? exact : this.open.findIndex((q) => q.type === type && !(q.rev <= rev));
  }
  #named({ message }) {
    const [, field, found] = /^(rev|from): found (\d+)/.exec(message) ?? [];
    return this.open.findIndex((q) => field === void 0 || q[field] === Number(found));
  }
  /** @param {string} reason */
  fail(reason) {
    for (const question of this.open.splice(0))
      question.reject(new Error(reason));
  }
};
function errorOf({ code, message, retry_ms }) {
  return Object.assign(new Error(message), { code, ...retry_ms && { retry_ms } });
}

// link.js
var BACKOFF_FIRST = 100;
var BACKOFF_MAX = 4e3;
var STEADY = 5e3;
var CONNECT_MAX = 7e3;
var CATCH_UP_MAX = 8e3;
var ANSWER_MAX = 2e4;
var ASK_AFTER = 4e3;
var SILENCE_MAX = 25e3;
var PONG_MAX = 3e3;
var WAKE_STALE = 1e3;
var WATCH_EVERY = 500;
var SLOW_BYTES_PER_MS = 8;
var PATIENCE_MAX = 64;
var OPEN = 1;
var SLOW_DOWN_CODES = /* @__PURE__ */ new Set([1008, 1013, 4429]);
var SLOW_DOWN_FAILURES = 4;
var Link = class {
  #owner;
  #Socket;
  #clock;
  #timers;
  #ws = null;
  #welcomed = false;
  #failures = 0;
  #retryMs = 0;
  /* named by the server */
  #openedAt = 0;
  /* when the attempt began */
  #connected = false;
  /* the socket is open */
  #welcomedAt = 0;
  #aliveAt = 0;
  /* heard something, or saw something leave */
  #waitingSince = 0;
  /* the last sign that an answer may still come */
  #answeredAt = 0;
  /* what we send gets through, or did then */
  #sentBytes = 0;
  /* since the last answer */
  #queuedBytes = 0;
  /* bufferedAmount at the last look */
  #pingBy = 0;
  /* a pong is due by then; 0: none is */
  #patience = 1;
  /* times CATCH_UP_MAX */
  /** @param {any} owner @param {any} Socket a WebSocket constructor
   *  @param {import('./timers.js').Clock} clock */
  constructor(owner, Socket, clock) {
    this.#owner = owner;
    this.#Socket = Socket;
    this.#clock = clock;
    this.#timers = new Timers(clock);
  }
  /** Opens a socket. Throws where the address or a protocol can never work. */
  open() {
    this.#timers.cancel("open");
    const opening = { onclose: null, close() {
    } };
    this.#ws = opening;
    this.#welcomed = this.#connected = false;
    this.#openedAt = this.#clock.now();
    this.#sentBytes = this.#queuedBytes = 0;
    this.#timers.later("watch", WATCH_EVERY, () => this.#watch());
    const protocols = this.#owner.protocols();
    if (Array.isArray(protocols)) {
      this.#connect(protocols);
      return;
    }
    protocols.then((list) => this.#ws === opening && this.#connect(list)).catch((err) => this.#ws === opening && this.#lost(0, err.message));
  }
  /** @returns {boolean} whether there was a connection to put it on */
  send(message) {
    if (!this.#welcomed || this.#ws === null)
      return false;
    if (this.#ws.readyState > OPEN)
      return false;
    try {
      const data = JSON.stringify(message);
      this.#ws.send(data);
      this.#sentBytes += jsonBytes(data);
      return true;
    } catch {
      return false;
    }
  }
  /** An answer is due from now on. */
  expectAnswer() {
    this.#waitingSince = this.#clock.now();
  }
  /** Gives up a connection that is of no use any more; a new one follows. */
  drop(reason) {
    if (this.#ws === null)
      return;
    const ws = this.#ws;
    ws.onclose = null;
    ws.close();
    this.#lost(0, reason);
  }
  /** The network or the page has come back: look at once instead of waiting. */
  wake() {
    this.#failures = 0;
    if (this.#ws !== null && !this.#connected && this.#clock.now() - this.#openedAt > WAKE_STALE)
      this.drop("the network has come back");
    if (this.#ws === null)
      this.open();
    else if (this.#welcomed && !this.#owner.catchingUp())
      this.#ping();
  }
  /** Closes for good. */
  close() {
    this.#timers.cancelAll();
    const ws = this.#ws;
    this.#ws = null;
    if (ws) {
      ws.onclose = ws.onmessage = null;
      ws.close(1e3);
    }
  }
  #connect(protocols) {
    const ws = new this.#Socket(this.#owner.address(), protocols);
    this.#ws = ws;
    ws.onopen = () => this.#ws === ws && this.#opened();
    ws.onmessage = ({ data }) => this.#ws === ws && this.#hear(data);
    ws.onclose = ({ code, reason }) => this.#ws === ws && this.#lost(code, reason);
    ws.onerror = () => {
    };
  }
  #opened() {
    this.#connected = true;
    this.#aliveAt = this.#clock.now();
  }
  #hear(data) {
    this.#connected = true;
    this.#aliveAt = this.#clock.now();
    let msg = null;
    try {
      msg = JSON.parse(data);
    } catch {
    }
    switch (msg?.type) {
      case "welcome":
        this.#welcomed = true;
        this.#welcomedAt = this.#waitingSince = this.#answeredAt = this.#aliveAt;
        break;
      case "error":
        if (this.#welcomed)
          break;
      /* instead of a welcome; falls through: it is closed, too */
      case "closing":
        this.#retryMs = msg.retry_ms ?? 0;
        break;
      case "pong":
        this.#pingBy = 0;
        this.#sentBytes = 0;
        this.#answeredAt = this.#aliveAt;
        break;
      case "ack":
        this.#sentBytes = 0;
        this.#answeredAt = this.#aliveAt;
        break;
      default:
    }
    this.#owner.message(msg);
    if (this.#welcomed && !this.#owner.catchingUp())
      this.#patience = 1;
  }
  #lost(code, reason) {
    const ws = this.#ws;
    ws.onclose = ws.onmessage = ws.onopen = null;
    this.#ws = null;
    const waited = this.#welcomed ? 0 : this.#clock.now() - this.#openedAt;
    if (this.#welcomed && this.#clock.now() - this.#welcomedAt >= STEADY)
      this.#failures = 0;
    this.#welcomed = this.#connected = false;
    this.#pingBy = 0;
    this.#timers.cancel("watch");
    const why = this.#owner.lost(code, reason ?? "");
    if (why !== null && this.#ws === null)
      this.#timers.later("open", this.#delay(why, waited), () => this.open());
  }
  #delay(code, waited) {
    if (this.#retryMs > 0) {
      const ms2 = this.#retryMs;
      this.#retryMs = 0;
      return ms2;
    }
    if (SLOW_DOWN_CODES.has(code))
      this.#failures = Math.max(this.#failures, SLOW_DOWN_FAILURES);
    const ms = Math.min(BACKOFF_MAX, BACKOFF_FIRST * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    const jitter = 0.5 + this.#clock.random() / 2;
    return Math.round(Math.max(BACKOFF_FIRST, ms - waited) * jitter);
  }
  #watch() {
    this.#timers.later("watch", WATCH_EVERY, () => this.#watch());
    const now = this.#clock.now();
    if (!this.#connected) {
      if (now - this.#openedAt > CONNECT_MAX)
        this.drop("no connection");
      return;
    }
    const queued = this.#ws.bufferedAmount ?? 0;
    if (queued > 0 && queued < this.#queuedBytes) {
      this.#aliveAt = this.#waitingSince = now;
      if (this.#pingBy)
        this.#pingBy = now + this.#pongMax();
    }
    this.#queuedBytes = queued;
    if (!this.#welcomed || this.#owner.catchingUp())
      this.#watchCatchUp(now);
    else
      this.#watchLive(now);
  }
  #watchCatchUp(now) {
    if (now - this.#aliveAt <= CATCH_UP_MAX * this.#patience)
      return;
    this.#patience = Math.min(2 * this.#patience, PATIENCE_MAX);
    this.drop(this.#welcomed ? "what was missed does not come" : "no welcome");
  }
  #watchLive(now) {
    const waiting = this.#owner.waiting();
    const slack = this.#slack();
    if (waiting && now - this.#waitingSince > ANSWER_MAX + slack || this.#pingBy && now > this.#pingBy) {
      this.drop("no answer");
      return;
    }
    const since = waiting ? Math.max(this.#waitingSince, this.#answeredAt) : this.#aliveAt;
    const patience = waiting || this.#owner.watchful() ? ASK_AFTER : SILENCE_MAX;
    if (now - since >= patience && !this.#pingBy)
      this.#ping();
  }
  #ping() {
    this.send({ type: "ping" });
    this.#pingBy = this.#clock.now() + this.#pongMax();
  }
  /* The time that what was sent may still be on its way: the kernel has taken it, or the socket
   * shows no progress within one message, as in Node. */
  #slack() {
    return this.#sentBytes / SLOW_BYTES_PER_MS;
  }
  #pongMax() {
    return PONG_MAX + this.#slack();
  }
};

// room.js
var PROTOCOL = "weft.v1";
var CURSOR_EVERY_MS = 50;
var FINAL_CODES = /* @__PURE__ */ new Set([1002, 4401, 4403]);
var TELL_CODES = /* @__PURE__ */ new Set([1008, 1013, 4429]);
function connect(url, options = {}) {
  return new Room(url, options);
}
var Room = class extends Emitter {
  #url;
  #options;
  #clock;
  #timers;
  #link;
  #state = new State();
  #requests;
  #status = "connecting";
  #saved = false;
  #pendingSince = null;
  #full = false;
  /* the next connection asks for the text */
  #effects = [];
  /* to be carried out */
  #running = false;
  #keep = (
    /** @type {Keep|null} */
    null
  );
  #taking = (
    /** @type {Promise<void>|null} */
    null
  );
  /* until it is known what was kept */
  #restore;
  #onHide = () => this.keep();
  /** @param {string | URL} url @param {Options} options */
  constructor(url, options) {
    super();
    this.#url = new URL(url);
    this.#options = { ...options };
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#timers = new Timers(this.#clock);
    const owner = {
      address: () => this.#address(),
      protocols: () => this.#protocols(),
      message: (msg) => this.#hear(msg),
      lost: (code, reason) => this.#lost(code, reason),
      waiting: () => this.#state.inflight?.phase === "sent",
      catchingUp: () => !this.#state.caughtUp,
      watchful: () => this.users.size > 0 && !isHidden()
    };
    this.#link = new Link(owner, options.WebSocket ?? globalThis.WebSocket, this.#clock);
    this.#requests = new Requests((message) => this.#link.send(message));
    this.#restore = new Restore({
      state: this.#state,
      run: (effects) => this.#run(effects),
      send: (message) => this.#link.send(message),
      drop: (reason) => this.#link.drop(reason),
      reload: (reason) => this.#carryOut({ kind: "reconnect", full: true, reason }),
      emit: (event, detail) => this.emit(event, detail)
    });
    if (options.storage)
      this.#useStorage(options.storage, options.locks);
    this.#link.open();
  }
  get url() {
    return this.#url.origin + this.#url.pathname;
  }
  get status() {
    return this.#status;
  }
  get saved() {
    return this.#saved;
  }
  get pendingSince() {
    return this.#pendingSince;
  }
  get pendingCount() {
    return this.#state.pendingCount;
  }
  get text() {
    return this.#state.text;
  }
  get doc() {
    return this.#state.doc;
  }
  get rev() {
    return this.#state.rev;
  }
  get epoch() {
    return this.#state.epoch;
  }
  get mode() {
    return this.#options.readOnly ? "read" : this.#state.mode;
  }
  get meta() {
    return this.#state.meta;
  }
  get limits() {
    return this.#state.limits;
  }
  get readKey() {
    return this.#state.readKey;
  }
  get users() {
    return this.#state.presence.users;
  }
  get me() {
    const { head, anchor } = this.#state.presence.me;
    const { name = "", color = "" } = this.#options;
    return { userId: this.#state.userId, name, color, head, anchor };
  }
  /** @param {number} position @param {string} text */
  insert(position, text) {
    this.edit(opAt(position, text));
  }
  /** @param {number} position @param {number} [length] */
  delete(position, length = 1) {
    if (!(length > 0))
      throw new OpError(`a length is an integer above 0, found ${length}`);
    this.edit(opAt(position, -length));
  }
  /**
   * Throws an OpError, with nothing changed, where op is malformed, does not fit
   * the text, or this room is open for reading only.
   * @param {import('./ot.js').Op} op
   * @param {unknown} [source] comes back in the change event
   */
  edit(op, source) {
    if (this.mode === "read")
      throw new OpError("this room is open for reading only");
    if (this.#status === "closed")
      throw new OpError("this room is closed");
    this.#run(this.#state.localEdit(check(op), source));
  }
  /** Sets entries of the room; null removes one. @param {Record<string, string|null>} meta */
  setMeta(meta) {
    this.#run(this.#state.localMeta(meta));
  }
  /** Where our caret is; sent a little later, and not while edits are pending. */
  setCursor(head, anchor = head) {
    this.#state.presence.setOwn(head, anchor);
    this.#cursorSoon();
  }
  /** @param {string} name @param {string} [color] */
  setName(name, color = this.#options.color) {
    this.#options.name = name;
    this.#options.color = color;
    this.#link.send({ type: "user", name, color });
  }
  /** What others see: the fields that are given. @param {{name?: string, color?: string}} user */
  setUser({ name = this.#options.name, color = this.#options.color }) {
    this.setName(name, color);
  }
  /** Hands data to another user (to set up WebRTC, for one). */
  signal(to, data) {
    this.#link.send({ type: "signal", to, data });
  }
  /** @param {number} [rev] @returns {Promise<string>} the text at a revision, or now */
  async at(rev) {
    return (await this.#requests.ask({ type: "text", rev })).text;
  }
  /** Logged operations, oldest first. @param {{from?: number, to?: number}} [range] */
  async *history({ from = 1, to = this.rev } = {}) {
    for (let next = from; next <= to; ) {
      const { ops } = await this.#requests.ask({ type: "history", from: next, to });
      if (!ops || ops.length === 0)
        return;
      yield* ops;
      next = ops[ops.length - 1].rev + 1;
    }
  }
  /** The network or the page has come back: look at once instead of waiting. */
  wake() {
    if (this.#status !== "closed")
      this.#link.wake();
  }
  /**
   * Puts what is pending into the storage now.
   * @returns {boolean} whether all of it will be back when the page is: with storage 'session'
   *     after a reload, with 'local' also after the tab was closed; true with nothing pending
   */
  keep() {
    if (!this.#state.pending)
      return true;
    return this.#keep !== null && !this.#taking && !this.#restore.waiting && this.#keep.write(this.#state) && this.#keep.lasting;
  }
  /** Closes for good. What is pending stays readable in `text`, and in the storage. */
  close() {
    if (this.#keep && this.#status !== "closed") {
      this.keep();
      this.#keep.done();
      globalThis.removeEventListener?.("pagehide", this.#onHide);
    }
    this.#timers.cancelAll();
    this.#link.close();
    this.#requests.fail("the room is closed");
    this.#setStatus("closed");
    this.#run(this.#state.disconnected());
  }
  /* ---- connection ---------------------------------------------------- */
  #useStorage(storage, locks) {
    const keep = new Keep(storage, this.url, this.#clock, locks);
    this.#keep = keep;
    this.#taking = keep.take()?.then((record) => {
      this.#taking = null;
      if (this.#status === "closed")
        keep.done();
      else if (record)
        this.#restore.begin(record);
    }) ?? null;
    globalThis.addEventListener?.("pagehide", this.#onHide);
  }
  #protocols() {
    const { token } = this.#options;
    const list = (secret) => {
      const session = this.#restore.session ?? this.#state.session;
      return [
        PROTOCOL,
        ...secret === void 0 ? [] : [`weft.token.${secret}`],
        ...session ? [`weft.session.${session}`] : []
      ];
    };
    if (typeof token === "function" || this.#taking)
      return (async () => {
        await this.#taking;
        return list(typeof token === "function" ? await token() : token);
      })();
    return list(token);
  }
  #address() {
    const url = new URL(this.#url);
    const { name, color, readOnly } = this.#options;
    const set = { name, color, mode: readOnly ? "read" : void 0 };
    if (this.#state.session && this.#state.epoch && !this.#full) {
      set.epoch = this.#state.epoch;
      set.rev = this.#state.rev;
    }
    for (const [key, value] of Object.entries(set)) {
      if (value !== void 0 && value !== "")
        url.searchParams.set(key, value);
    }
    return url.href;
  }
  #hear(msg) {
    if (typeof msg?.type !== "string") {
      this.#resync(true, "what the server sent is no message");
      return;
    }
    if (!this.#restore.hear(msg))
      return;
    if (msg.type === "welcome") {
      if (msg.protocol !== void 0 && msg.protocol !== PROTOCOL) {
        this.#refuse(1002, `The server speaks ${msg.protocol}, not ${PROTOCOL}.`);
        return;
      }
      if (msg.text === void 0 && (this.#full || this.#state.epoch === null))
        msg.text = "";
      this.#full = false;
    } else if (msg.type === "signal") {
      this.emit("signal", { from: msg.from, data: msg.data });
    }
    this.#requests.answer(msg);
    let effects;
    try {
      effects = this.#state.message(msg);
    } catch (err) {
      this.#resync(true, `a malformed message (${msg.type}): ${err.message}`);
      return;
    }
    this.#run(effects);
    if (msg.type === "welcome" && this.#state.online)
      this.#setStatus("online");
  }
  /* What the server said and what we have do not go together. */
  #resync(full, reason) {
    this.#full ||= full;
    this.emit("resync", { reason, text: this.text });
    this.#link.drop(reason);
  }
  /* Trying again is of no use. */
  #refuse(code, message) {
    this.emit("error", { code, message, fatal: true });
    this.close();
  }
  /* The connection is gone, whoever ended it. */
  #lost(code, reason) {
    const wasOnline = this.#state.online;
    this.#timers.cancel("retry");
    this.#requests.fail("the connection was lost");
    this.#run(this.#state.disconnected());
    if (FINAL_CODES.has(code)) {
      this.#refuse(code, reason || closeText(code));
      return null;
    }
    let why = code;
    if (code === 1008 && /session/i.test(reason)) {
      this.#state.forgetSession();
      why = 0;
    } else if (code === 1009) {
      this.#state.messageTooLarge();
    } else if (TELL_CODES.has(code) && reason) {
      this.emit("error", { code, message: reason });
    }
    this.emit("lost", { code, reason });
    this.#setStatus(wasOnline ? "connecting" : "offline");
    return why;
  }
  /* ---- effects ------------------------------------------------------- */
  /** @param {import('./state.js').Effect[]} effects */
  #run(effects) {
    for (const fx of effects) {
      if (fx.kind !== "send")
        continue;
      this.#link.expectAnswer();
      this.#link.send(fx.message);
    }
    this.#effects.push(...effects.filter((fx) => fx.kind !== "send"));
    if (this.#running)
      return;
    this.#running = true;
    try {
      while (this.#effects.length > 0)
        this.#carryOut(this.#effects.shift());
      this.#noteSaved();
    } finally {
      this.#running = false;
    }
    this.#cursorSoon();
  }
  #carryOut(fx) {
    switch (fx.kind) {
      case "retry":
        this.#timers.later("retry", fx.ms, () => this.#run(this.#state.retry()));
        break;
      case "reconnect":
        this.#resync(fx.full, fx.reason);
        break;
      case "unknown":
        this.emit("unknown", { type: String(fx.type) });
        break;
      case "users":
        this.emit("users", this.users);
        break;
      case "meta":
        this.emit("meta", fx.meta);
        break;
      case "saved":
        break;
      /* looked at once, when all is done */
      case "change":
        this.emit("change", fx);
        if (this.users.size > 0)
          this.emit("users", this.users);
        break;
      default: {
        const { kind, ...detail } = fx;
        this.emit(kind, detail);
      }
    }
  }
  #noteSaved() {
    const { pending, caughtUp } = this.#state;
    const saved = caughtUp && !pending && this.#status !== "closed";
    if (!pending)
      this.#pendingSince = null;
    else if (this.#pendingSince === null)
      this.#pendingSince = new Date(this.#clock.now());
    if (!this.#taking && !this.#restore.waiting && this.#status !== "closed")
      this.#keep?.note(this.#state);
    if (saved !== this.#saved || pending) {
      this.#saved = saved;
      this.emit("saved", saved);
    }
  }
  #setStatus(status) {
    if (this.#status === status || this.#status === "closed")
      return;
    this.#status = status;
    this.emit("status", status);
  }
  #cursorSoon() {
    if (this.#timers.has("cursor") || !this.#state.presence.ownReady)
      return;
    this.#timers.later("cursor", CURSOR_EVERY_MS, () => {
      const message = this.#state.presence.ownMessage();
      if (message)
        this.#link.send(message);
    });
  }
};
function opAt(position, component) {
  if (!Number.isSafeInteger(position) || position < 0)
    throw new OpError(`a position is an integer from 0, found ${position}`);
  return position > 0 ? [position, component] : [component];
}
var isHidden = () => globalThis.document?.visibilityState === "hidden";
function closeText(code) {
  switch (code) {
    case 4401:
      return "The server asks for valid credentials.";
    case 4403:
      return "You may not open this room.";
    default:
      return "The server does not speak this version of the protocol.";
  }
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
    this.#off = room.on("change", (change2) => this.#changed(change2));
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
      carry2(this.#undo, op);
      carry2(this.#redo, op);
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
function carry2(stack, foreign) {
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
function shown2(text) {
  return text.includes("\r") ? text.replace(/\r/g, "␍") : text;
}
var Binding = class {
  constructor(room, el, undo) {
    this.room = room;
    this.el = el;
    this.undo = undo;
    this.last = shown2(room.text);
    this.held = [];
    this.composing = false;
    this.source = /* @__PURE__ */ Symbol("textarea");
    this.offs = [];
    el.value = this.last;
    this.offs.push(room.on("change", (change2) => this.changed(change2)));
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
        this.show(shown2(room.text));
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
      const text = shown2(c);
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
