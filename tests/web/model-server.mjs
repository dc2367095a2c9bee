/**
 * model-server.mjs - a weft server of a few lines, for tests: one room, in
 * memory, every rule of the protocol a client can notice.
 *
 * It transforms one logged operation after the other and keeps every text, so
 * that it is easy to see to be right. A connection is two queues; the test moves
 * messages along them when it likes, and cuts them when it likes.
 */

import assert from 'node:assert/strict';
import * as ot from '../../web/client/ot.js';
import { cpLength } from '../../web/client/text.js';

export class ModelServer {
    constructor({ text = '', limits = { message: 1 << 20, document: 1 << 24 } } = {}) {
        this.limits = limits;
        this.epoch = 'epoch-1';
        this.epochs = 1;
        this.texts = [text]; /* by revision */
        this.log = []; /* {op, userId, session, seq, meta} */
        this.meta = {};
        this.sessions = new Map(); /* secret -> {userId, seq, rev} */
        this.links = new Set();
        this.ids = 0;
        this.gone = 0; /* revisions below it cannot be resumed from */
        this.refuse = () => null; /* (msg) => an error to answer with, or null */
    }

    get rev() { return this.log.length; }
    get text() { return this.texts[this.rev]; }

    /** @param {{session?: string, epoch?: string, rev?: number, mode?: string}} query */
    join(query = {}) {
        let session = this.sessions.get(query.session);
        let secret = query.session;
        const known = session !== undefined;
        if (!known) {
            secret = `secret-${++this.ids}`;
            session = { userId: `user-${this.ids}`, seq: 0, rev: 0 };
            this.sessions.set(secret, session);
        }
        for (const other of this.links) {
            if (other.secret === secret)
                this.cut(other);
        }
        const link = { secret, session, mode: query.mode ?? 'write', toServer: [], toClient: [],
                       open: true, cursor: null,
                       who: { name: query.name ?? '', color: query.color ?? '#112233' } };
        const from = Number(query.rev);
        const resumed = known && query.epoch === this.epoch && query.rev !== undefined &&
                        from >= this.gone && from <= this.rev;
        const say = (msg) => link.toClient.push(JSON.stringify(msg));
        say({ type: 'welcome', protocol: 'weft.v1', room: 'r', epoch: this.epoch, rev: this.rev,
              ...(resumed ? {} : { text: this.text }), length: cpLength(this.text),
              user_id: session.userId, session: secret, seq: session.seq, mode: link.mode,
              meta: this.meta, limits: this.limits,
              users: [...this.links].map((l) => ({ user_id: l.session.userId, ...l.who,
                                                   ...l.cursor })),
              read_key: query.read_key });
        if (resumed)
            this.#catchUp(link, from, say);
        this.#tell(link, { type: 'join', user_id: session.userId, ...link.who });
        this.links.add(link);
        return link;
    }

