// The client of the page against the client in C: a simulator's run, with everything that goes wrong in
// it, is recorded there and played here, event by event (tests/sim/README.md).
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { State } from '../../web/client/state.js';

const SIMULATIONS = Math.ceil((200 * Number(process.env.WEFT_PERCENT ?? 100)) / 100);
const BUILD = process.env.WEFT_BUILD ?? new URL('../../build/release', import.meta.url).pathname;

function play(state, line) {
    switch (line.event) {
    case 'edit': return state.localEdit(line.op);
    case 'meta': return state.localMeta(line.meta);
    case 'message': return state.message(line.message);
    case 'retry': return state.retry();
    case 'cut': return state.disconnected();
    default: throw new Error(`an event that is none: ${line.event}`);
    }
}

test('the page\'s client does what the client in C does', async (t) => {
    const seed = process.env.WEFT_SEED ?? '1';
    const file = join(process.env.WEFT_TMP ?? mkdtempSync(join(tmpdir(), 'weft-')), 'run.jsonl');
    execFileSync(join(BUILD, 'tools', 'weft-sim'),
                 ['--seed', seed, '--sims', String(SIMULATIONS), '--record', file]);
    let states = [];
    let head = null;
    let events = 0;
    for await (const text of createInterface({ input: createReadStream(file) })) {
        const line = JSON.parse(text);
        if (line.weft) {
            head = line;
            states = Array.from({ length: line.clients }, () => new State());
            continue;
        }
        const state = states[line.client];
        const sent = play(state, line).filter((e) => e.kind === 'send').map((e) => e.message);
        const found = { sent, rev: state.rev, pending: state.pending, text: state.text };
        const { rev, pending, text: shown } = line;
        assert.deepEqual(found, { sent: line.sent, rev, pending, text: shown },
                         `seed ${head.seed}, client ${line.client}, after: ${text}`);
        events++;
    }
    assert.ok(events > SIMULATIONS * 20, 'there was something to play');
    t.diagnostic(`proved: ${events} events of clients in a simulator, as C and JavaScript see them`);
});
