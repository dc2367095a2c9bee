/* ledger.mjs - what was typed into one text, what of it was acknowledged, and whether that is true.
 *
 * Idea: every character that is inserted in a run is another code point. So a character found in a
 * text says by itself which insert it came from, and no text has to be predicted to judge it:
 *
 *   lost        its insert was acknowledged, nobody ever sent a delete of it, and it is not there
 *   twice       it is there more than once
 *   ghosts      it is there and nobody sent it, or its insert was refused
 *   undead      it is there although a delete of it was acknowledged
 *   disordered  the characters of one insert are there in another order than they were typed in
 *
 * All of them are 0, or something that was promised was broken. What was sent and never answered may
 * be there or not.
 *
 * A text in which much is deleted hides what was lost before it was deleted. A log does not: judgeLog()
 * wants each acknowledged insert in the log exactly once, deleted since or not.
 *
 * The ledger knows nothing of servers. The caller says what was sent before it is sent, and what was
 * acknowledged when the client was told so; `phase` is the caller's word for what is going on (the
 * number of the cut), and is printed beside what is lost.
 *
 *   const ledger = new Ledger('notes', { seed: 7 });
 *   const text = ledger.take(3);                     // three characters nobody had before
 *   const edit = ledger.insert('writer 1', text);    // an edit's number
 *   ledger.acked(edit);
 *   const verdict = ledger.judge(finalText);
 *   assert.ok(verdict.ok, `${verdict}`);
 *
 * Cost: 23 bytes for each character and 17 for each edit; judge() reads the text and the table once. */

import { chance } from '../e2e/lib.mjs';

/* Left out: what a program on the way may rightly change, join, strip or break lines at. Those are
 * half surrogates, noncharacters, controls and format characters, spaces and separators, marks that
 * combine with their neighbours, the parts of Korean syllables, and what is not its own normal form. */
const UNFIT = /[\p{Cs}\p{Cc}\p{Cf}\p{Z}\p{M}\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff\ufff9-\uffff]/u;

function fits(cp) {
    if ((cp & 0xfffe) === 0xfffe || (cp >= 0xfdd0 && cp <= 0xfdef) || cp < 0x21)
        return false;
    const c = String.fromCodePoint(cp);
    if (UNFIT.test(c))
        return false;
    return cp >= 0x30000 || (c.normalize('NFC') === c && c.normalize('NFKC') === c &&
        c.normalize('NFD') === c); /* from there on nothing has another form */
}

let alphabet = null; /* shared by all ledgers: made once, in 0.3 s */

function everyCharacter() {
    if (alphabet === null) {
        const all = [];
        for (let cp = 0; cp <= 0x10ffff; cp++) {
            if (cp === 0xd800)
                cp = 0xe000;
            if (fits(cp))
                all.push(cp);
        }
        alphabet = Uint32Array.from(all);
    }
    return alphabet;
}

/** How many characters one ledger has. */
export const characters = () => everyCharacter().length;

/* Flags of a character and of an edit. */
const SENT = 1;
const ACKED = 2;
const REFUSED = 4;
const DELETE_SENT = 8;
const DELETE_ACKED = 16;
const UNSENT = 32; /* deleted by its author before it was acknowledged: it may never have left him */

const SHOWN_MAX = 20; /* characters of each kind that a verdict names */

/** A typed array that grows. */
class Column {
    constructor(Type) {
        this.Type = Type;
        this.at = new Type(1024);
    }

    set(index, value) {
        if (index >= this.at.length) {
            const more = new this.Type(Math.max(index + 1, this.at.length * 2));
            more.set(this.at);
            this.at = more;
        }
        this.at[index] = value;
    }

    get(index) {
        return index < this.at.length ? this.at[index] : 0;
    }
}

export class Ledger {
    /** @param {string} name of the text, for what is printed */
    constructor(name, { seed = 1 } = {}) {
        this.name = name;
        this.phase = 0;
        this.writers = []; /* names; a character has the index */
        this.writerIndex = new Map();
        this.since = performance.now();
        this.edits = 0;
        this.sent = { inserts: 0, deletes: 0, characters: 0 };
        this.ackedEdits = 0;
        this.refusedEdits = 0;
        /* Taken in an order that mixes one to four bytes: a step coprime with their number. */
        const total = everyCharacter().length;
        const random = chance(seed);
        this.first = random(total);
        this.step = 7919 + 2 * random(100000);
        while (total % this.step === 0 || gcd(total, this.step) !== 1)
            this.step++;
        this.taken = 0;
        this.ordinals = new Map(); /* code point -> when it was taken, 0 first */
        this.points = new Column(Uint32Array);
        this.flags = new Column(Uint8Array);
        this.editOf = new Column(Uint32Array);
        this.whoDeleted = new Column(Uint16Array);
        this.editKind = new Column(Uint8Array); /* flags of an edit */
        this.editWho = new Column(Uint16Array);
        this.editAckedMs = new Column(Float32Array);
        this.editPhase = new Column(Uint32Array); /* in which it was acknowledged */
        this.editPoints = []; /* ordinals, until the edit is answered */
    }

