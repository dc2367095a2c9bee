/* disk.mjs - a disk with a cache that a power cut empties, as an NBD server for QEMU.
 *
 * What the guest writes is in the cache; a flush carries the cache onto the medium. cut() is the loss of
 * power: of the writes since the last flush each sector survives or not by chance, so that writes are
 * lost, torn and reordered, but nothing that was flushed changes. That is all that a disk which
 * honours flushes promises, and harsher than killing the machine alone, after which all it wrote is there.
 *
 *   medium    what survives a cut
 *   seen      what the guest reads: medium and cache
 *   cache     writes since the last flush, in their order
 *
 * Protocol: fixed newstyle handshake, simple replies, one connection at a time. Both images are in
 * memory: a cut costs nothing, and the medium can be looked at while no guest runs.
 */

import net from 'node:net';

export const SECTOR = 512;

const OPTION_MAGIC = Buffer.from('IHAVEOPT');
const REPLY_MAGIC = 0x3e889045565a9n;
const OPT = { EXPORT_NAME: 1, ABORT: 2, GO: 7 };
const REP = { ACK: 1, INFO: 3, UNSUPPORTED: 0x80000001 };
const REQUEST_MAGIC = 0x25609513;
const SIMPLE_MAGIC = 0x67446698;
const READ = 0;
const WRITE = 1;
const DISCONNECT = 2;
const FLUSH = 3;
const FUA = 1; /* of a request: this write is on the medium when it is answered */
const EINVAL = 22;
const HAS_FLAGS = 1;
const SEND_FLUSH = 4;
const SEND_FUA = 8;
const EXPORT_FLAGS = HAS_FLAGS | SEND_FLUSH | SEND_FUA;

export class Disk {
    /** @param {Buffer} image what is on the medium  @param {{flushMs?: () => number}} [how] how long a
     *      flush takes; the power may go meanwhile */
    constructor(image, { flushMs = () => 0 } = {}) {
        this.medium = Buffer.from(image);
        this.seen = Buffer.from(image);
        this.cache = [];
        this.flushMs = flushMs;
        this.flushes = 0;
        this.socket = null;
        this.server = net.createServer((socket) => this.#serve(socket));
    }

    /** @param {string} path of the Unix socket */
    listen(path) {
        return new Promise((resolve, reject) => {
            this.server.on('error', reject);
            this.server.listen(path, resolve);
        });
    }

    close() {
        this.socket?.destroy();
        this.server.close();
    }

    /**
     * The power is gone. `random(n)` gives 0 .. n-1; `percent` of the unflushed sectors survive.
     * @returns {{writes: number, sectors: number, kept: number}} what was in the cache
     */
    cut(random, percent) {
        this.socket?.destroy();
        this.socket = null;
        const had = { writes: this.cache.length, sectors: 0, kept: 0 };
        for (const { at, data } of this.cache) {
            for (let from = 0; from < data.length; from += SECTOR) {
                had.sectors++;
                if (random(100) >= percent)
                    continue;
                had.kept++;
                data.copy(this.medium, at + from, from, from + SECTOR);
            }
        }
        this.cache = [];
        this.medium.copy(this.seen);
        return had;
    }

    #write(at, data, through) {
        data.copy(this.seen, at);
        if (through)
            data.copy(this.medium, at);
        else
            this.cache.push({ at, data: Buffer.from(data) });
    }

    /* What was written before it came is on the medium when it is answered. */
    #flush(socket, answer) {
        const writes = [...this.cache];
        setTimeout(() => {
            if (socket !== this.socket)
                return; /* the power went */
            for (const { at, data } of writes)
                data.copy(this.medium, at);
            const done = new Set(writes);
            this.cache = this.cache.filter((write) => !done.has(write));
            this.flushes++;
            socket.write(answer);
        }, this.flushMs());
    }

    #serve(socket) {
        this.socket = socket;
        socket.setNoDelay?.(true);
        socket.on('error', () => {}); /* the guest's machine was killed */
        const hello = Buffer.alloc(18);
        hello.write('NBDMAGICIHAVEOPT');
        hello.writeUInt16BE(3, 16); /* fixed newstyle, no zeroes */
        socket.write(hello);
        let input = Buffer.alloc(0);
        let state = (bytes) => this.#clientFlags(bytes);
        socket.on('data', (data) => {
            if (socket !== this.socket)
                return;
            input = input.length === 0 ? data : Buffer.concat([input, data]);
            for (let used = 1; used > 0 && input.length > 0;) {
                const done = state(input, socket);
                used = done.used;
                state = done.next ?? state;
                input = input.subarray(used);
            }
        });
    }

    #clientFlags(bytes) {
        if (bytes.length < 4)
            return { used: 0 };
        return { used: 4, next: (more, socket) => this.#option(more, socket) };
    }

    #option(bytes, socket) {
        if (bytes.length < 16)
            return { used: 0 };
        const option = bytes.readUInt32BE(8);
        const used = 16 + bytes.readUInt32BE(12);
        if (!bytes.subarray(0, 8).equals(OPTION_MAGIC))
            throw new Error('not an NBD client');
        if (bytes.length < used)
            return { used: 0 };
        const requests = (more, to) => this.#request(more, to);
        if (option === OPT.EXPORT_NAME) {
            socket.write(this.#exported());
            return { used, next: requests };
        }
        if (option === OPT.GO) {
            const info = Buffer.concat([Buffer.alloc(2), this.#exported()]);
            socket.write(Buffer.concat([reply(option, REP.INFO, info), reply(option, REP.ACK)]));
            return { used, next: requests };
        }
        socket.write(reply(option, option === OPT.ABORT ? REP.ACK : REP.UNSUPPORTED));
        return { used };
    }

    /** Size and flags. */
    #exported() {
        const out = Buffer.alloc(10);
        out.writeBigUInt64BE(BigInt(this.medium.length));
        out.writeUInt16BE(EXPORT_FLAGS, 8);
        return out;
    }

    #request(bytes, socket) {
        if (bytes.length < 28)
            return { used: 0 };
        if (bytes.readUInt32BE(0) !== REQUEST_MAGIC)
            throw new Error('not an NBD request');
        const flags = bytes.readUInt16BE(4);
        const type = bytes.readUInt16BE(6);
        const at = Number(bytes.readBigUInt64BE(16));
        const len = bytes.readUInt32BE(24);
        const used = 28 + (type === WRITE ? len : 0);
        if (bytes.length < used)
            return { used: 0 };
        if (type === DISCONNECT) {
            socket.end();
            return { used };
        }
        const answer = Buffer.alloc(16);
        answer.writeUInt32BE(SIMPLE_MAGIC);
        bytes.copy(answer, 8, 8, 16);
        const inside = at + len <= this.medium.length;
        if (type === WRITE && inside)
            this.#write(at, bytes.subarray(28, used), (flags & FUA) !== 0);
        else if (type !== FLUSH && (type !== READ || !inside))
            answer.writeUInt32BE(EINVAL, 4);
        if (type === FLUSH)
            this.#flush(socket, answer);
        else
            socket.write(answer);
        if (type === READ && inside)
            socket.write(Buffer.from(this.seen.subarray(at, at + len)));
        return { used };
    }
}

function reply(option, type, data = Buffer.alloc(0)) {
    const head = Buffer.alloc(20);
    head.writeBigUInt64BE(REPLY_MAGIC);
    head.writeUInt32BE(option, 8);
    head.writeUInt32BE(type, 12);
    head.writeUInt32BE(data.length, 16);
    return Buffer.concat([head, data]);
}
