/**
 * undo.js - takes back one's own edits, and nobody else's.
 *
 * Idea: for each own edit the operation that undoes it is kept on a stack. The
 * top one is written against the text as it is now, each one below against the
 * text after those above it were undone. An edit of somebody else is therefore
 * handed down the stack: each entry moves over it, and it moves over the entry
 * (TP1 makes both ways meet). An entry of which nothing is left is dropped.
 *
 * Edits that follow each other quickly are one step, as a person means them.
 *
 * Cost: one transform per kept step for each foreign edit; steps are bounded.
 */

import { compose, invert, transform, LEFT, RIGHT } from './ot.js';

const STEPS_MAX = 200;
const STEP_MS = 700; /* a pause this long begins a new step */

/** The source of the change events that undo() and redo() cause. */
export class UndoStep {
    /**
     * @param {Undo} owner to any other Undo of the room it is an edit like all
     * @param {import('./ot.js').Op[]} target the stack that receives the inverse
     */
    constructor(owner, target) {
        this.owner = owner;
        this.target = target;
    }
}

export class Undo {
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
        this.#off = room.on('change', (change) => this.#changed(change));
    }

    get canUndo() { return this.#undo.length > 0; }
    get canRedo() { return this.#redo.length > 0; }

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
        if (op === undefined)
            return false;
        try {
            this.#room.edit(op, new UndoStep(this, to));
        } catch (err) {
            from.push(op); /* this one only reads */
            throw err;
        }
        this.breakStep();
        return true;
    }

    #changed({ op, before, local, source }) {
        if (!local) {
            carry(this.#undo, op);
            carry(this.#redo, op);
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
}

/* Moves a stack over somebody else's edit. */
function carry(stack, foreign) {
    let op = foreign;
    for (let i = stack.length - 1; i >= 0; i--) {
        const own = stack[i];
        stack[i] = transform(own, op, LEFT);
        op = transform(op, own, RIGHT);
        if (stack[i].length === 0)
            stack.splice(i, 1);
    }
}