    /** Own operations as acks in their places, what lies between them composed. */
    #catchUp(link, from, say) {
        let start = from;
        let op = [];
        let meta;
        const flush = (to) => {
            if (to > start)
                say({ type: 'edit', from: start, rev: to, op, ...(meta ? { meta } : {}) });
            op = [];
            meta = undefined;
        };
        for (let i = from; i < this.log.length; i++) {
            const entry = this.log[i];
            if (entry.session === link.secret && entry.seq) {
                flush(i);
                say({ type: 'ack', rev: i + 1, seq: entry.seq });
                start = i + 1;
            } else {
                op = ot.compose(op, entry.op);
                meta = entry.meta ? { ...meta, ...entry.meta } : meta;
            }
        }
        flush(this.log.length);
    }

    cut(link) {
        if (!link.open)
            return;
        link.open = false;
        link.toServer.length = 0;
        link.toClient.length = 0;
        this.links.delete(link);
        this.#tell(link, { type: 'leave', user_id: link.session.userId });
    }

    /** Takes the next message of a connection. */
    step(link) {
        const msg = JSON.parse(link.toServer.shift());
        const answer = (m) => link.toClient.push(JSON.stringify(m));
        if (msg.type === 'ping')
            answer({ type: 'pong' });
        else if (msg.type === 'text')
            answer(msg.rev < this.gone ? { type: 'error', code: 'gone', message: 'trimmed' }
                : { type: 'text', rev: msg.rev ?? this.rev, text: this.texts[msg.rev ?? this.rev] });
        else if (msg.type === 'cursor')
            this.#cursor(link, msg);
        else if (msg.type === 'user')
            this.#rename(link, msg);
        else if (msg.type === 'edit' || msg.type === 'insert' || msg.type === 'delete' ||
                 msg.type === 'meta')
            this.#operation(link, msg, answer);
    }

    #operation(link, msg, answer) {
        const { session } = link;
        if (msg.seq !== undefined && msg.seq <= session.seq) {
            answer({ type: 'ack', seq: msg.seq, dup: true,
                     ...(msg.seq === session.seq ? { rev: session.rev } : {}) });
            return;
        }
        const error = this.refuse(msg) ?? this.#problem(link, msg);
        if (error) {
            answer({ type: 'error', seq: msg.seq, ...error });
            return;
        }
        let op = msg.type === 'meta' ? [] : ot.normalize(msg.op ?? (msg.type === 'insert'
            ? [msg.position, msg.text] : [msg.position, -msg.length]));
        if (msg.type !== 'meta') {
            for (const entry of this.log.slice(msg.rev))
                op = ot.transform(op, entry.op, ot.LEFT);
        }
        this.append(op, link, msg);
        if (msg.seq !== undefined)
            Object.assign(session, { seq: msg.seq, rev: this.rev });
        answer({ type: 'ack', rev: this.rev, seq: msg.seq });
    }

    #problem(link, msg) {
        if (link.mode === 'read')
            return { code: 'read_only', message: 'reading only' };
        if (Buffer.byteLength(JSON.stringify(msg)) > this.limits.message)
            return { code: 'too_large', message: 'too large' };
        if (msg.type === 'meta')
            return null;
        if (msg.rev > this.rev)
            return { code: 'bad_rev', message: 'above the head' };
        assert.ok(ot.span(ot.normalize(msg.op ?? [])) <= cpLength(this.texts[msg.rev]),
                  'a client never sends what does not fit');
        return null;
    }

    /** Logs an operation on the head and tells everybody but its author. */
    append(op, link = null, msg = {}) {
        this.log.push({ op, userId: link?.session.userId ?? 'user-0', session: link?.secret,
                        seq: msg.seq, meta: msg.meta });
        this.texts.push(ot.apply(this.texts[this.texts.length - 1], op));
        if (msg.meta)
            this.meta = { ...this.meta, ...msg.meta };
        for (const other of this.links) {
            if (other.cursor)
                this.#moveCursor(other, op, other === link ? ot.RIGHT : ot.LEFT);
        }
        this.#tell(link, { type: msg.meta ? 'meta' : 'edit', rev: this.rev,
                           user_id: link?.session.userId ?? 'user-0',
                           ...(msg.meta ? { meta: msg.meta } : { op }) });
    }

    #rename(link, { name, color }) {
        link.who = { name, color };
        this.#tell(link, { type: 'user', user_id: link.session.userId, name, color });
    }

    #cursor(link, msg) {
        link.cursor = { position: msg.position };
        if (msg.anchor !== undefined)
            link.cursor.anchor = msg.anchor;
        for (const entry of this.log.slice(msg.rev))
            this.#moveCursor(link, entry.op, entry.session === link.secret ? ot.RIGHT : ot.LEFT);
        this.#tell(link, { type: 'cursor', rev: this.rev, user_id: link.session.userId,
                           ...link.cursor });
    }

    #moveCursor(link, op, side) {
        for (const key of Object.keys(link.cursor))
            link.cursor[key] = ot.transformPosition(link.cursor[key], op, side);
    }

    #tell(author, msg) {
        for (const link of this.links) {
            if (link !== author)
                link.toClient.push(JSON.stringify(msg));
        }
    }

    /** Restored from a backup taken at revision rev: a new epoch, the tail is gone. */
    restore(rev) {
        this.epoch = `epoch-${++this.epochs}`;
        this.log.length = rev;
        this.texts.length = rev + 1;
        this.meta = {};
        for (const [secret, session] of this.sessions) {
            const own = this.log.filter((entry) => entry.session === secret && entry.seq);
            session.seq = own.length ? own[own.length - 1].seq : 0;
            session.rev = own.length ? this.log.lastIndexOf(own[own.length - 1]) + 1 : 0;
        }
        for (const link of [...this.links])
            this.cut(link);
    }

    /** Old revisions are dropped: nobody resumes from below. */
    trim() {
        this.gone = this.rev;
    }
}
