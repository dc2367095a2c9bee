/**
 * player.js - where one is in the history, and how one gets about: seek, play, jump.
 *
 * A place that is far away is a text that the server is asked for; a near one is reached with the
 * operations in between, where they are here. Of many places that are wanted one after another (a
 * slider that is dragged) only the last one counts once an answer is there.
 *
 * Playing takes the operations one by one, or several a frame where the speed says so. Backwards it
 * takes an older text and the operations from there, and works out what takes them back.
 */

import { Replay } from './replay.js';
import { PAGE } from './timeline.js';

const NEAR = 500; /* operations that are cheaper than a text */
const WINDOW_MAX = 500; /* operations to look back at once */
const WINDOW_UNITS = 2e7; /* of text copied for it */
const PAUSE_SHOWN_MS = 1000;
const STALL_MS = 250; /* a longer one is not made up for */
const FRAME_OPS = 1000;

/** The speed that keeps the time in which the text was written, but for long pauses. */
export const AS_WRITTEN = 0;

const CLOCK = {
    now: () => performance.now(),
    /* Also in a tab that nobody sees, but slowly. */
    frame: () => new Promise((resolve) => {
        const timer = setTimeout(resolve, 200);
        requestAnimationFrame(() => {
            clearTimeout(timer);
            resolve();
        });
    }),
};

export class Player {
    #asking;
    #pages;
    #timeline;
    #clock;
    #onShow;
    #onState;
    #settling = null;
    #run = 0; /* counts what was started; an older one ends by itself */
    #left = false;
    replay = new Replay();
    target = 0;
    playing = 0; /* 1, -1: backwards */
    speed = 20; /* operations a second, or AS_WRITTEN */

    /**
     * @param {{asking: import('./asking.js').Asking, pages: import('./pages.js').Pages,
     *          timeline: import('./timeline.js').Timeline, clock?: typeof CLOCK,
     *          onShow: (op: import('../../client/ot.js').Op) => void, onState: () => void}} parts
     *     onShow: op, in UTF-16 units, makes the text that is shown of the one before;
     *     onState: rev, target or playing are others
     */
    constructor({ asking, pages, timeline, onShow, onState, clock = CLOCK }) {
        this.#asking = asking;
        this.#pages = pages;
        this.#timeline = timeline;
        this.#onShow = onShow;
        this.#onState = onState;
        this.#clock = clock;
    }

    get rev() { return this.replay.rev; }
    get waiting() { return this.#settling !== null; }

    /** A text that is known already. */
    start(rev, text) {
        this.target = rev;
        this.#onShow(this.replay.jump(rev, text));
        this.#onState();
    }

    /** Ends everything. */
    stop() {
        this.pause();
        this.#left = true;
    }

    pause() {
        this.#run++;
        this.playing = 0;
        this.#onState();
    }

    /** Gets there; resolves when it is shown, or something else was wanted meanwhile. */
    seek(rev) {
        this.target = Math.max(this.#timeline.base, Math.min(this.#timeline.head, rev));
        this.#settling ??= this.#settle().finally(() => {
            this.#settling = null;
            this.#onState();
        });
        this.#onState();
        return this.#settling;
    }

    /**
     * @param {'each'|'pause'|'turn'|number} kind @param {1|-1} step see Timeline.stop
     * @returns {Promise<boolean>} false: there is no further one
     */
    async jump(kind, step) {
        this.pause();
        const run = this.#run;
        let found = this.#timeline.stop(kind, this.target, step);
        while (found?.need !== undefined) {
            await this.#pages.need(found.need);
            if (run !== this.#run)
                return true;
            found = this.#timeline.stop(kind, found.from, step);
        }
        if (found === null)
            return false;
        await this.seek(found.rev);
        return true;
    }

    /** @param {1|-1} direction at the end: from the other one */
    async play(direction) {
        this.pause();
        const run = this.#run;
        this.playing = direction;
        if (this.target === this.#end(direction))
            await this.seek(this.#end(-direction));
        let last = this.#clock.now();
        let due = 0; /* milliseconds that are not played yet */
        while (run === this.#run && !this.#left && this.rev !== this.#end(direction)) {
            const now = this.#clock.now();
            due += Math.min(now - last, STALL_MS);
            last = now;
            const at = this.rev;
            await this.#ready(at + direction);
            const { count, spent } = this.#due(at, direction, due);
            due -= spent;
            if (count > 0) {
                await this.#ready(at + direction * count);
                if (run === this.#run && this.rev === at && this.target === at)
                    await this.seek(at + direction * count);
            }
            await this.#clock.frame();
        }
        if (run === this.#run)
            this.pause();
    }

    #end(direction) {
        return direction > 0 ? this.#timeline.head : this.#timeline.base;
    }

    /* How many operations the time is for. */
    #due(at, direction, time) {
        let count = 0;
        let spent = 0;
        for (; count < FRAME_OPS && at + direction * count !== this.#end(direction); count++) {
            const next = spent + this.#gap(at + direction * count, direction);
            if (next > time)
                break;
            spent = next;
        }
        return { count, spent };
    }

    /* Between a revision and the next one that is shown. */
    #gap(rev, direction) {
        if (this.speed !== AS_WRITTEN)
            return 1000 / this.speed;
        const later = Math.max(rev, rev + direction);
        const gap = this.#timeline.timeOf(later) - this.#timeline.timeOf(later - 1);
        return gap >= 0 ? Math.min(gap, PAUSE_SHOWN_MS) : PAUSE_SHOWN_MS; /* NaN: the first one */
    }

    /* Everything to get to a near revision with is here. */
    async #ready(rev) {
        const here = this.rev;
        if (rev > here) {
            await this.#pages.all(here + 1, rev);
            const soon = Math.min(this.#timeline.head, rev + PAGE / 2);
            this.#pages.need(soon).catch(() => {}); /* it is asked for again when it is due */
        } else if (rev < here && !this.replay.canGoBack(rev)) {
            const { text } = this.replay;
            const window = Math.max(20, here - rev,
                                    Math.min(WINDOW_MAX, Math.floor(WINDOW_UNITS / (text.length + 1))));
            const from = Math.max(this.#timeline.base, here - window);
            const [older, ops] = await Promise.all([this.#asking.text(from),
                                                    this.#pages.all(from + 1, here)]);
            if (this.rev === here && !this.#left)
                this.replay.lookBack(from, older, ops);
        }
    }

    async #settle() {
        try {
            while (this.rev !== this.target && !this.#left)
                await this.#approach(this.target);
        } catch (err) {
            this.target = this.rev;
            throw err;
        }
    }

    async #approach(rev) {
        const { replay } = this;
        const way = rev - replay.rev;
        const ops = way > 0 && way <= NEAR ? this.#pages.ops(replay.rev + 1, rev) : null;
        let change;
        if (ops !== null) {
            change = replay.forward(ops);
        } else if (way < 0 && replay.canGoBack(rev)) {
            change = replay.backward(rev);
        } else {
            const text = await this.#asking.text(rev);
            if (this.#left)
                return;
            change = replay.jump(rev, text);
        }
        this.#onShow(change);
        this.#onState();
    }
}
