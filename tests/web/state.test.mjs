/* The client's state machine against the model server: delays, cuts, repeats,
 * refusals, new epochs. */

import test from 'node:test';
import assert from 'node:assert/strict';
import * as ot from '../../web/client/ot.js';
import { State } from '../../web/client/state.js';
import { cpLength } from '../../web/client/text.js';
import { ModelServer } from './model-server.mjs';
import { forSeeds } from './random.mjs';

/* Plays the part of room.js: a State and, at times, a connection. */
class Client {
    constructor(server) {
        this.server = server;
        this.state = new State();
        this.link = null;
        this.full = false;
        this.screen = ''; /* follows the change events alone, as an editor does */
        this.refused = [];
        this.resets = [];
        this.retries = 0;
        this.reconnects = [];
        this.typed = [];
    }

    connect() {
        const { session, epoch, rev } = this.state;
        const resume = session && epoch && !this.full;
        this.full = false;
        this.link = this.server.join({ session: session ?? undefined,
                                       ...(resume ? { epoch, rev } : {}) });
    }

    cut() {
        this.server.cut(this.link);
        this.link = null;
        this.retries = 0;
        this.run(this.state.disconnected());
    }

    run(effects) {
        for (const fx of effects) {
            switch (fx.kind) {
            case 'send':
                assert.ok(this.link, 'sends only while connected');
                this.link.toServer.push(JSON.stringify(fx.message));
                break;
            case 'change':
                assert.equal(fx.before, this.screen);
                this.screen = ot.apply(this.screen, fx.op);
                break;
            case 'retry': this.retries++; break;
            case 'refused': this.refused.push(fx); break;
            case 'reset': this.resets.push(fx); break;
            case 'reconnect':
                this.reconnects.push(fx.reason);
                this.full ||= fx.full;
                if (this.link)
                    this.cut();
                break;
            default:
            }
        }
        this.check();
    }

    check() {
        const { state } = this;
        let text = state.serverText;
        if (state.inflight)
            text = ot.apply(text, state.inflight.op);
        text = ot.apply(text, state.buffer);
        assert.equal(state.text, text, 'text = server text + in flight + buffer');
        assert.equal(state.text, this.screen, 'change events tell the whole story');
        assert.ok(state.pendingCount >= 0);
        if (state.epoch === this.server.epoch)
            assert.equal(state.serverText, this.server.texts[state.rev]);
    }

    hear() {
        if (this.link && !this.link.open) {
            this.link = null;
            this.run(this.state.disconnected());
        } else if (this.link?.toClient.length) {
            this.run(this.state.message(JSON.parse(this.link.toClient.shift())));
        }
    }

    edit(op) {
        this.run(this.state.localEdit(op));
    }

    cursorDue() {
        const message = this.state.presence.ownMessage();
        if (message)
            this.link.toServer.push(JSON.stringify(message));
        return message !== null;
    }
}

function quiesce(server, clients) {
    for (let turn = 0; turn < 20000; turn++) {
        let busy = false;
        for (const client of clients) {
            client.hear();
            if (!client.link) {
                client.connect();
                busy = true;
            }
            if (client.retries) {
                client.retries = 0;
                client.run(client.state.retry());
                busy = true;
            }
            while (client.link?.open && client.link.toServer.length) {
                server.step(client.link);
                busy = true;
            }
            while (client.link?.toClient.length) {
                client.hear();
                busy = true;
            }
            if (client.link && client.cursorDue())
                busy = true;
        }
        if (!busy)
            return;
    }
    assert.fail('does not come to rest');
}

/* A character nobody else types, astral on purpose. */
let tokens = 0;
const token = () => String.fromCodePoint(0xf0000 + (tokens++ % 0xfff0));

const countIn = (s, c) => s.split(c).length - 1;

