/* Edits that wait for their acknowledgement, oldest first. */

export class Pending {
    #waiting = [];

    /** @returns {Promise<void>} fulfilled when the edit that is about to be made is acknowledged */
    add() {
        return new Promise((resolve) => { this.#waiting.push(resolve); });
    }

    /** All but the last `open` are acknowledged. */
    acked(open = 0) {
        while (this.#waiting.length > open)
            this.#waiting.shift()();
    }
}
