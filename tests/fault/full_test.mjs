/* Storage that fails for a while is a state: writing is refused with `unavailable`, reading and joining
 * go on, the log says when it began and when it ended, and writing resumes by itself without anybody
 * connecting again. And a server that is out of descriptors. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { newFolder, run, Server, test } from '../e2e/lib.mjs';
import { Load } from './load.mjs';
import { HAVE_SHIM, Shim } from './shim.mjs';
import { weftAdapter } from './weft_client.mjs';

const noShim = HAVE_SHIM ? false : 'no build/*/tools/faultshim.so: make tests builds it';

/** Why no small file system can be mounted here, or false. */
function cannotMount() {
    const at = newFolder();
    try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at], { stdio: 'pipe' });
        execFileSync('umount', [at]);
        return false;
    } catch (error) {
        return `cannot mount a tmpfs (needs root): ${String(error.stderr ?? error).trim()}`;
    }
}

const count = (text, pattern) => text.match(new RegExp(pattern, 'g'))?.length ?? 0;

/** begin() makes the disk of `data` fail, end() lets it work again. */
async function failsForAWhile(t, data, env, begin, end, why) {
    const server = new Server([], { data, env });
    t.after(async () => {
        if (!server.ended)
            await server.kill();
    });
    await server.started();
    /* A room on disk, and not in memory when it is asked for. */
    const old = await server.join('old');
    await old.ask({ type: 'insert', text: 'from before', seq: 1 }, 'ack');
    await server.stop();
    const again = new Server([], { data, env, port: server.port });
    await again.started();
    const load = await new Load(weftAdapter({ origin: () => again.origin }),
        { writers: 4, rooms: 2, rate: 100, size: 100 }).open();
    t.after(async () => {
        await load.close();
        if (!again.ended)
            await again.kill();
    });
    const reader = await again.join('load-0');
    load.start();
    await load.until('edits', () => load.counters.acked >= 100);

    await begin();
    await again.says(/msg="disk failed"/);
    const ada = await again.join('load-0');
    const refused = await ada.ask({ type: 'insert', text: '!', seq: 1 }, (m) => m.seq === 1);
    assert.equal(refused.code, 'unavailable', again.said());
    assert.ok(refused.retry_ms > 0);
    /* Reading and joining go on, also of what is not in memory, and of what is not there at all. */
    assert.equal(await ada.text(), await reader.text());
    assert.equal((await again.join('old')).welcome.text, 'from before');
    assert.equal((await again.join('new')).welcome.text ?? '', '');
    assert.equal((await again.get('/healthz')).status, 200);
    const ready = await again.get('/readyz');
    assert.equal(ready.status, 503);
    assert.match(ready.body, why);
    const { acked } = load.counters;
    const kept = load.writers.map((w) => w.client.text());
    assert.ok(kept.every((text) => text.length > 0), 'what is typed is kept');
    assert.equal(load.counters.acked, acked, 'nothing is acknowledged meanwhile');

    await end();
    load.healed();
    await again.says(/msg="disk works again"/);
    await load.until('edits after it', () => load.counters.acked >= acked + 100);
    assert.equal((await again.get('/readyz')).status, 200);
    load.stop();
    await load.settled();
    const verdict = await load.verdict();
    assert.ok(verdict.ok, `${verdict}`);
    const figures = load.figures();
    assert.deepEqual([figures.reconnects, figures.resets, figures.refused], [0, 0, 0]);
    assert.equal(reader.close_, null, 'who only read was cut off');
    assert.equal(count(again.stderr, 'msg="disk failed"'), 1, again.said());
    assert.equal(count(again.stderr, 'msg="disk works again"'), 1, again.said());
    assert.match(again.stderr, why);
    await again.kill();
    const check = await run(['check', '--data', data]);
    assert.equal(check.code, 0, check.stdout + check.stderr);
    console.log(`# proved: ${t.name}: ${figures.acked} edits acknowledged, ${verdict.figures}; ` +
        `converged ${Math.round(load.convergeMs)} ms after typing went on`);
}

test('disk full', { skip: cannotMount() }, async (t) => {
    const data = newFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tmpfs', data]);
    t.after(() => execFileSync('umount', ['-l', data]));
    const ballast = path.join(data, 'ballast');
    await failsForAWhile(t, data, {}, () => {
        const { bavail, bsize } = statfsSync(data);
        let bytes = bavail * bsize;
        while (bytes > 0) { /* all there is, while others take some of it */
            try {
                writeFileSync(ballast, Buffer.alloc(bytes));
                bytes = 0;
            } catch {
                bytes -= bsize;
            }
        }
        const rest = path.join(data, 'rest');
        try {
            for (let i = 0; i < 64; i++)
                writeFileSync(`${rest}${i}`, Buffer.alloc(bsize));
        } catch {
            /* full */
        }
    }, () => {
        for (const name of readdirSync(data)) {
            if (name === 'ballast' || name.startsWith('rest'))
                rmSync(path.join(data, name));
        }
    }, /disk is full.*No space left/);
});

const STATES = [
    ['a file system that became read-only', ['write', 'sync', 'truncate', 'unlink'], 'EROFS', 'plain', /Read-only/],
    ['every sync fails', 'sync', 'EIO', 'keep', /disk I\/O error \(1034, Input\/output error\): commit/],
    ['every sync fails, and takes back what was written', 'sync', 'EIO', 'drop', /disk I\/O error/],
    ['a quota', 'write', 'EDQUOT', 'plain', /quota/],
];
for (const [words, kinds, error, how, why] of STATES) {
    test(words, { skip: noShim }, async (t) => {
        const data = newFolder();
        const shim = new Shim(data, { disk: how !== 'plain' });
        t.after(() => shim.done());
        await failsForAWhile(t, data, shim.env, () => shim.fail(kinds, { error, how }),
            () => shim.heal(), why);
    });
}

test('the folder is moved away, and back', async (t) => {
    const data = newFolder();
    await failsForAWhile(t, data, {}, () => renameSync(data, `${data}.away`),
        () => renameSync(`${data}.away`, data), /not in its folder any more/);
});

test('no descriptors left: who is there notices nothing, who comes is let in later', async (t) => {
    const data = newFolder();
    const server = await new Server([], { data }).started();
    t.after(async () => {
        if (!server.ended)
            await server.kill();
    });
    const load = await new Load(weftAdapter({ origin: () => server.origin }),
        { writers: 4, size: 100 }).open();
    t.after(() => load.close());
    const limit = (soft) => execFileSync('prlimit', ['--pid', String(server.child.pid),
        `--nofile=${soft}:`]);
    load.start();
    await load.until('edits', () => load.counters.acked >= 50);
    const used = readdirSync(`/proc/${server.child.pid}/fd`).length;
    limit(used + 2);
    /* More than there are descriptors for: some wait to be let in, or are turned away. */
    const crowd = Array.from({ length: 20 }, () => server.open('/ws/crowd', {}));
    for (const client of crowd)
        client.ws.on('error', () => {});
    await server.says(/no file descriptor left/);
    const { acked } = load.counters;
    await load.until('edits meanwhile', () => load.counters.acked >= acked + 200);
    const other = crowd.find((client) => client.ws.readyState === 1);
    if (other)
        await other.cut();
    limit(1024);
    const late = await server.join('load-0');
    assert.ok((await late.text()).length > 0);
    load.stop();
    await load.settled();
    const verdict = await load.verdict();
    assert.ok(verdict.ok, `${verdict}`);
    assert.equal(load.figures().reconnects, 0);
    for (const client of crowd)
        client.ws.terminate();
    await late.cut();
    await load.close();
    await server.stop();
});
