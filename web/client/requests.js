/**
 * requests.js - questions over the socket that have one answer.
 *
 * The protocol gives questions no number, and answers come in any order: what
 * the server has in memory before what it reads from its log. So an answer goes
 * to the question that it fits: a text says its revision, a history where it
 * begins. An error that names a revision out of reach, and no sequence number,
 * goes to the question about that one. What says neither (too many questions,
 * no disk) fails all that are open, as a lost connection does: the caller
 * decides whether to ask again.
 */

const TYPES = new Set(['text', 'history']);
const ABOUT_ONE = new Set(['gone', 'bad_rev']);
const ABOUT_ANY = new Set(['rate_limited', 'unavailable']);

export class Requests {
    /** @param {(message: object) => boolean} send false: there is no connection */
    constructor(send) {
        this.send = send;
        this.open = []; /* {type, rev, from, resolve, reject}, oldest first */
    }

    /** @param {{type: string}} message @returns {Promise<any>} the answering message */
    ask(message) {
        return new Promise((resolve, reject) => {
            if (this.send(message))
                this.open.push({ ...message, resolve, reject });
            else
                reject(new Error('not connected'));
        });
    }

    /** Looks at each message of the server. */
    answer(msg) {
        if (TYPES.has(msg.type))
            this.#take(this.#asked(msg))?.resolve(msg);
        else if (msg.type !== 'error' || msg.seq !== undefined)
            return;
        else if (ABOUT_ONE.has(msg.code))
            this.#take(this.#named(msg))?.reject(errorOf(msg));
        else if (ABOUT_ANY.has(msg.code))
            for (const question of this.open.splice(0))
                question.reject(errorOf(msg));
    }

    #take(at) {
        return at >= 0 ? this.open.splice(at, 1)[0] : undefined;
    }

    #asked({ type, rev, from }) {
        if (type === 'history')
            return this.open.findIndex((q) => q.type === type && q.from === from);
        const exact = this.open.findIndex((q) => q.type === type && q.rev === rev);
        /* Whoever named no revision gets the newest; so does one whose revision was there when it
         * asked and was lost with a failed commit. */
        return exact >= 0 ? exact
            : this.open.findIndex((q) => q.type === type && !(q.rev <= rev));
    }

    #named({ message }) {
        const [, field, found] = /^(rev|from): found (\d+)/.exec(message) ?? [];
        return this.open.findIndex((q) => field === undefined || q[field] === Number(found));
    }

    /** @param {string} reason */
    fail(reason) {
        for (const question of this.open.splice(0))
            question.reject(new Error(reason));
    }
}

/* retry_ms: how long to wait before asking again, where the server says so. */
function errorOf({ code, message, retry_ms }) {
    return Object.assign(new Error(message), { code, ...(retry_ms && { retry_ms }) });
}
