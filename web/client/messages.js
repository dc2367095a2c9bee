/**
 * messages.js - from messages of the server to what state.js works with.
 */

import { check, normalize } from './ot.js';

/**
 * The operation in a message of the server.
 * @param {any} msg insert, delete, edit or meta
 * @param {number} length code points of the text it runs on; for parts that are left out
 * @returns {import('./ot.js').Op}
 */
export function opOf(msg, length) {
    switch (msg.type) {
    case 'insert': return normalize([msg.position ?? length, ...check([msg.text])]);
    case 'delete': return normalize([msg.position, ...check([-(msg.length ?? 1)])]);
    case 'edit': return normalize(check(msg.op));
    default: return [];
    }
}

/** The effect: connect again; full: asking for the text. */
export function reconnect(full, reason) {
    return { kind: 'reconnect', full, reason };
}

/** The effect: an error of the server, for whoever watches. */
export function problem(msg) {
    return { kind: 'error', code: msg.code, message: msg.message ?? '',
             retry_ms: msg.retry_ms };
}
