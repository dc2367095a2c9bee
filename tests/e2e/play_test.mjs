/* A session of two people, typed through a running server by two processes (tests/tools/play.c),
 * and the same with the server killed, or stopped, in the middle and started again.
 *
 * At the end both players and the server must have one text; each player has found that to be the
 * log replayed; and the log has exactly the operations that were acknowledged, each once. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import test from 'node:test';
import { BIN, newFolder, ROOT, Server, within } from './lib.mjs';

const PLAY = path.join(process.env.WEFT_BUILD ?? path.dirname(BIN), 'tools/play');
const TRACES = process.env.WEFT_TRACES || path.resolve(ROOT, '../shared/traces');
const RECORDED = existsSync(path.join(TRACES, 'friendsforever.session.gz'));
/* WEFT_SEED plays a failure again. */
const SEED = Number(process.env.WEFT_SEED ?? Date.now() % 1000000);
/* A whole session on a slow disk; only ends a test that hangs. */
const SESSION_MS = Number(process.env.WEFT_SESSION_MS ?? 240000);

assert.ok(existsSync(PLAY), `no player at ${PLAY}: \`make tools\` builds it`);

const seen = new Set();
process.on('exit', () => seen.forEach((child) => child.kill('SIGKILL')));

/** One player, as lines in and out. */
class Player {
    constructor(args, onProgress) {
        this.said = [];
        this.waiting = [];
        this.typed = 0;
        this.child = spawn(PLAY, args, {
            cwd: ROOT, env: { ...process.env, WEFT_TRACES: TRACES }, stdio: ['pipe', 'pipe', 'pipe'],
        });
        seen.add(this.child);
        this.child.stdin.on('error', () => {}); /* it has ended: said by `closed` */
        this.child.stderr.on('data', (text) => this.said.push(`stderr: ${text}`));
        readline.createInterface({ input: this.child.stdout }).on('line', (line) => {
            this.said.push(line);
            const progress = line.match(/^progress (\d+)$/);
            if (progress) {
                this.typed = Number(progress[1]);
                onProgress();
            }
            this.look();
        });
        this.child.on('close', (code, signal) => {
            seen.delete(this.child);
            this.closed = { code, signal };
            this.look();
        });
    }

    look() {
        this.waiting = this.waiting.filter((wait) => !wait());
    }

    transcript() {
        return `-- a player said --\n${this.said.slice(-20).join('\n')}\n`;
    }

    /** The line that matches, said already or to come. */
    says(pattern) {
        return within(`a player to say ${pattern}`, new Promise((resolve, reject) => {
            const wait = () => {
                const line = this.said.map((text) => text.match(pattern)).find(Boolean);
                if (line)
                    resolve(line);
                else if (this.closed)
                    reject(new Error(`a player ended (${JSON.stringify(this.closed)}) before it ` +
                                     `said ${pattern}\n${this.transcript()}`));
                return line || this.closed;
            };
            if (!wait())
                this.waiting.push(wait);
        }), () => this.transcript(), SESSION_MS);
    }

    tell(line) {
        this.child.stdin.write(`${line}\n`);
    }
}

