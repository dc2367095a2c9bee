/* Readers that stop while others write far more than the outgoing window: read again, or come back. */

import assert from 'node:assert/strict';
import { Replica, serve, test } from './lib.mjs';

const READERS = 20;
const WRITES = 400;
const PIECE = 'x'.repeat(16000); /* 6.4 MB in all: the window is 1 MiB, and sockets hold some */

async function stuckReaders(server, room) {
    const readers = [];
    for (let i = 0; i < READERS; i++) {
        const reader = await server.join(room);
        reader.replica = new Replica(reader.welcome);
        reader.ws._socket.pause();
        readers.push(reader);
    }
    return readers;
}

/* Each is put behind the text's first character and taken away again, so that a reader that gets
 * each of them is told from one that gets the sum. */
async function write(writer) {
    await writer.ask({ type: 'insert', text: 'ab' }, 'ack');
    for (let i = 0; i < WRITES; i++) {
        await writer.ask({ type: 'insert', position: 1, text: PIECE }, 'ack');
        await writer.ask({ type: 'delete', position: 1, length: PIECE.length }, 'ack');
    }
    return (await writer.ask({ type: 'insert', position: 1, text: '!' }, 'ack')).rev;
}

async function read(client, replica, head) {
    let at = 0;
    await client.until(`revision ${head}`, (all) => {
        for (; at < all.length; at++)
            if (['insert', 'delete', 'edit'].includes(all[at].type))
                replica.take(all[at]);
        return replica.rev === head || undefined;
    });
}

test('who reads again is given one composed operation for all that left the window', async (t) => {
    const server = await serve(t, ['--rate-messages', '0']);
    const ada = await server.join('again');
    const readers = await stuckReaders(server, 'again');
    const head = await write(ada);
    for (const reader of readers)
        reader.ws._socket.resume();
    for (const reader of readers) {
        await read(reader, reader.replica, head);
        assert.equal(reader.replica.text, 'a!b');
        assert.ok(reader.replica.composed >= 1 && reader.replica.composed <= 2,
            `composed ${reader.replica.composed} times`);
        const told = reader.received.filter((m) => m.rev > 0 && m.type !== 'welcome').length;
        assert.ok(told < 2 * WRITES, `${told} operations, one by one`);
    }
    assert.equal(await ada.text(), 'a!b');
});

test('who does not is closed with 4409, comes back, and has missed nothing', async (t) => {
    const server = await serve(t, ['--rate-messages', '0', '--slow-ms', '300', '--log-level', 'debug']);
    const ada = await server.join('back');
    const readers = await stuckReaders(server, 'back');
    const head = await write(ada);
    await server.says(/reader too slow/);
    for (const reader of readers) {
        reader.ws._socket.resume();
        /* 4409, or a cut where even that was not taken in time. */
        assert.ok([4409, 1006].includes((await reader.closed()).code));
        for (const message of reader.received)
            if (['insert', 'delete', 'edit'].includes(message.type))
                reader.replica.take(message);
        const back = await server.join('back', {
            session: reader.welcome.session,
            query: { epoch: reader.welcome.epoch, rev: reader.replica.rev },
        });
        assert.equal(back.welcome.user_id, reader.welcome.user_id);
        assert.equal(back.welcome.text, undefined);
        await read(back, reader.replica, head);
        assert.equal(reader.replica.text, 'a!b');
    }
});
