/* A Hocuspocus server as its manual starts one: hocuspocus.mjs FILE [DEBOUNCE_MS]; PORT in the environment. */

import { SQLite } from '@hocuspocus/extension-sqlite';
import { Server } from '@hocuspocus/server';

const [file, debounce] = process.argv.slice(2);

const server = new Server({
    port: Number(process.env.PORT),
    address: '127.0.0.1',
    quiet: true,
    extensions: [new SQLite({ database: file })],
    ...(debounce === undefined ? {} : { debounce: Number(debounce) }),
});
server.listen();
