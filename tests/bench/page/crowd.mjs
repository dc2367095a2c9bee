/* People in a room, in a process of their own: crowd.mjs weft|yjs PORT COUNT EVERY_MS.
 *
 * Each has a place of its own in the text, types a character there EVERY_MS on average, and after each
 * third one jumps somewhere else. They are the real clients. Prints `here` when all are in the room;
 * ends with its input. `seed BYTES` as COUNT and EVERY_MS: instead writes a text of so many bytes into an
 * empty room of Yjs, prints `here` and stays. */

import WebSocket from 'ws';
import { connect } from '../../../web/client/index.js';
import { longText } from './text.mjs';

const COLORS = ['#1565c0', '#c2185b', '#2e7d32', '#ef6c00', '#6a1b9a', '#00838f'];
const [side, port, count, number] = process.argv.slice(2);

class WeftPerson {
    constructor(n) {
        this.room = connect(`ws://127.0.0.1:${port}/ws/room`, {
            name: `Person ${n}`, color: COLORS[n % COLORS.length], WebSocket,
        });
        this.here = new Promise((resolve) => this.room.on('status', (s) => s === 'online' && resolve()));
    }

    get length() { return this.room.doc.cps; }
    type(at) { this.room.insert(at, 'y'); }
    stand(at) { this.room.setCursor(at); }
}

class YjsPerson {
    constructor({ Y, WebsocketProvider }, n) {
        this.Y = Y;
        this.doc = new Y.Doc();
        this.text = this.doc.getText('text');
        this.provider = new WebsocketProvider(`ws://127.0.0.1:${port}/ws`, 'room', this.doc,
            { WebSocketPolyfill: WebSocket, disableBc: true });
        this.provider.awareness.setLocalStateField('user',
            { name: `Person ${n}`, color: COLORS[n % COLORS.length], colorLight: COLORS[n % COLORS.length] });
        this.here = new Promise((resolve) => this.provider.once('sync', resolve));
    }

    get length() { return this.text.length; }
    type(at) { this.text.insert(at, 'y'); }

    stand(at) {
        const place = this.Y.createRelativePositionFromTypeIndex(this.text, at);
        this.provider.awareness.setLocalStateField('cursor', { anchor: place, head: place });
    }
}

function live(person) {
    let at = Math.floor(Math.random() * person.length);
    let typed = 0;
    const turn = () => {
        if (typed++ % 3 === 0)
            at = Math.floor(Math.random() * person.length);
        at = Math.min(at, person.length);
        person.type(at++);
        person.stand(at);
        setTimeout(turn, number * (0.5 + Math.random()));
    };
    setTimeout(turn, number * Math.random());
}

const yjs = side === 'yjs' &&
    { Y: await import('yjs'), WebsocketProvider: (await import('y-websocket')).WebsocketProvider };
const people = [];
for (let n = 0; n < (count === 'seed' ? 1 : Number(count)); n++) {
    people.push(yjs ? new YjsPerson(yjs, n) : new WeftPerson(n));
    await people[n].here;
}
if (count === 'seed')
    people[0].text.insert(0, longText(Number(number)));
else
    people.forEach(live);
console.log('here');
process.stdin.on('end', () => process.exit()).resume();