/* One random run; `allow` says which misfortunes happen. */
function play(random, allow) {
    tokens = 0;
    const server = new ModelServer({ text: random.text(6), limits: allow.limits });
    const clients = Array.from({ length: 2 + random.below(3) }, () => new Client(server));
    let bad = 0;
    server.refuse = () => {
        bad = allow.errors && random.chance(0.15) ? random.below(4) : -1;
        return [{ code: 'unavailable' }, { code: 'rate_limited', retry_ms: 5, seq: undefined },
                { code: 'doc_full', message: 'full' }, { code: 'gone' }][bad] ?? null;
    };
    for (let n = 30 + random.below(120); n > 0; n--) {
        const client = random.pick(clients);
        const what = random.next();
        if (what < 0.35) {
            const length = cpLength(client.state.text);
            let op = random.chance(0.3) ? random.op(length) : random.typing(length);
            op = op.filter((c) => allow.deletes || typeof c === 'string' || c > 0)
                .map((c) => (typeof c === 'string' ? c + token() : c));
            client.typed.push(...op.filter((c) => typeof c === 'string').map((c) => c.slice(-2)));
            client.edit(op);
        } else if (what < 0.6) {
            if (client.link?.open && client.link.toServer.length)
                server.step(client.link);
        } else if (what < 0.86) {
            client.hear();
        } else if (what < 0.9) {
            client.state.presence.setOwn(random.below(cpLength(client.state.text) + 1));
            if (client.link)
                client.cursorDue();
        } else if (what < 0.92) {
            client.run(client.state.localMeta({ k: String(n) }));
        } else if (what < 0.94) {
            if (client.retries) {
                client.retries = 0;
                client.run(client.state.retry());
            }
        } else if (client.link === null) {
            client.connect();
        } else if (allow.cuts) {
            if (allow.trims && random.chance(0.3))
                server.trim();
            if (allow.epochs && random.chance(0.1))
                server.restore(random.below(server.rev + 1));
            else if (allow.sessions && random.chance(0.1))
                server.sessions.delete(client.link.secret), client.cut();
            else
                client.cut();
        }
    }
    server.refuse = () => null;
    quiesce(server, clients);
    return { server, clients };
}

function assertConverged({ server, clients }) {
    for (const client of clients) {
        assert.equal(client.state.text, server.text);
        assert.equal(client.state.rev, server.rev);
        assert.equal(client.state.pending, false);
        assert.equal(client.state.pendingCount, 0);
        assert.deepEqual(client.state.meta, server.meta);
    }
}

/* Nothing typed is lost, nothing is there twice. */
function assertExactlyOnce({ server, clients }) {
    const inserted = server.log.map(({ op }) => op.filter((c) => typeof c === 'string').join(''))
        .join('');
    for (const client of clients) {
        const refused = client.refused.map((r) => r.text).join('');
        for (const t of client.typed) {
            const times = countIn(inserted, t) + countIn(refused, t);
            assert.equal(times, 1, `U+${t.codePointAt(0).toString(16)} is logged once`);
        }
    }
}

test('delays only: converges, exactly once, and all agree where everybody is', () => {
    forSeeds(1500, (random) => {
        const run = play(random, {});
        assertConverged(run);
        assertExactlyOnce(run);
        for (const client of run.clients) {
            assert.deepEqual(client.reconnects, []);
            for (const other of run.clients) {
                const { me } = other.state.presence;
                const seen = client.state.presence.users.get(other.state.userId);
                if (other !== client && me.head !== null)
                    assert.deepEqual([seen.head, seen.anchor], [me.head, me.anchor]);
            }
        }
    });
});

test('cuts and resends: converges, exactly once', () => {
    forSeeds(1500, (random) => {
        const run = play(random, { cuts: true });
        assertConverged(run);
        assertExactlyOnce(run);
    });
});

test('cuts, trimmed logs, errors, small messages: converges, exactly once', () => {
    forSeeds(1500, (random) => {
        const run = play(random, { cuts: true, trims: true, errors: true,
                                   limits: { message: 200, document: 1e9 } });
        assertConverged(run);
        assertExactlyOnce(run);
    });
});

test('with deletes too: converges, nothing twice', () => {
    forSeeds(1500, (random) => {
        const run = play(random, { cuts: true, errors: true, deletes: true, trims: true });
        assertConverged(run);
        const inserted = run.server.log.flatMap(({ op }) => op)
            .filter((c) => typeof c === 'string').join('');
        for (const t of run.clients.flatMap((c) => c.typed))
            assert.ok(countIn(inserted, t) <= 1);
    });
});

test('new epochs and lost sessions: converges, nothing pending is lost', () => {
    forSeeds(1500, (random) => {
        const run = play(random, { cuts: true, errors: true, deletes: true, epochs: true,
                                   sessions: true, trims: true });
        assertConverged(run);
    });
});

function pair() {
    const server = new ModelServer({ text: 'hello' });
    const client = new Client(server);
    client.connect();
    client.hear();
    return { server, client };
}

test('one in flight, the rest composed', () => {
    const { server, client } = pair();
    client.edit([5, '!']);
    client.edit([6, '?']);
    client.edit([7, '.']);
    assert.equal(client.link.toServer.length, 1);
    assert.equal(client.state.pendingCount, 3);
    quiesce(server, [client]);
    assert.deepEqual(server.log.map(({ op, seq }) => [op, seq]), [[[5, '!'], 1], [[6, '?.'], 2]]);
});

