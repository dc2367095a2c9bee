// A worker: a program that answers questions, a line each. One question at a time over all workers,
// so that nothing is measured while another one computes.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Worker {
    constructor(name, command, args) {
        this.name = name;
        this.waiting = null;
        this.gone = null;
        this.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
        const over = (why) => {
            this.gone ??= why;
            this.waiting?.({ error: `${name}: ${this.gone}` });
            this.waiting = null;
        };
        this.process.on('error', (e) => over(e.message));
        this.process.on('exit', (code, signal) => over(`ended (${signal ?? code})`));
        this.process.stdin.on('error', () => {});
        createInterface({ input: this.process.stdout }).on('line', (line) => {
            const done = this.waiting;
            this.waiting = null;
            try {
                done?.(JSON.parse(line));
            } catch {
                done?.({ error: `${name} said: ${line}` });
            }
        });
    }

    ask(...words) {
        if (this.gone !== null) return Promise.resolve({ error: `${this.name}: ${this.gone}` });
        return new Promise((resolve) => {
            this.waiting = resolve;
            this.process.stdin.write(words.join(' ') + '\n');
        });
    }

    end() {
        this.process.stdin.end();
    }
}
