/* What the two peers over Yjs share: a text whose positions are code points on the outside. */

import * as Y from 'yjs';

export class SharedText {
    doc = new Y.Doc();
    #text = this.doc.getText('text');

    toString() { return this.#text.toString(); }

    insert(at, text) { this.#text.insert(this.#unit(at), text); }

    remove(at) {
        const from = this.#unit(at);
        this.#text.delete(from, this.#unit(at + 1) - from);
    }

    #unit(at) {
        let unit = 0;
        const text = this.#text.toString();
        for (; at > 0; at--)
            unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
        return unit;
    }
}