    /** Characters that can still be taken. */
    get left() {
        return everyCharacter().length - this.taken;
    }

    /** n characters that nobody was given before. */
    take(n) {
        if (this.left < n)
            throw new Error(`${this.name}: all ${this.taken} characters are used up`);
        const all = everyCharacter();
        let text = '';
        for (; n > 0; n--) {
            const cp = all[(this.first + this.taken * this.step) % all.length];
            this.ordinals.set(cp, this.taken);
            this.points.set(this.taken, cp);
            this.taken++;
            text += String.fromCodePoint(cp);
        }
        return text;
    }

    /** Characters of take() are about to be sent. @returns {number} the edit */
    insert(who, text) {
        const ordinals = this.#ordinalsOf(text, 'inserts');
        const edit = this.#edit(who, SENT, ordinals);
        for (const at of ordinals) {
            if (this.flags.get(at) !== 0)
                throw new Error(`${this.name}: ${hex(this.points.get(at))} is inserted again`);
            this.flags.set(at, SENT);
            this.editOf.set(at, edit);
        }
        this.sent.inserts++;
        this.sent.characters += ordinals.length;
        return edit;
    }

    /** A delete of these characters, found in the text, is about to be sent. @returns {number} */
    remove(who, text) {
        const ordinals = this.#ordinalsOf(text, 'deletes');
        const edit = this.#edit(who, DELETE_SENT, ordinals);
        for (const at of ordinals) {
            let flags = this.flags.get(at) | DELETE_SENT;
            const author = this.editWho.get(this.editOf.get(at));
            if (!(flags & ACKED) && author === this.#writer(who))
                flags |= UNSENT;
            this.flags.set(at, flags);
            this.whoDeleted.set(at, this.#writer(who));
        }
        this.sent.deletes++;
        return edit;
    }

    /** The server has said that the edit is kept. */
    acked(edit) {
        const kind = this.#answered(edit);
        this.editAckedMs.set(edit, performance.now() - this.since);
        this.editPhase.set(edit, this.phase);
        this.ackedEdits++;
        for (const at of this.editPoints[edit])
            this.flags.set(at, this.flags.get(at) | (kind === SENT ? ACKED : DELETE_ACKED));
        this.editPoints[edit] = null;
    }

    /** The server has said that it does not take the edit. */
    refused(edit) {
        const kind = this.#answered(edit);
        this.refusedEdits++;
        for (const at of this.editPoints[edit]) {
            if (kind === SENT)
                this.flags.set(at, this.flags.get(at) | REFUSED);
        }
        this.editPoints[edit] = null;
    }

    /* ---- the verdict ---- */

    /** @param {string} text what a server or a client shows @returns {Verdict} */
    judge(text) {
        const verdict = new Verdict(`${this.name}: text of ${text.length} units`);
        const found = new Uint8Array(this.taken); /* 0, 1, 2 = more than once */
        const lastOf = new Map(); /* edit -> ordinal seen last */
        for (const c of text) {
            const at = this.#seen(c, found, verdict);
            if (at < 0)
                continue;
            const flags = this.flags.get(at);
            if (flags & DELETE_ACKED)
                verdict.add('undead', this.story(at));
            const edit = this.editOf.get(at);
            if ((lastOf.get(edit) ?? -1) > at)
                verdict.add('disordered', this.story(at));
            lastOf.set(edit, at);
        }
        for (let at = 0; at < this.taken; at++) {
            const flags = this.flags.get(at);
            if (!found[at] && (flags & ACKED) && !(flags & DELETE_SENT))
                verdict.add('lost', this.story(at));
        }
        return verdict;
    }

    /**
     * @param {Iterable<any[]>} ops operations in the order of the log: strings are inserted, the rest
     *     is not looked at
     * @returns {Verdict} lost: acknowledged, and in no operation
     */
    judgeLog(ops) {
        const verdict = new Verdict(`${this.name}: log`);
        const found = new Uint8Array(this.taken);
        for (const op of ops) {
            for (const part of op) {
                if (typeof part !== 'string')
                    continue;
                for (const c of part)
                    this.#seen(c, found, verdict);
            }
        }
        for (let at = 0; at < this.taken; at++) {
            const flags = this.flags.get(at);
            if (!found[at] && (flags & ACKED) && !(flags & UNSENT))
                verdict.add('lost', this.story(at));
        }
        return verdict;
    }

    /** Who typed a character, and what became of it, in words. */
    story(at) {
        const edit = this.editOf.get(at);
        const flags = this.flags.get(at);
        const words = [`${hex(this.points.get(at))} typed by ${this.writers[this.editWho.get(edit)]}`,
            `edit ${edit}`];
        if (flags & ACKED) {
            words.push(`acked at ${(this.editAckedMs.get(edit) / 1000).toFixed(3)} s`,
                `in phase ${this.editPhase.get(edit)}`);
        } else {
            words.push(flags & REFUSED ? 'refused' : 'never answered');
        }
        if (flags & DELETE_SENT) {
            words.push(`delete ${flags & DELETE_ACKED ? 'acked' : 'sent'} by ` +
                       `${this.writers[this.whoDeleted.get(at)]}`);
        }
        return words.join(', ');
    }

    /* ---- inside ---- */

    /* A character that was met: its ordinal, or -1 where it is a ghost. */
    #seen(c, found, verdict) {
        const at = this.ordinals.get(c.codePointAt(0));
        if (at === undefined || !(this.flags.get(at) & SENT)) {
            verdict.add('ghosts', `${hex(c.codePointAt(0))}, which nobody sent`);
            return -1;
        }
        if (this.flags.get(at) & REFUSED)
            verdict.add('ghosts', this.story(at));
        if (found[at] === 1)
            verdict.add('twice', this.story(at));
        found[at] = Math.min(2, found[at] + 1);
        return at;
    }

    #ordinalsOf(text, what) {
        const ordinals = [];
        for (const c of text) {
            const at = this.ordinals.get(c.codePointAt(0));
            if (at === undefined)
                throw new Error(`${this.name}: ${what} ${hex(c.codePointAt(0))}, which is nobody's`);
            ordinals.push(at);
        }
        return ordinals;
    }

