/* A ShareDB server as its manual starts one: sharedb.mjs memory|postgres; PORT, and PG* for the latter,
 * in the environment. */

import http from 'node:http';
import { createRequire } from 'node:module';
import WebSocketJSONStream from '@teamwork/websocket-json-stream';
import { type } from 'ot-text-unicode';
import ShareDB from 'sharedb';
import { WebSocketServer } from 'ws';

const require = createRequire(import.meta.url);

ShareDB.types.register(type);
const backend = new ShareDB(
    process.argv[2] === 'postgres' ? { db: require('sharedb-postgres')() } : {});
const server = http.createServer();
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => {
    const stream = new WebSocketJSONStream(socket);
    /* Not in the manual; without it a connection that is cut ends the server. */
    stream.on('error', () => {});
    socket.on('error', () => {});
    backend.listen(stream);
});
server.listen(Number(process.env.PORT), '127.0.0.1');

/* ShareDB leaves this to the program it is in. */
process.on('SIGTERM', () => {
    server.close();
    for (const socket of sockets.clients)
        socket.close(1012);
    backend.close(() => process.exit(0));
});
