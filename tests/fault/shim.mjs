/* shim.mjs - the fault shim from a test's side: switched on and off while the server runs.
 *
 *   const shim = new Shim(data);                       // before the server starts
 *   new Server(args, { data, env: shim.env });
 *   shim.fail('sync', { files: 'wal', how: 'drop' });  // from now on, every one
 *   shim.fail('write', { at: 3, times: 1 });           // the fourth from now, once
 *   shim.heal();
 *   shim.count, shim.fired, shim.total('sync')
 *   shim.powerCut(chance(1));                          // the server is dead: what the disk has
 */

import { closeSync, copyFileSync, existsSync, ftruncateSync, mkdirSync, openSync, readFileSync,
    readSync, readdirSync, realpathSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { TMP } from '../e2e/lib.mjs';

export const SHIM = path.resolve(process.env.WEFT_BUILD ?? 'build/release', 'tools/faultshim.so');
export const HAVE_SHIM = existsSync(SHIM);

/* As in shim.h. */
const KINDS = ['write', 'sync', 'truncate', 'open', 'read', 'mmap', 'unlink', 'alloc', 'accept'];
const FILES = ['db', 'wal', 'shm', 'other'];
const HOW = ['plain', 'short', 'keep', 'drop'];
const WORD = { KINDS: 0, FILES: 1, AT: 2, TIMES: 3, ERRNO: 4, HOW: 5, COUNT: 6, FIRED: 7, TOTALS: 8 };
const WORDS = WORD.TOTALS + KINDS.length;
const PAGE_BYTES = 4096;

const bits = (names, list) => [names].flat().reduce((sum, name) => {
    const bit = list.indexOf(name);
    if (bit < 0)
        throw new Error(`${name} is none of ${list}`);
    return sum | (1 << bit);
}, 0);

let made = 0;

export class Shim {
    /** disk: keep an image of what a power cut leaves; then nothing is synced for real. */
    constructor(data, { disk = true } = {}) {
        const name = path.join(TMP, `shim.${process.pid}.${made++}`);
        mkdirSync(data, { recursive: true, mode: 0o700 });
        this.data = realpathSync(data);
        this.image = disk ? `${name}.disk` : null;
        if (this.image)
            mkdirSync(this.image);
        this.fd = openSync(`${name}.control`, 'w+');
        ftruncateSync(this.fd, WORDS * 8);
        this.env = { LD_PRELOAD: SHIM, FAULTSHIM_CONTROL: `${name}.control`,
            FAULTSHIM_FOLDER: this.data, ...(disk ? { FAULTSHIM_DISK: this.image } : {}) };
    }

    get(word) {
        const bytes = Buffer.alloc(8);
        readSync(this.fd, bytes, 0, 8, word * 8);
        return Number(bytes.readBigUInt64LE());
    }

    set(word, value) {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64LE(BigInt(value));
        writeSync(this.fd, bytes, 0, 8, word * 8);
    }

    /** times 0: all from the at-th on. error: a name of errno. */
    fail(kinds, { at = 0, times = 0, error = 'EIO', how = 'plain', files = [] } = {}) {
        this.heal();
        this.set(WORD.FILES, bits(files, FILES));
        this.set(WORD.AT, at);
        this.set(WORD.TIMES, times);
        this.set(WORD.ERRNO, os.constants.errno[error]);
        this.set(WORD.HOW, Math.log2(bits(how, HOW)));
        this.set(WORD.COUNT, 0);
        this.set(WORD.FIRED, 0);
        this.set(WORD.KINDS, bits(kinds, KINDS)); /* last: from here on it is armed */
        return this;
    }

    heal() {
        this.set(WORD.KINDS, 0);
    }

    get armed() { return this.get(WORD.KINDS) !== 0; }
    get count() { return this.get(WORD.COUNT); }
    get fired() { return this.get(WORD.FIRED); }
    total(kind) { return this.get(WORD.TOTALS + KINDS.indexOf(kind)); }

    /**
     * The machine stops and starts: the files become what the disk has of them. Of the pages that
     * were not synced each one got there or not, as `below` (chance(seed)) draws; without it none.
     * @returns {number} pages that were lost
     */
    powerCut(below = () => 0) {
        let lost = 0;
        rmSync(path.join(this.data, 'weft.db-shm'), { force: true });
        for (const name of readdirSync(this.image)) {
            if (name.endsWith('.dirty'))
                continue;
            const at = path.join(this.data, name);
            if (!existsSync(at)) /* a name that went without our seeing it */
                continue;
            const now = readFileSync(at);
            const disk = readFileSync(path.join(this.image, name));
            const dirty = readFileSync(path.join(this.image, `${name}.dirty`));
            let end = disk.length;
            const kept = [];
            for (let page = 0; page * PAGE_BYTES < Math.max(now.length, disk.length); page++) {
                const [from, to] = [page * PAGE_BYTES, (page + 1) * PAGE_BYTES];
                if (dirty[page] !== 0 && below(2) === 1 && from < now.length) {
                    kept.push([from, now.subarray(from, to)]);
                    end = Math.max(end, Math.min(to, now.length));
                } else if (!now.subarray(from, to).equals(disk.subarray(from, to))) {
                    lost++;
                }
            }
            const bytes = Buffer.alloc(end);
            disk.copy(bytes);
            for (const [from, page] of kept)
                page.copy(bytes, from);
            writeFileSync(at, bytes);
        }
        rmSync(this.image, { recursive: true });
        mkdirSync(this.image);
        return lost;
    }

    /** For looking at afterwards. */
    keep(folder) {
        mkdirSync(folder, { recursive: true });
        for (const name of readdirSync(this.data))
            copyFileSync(path.join(this.data, name), path.join(folder, name));
    }

    done() {
        closeSync(this.fd);
    }
}
