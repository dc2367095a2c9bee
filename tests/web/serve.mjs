/**
 * serve.mjs - the pages on the model server, to look at while working on them.
 *
 *   node tests/web/serve.mjs [port]      http://127.0.0.1:8090/
 *
 * Nothing is stored, and one process has one room per name. Not a weft server:
 * just enough HTTP and WebSocket for a browser. Text frames only.
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModelServer } from './model-server.mjs';

const WEB = fileURLToPath(new URL('../../web/', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript',
                '.svg': 'image/svg+xml' };
const rooms = new Map();

export function roomOf(name) {
    if (!rooms.has(name))
        rooms.set(name, new ModelServer());
    return rooms.get(name);
}

function fileOf(path) {
    if (path === '/')
        return 'page/index.html';
    if (/^\/[rv]\/[^/]+$/.test(path))
        return 'page/room.html';
    return /^\/(page|client)\/[\w.-]+$/.test(path) ? path.slice(1) : null;
}

export const http = createServer(async (request, response) => {
    const file = fileOf(new URL(request.url, 'http://host').pathname);
    try {
        const body = await readFile(WEB + file);
        response.writeHead(200, { 'content-type': TYPES[extname(file)],
                                  'content-security-policy': "default-src 'self'",
                                  'cache-control': 'no-store' });
        response.end(body);
    } catch {
        response.writeHead(404).end('not found\n');
    }
});

http.on('upgrade', (request, socket) => {
    const url = new URL(request.url, 'http://host');
    const [, kind, name] = url.pathname.split('/');
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(/,\s*/);
    const accept = createHash('sha1').update(request.headers['sec-websocket-key'] +
                                             '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
    socket.write(['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade',
                  `Sec-WebSocket-Accept: ${accept}`,
                  ...(offered.includes('weft.v1') ? ['Sec-WebSocket-Protocol: weft.v1'] : []),
                  '', ''].join('\r\n'));
    const server = roomOf(kind === 'view' ? name.replace(/^key-of-/, '') : name);
    const session = offered.find((p) => p.startsWith('weft.session.'))?.slice(13);
    const link = server.join({ ...Object.fromEntries(url.searchParams), session,
                               mode: kind === 'view' ? 'read' : url.searchParams.get('mode') ?? 'write',
                               read_key: `key-of-${name}` });
    serveSocket(socket, server, link);
});

function serveSocket(socket, server, link) {
    let input = Buffer.alloc(0);
    const flushAll = () => {
        for (const each of server.links)
            each.flush?.();
    };
    link.flush = () => {
        while (link.toClient.length)
            socket.write(frame(0x81, Buffer.from(link.toClient.shift())));
    };
    const end = () => {
        server.cut(link);
        socket.destroy();
        flushAll();
    };
    socket.on('data', (chunk) => {
        input = Buffer.concat([input, chunk]);
        for (let got = parse(input); got; got = parse(input)) {
            input = input.subarray(got.bytes);
            if (got.opcode === 8)
                return end();
            if (got.opcode === 1) {
                link.toServer.push(got.payload.toString());
                server.step(link);
            }
        }
        flushAll();
    });
    socket.on('error', end);
    socket.on('close', end);
    flushAll();
}

function frame(first, payload) {
    const n = payload.length;
    const head = n < 126 ? Buffer.from([first, n])
        : n < 65536 ? Buffer.from([first, 126, n >> 8, n & 255])
        : Buffer.from([first, 127, 0, 0, 0, 0, n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255]);
    return Buffer.concat([head, payload]);
}

/** One masked, unfragmented frame off the front, or null. */
function parse(buffer) {
    if (buffer.length < 2)
        return null;
    let at = 2;
    let length = buffer[1] & 127;
    if (length >= 126) {
        const wide = length === 126 ? 2 : 8;
        if (buffer.length < at + wide)
            return null;
        length = wide === 2 ? buffer.readUInt16BE(at) : Number(buffer.readBigUInt64BE(at));
        at += wide;
    }
    if (buffer.length < at + 4 + length)
        return null;
    const mask = buffer.subarray(at, at + 4);
    const payload = Buffer.from(buffer.subarray(at + 4, at + 4 + length));
    payload.forEach((byte, i) => { payload[i] = byte ^ mask[i % 4]; });
    return { opcode: buffer[0] & 15, payload, bytes: at + 4 + length };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const port = Number(process.argv[2] ?? 8090);
    http.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${http.address().port}/`));
}
