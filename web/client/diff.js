/**
 * diff.js - an operation from two texts, with the fewest code points inserted
 * and deleted.
 *
 * The same as weft_op_diff of the C library, to the component: both follow
 * docs/operations.md, where the idea, the bounds and the choices between equally
 * short scripts stand. Time is bounded by counting steps.
 *
 * Both middles (what is left when the ends that are equal are off) are arrays of
 * code points, `a` and `b`. A lone surrogate counts as one.
 */

import { cpLength, isHigh, isLow, sharedEnds } from './text.js';

/* docs/operations.md has the reasons. A test sets smaller ones. */
const BOUNDS = {
    rounds: 2048, /* of the first search: 2 * rounds edits are found exactly */
    roundsInside: 128,
    roundsStuck: 512,
    worth: 4, /* places for each round that make a cut worth it */
    linesMax: 1 << 20,
    lineCpMin: 4,
    hunksMax: 1 << 18,
    steps: 1 << 24,
    stepsPerCp: 4,
};

const NOWHERE_AHEAD = -2;
const NOWHERE_BACK = 0x7fffffff;

/**
 * @param {string} from
 * @param {string} to
 * @returns {import('./ot.js').Op} what makes `to` of `from`
 */
export function diff(from, to) {
    return diffCounted(from, to).op;
}

/**
 * The same, and the steps it took; for tests.
 * @param {string} from @param {string} to @param {typeof BOUNDS} bounds
 */
export function diffCounted(from, to, bounds = BOUNDS) {
    if (from === to)
        return { op: [], steps: 0 };
    const [head, tail] = sharedEnds(from, to);
    const dropped = from.slice(head, from.length - tail);
    const put = to.slice(head, to.length - tail);
    if (dropped === '' || put === '') {
        const op = [cpLength(from.slice(0, head)), put || -cpLength(dropped)];
        return { op: op[0] === 0 ? op.slice(1) : op, steps: 0 };
    }
    const d = new Diff(codePoints(dropped), codePoints(put),
                       new Script(cpLength(from.slice(0, head)), put), bounds);
    d.run();
    return { op: d.script.op, steps: d.steps };
}

function codePoints(s) {
    const out = new Int32Array(s.length);
    let n = 0;
    for (let i = 0; i < s.length; i++) {
        let unit = s.charCodeAt(i);
        if (isHigh(unit) && i + 1 < s.length && isLow(s.charCodeAt(i + 1)))
            unit = ((unit - 0xd800) << 10) + s.charCodeAt(++i) - 0xdc00 + 0x10000;
        out[n++] = unit;
    }
    return out.subarray(0, n);
}

/** The operation, written from left to right. */
class Script {
    constructor(head, text) {
        this.op = [];
        this.head = head; /* kept in front of the middles */
        this.text = text; /* the second middle, as a string */
        this.x = this.y = this.unit = 0; /* how far the operation has got */
        this.hunks = 0;
        this.open = null; /* a change [x0, x1, y0, y1] that is not yet written */
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
}

class Diff {
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
        this.boxes = [{ x0: 0, x1: this.a.length, y0: 0, y1: this.b.length,
                        rounds: this.bounds.rounds, lines: true }];
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
        this.script.flush(); /* the middles end differently: nothing is kept behind it */
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
        if (script.open !== null &&
            (this.slide(x0 - script.open[1]) || script.hunks + 1 === this.bounds.hunksMax)) {
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
                const last = n - m < k ? n : m + k; /* the edge that comes first */
                while (x < last && a[x0 + x] === b[y0 - k + x])
                    x++;
                ahead[MID + k] = x;
                this.steps += 1 + ((x - from) >> 3);
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
                this.steps += 1 + ((from - x) >> 3);
                if (this.steps > stepsMax)
                    return { tired: true };
                if (!odd && k >= -round && k <= round && ahead[MID + k] >= x)
                    return { met: place(x, k) };
            }
        }
        /* The furthest place of each front, if it was worth the way. */
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
        /* Two that passed one another: the longer way counts. */
        if (found.ahead && found.back &&
            (found.ahead.x > found.back.x || found.ahead.y > found.back.y))
            found[best >= bestBack ? 'back' : 'ahead'] = null;
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
        this.steps += ((x1 - x0) >> 2) + ((y1 - y0) >> 2);
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
            for (end = i + 1; end < order.length && hash(end) === hash(i);)
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
}

/* Lines as [start, length, hash], without the short ones. */
function readLines(s, from, to, lineCpMin) {
    const lines = [];
    let start = from;
    let hash = 0x811c9dc5;
    for (let i = from; i < to; i++) {
        hash = Math.imul(hash ^ s[i], 0x01000193);
        if (s[i] !== 10 && i + 1 < to)
            continue;
        if (i + 1 - start >= lineCpMin)
            lines.push([start, i + 1 - start, hash >>> 0]);
        start = i + 1;
        hash = 0x811c9dc5;
    }
    return lines;
}

/* The longest run of pairs that goes up on both sides (patience sorting). */
function longestRun(pairs) {
    const last = []; /* [n]: the pair with the least twin that ends a run of n + 1 */
    const before = [];
    pairs.forEach(([, twin], i) => {
        let lo = 0;
        let hi = last.length;
        while (lo < hi) {
            const mid = (lo + hi) >> 1;
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
