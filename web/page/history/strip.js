/**
 * strip.js - the picture over the slider: how much was changed where in the history, in the colour
 * of who changed most, and a line where a pause is. What is not known yet is a thin line.
 */

const COLUMN_PX = 3;
const REDRAW_MS = 120;
const PAUSES_MAX = 0.1; /* of the columns; more say nothing */

export class Strip {
    #canvas;
    #timeline;
    #timer = 0;
    #resized = new ResizeObserver(() => this.soon());
    #theme = matchMedia('(prefers-color-scheme: dark)');
    #redraw = () => this.soon();

    /** @param {HTMLCanvasElement} canvas @param {import('./timeline.js').Timeline} timeline */
    constructor(canvas, timeline) {
        this.#canvas = canvas;
        this.#timeline = timeline;
        this.#resized.observe(canvas);
        this.#theme.addEventListener('change', this.#redraw);
    }

    done() {
        clearTimeout(this.#timer);
        this.#resized.disconnect();
        this.#theme.removeEventListener('change', this.#redraw);
    }

    /** Draws it anew, a little later: pages come in quickly. */
    soon() {
        this.#timer ||= setTimeout(() => {
            this.#timer = 0;
            this.#draw();
        }, REDRAW_MS);
    }

    #draw() {
        const canvas = this.#canvas;
        const { clientWidth: width, clientHeight: height } = canvas;
        const ratio = globalThis.devicePixelRatio || 1;
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
        const c = canvas.getContext('2d');
        c.scale(ratio, ratio);
        const style = getComputedStyle(canvas);
        const [line, soft] = ['--line', '--soft'].map((name) => style.getPropertyValue(name));
        c.fillStyle = line;
        c.fillRect(0, height - 1, width, 1);
        const { base, head, authors } = this.#timeline;
        if (head === base || width === 0)
            return;
        const columns = Math.min(head - base, Math.floor(width / COLUMN_PX));
        const step = width / columns;
        const gap = step >= 3 ? 1 : 0;
        const list = this.#timeline.columns(columns);
        const most = Math.max(1, ...list.map(({ size }) => Math.log2(1 + size)));
        const pauses = list.filter(({ pause }) => pause).length <= columns * PAUSES_MAX;
        list.forEach(({ author, size, pause }, i) => {
            if (author >= 0) {
                const tall = (0.25 + 0.75 * Math.log2(1 + size) / most) * (height - 2);
                c.fillStyle = authors[author].color;
                c.fillRect(i * step, height - 1 - tall, step - gap, tall);
            }
            if (pause && pauses) {
                c.fillStyle = soft;
                c.fillRect((i + 1) * step - 1, 0, 1, height);
            }
        });
    }
}
