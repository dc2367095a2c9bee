/**
 * replay.js - an old text that operations move on and back.
 *
 * Idea: the text at one revision, counted in code points and in UTF-16 units (client/doc.js), and
 * a stack of what takes the last operations back again. Going on needs only the operations; going
 * back needs what they deleted, which the log does not say: so it is noted on the way forward, or
 * worked out from an older text (lookBack).
 *
 * What moves it is an operation in UTF-16 units, as an editor takes it.
 *
 * Cost: O(operation) and a copy of the chunks it touches a step, and one copy of the text where
 * something is deleted; the stack is bounded.
 */

import { Doc } from '../../client/doc.js';
import { composeAll, normalize } from '../../client/ot.js';
import { cpLength, sharedEnds } from '../../client/text.js';

const BACK_MAX = 4096; /* steps */
const BACK_UNITS_MAX = 1 << 23; /* of text in them */

/** @typedef {import('../../client/ot.js').Op} Op */

export class Replay {
    #doc = Doc.of('');
    #back = []; /* {rev, op}: op makes the text at rev of the one after */
    #backUnits = 0;
    rev = 0;

    get text() { return this.#doc.toString(); }

    /** Another text. @returns {Op} in units, what makes it of the one before */
    jump(rev, text) {
        const before = this.text;
        this.#back = [];
        this.#backUnits = 0;
        this.rev = rev;
        if (before === text)
            return [];
        const [head, tail] = sharedEnds(before, text);
        this.#doc = Doc.of(text);
        return [head, head + tail - before.length, text.slice(head, text.length - tail)]
            .filter((c) => c !== 0 && c !== '');
    }

    /** @param {Op[]} ops of the revisions that follow @returns {Op} in units */
    forward(ops) {
        const op = composeAll(ops);
        const { inUnits, inverse, kept } = this.#move(op);
        this.#back.push({ rev: this.rev, op: inverse });
        this.#backUnits += kept;
        while (this.#back.length > BACK_MAX || this.#backUnits > BACK_UNITS_MAX)
            this.#backUnits -= textIn(this.#back.shift().op);
        this.rev += ops.length;
        return inUnits;
    }

    /** Whether backward() gets to rev. */
    canGoBack(rev) {
        return this.#back.some((step) => step.rev === rev);
    }

    /** @param {number} rev one for which canGoBack() @returns {Op} in units */
    backward(rev) {
        const ops = [];
        while (this.rev > rev) {
            const step = this.#back.pop();
            this.#backUnits -= textIn(step.op);
            ops.push(step.op);
            this.rev = step.rev;
        }
        return this.#move(composeAll(ops)).inUnits;
    }

    /**
     * Makes it possible to go back, step by step, to an older text.
     * @param {number} rev @param {string} text at rev @param {Op[]} ops from there to here
     */
    lookBack(rev, text, ops) {
        const walk = new Replay();
        walk.jump(rev, text);
        for (const op of ops)
            walk.forward([op]);
        if (walk.rev !== this.rev || walk.text !== this.text)
            throw new Error(`revisions ${rev} to ${this.rev} do not lead to the text`);
        this.#back = walk.#back;
        this.#backUnits = walk.#backUnits;
    }

    /** @param {number} cp @returns {number} the place in units */
    unitAt(cp) {
        return this.#doc.unitAt(Math.min(cp, this.#doc.cps));
    }

    /** @param {number} unit @returns {number} the place in code points */
    cpAt(unit) {
        return this.#doc.cpAt(Math.min(unit, this.#doc.units));
    }

    #move(operation) {
        const op = normalize(operation);
        const text = op.some((c) => c < 0) ? this.text : '';
        const inUnits = this.#doc.toUtf16(op);
        const inverse = [];
        let at = 0;
        let kept = 0;
        op.forEach((c, i) => {
            if (typeof c === 'string') {
                inverse.push(-cpLength(c));
            } else {
                const end = at + Math.abs(inUnits[i]);
                inverse.push(c > 0 ? c : text.slice(at, end));
                kept += c > 0 ? 0 : end - at;
                at = end;
            }
        });
        this.#doc = this.#doc.apply(op);
        return { inUnits, inverse: normalize(inverse), kept };
    }
}

function textIn(op) {
    return op.reduce((sum, c) => sum + (typeof c === 'string' ? c.length : 0), 0);
}

/**
 * Where an operation has changed the text, in code points of the text after it.
 * @param {Op} op @param {number} [max] places; of one that has more, the first
 * @returns {{from: number, to: number}[]} from equals to where something was taken away
 */
export function touched(op, max = 1000) {
    const places = [];
    let at = 0;
    for (const c of op) {
        if (places.length >= max)
            break;
        if (typeof c === 'string') {
            const from = at;
            at += cpLength(c);
            const last = places[places.length - 1];
            if (last?.to === from && last.from === from)
                places.pop(); /* replaced: what is new says it */
            places.push({ from, to: at });
        } else if (c > 0) {
            at += c;
        } else if (places[places.length - 1]?.to !== at) {
            places.push({ from: at, to: at });
        }
    }
    return places;
}
