/* A restart with many rooms on disk: how long from the start of the process until it serves, and until
 * somebody has a room's text. The goal is under 1 s with 10,000 rooms. Nothing about time is asserted;
 * what is checked is that every room asked for is there, whole. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { chance, ROOT, run, SEED } from '../e2e/lib.mjs';
import { quantile } from './load.mjs';
import { count, faultTest, Life, ms, pick, say } from './world.mjs';

const FILL = path.join(process.env.WEFT_BUILD ?? path.join(ROOT, 'build/release'), 'tools/fill');
const ROOMS = pick([100, 1000, 10000], [100, 1000, 10000, 100000]);
const REVS = 8;
const TIMES = pick(3, 11);

const textOf = (room) => Array.from({ length: REVS },
    (_, i) => `room ${room} revision ${i + 1}\n`).join('');

faultTest('a restart over thousands of rooms', {
    skip: !existsSync(FILL) && `no ${FILL}: make tools builds it`, timeout: 1200000,
}, async (t, folder) => {
    const random = chance(SEED);
    const lives = [];
    for (const rooms of ROOMS) {
        const data = path.join(folder, `${rooms}`);
        const { code, stderr } = await run(['--data', data, '--rooms', `${rooms}`, '--revs', `${REVS}`],
            { bin: FILL });
        assert.equal(code, 0, stderr);
        lives.push({ rooms, life: new Life(data).after(t) });
    }
    /* In turn, so that what the machine does meanwhile falls on all of them. */
    for (let i = 0; i < TIMES; i++) {
        for (const { rooms, life } of lives) {
            const room = random(rooms);
            await life.start(`fill-${room}`);
            const { status, body } = await life.server.get(`/api/rooms/fill-${room}/text`);
            assert.deepEqual([status, body], [200, textOf(room)]);
            /* One of two as a crash, with something to be recovered. */
            const writer = await life.server.join(`fill-${random(rooms)}`);
            await writer.ask({ type: 'meta', meta: { i: `${i}` } }, 'ack');
            if (i % 2 === 0)
                await life.kill();
            else
                await life.stop();
            writer.ws.terminate();
        }
    }
    say(t, `restart over rooms on disk, median of ${TIMES} (max): ` + lives.map(({ rooms, life }) =>
        `${count(rooms)} rooms: serving after ${ms(quantile(life.startMs, 0.5))}, a room's welcome after ` +
        `${ms(quantile(life.welcomeMs, 0.5))} (${ms(quantile(life.welcomeMs, 1))})`).join('; ') +
        ` (seed ${SEED})`);
});
