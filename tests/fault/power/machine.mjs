/* machine.mjs - a computer that can lose its power: QEMU without KVM, with a disk of disk.mjs.
 *
 *   const machine = new Machine({ guest, disk, folder, port });
 *   await machine.boot(['--sync', 'full']);   // the server answers on 127.0.0.1:port
 *   machine.cut();                            // at once: no instruction more
 *
 * The port is opened when the server listens: a client that came earlier would wait for an answer of a
 * machine that is still starting. */

import { spawn } from 'node:child_process';
import net from 'node:net';
import path from 'node:path';

const BOOT_MS = Number(process.env.WEFT_BOOT_MS ?? 180000); /* a deadline, on a busy machine */

export class Machine {
    constructor({ guest, disk, folder, port }) {
        Object.assign(this, { guest, disk, folder, port });
        this.console = '';
        this.child = null;
        this.ended = null;
        this.watchers = new Set();
    }

    /** Power on. Resolves when `pattern` was on the console; the port is then open. */
    async boot(args, pattern = /serving http:/) {
        const monitor = path.join(this.folder, 'monitor');
        this.console = '';
        this.child = spawn('qemu-system-x86_64', [
            '-machine', 'pc,accel=tcg', '-cpu', 'max', '-m', '256', '-smp', '1',
            '-kernel', path.join(this.guest, 'vmlinuz'),
            '-initrd', path.join(this.guest, 'initramfs.gz'),
            '-append', `console=ttyS0 quiet panic=-1 tsc=reliable no_timer_check -- ${args.join(' ')}`,
            '-drive', `file=nbd+unix:///?socket=${path.join(this.folder, 'disk')},if=virtio,` +
                      'format=raw,cache=writeback',
            '-netdev', 'user,id=n', '-device', 'virtio-net-pci,netdev=n,romfile=',
            '-nodefaults', '-no-reboot', '-display', 'none', '-serial', 'stdio',
            '-monitor', `unix:${monitor},server=on,wait=off`,
        ], { stdio: ['ignore', 'pipe', 'pipe'] });
        const child = this.child;
        this.ended = new Promise((resolve) => {
            child.on('error', (error) => this.#heard(`\nqemu: ${error.message}\n`));
            child.on('close', (code, signal) => {
                if (this.child === child)
                    this.child = null;
                this.#heard(`\nqemu ended: ${code ?? signal}\n`);
                resolve();
            });
        });
        for (const stream of [child.stdout, child.stderr])
            stream.on('data', (data) => this.#heard(data.toString()));
        await this.says(pattern);
        await this.#order(monitor, `hostfwd_add tcp:127.0.0.1:${this.port}-:8080`);
    }

    #heard(text) {
        this.console += text;
        for (const watcher of [...this.watchers])
            watcher();
    }

    /** Waits for a line of the console. */
    says(pattern) {
        return new Promise((resolve, reject) => {
            const end = (how, value) => {
                clearTimeout(timer);
                this.watchers.delete(look);
                how(value);
            };
            const look = () => {
                if (pattern.test(this.console))
                    end(resolve);
                else if (this.child === null || /guest: the server ended/.test(this.console))
                    end(reject, new Error(`the guest ended before it said ${pattern}\n${this.console}`));
            };
            const timer = setTimeout(() => end(reject, new Error(
                `waited ${BOOT_MS} ms for ${pattern}\n${this.console}`)), BOOT_MS);
            this.watchers.add(look);
            look();
        });
    }

    #order(monitor, line) {
        return new Promise((resolve, reject) => {
            const socket = net.connect(monitor);
            let said = '';
            let sent = false;
            socket.on('error', reject);
            socket.on('data', (data) => {
                said += data;
                if (!said.endsWith('(qemu) '))
                    return;
                if (sent) {
                    socket.destroy();
                    const answer = said.replace(/\x1b\[[A-Z0-9]*/g, '').split('\n').slice(1, -1)
                        .join('').trim();
                    if (/error|could not|invalid/i.test(answer))
                        reject(new Error(`${line}: ${answer}`));
                    else
                        resolve();
                }
                said = '';
                sent = true;
                socket.write(`${line}\n`);
            });
        });
    }

    /** The power is gone. Returns when the process is; what disk.cut() does is the caller's. */
    async cut() {
        this.child?.kill('SIGKILL');
        await this.ended;
    }
}
