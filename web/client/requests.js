/**
 * requests.js - questions over the socket that have one answer.
 *
 * The protocol gives questions no number; answers come in the order asked, so a
 * queue per type is enough. An error that names a revision out of reach and no
 * sequence number belongs to the oldest question. A lost connection fails all
 * that are open: the caller decides whether to ask again.
 */

const TYPES = new Set(['text', 'history']);
const ABOUT_A_QUESTION = new Set(['gone', 'bad_rev']);

export class Requests {
    /** @param {(message: object) => boolean} send false: there is no connection */
    constructor(send) {
        this.send = send;
        this.open = []; /* {type, resolve, reject}, oldest first */
    }

    /** @param {{type: string}} message @returns {Promise<any>} the answering message */
    ask(message) {
        return new Promise((resolve, reject) => {
            if (this.send(message))
                this.open.push({ type: message.type, resolve, reject });
            else
                reject(new Error('not connected'));
        });
    }

    /** Looks at each message of the server. */
    answer(msg) {
        let at = -1;
        if (TYPES.has(msg.type))
            at = this.open.findIndex((question) => question.type === msg.type);
        else if (msg.type === 'error' && msg.seq === undefined && ABOUT_A_QUESTION.has(msg.code))
            at = this.open.length ? 0 : -1;
        if (at < 0)
            return;
        const [question] = this.open.splice(at, 1);
        if (msg.type === 'error')
            question.reject(Object.assign(new Error(msg.message), { code: msg.code }));
        else
            question.resolve(msg);
    }

    /** @param {string} reason */
    fail(reason) {
        for (const question of this.open.splice(0))
            question.reject(new Error(reason));
    }
}
