/* Bit rot, through the real server: a folder is damaged, the server started on it, and what it serves
 * compared with what was typed. A room that it serves must be whole; one that it does not must be refused
 * with a sentence, and so must the folder. Then `weft repair`, where it can, and what is served must be
 * good. The sweep is tests/unit/rot_test.c; this one shows that the server does what that assumes. */

import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chance, run, SEED, Server } from '../e2e/lib.mjs';
import { faultTest, pick, say } from './world.mjs';

const CASES = pick(24, 400);
const ROOMS = ['plan', 'tea', 'list'];
const FILES = ['weft.db', 'weft.db-wal', 'secret.key'];

/** A server on the folder: an object of texts by room (null: refused), or null where it does not start. */
async function served(data, repaired = false) {
    const server = new Server([], { data });
    const failed = await server.started().then(() => null, (error) => error);
    if (failed) {
        assert.equal(server.ended?.code, 1, `${failed}`);
        assert.match(server.stderr, /^weft: .*damaged|^weft: .*weft\.db: /m, server.said());
        return null;
    }
    const texts = {};
    for (const room of ROOMS) {
        const { status, body } = await server.get(`/api/rooms/${room}/text`);
        /* A room of which repairing could keep nothing is empty, and so it is said. */
        assert.ok(status === 200 || status === 503 || (repaired && status === 404),
            `${room}: ${status} ${body}`);
        if (status === 503)
            await server.says(/room quarantined/); /* its pipe may be read after the socket */
        texts[room] = { 200: body, 404: '' }[status] ?? null;
    }
    await server.kill();
    return texts;
}

/** Three rooms, killed: most of it is in the write-ahead log, the rest in the file. */
async function fill(data) {
    let server = await new Server([], { data }).started();
    const texts = {};
    for (const [i, room] of ROOMS.entries()) {
        if (i === 1) {
            await server.stop();
            server = await new Server([], { data }).started();
        }
        const client = await server.join(room);
        texts[room] = '';
        for (let seq = 1; seq <= 40; seq++) {
            const text = `${room} ${seq} ${'x'.repeat(seq % 7 === 0 ? 3000 : 30)}\n`;
            client.send({ type: 'insert', text, seq });
            texts[room] += text;
        }
        await client.expect({ type: 'ack', seq: 40 });
    }
    await server.kill();
    return texts;
}

faultTest(`bit rot under the real server, ${CASES} times`, { timeout: 3600000 }, async (t, folder) => {
    const random = chance(SEED);
    const whole = path.join(folder, 'whole');
    const data = path.join(folder, 'data');
    const texts = await fill(whole);
    const total = { served: 0, rooms: 0, folders: 0, repaired: 0 };
    for (let n = 0; n < CASES; n++) {
        rmSync(data, { recursive: true, force: true });
        cpSync(whole, data, { recursive: true });
        const file = path.join(data, FILES[n % 8 === 7 ? 2 : n % 2]);
        const bytes = readFileSync(file);
        const at = random(statSync(file).size);
        bytes[at] ^= 1 << random(8);
        writeFileSync(file, bytes);
        const where = `byte ${at} of ${path.basename(file)}, seed ${SEED}`;
        const found = await served(data);
        const refused = ROOMS.filter((room) => found !== null && found[room] === null);
        for (const room of ROOMS) {
            if (found !== null && found[room] !== null)
                assert.equal(found[room], texts[room], `${room} changed, unnoticed: ${where}`);
        }
        total[found === null ? 'folders' : refused.length > 0 ? 'rooms' : 'served']++;
        const repair = await run(['repair', '--data', data]);
        if (found === null || refused.length > 0)
            assert.match(repair.stdout + repair.stderr, /repaired|damaged|weft: /, where);
        if (repair.code !== 0)
            continue;
        total.repaired++;
        const again = await served(data, true);
        assert.ok(again !== null, `not served after it was repaired: ${where}`);
        for (const room of ROOMS) {
            assert.ok(again[room] !== null && texts[room].startsWith(again[room]),
                `${room} is no beginning of what it was: ${where}`);
        }
    }
    say(t, `bit rot, served: ${CASES} flips, ${total.served} harmless, ${total.rooms} with a room refused, ` +
        `${total.folders} with the folder refused, 0 unnoticed (seed ${SEED})`);
});
