/* y-websocket's server, and its page, compressed: yjs-server.mjs; prints its port. */

import { setupWSConnection } from '@y/websocket-server/utils';
import { build } from 'esbuild';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { WebSocketServer } from 'ws';

const { outputFiles: [{ contents }] } = await build({
    entryPoints: [fileURLToPath(new URL('yjs-page.js', import.meta.url))],
    bundle: true, format: 'esm', target: ['es2022'], minify: true, legalComments: 'none', write: false,
});
const script = gzipSync(contents, { level: 9 });
const page = gzipSync('<!doctype html><meta charset="utf-8"><title>y</title><body style="margin:0">' +
                      '<div id="text"></div><script type="module" src="page.js"></script>');

const server = http.createServer((request, response) => {
    const isScript = request.url.endsWith('.js');
    response.writeHead(200, { 'content-encoding': 'gzip',
                              'content-type': isScript ? 'text/javascript' : 'text/html' });
    response.end(isScript ? script : page);
});
new WebSocketServer({ server }).on('connection', setupWSConnection);
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
