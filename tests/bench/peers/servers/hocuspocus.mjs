/* Hocuspocus as its manual starts it, without a storage: hocuspocus.mjs, PORT in the environment. */

import { createRequire } from 'node:module';

const require = createRequire(new URL('../../loss/package.json', import.meta.url));
const { Server } = require('@hocuspocus/server');

new Server({ port: Number(process.env.PORT), address: '127.0.0.1', quiet: true }).listen();
