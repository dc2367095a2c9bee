/* witness.mjs - stands in for acknowledgements where a protocol has none: somebody else shows it. */

export class Witness {
    #client;
    #expected = new Map(); /* character -> {there, resolve} */

    constructor(client) {
        this.#client = client;
        client.onChange = () => this.#look();
    }

    shown(character) { return this.#expect(character, true); }
    gone(character) { return this.#expect(character, false); }

    /** Something is still to be seen of it. */
    expects(character) { return this.#expected.has(character); }

    #expect(character, there) {
        return new Promise((resolve) => { this.#expected.set(character, { there, resolve }); });
    }

    #look() {
        const text = new Set(this.#client.text);
        for (const [character, { there, resolve }] of this.#expected) {
            if (text.has(character) !== there)
                continue;
            this.#expected.delete(character);
            resolve();
        }
    }
}
