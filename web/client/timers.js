/**
 * timers.js - named timers on a clock that tests can replace.
 */

/**
 * @typedef {{now: () => number, random: () => number,
 *            setTimeout: (fn: () => void, ms: number) => any,
 *            clearTimeout: (id: any) => void}} Clock  times in milliseconds
 */

/**
 * Never goes back: with a clock that was set back an hour, a dead connection
 * would be waited for that long. It leaps when a machine wakes up, unlike
 * performance.now() in some browsers, so that what was missed shows at once.
 * @param {() => number} wall @returns {() => number}
 */
export function forward(wall) {
    let last = -Infinity;
    let behind = 0;
    return () => {
        const now = wall();
        behind = Math.max(behind, last - now);
        last = now + behind;
        return last;
    };
}

/** @type {Clock} */
export const SYSTEM_CLOCK = {
    now: forward(Date.now),
    random: () => Math.random(),
    setTimeout: (fn, ms) => setTimeout(fn, ms),
    clearTimeout: (id) => clearTimeout(id),
};

export class Timers {
    #running = new Map();

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
}