    #edit(who, kind, ordinals) {
        const edit = this.edits++;
        this.editKind.set(edit, kind);
        this.editWho.set(edit, this.#writer(who));
        this.editPoints[edit] = ordinals;
        return edit;
    }

    #answered(edit) {
        if (!this.editPoints[edit])
            throw new Error(`${this.name}: edit ${edit} is answered, and was so already or never sent`);
        return this.editKind.get(edit);
    }

    #writer(who) {
        let index = this.writerIndex.get(who);
        if (index === undefined) {
            index = this.writers.push(who) - 1;
            this.writerIndex.set(who, index);
        }
        return index;
    }
}

const KINDS = ['lost', 'twice', 'ghosts', 'undead', 'disordered'];

/** Counts of what went wrong, with the first few of each in words. */
export class Verdict {
    constructor(name) {
        this.name = name;
        this.told = []; /* lines */
        for (const kind of KINDS)
            this[kind] = 0;
        this.unequal = 0; /* texts that differ from the server's */
    }

    add(kind, words) {
        this[kind]++;
        if (this[kind] <= SHOWN_MAX)
            this.told.push(`${this.name}: ${kind}: ${words}`);
    }

    /** Takes the counts of another one in. */
    merge(other) {
        for (const kind of [...KINDS, 'unequal'])
            this[kind] += other[kind];
        this.told.push(...other.told);
        return this;
    }

    get ok() {
        return [...KINDS, 'unequal'].every((kind) => this[kind] === 0);
    }

    /** `lost 0, twice 0, ghosts 0, undead 0`, and what there is else to say. */
    get figures() {
        const words = KINDS.slice(0, 4).map((kind) => `${kind} ${this[kind]}`);
        for (const kind of ['disordered', 'unequal']) {
            if (this[kind])
                words.push(`${kind} ${this[kind]}`);
        }
        return words.join(', ');
    }

    toString() {
        return [this.figures, ...this.told].join('\n');
    }
}

const hex = (cp) => `U+${cp.toString(16).toUpperCase().padStart(4, '0')}`;

function gcd(a, b) {
    while (b !== 0)
        [a, b] = [b, a % b];
    return a;
}
