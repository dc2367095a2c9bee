/**
 * asking.js - questions about the history, no faster than the server likes.
 *
 * A server answers so many questions a second, some at once, and a long answer counts as several
 * (docs/protocol.md, limits). This keeps well below what it allows by default, so that nothing is
 * refused; and where the operator allows less, or the connection is gone, a question waits and is
 * asked again. A question fails only where no answer can come.
 */

const BURST = 100;
const A_SECOND = 25;
const ANSWER_UNITS = 256 * 1024;
const REFUSED_MS = 1200; /* a second without being refused keeps the connection */

const CLOCK = {
    now: () => performance.now(),
    wait: (ms) => new Promise((resolve) => { setTimeout(resolve, ms); }),
};

export class Asking {
    #room;
    #clock;
    #left = BURST;
    #at;
    #stopped = false;

    /** @param {import('../../client/room.js').Room} room @param {typeof CLOCK} [clock] for tests */
    constructor(room, clock = CLOCK) {
        this.#room = room;
        this.#clock = clock;
        this.#at = clock.now();
    }

    /** Questions that wait are not asked any more. */
    stop() {
        this.#stopped = true;
    }

    /** What may be asked at once without making anybody wait. */
    get left() {
        const now = this.#clock.now();
        this.#left = Math.min(BURST, this.#left + (now - this.#at) * A_SECOND / 1000);
        this.#at = now;
        return this.#left;
    }

    /** @param {number} rev @returns {Promise<string>} */
    async text(rev) {
        const text = await this.#ask(() => this.#room.at(rev));
        this.#left -= Math.floor(text.length / ANSWER_UNITS);
        return text;
    }

    /**
     * Where the log begins: the operator may have old operations deleted.
     * @returns {Promise<number>} the oldest revision that has a text
     */
    async base() {
        try {
            await this.history(1, 1);
            return 0;
        } catch (err) {
            const [, least] = /at least (\d+)/.exec(err.message) ?? [];
            if (err.code !== 'gone' || least === undefined)
                throw err;
            return Number(least) - 1; /* it names the first operation */
        }
    }

    /** @param {number} from @param {number} to @returns {Promise<any[]>} the logged operations */
    history(from, to) {
        return this.#ask(async () => {
            const ops = [];
            for await (const op of this.#room.history({ from, to }))
                ops.push(op);
            return ops;
        });
    }

    async #ask(question) {
        for (;;) {
            while (this.left < 1 && !this.#stopped)
                await this.#clock.wait((1 - this.#left) * 1000 / A_SECOND);
            if (this.#stopped || this.#room.status === 'closed')
                throw new Error('nobody waits for the answer');
            this.#left--;
            try {
                return await question();
            } catch (err) {
                if (err.code === 'rate_limited' || err.code === 'unavailable')
                    await this.#clock.wait(Math.max(REFUSED_MS, err.retry_ms ?? 0));
                else if (err.code !== undefined)
                    throw err;
                else
                    await this.#online();
            }
        }
    }

    /* The connection was lost, or is not there yet. */
    #online() {
        if (this.#room.status === 'online' || this.#room.status === 'closed')
            return this.#clock.wait(50);
        return new Promise((resolve) => {
            const off = this.#room.on('status', (status) => {
                if (status !== 'online' && status !== 'closed')
                    return;
                off();
                resolve();
            });
        });
    }
}