/* Numbers from the seed (mulberry32). */
function chance(seed) {
    let state = seed >>> 0;
    return (below) => {
        state = (state + 0x6d2b79f5) >>> 0;
        let z = Math.imul(state ^ (state >>> 15), state | 1);
        z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
        return ((z ^ (z >>> 14)) >>> 0) % below;
    };
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/**
 * Plays a session through to the end. `cuts` times, each after a random number of lines typed by
 * both, the server ends by `signal` and is started again on its folder and port.
 */
async function session(t, { source, lines, cuts = 0, signal }) {
    t.diagnostic(`WEFT_SEED=${SEED}`);
    const random = chance(SEED);
    const every = Math.max(1, Math.floor(lines / 200));
    const at = Array.from({ length: cuts }, () => every + random(Math.floor(lines * 0.8)))
        .sort((a, b) => a - b);
    const data = newFolder();
    let server = await new Server([], { data }).started();
    const { port } = server;
    const players = [];
    let restarts = Promise.resolve();

    const restart = async () => {
        if (signal === 'SIGTERM')
            await server.stop();
        else
            await server.kill();
        assert.doesNotMatch(server.stderr, /a bug:|Sanitizer|runtime error/);
        server = await new Server([], { data, port }).started();
    };
    /* A cut that falls due while the server is away follows right behind: it comes back to be cut. */
    const onProgress = () => {
        const typed = players.reduce((sum, player) => sum + player.typed, 0);
        while (at.length > 0 && typed >= at[0]) {
            at.shift();
            restarts = restarts.then(restart);
            restarts.catch(() => {}); /* awaited below */
        }
    };
    try {
        for (const as of [0, 1])
            players.push(new Player(['--port', port, '--room', 'session', '--as', as, '--seed', SEED,
                '--every', every, ...source].map(String), onProgress));
        const ends = await Promise.all(players.map((player) => player.says(/^typed (\d+)$/)));
        await restarts;
        assert.equal(at.length, 0, 'the session ended before all cuts were made');

        const rev = Math.max(...ends.map((line) => Number(line[1])));
        for (const player of players)
            player.tell(`finish ${rev}`);
        const texts = await Promise.all(players.map((player) => player.says(
            /^text (\w+) (\d+) (\d+) acked (\d+) resumed (\d+) rejoined (\d+) dups (\d+)$/)));
        t.diagnostic(texts.map((text) => text[0]).join('; '));

        const served = await server.get('/api/rooms/session/text');
        const room = (await server.getJson('/api/rooms/session')).json;
        assert.equal(served.status, 200);
        for (const [, hash, at_, length] of texts) {
            assert.equal(hash, sha256(served.body), 'a player and the server have one text');
            assert.equal(Number(at_), room.rev);
            assert.equal(Number(length), room.length);
        }
        const acked = texts.map((text) => Number(text[4]));
        assert.ok(acked.every((n) => n > 0), 'both typed');
        assert.equal(acked[0] + acked[1], room.rev, 'the log has what was acknowledged, each once');
        for (const [, , , , , resumed, rejoined] of texts) {
            assert.ok(Number(resumed) >= (cuts > 0 ? 1 : 0), 'the players came back');
            assert.equal(Number(rejoined), 0, 'what was missed came as operations, not as a text');
        }
        await server.stop();

        /* Once more from the disk alone. */
        server = await new Server([], { data }).started();
        assert.equal((await server.get('/api/rooms/session/text')).body, served.body);
        await server.stop();
    } catch (error) {
        error.message += `\nWEFT_SEED=${SEED}\n${players.map((p) => p.transcript()).join('')}` +
                         server.said();
        throw error;
    } finally {
        players.forEach((player) => player.child.kill('SIGKILL'));
        await restarts.catch(() => {});
        if (!server.ended)
            await server.kill();
    }
}

/* Two who type in the same place again and again: the recorded ones seldom did. */
const generated = { source: ['--generate', SEED, '--lines', 3000, '--meet', 20], lines: 3000 };
const recorded = { source: ['--session', 'friendsforever'], lines: 26078 };
const skip = RECORDED ? false : 'the recorded session is not there: set WEFT_TRACES';

test('two players type a generated session', (t) => session(t, generated));

test('a generated session with the server killed five times (kill -9)',
    (t) => session(t, { ...generated, cuts: 5, signal: 'SIGKILL' }));

test('a generated session with the server stopped three times (SIGTERM)',
    (t) => session(t, { ...generated, cuts: 3, signal: 'SIGTERM' }));

test('two players type a recorded session', { skip }, (t) => session(t, recorded));

test('a recorded session with the server killed five times (kill -9)', { skip },
    (t) => session(t, { ...recorded, cuts: 5, signal: 'SIGKILL' }));

test('a recorded session with the server stopped three times (SIGTERM)', { skip },
    (t) => session(t, { ...recorded, cuts: 3, signal: 'SIGTERM' }));
