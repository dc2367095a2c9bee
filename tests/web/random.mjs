/**
 * random.mjs - seeded randomness for the tests; the same seed, the same run.
 *
 * WEFT_SEED=<n> runs one seed only; WEFT_CASES=<n> changes how many are run.
 */

/* Text that looks like a count is text. */
const ALPHABET = ['a', 'b', 'c', '-', '1', ' ', '\n', 'é', '漢', '😀', '😁', '🨀', '\u{10FFFF}'];

export class Random {
    /** @param {number} seed */
    constructor(seed) {
        this.state = (seed ^ 0x9e3779b9) >>> 0;
        for (let i = 0; i < 4; i++)
            this.next();
    }

    /** A number in [0, 1) (mulberry32). */
    next() {
        this.state = (this.state + 0x6d2b79f5) >>> 0;
        let t = this.state;
        t = Math.imul(t ^ (t >>> 15), t | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    }

    /** An integer in [0, n). */
    below(n) {
        return Math.floor(this.next() * n);
    }

    chance(p) {
        return this.next() < p;
    }

    pick(list) {
        return list[this.below(list.length)];
    }

    text(max) {
        let s = '';
        for (let n = this.below(max + 1); n > 0; n--)
            s += this.pick(ALPHABET);
        return s;
    }

    /** A random operation for a document of n code points, not in normal form. */
    op(n, max = 8) {
        const op = [];
        let left = n;
        for (let i = this.below(max); i > 0; i--) {
            const kind = this.below(3);
            if (kind === 0) {
                op.push(this.pick(ALPHABET) + this.text(3));
            } else if (left > 0) {
                const k = 1 + this.below(Math.min(left, 4));
                op.push(kind === 1 ? k : -k);
                left -= k;
            }
        }
        return op;
    }

    /** One splice, as typing makes it. */
    typing(n) {
        const at = this.below(n + 1);
        const op = at > 0 ? [at] : [];
        if (n > at && this.chance(0.4))
            op.push(-(1 + this.below(Math.min(3, n - at))));
        if (op.length < 2 && !(op[0] < 0) || this.chance(0.3))
            op.push(this.pick(ALPHABET) + this.text(2));
        return op;
    }
}

/**
 * Runs fn for many seeds; a failure names the seed.
 * @param {number} cases @param {(random: Random, seed: number) => void} fn
 */
export function forSeeds(cases, fn) {
    const only = process.env.WEFT_SEED;
    const from = only === undefined ? 1 : Number(only);
    const to = only === undefined ? Number(process.env.WEFT_CASES ?? cases) : from;
    for (let seed = from; seed <= to; seed++) {
        try {
            fn(new Random(seed), seed);
        } catch (err) {
            err.message = `seed ${seed} (WEFT_SEED=${seed} runs it alone): ${err.message}`;
            throw err;
        }
    }
}

/** The same for functions that return a promise. */
export async function forSeedsAsync(cases, fn) {
    const only = process.env.WEFT_SEED;
    const from = only === undefined ? 1 : Number(only);
    const to = only === undefined ? Number(process.env.WEFT_CASES ?? cases) : from;
    for (let seed = from; seed <= to; seed++) {
        try {
            await fn(new Random(seed), seed);
        } catch (err) {
            err.message = `seed ${seed} (WEFT_SEED=${seed} runs it alone): ${err.message}`;
            throw err;
        }
    }
}
