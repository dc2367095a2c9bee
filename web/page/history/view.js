/**
 * view.js - an old text in an editor that only shows: what changed last, and who wrote what.
 *
 * Both are decorations. Those of the authors are made for what is in view and nothing else, so a
 * text may have any number of them. Colours are the classes that the others' carets have.
 */

import { Compartment, EditorState, StateEffect, StateField } from '@codemirror/state';
import { Decoration, drawSelection, EditorView, highlightSpecialChars, keymap, ViewPlugin,
         WidgetType } from '@codemirror/view';
import { tintOf } from '../../client/codemirror-people.js';
import { changesOf } from '../../client/changes.js';
import { lineDirections } from '../direction.js';
import { look } from '../look.js';

const MARGIN = 90; /* px above and below the changed place */

/** @typedef {{from: number, to: number}} Place in UTF-16 units */

class Cut extends WidgetType {
    constructor(tint) {
        super();
        this.tint = tint;
    }

    eq(other) { return this.tint === other.tint; }

    toDOM() {
        const mark = document.createElement('span');
        mark.className = `history-cut ${this.tint}`;
        mark.setAttribute('aria-hidden', 'true');
        return mark;
    }
}

const setChanged = StateEffect.define();

const changed = StateField.define({
    create: () => Decoration.none,
    update(decorations, tr) {
        for (const effect of tr.effects) {
            if (effect.is(setChanged))
                return Decoration.set(effect.value);
        }
        return decorations.map(tr.changes);
    },
    provide: (self) => EditorView.decorations.from(self),
});

const setAuthors = StateEffect.define();

export class OldText {
    #replay;
    #search = new Compartment();
    #authors = null; /* {ends: Float64Array in code points, authors, people} */

    /**
     * @param {HTMLElement} parent @param {import('./replay.js').Replay} replay what is shown
     * @param {{wrap: boolean, label: string, phrases: object}} options
     */
    constructor(parent, replay, { wrap, label, phrases }) {
        this.#replay = replay;
        const owner = this;
        const painted = ViewPlugin.fromClass(class {
            constructor(view) {
                this.decorations = owner.#paint(view);
            }

            update(update) {
                if (update.docChanged || update.viewportChanged ||
                    update.transactions.some((tr) => tr.effects.some((e) => e.is(setAuthors))))
                    this.decorations = owner.#paint(update.view);
            }
        }, { decorations: (plugin) => plugin.decorations });
        this.view = new EditorView({
            parent,
            extensions: [
                highlightSpecialChars(),
                drawSelection(),
                EditorState.lineSeparator.of('\n'),
                EditorState.readOnly.of(true),
                EditorView.editable.of(false),
                EditorState.phrases.of(phrases),
                lineDirections,
                EditorView.contentAttributes.of({
                    'aria-label': label, 'aria-readonly': 'true', tabindex: '0',
                }),
                keymap.of([{ key: 'Mod-a', run: selectAll }]),
                this.#search.of([]),
                look,
                wrap ? EditorView.lineWrapping : [],
                changed,
                painted,
            ],
        });
    }

    /**
     * @param {import('../../client/ot.js').Op} op in units, to the text that is shown now
     * @param {import('./authorship.js').Runs|null} runs of the text after it @param {object[]} people
     */
    apply(op, runs, people) {
        this.#take(runs, people);
        this.view.dispatch({ changes: changesOf(op), effects: setAuthors.of(null) });
    }

    /** @param {string} [name] as in the room's meta */
    async setLanguage(name) {
        const support = name && await import('../languages.js')
            .then(({ languageSupport }) => languageSupport(name), () => null);
        if (support)
            this.view.dispatch({ effects: StateEffect.appendConfig.of(support) });
    }

    /**
     * What the last operation has changed; the first place comes into view.
     * @param {Place[]} places @param {string} color
     */
    mark(places, color) {
        const tint = tintOf(color);
        const made = places.map(({ from, to }) => (from < to
            ? Decoration.mark({ class: `history-new ${tint}` }).range(from, to)
            : Decoration.widget({ widget: new Cut(tint), side: 1 }).range(from)));
        const effects = [setChanged.of(made)];
        if (places.length > 0)
            effects.push(EditorView.scrollIntoView(places[0].from, { y: 'nearest', yMargin: MARGIN }));
        this.view.dispatch({ effects });
    }

    /**
     * @param {import('./authorship.js').Runs|null} runs null: nobody's colours
     * @param {{name: string, color: string}[]} people by the numbers in runs
     */
    setAuthors(runs, people) {
        this.#take(runs, people);
        this.view.dispatch({ effects: setAuthors.of(null) });
    }

    /** In what is shown; there is nothing to replace. */
    find() {
        import('../search.js').then(({ find }) => this.view.dom.isConnected &&
            find(this.view, this.#search), () => {}); /* no server: the next time */
    }

    focus() { this.view.focus(); }
    destroy() { this.view.destroy(); }

    #take(runs, people) {
        let end = 0;
        this.#authors = runs && {
            ends: Float64Array.from(runs.lengths, (length) => (end += length)),
            authors: runs.authors, people,
        };
    }

    #paint(view) {
        if (!this.#authors)
            return Decoration.none;
        const { ends, authors, people } = this.#authors;
        const replay = this.#replay;
        const made = [];
        for (const { from, to } of view.visibleRanges) {
            const last = replay.cpAt(to);
            let at = replay.cpAt(from);
            for (let i = firstAbove(ends, at); at < last && i < ends.length; at = ends[i++]) {
                const { name, color } = people[authors[i]];
                const start = Math.max(from, replay.unitAt(at));
                const end = Math.min(to, replay.unitAt(ends[i]));
                if (start < end)
                    made.push(Decoration.mark({
                        class: `history-by ${tintOf(color)}`, attributes: { title: name },
                    }).range(start, end));
            }
        }
        return Decoration.set(made);
    }
}

/* Of the whole text, of which the browser has but a part. */
function selectAll(view) {
    view.dispatch({ selection: { anchor: 0, head: view.state.doc.length } });
    return true;
}

/* The first index whose value is above n, in a list that goes up. */
function firstAbove(list, n) {
    let lo = 0;
    let hi = list.length;
    while (lo < hi) {
        const mid = (lo + hi) >> 1;
        if (list[mid] > n)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}
