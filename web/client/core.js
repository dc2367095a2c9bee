/**
 * core.js - the smallest client: what is typed reaches everybody, and is never lost.
 *
 * Built into dist/core.js with small stand-ins (core-parts.js) for what is left out: the others'
 * carets, questions about the past, storage, cutting a paste that is larger than a message, and the
 * finest difference where a room's history was replaced.
 */

export { connect, PROTOCOL } from './room.js';
