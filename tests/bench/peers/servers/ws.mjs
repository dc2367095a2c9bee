/* The ws package as a plain relay: ws.mjs, PORT in the environment. The room is the path; what one
 * says goes to all of its room, himself included. No compression, as with every server here. */

import { createRequire } from 'node:module';

const require = createRequire(new URL('../../loss/package.json', import.meta.url));
const { WebSocketServer } = require('ws');

const rooms = new Map();
const server = new WebSocketServer({
    host: '127.0.0.1', port: Number(process.env.PORT), perMessageDeflate: false,
});
server.on('connection', (socket, request) => {
    const room = rooms.get(request.url) ?? new Set();
    rooms.set(request.url, room);
    room.add(socket);
    socket.on('message', (data, isBinary) => {
        for (const reader of room)
            reader.send(data, { binary: isBinary });
    });
    socket.on('close', () => room.delete(socket));
    socket.on('error', () => {});
});