test('an operation that arrived is not sent again after a cut', () => {
    const { server, client } = pair();
    client.edit([5, '!']);
    server.step(client.link);
    client.cut(); /* the ack is lost */
    server.append(['>> ']);
    client.edit([6, '?']);
    client.connect();
    client.hear();
    assert.equal(client.link.toServer.length, 0, 'waits for the ack in its place');
    quiesce(server, [client]);
    assert.equal(server.text, '>> hello!?');
    assert.equal(client.state.text, server.text);
    assert.deepEqual(server.log.map(({ seq }) => seq), [1, undefined, 2]);
});

test('caught up without the ack the welcome promised: asks for the text', () => {
    const { server, client } = pair();
    client.edit([5, '!']);
    server.step(client.link);
    client.cut();
    client.connect();
    client.link.toClient.splice(1); /* the ack is missing */
    client.link.toClient.push(JSON.stringify({ type: 'edit', rev: 1, user_id: 'x',
                                               op: [5, '!'] }));
    client.hear();
    client.hear();
    assert.equal(client.full, true);
    quiesce(server, [client]);
    assert.equal(server.text, 'hello!');
    assert.equal(client.state.text, 'hello!');
});

test('an operation that did not arrive is sent again with its seq, transformed', () => {
    const { server, client } = pair();
    client.edit([5, '!']);
    client.cut();
    server.append(['>> ']);
    client.edit([6, '?']);
    client.connect();
    client.hear();
    assert.equal(client.link.toServer.length, 0, 'not before it is caught up');
    client.hear();
    assert.deepEqual(JSON.parse(client.link.toServer[0]),
                     { type: 'edit', op: [8, '!'], rev: 1, seq: 1 });
    quiesce(server, [client]);
    assert.equal(server.text, '>> hello!?');
});

test('a full welcome of the same epoch that has the operation in flight', () => {
    const { server, client } = pair();
    client.edit([5, '!']);
    server.step(client.link);
    client.cut();
    server.append([6, ' more']);
    server.trim();
    client.edit([6, '?']);
    client.connect();
    quiesce(server, [client]);
    assert.equal(server.text, 'hello! more?'.replace(' more?', '? more'));
    assert.equal(client.state.text, server.text);
    assert.deepEqual(client.resets, []);
});

test('a new epoch keeps what was typed, under a new seq', () => {
    const { server, client } = pair();
    client.edit([5, ' world']);
    quiesce(server, [client]);
    server.restore(0);
    client.hear();
    client.edit([11, '!']);
    const before = client.state.text;
    client.connect();
    quiesce(server, [client]);
    assert.equal(server.text, 'hello!');
    assert.equal(client.state.text, 'hello!');
    assert.deepEqual(client.resets.map((r) => r.text), [before]);
});

test('typing before the first welcome is kept', () => {
    const server = new ModelServer({ text: 'old' });
    const client = new Client(server);
    client.edit(['new ']);
    quiesce(server, [client]);
    assert.equal(server.text, 'new old');
    assert.deepEqual(client.resets, []);
});

test('a refused edit is undone, what was typed after it stays', () => {
    const { server, client } = pair();
    server.refuse = (msg) => (msg.seq === 1 ? { code: 'doc_full', message: 'full' } : null);
    client.edit([5, ' world']);
    client.edit(['>']);
    client.edit([12, '<']);
    quiesce(server, [client]);
    assert.equal(server.text, '>hello<');
    assert.equal(client.state.text, '>hello<');
    assert.deepEqual(client.refused.map(({ code, text, op }) => ({ code, text, op })),
                     [{ code: 'doc_full', text: ' world', op: [5, ' world'] }]);
});

test('unavailable: the same seq again, later', () => {
    const { server, client } = pair();
    let times = 2;
    server.refuse = () => (times-- > 0 ? { code: 'unavailable', message: 'disk' } : null);
    client.edit([5, '!']);
    server.step(client.link);
    server.append(['>']);
    client.hear();
    client.hear();
    assert.equal(client.retries, 1);
    assert.equal(client.link.toServer.length, 0);
    quiesce(server, [client]);
    assert.equal(server.text, '>hello!');
    assert.equal(server.log[1].seq, 1);
});

