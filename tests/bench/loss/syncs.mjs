/* syncs.mjs - counts how often processes ask the disk to sync, with strace.
 *
 * A kill -9 does not show whether an acknowledgement waits for the disk: what was handed to the kernel
 * outlives it. At a power cut it matters. */

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { within } from '../../e2e/lib.mjs';

const CALLS = 'fsync,fdatasync,sync_file_range,syncfs';

/** A process and all that it has started. */
export function family(pid) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return [pid, ...children.flatMap((child) => family(Number(child)))];
}

export class SyncCount {
    static get available() {
        return spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0;
    }

    /** @param {number[]} pids with all their threads, and what they start */
    constructor(pids, folder) {
        this.file = path.join(folder, 'strace');
        this.child = spawn('strace', ['-f', '-e', `trace=${CALLS}`, '-o', this.file,
            ...pids.flatMap((pid) => ['-p', String(pid)])], { stdio: ['ignore', 'ignore', 'pipe'] });
        this.ended = new Promise((resolve) => {
            this.child.on('close', resolve);
            this.child.on('error', resolve);
        });
        let said = '';
        this.started = within('strace to attach', new Promise((resolve, reject) => {
            this.child.stderr.on('data', (data) => {
                said += data;
                if (said.split('attached').length > pids.length)
                    resolve();
            });
            this.ended.then(() => reject(new Error(`strace: ${said.trim() || 'did not start'}`)));
        }));
    }

    /** @returns {Promise<number>} calls since it started */
    async stop() {
        this.child.kill('SIGINT');
        await this.ended;
        return readFileSync(this.file, 'utf8').split('\n')
            .filter((line) => /\b(fsync|fdatasync|sync_file_range|syncfs)\(/.test(line)).length;
    }
}
