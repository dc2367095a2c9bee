/**
 * weft-client - edit a text together, over a weft server. Its manual is README.md.
 *
 *   import { connect, bindTextarea } from './client/index.js';
 *
 *   const room = connect('wss://host/ws/notes', { name: 'Ada' });
 *   bindTextarea(room, document.querySelector('textarea'));
 *
 * No dependencies and no build step; browsers and Node 18 or newer. Where there
 * is no global WebSocket, pass a constructor as options.WebSocket.
 *
 *   room.js      connect(): a room, its text, who is in it, whether it is saved
 *   textarea.js  bindTextarea(): an ordinary <textarea> becomes the editor
 *   codemirror.js, monaco.js: the same for these editors
 *   keep.js      what is not saved survives a reload; restore.js puts it back
 *   undo.js      Undo: takes back one's own edits only
 *   ot.js        operations: apply, transform, compose, invert, splice
 *   diff.js      the shortest operation between two texts
 *   text.js      code points (the protocol) and UTF-16 units (the DOM)
 *   state.js     the protocol's client side as a pure state machine
 *   doc.js       a long text in chunks: edits and places without walking all of it
 *   link.js      keeps the socket open
 *   presence.js, split.js, messages.js, requests.js, timers.js, emitter.js: parts
 */

export { connect, Room, PROTOCOL } from './room.js';
export { bindTextarea } from './textarea.js';
export { Undo } from './undo.js';
export { State } from './state.js';
export * as ot from './ot.js';
export * as text from './text.js';
export { Doc } from './doc.js';