test('gone once is a reason to ask for the text, twice a refusal', () => {
    const { server, client } = pair();
    let times = 1;
    server.refuse = () => (times-- > 0 ? { code: 'gone', message: 'trimmed' } : null);
    client.edit([5, '!']);
    quiesce(server, [client]);
    assert.equal(server.text, 'hello!');
    assert.deepEqual(client.refused, []);
    times = 2;
    client.edit([6, '?']);
    quiesce(server, [client]);
    assert.equal(client.state.text, 'hello!');
    assert.deepEqual(client.refused.map((r) => r.code), ['gone']);
});

test('a repeat that is acknowledged as one changes nothing', () => {
    const { server, client } = pair();
    client.edit([5, '!']);
    client.link.toServer.push(client.link.toServer[0]);
    client.edit([6, '?']);
    quiesce(server, [client]);
    assert.equal(server.text, 'hello!?');
    assert.deepEqual(client.reconnects, []);
});

test('a revision that is not the next one is a reason to connect anew', () => {
    const { server, client } = pair();
    server.append(['a']);
    server.append(['b']);
    client.link.toClient.shift();
    client.hear();
    assert.equal(client.link, null);
    assert.equal(client.full, false);
    quiesce(server, [client]);
    assert.equal(client.state.text, server.text);
});

test('an operation that does not fit is a reason to ask for the text', () => {
    const { server, client } = pair();
    client.link.toClient.push(JSON.stringify({ type: 'delete', rev: 1, user_id: 'x',
                                               position: 3, length: 9 }));
    client.hear();
    assert.equal(client.full, true);
    quiesce(server, [client]);
    assert.equal(client.state.text, server.text);
});

test('the simple message types are understood', () => {
    const { client } = pair();
    client.server = { epoch: 'none' }; /* played by hand from here on */
    const hear = (msg) => client.run(client.state.message(msg));
    hear({ type: 'insert', rev: 1, user_id: 'x', position: 5, text: '!' });
    hear({ type: 'delete', rev: 2, user_id: 'x', position: 0, length: 1 });
    hear({ type: 'meta', rev: 3, user_id: 'x', meta: { language: 'c' } });
    hear({ type: 'edit', from: 3, rev: 9, op: [5, '?'], meta: { language: null, k: 'v' } });
    hear({ type: 'of a newer server' });
    assert.equal(client.state.serverText, 'ello!?');
    assert.equal(client.state.rev, 9);
    assert.deepEqual(client.state.meta, { k: 'v' });
});

test('a book is pasted in pieces', () => {
    const server = new ModelServer({ limits: { message: 1000, document: 1e9 } });
    const client = new Client(server);
    client.connect();
    client.hear();
    const book = 'Ein "Buch"\n mit 😀 und\ttab. '.repeat(400);
    client.edit([book]);
    quiesce(server, [client]);
    assert.equal(server.text, book);
    assert.ok(server.log.length > 10);
    assert.deepEqual(client.refused, []);
});

test('a message the server found too large is split and sent under a new seq', () => {
    const { server, client } = pair();
    client.edit([5, 'x'.repeat(5000)]);
    client.cut();
    for (let i = 0; i < 10; i++)
        client.state.messageTooLarge();
    client.edit([5005, '!']);
    quiesce(server, [client]);
    assert.equal(server.text, 'hello' + 'x'.repeat(5000) + '!');
    assert.ok(server.log.length > 3);
});

test('a limit the welcome did not tell: smaller pieces, nothing refused', () => {
    const { server, client } = pair();
    server.refuse = (msg) => (JSON.stringify(msg).length > 3000 ? { code: 'too_large' } : null);
    client.edit([5, 'x'.repeat(9000)]);
    quiesce(server, [client]);
    assert.equal(server.text, 'hello' + 'x'.repeat(9000));
    assert.deepEqual(client.refused, []);
});

test('an edit that does not fit the text changes nothing', () => {
    const { client } = pair();
    assert.throws(() => client.state.localEdit([9, 'x']), ot.OpError);
    assert.equal(client.state.pending, false);
    assert.equal(client.state.text, 'hello');
});

test('typing sends no cursor, moving it does, once nothing is pending', () => {
    const { server, client } = pair();
    const { presence } = client.state;
    presence.setOwn(5);
    assert.deepEqual(presence.ownMessage(), { type: 'cursor', position: 5, rev: 0 });
    client.edit([5, '!']);
    presence.setOwn(6);
    assert.equal(presence.ownReady, false, 'an edit is pending');
    quiesce(server, [client]);
    assert.equal(presence.ownReady, false, 'everybody moved it along');
    presence.setOwn(2, 4);
    assert.deepEqual(presence.ownMessage(), { type: 'cursor', position: 2, anchor: 4, rev: 1 });
    assert.equal(presence.ownMessage(), null);
});
