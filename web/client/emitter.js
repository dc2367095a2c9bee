/**
 * emitter.js - named events.
 *
 * on() returns the function that takes the listener off again. A listener that
 * throws does not keep the others from hearing: its error is thrown again in a
 * task of its own, where the environment reports it.
 */

export class Emitter {
    #listeners = /** @type {Map<string, Set<Function>>} */ (new Map());

    /**
     * @param {string} event
     * @param {(detail: any) => void} listener
     * @returns {() => void} takes the listener off
     */
    on(event, listener) {
        let set = this.#listeners.get(event);
        if (!set)
            this.#listeners.set(event, set = new Set());
        set.add(listener);
        return () => set.delete(listener);
    }

    /** @param {string} event @param {any} [detail] */
    emit(event, detail) {
        for (const listener of [...(this.#listeners.get(event) ?? [])]) {
            try {
                listener(detail);
            } catch (err) {
                queueMicrotask(() => {
                    throw err;
                });
            }
        }
    }
}
