/* The websocat session of README.md, run exactly as it stands, with the real websocat, against a
 * fresh server; only the port is another.
 *
 * A fenced block marked `console` whose first line is `$ websocat …` is one terminal:
 *
 *     $ websocat 'ws://127.0.0.1:8080/ws/notes?name=Ada'     the command, for a shell
 *     > {"type":"insert","text":"Hello"}                     what is typed
 *     {"type":"ack","rev":1}                                 what must come out, line by line
 *
 * `…` in a line that comes out stands for anything. A line is typed when all lines above it have
 * come out: that, and nothing else, is the order between two terminals. The next terminal is opened
 * when the one before first waits for a `join`, or at its end. Below its last line a terminal is
 * closed (Ctrl-D), and nothing more may have come out. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import test from 'node:test';
import { ROOT, serve, within } from './lib.mjs';

const README = process.env.WEFT_README ?? path.join(ROOT, 'README.md');

/** [{command, lines: [{typed, text, at}]}] of the document. */
export function terminals(markdown) {
    const found = [];
    let block = null;
    let indent = 0;
    for (const [i, raw] of markdown.split('\n').entries()) {
        const fence = raw.match(/^( *)```(.*)$/);
        if (fence && block === null) {
            block = fence[2].trim() === 'console' ? [] : false;
            indent = fence[1].length;
        } else if (fence) {
            if (block && block[0]?.text.startsWith('$ websocat '))
                found.push({ command: block[0].text.slice(2), lines: block.slice(1) });
            block = null;
        } else if (block) {
            const text = raw.slice(indent);
            const typed = text.startsWith('> ');
            block.push({ typed, text: typed ? text.slice(2) : text, at: i + 1 });
        }
    }
    assert.equal(block, null, 'a fence that does not end');
    return found;
}

/** Whether a line is what the document shows, where `…` stands for anything. */
export function fits(shown, line) {
    const escaped = shown.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${escaped.join('.*')}$`, 'su').test(line);
}

class Terminal {
    constructor(command) {
        this.command = command;
        this.shown = [];
        this.unread = [];
        this.transcript = [`$ ${command}`];
        this.wake = () => {};
        /* exec: so that what is killed in the end is websocat itself. */
        this.child = spawn('sh', ['-c', `exec ${command}`], { stdio: ['pipe', 'pipe', 'pipe'] });
        this.child.stdin.on('error', () => {});
        this.child.stderr.on('data', (text) => this.transcript.push(`stderr: ${text}`));
        readline.createInterface({ input: this.child.stdout }).on('line', (line) => {
            this.transcript.push(line);
            this.unread.push(line);
            this.wake();
        });
        this.child.on('close', (code, signal) => {
            this.ended = { code, signal };
            this.wake();
        });
    }

    /** The next line that comes out; undefined at the end. */
    line(what) {
        return within(what, (async () => {
            while (this.unread.length === 0 && !this.ended)
                await new Promise((resolve) => { this.wake = resolve; });
            return this.unread.shift();
        })(), () => this.transcript.join('\n'));
    }

    type(text) {
        this.transcript.push(`> ${text}`);
        this.child.stdin.write(`${text}\n`);
    }

    async play(lines, onJoin) {
        for (const { typed, text, at } of lines) {
            if (typed) {
                this.type(text);
                continue;
            }
            if (text.startsWith('{"type":"join"'))
                onJoin();
            const line = await this.line(`line ${at} of the document: ${text}`);
            assert.ok(line !== undefined && fits(text, line),
                `line ${at} of the document\n  shows    ${text}\n  came out ${line ?? '(the end)'}\n` +
                this.transcript.join('\n'));
        }
        this.child.stdin.end();
        assert.equal(await this.line('websocat to end'), undefined,
            `more came out than the document shows\n${this.transcript.join('\n')}`);
        assert.deepEqual(this.ended, { code: 0, signal: null }, this.transcript.join('\n'));
    }
}

/** Runs all terminals. One that fails leaves others waiting for it, so the first failure counts. */
async function playAll(blocks, port) {
    const open = [];
    await new Promise((resolve, reject) => {
        let ended = 0;
        const openNext = () => {
            const block = blocks[open.length];
            if (!block)
                return;
            const command = block.command.replaceAll(':8080/', `:${port}/`);
            assert.notEqual(command, block.command, `no port 8080 in: ${block.command}`);
            const terminal = new Terminal(command);
            open.push(terminal);
            let opened = false;
            const next = () => {
                if (!opened)
                    openNext();
                opened = true;
            };
            terminal.play(block.lines, next).then(next).then(() => {
                if (++ended === blocks.length)
                    resolve();
            }).catch(reject);
        };
        openNext();
    }).finally(() => open.forEach((terminal) => terminal.child.kill('SIGKILL')));
}

const hasWebsocat = spawnSync('sh', ['-c', 'command -v websocat']).status === 0;
const skip = hasWebsocat ? false : 'websocat is not installed: cargo install websocat';

test('the parser takes terminals, typed lines and expected lines', () => {
    const found = terminals(['text', '```sh', '$ websocat no', '```', '```console', '$ make run',
        '```', '  ```console', '  $ websocat yes', '  > typed', '  shown', '  ```'].join('\n'));
    assert.deepEqual(found, [{ command: 'websocat yes', lines: [
        { typed: true, text: 'typed', at: 10 }, { typed: false, text: 'shown', at: 11 }] }]);
    assert.ok(fits('{"a":"…","b":[1]}', '{"a":"anything","b":[1]}'));
    assert.ok(!fits('{"a":"…","b":[1]}', '{"a":"anything","b":[1]} '));
    assert.ok(!fits('a.c', 'abc'));
});

test('the session of README.md goes as it is shown', { skip }, async (t) => {
    const blocks = terminals(readFileSync(README, 'utf8'));
    assert.ok(blocks.length >= 2, `${README} shows two terminals`);
    assert.ok(blocks.every(({ lines }) => lines.some(({ typed }) => typed)), 'in each one types');
    const server = await serve(t);
    await playAll(blocks, server.port);
});
