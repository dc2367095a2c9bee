/* textarea.js and undo.js over a minimal element. */

import test from 'node:test';
import assert from 'node:assert/strict';
import { bindTextarea, connect, Undo } from '../../web/client/index.js';
import { ModelServer } from './model-server.mjs';
import { FakeClock, FakeNet } from './fakes.mjs';
import { forSeeds } from './random.mjs';

/* As much of a textarea as the binding uses, newline normalisation included. */
class FakeTextarea {
    #value = '';
    constructor() {
        this.listeners = new Map();
        this.selectionStart = this.selectionEnd = 0;
        this.selectionDirection = 'none';
        this.scrollTop = 0;
        this.sets = 0;
    }

    get value() { return this.#value; }
    set value(v) {
        this.#value = v.replace(/\r\n?/g, '\n');
        this.selectionStart = this.selectionEnd = this.#value.length;
        this.sets++;
    }

    get scrollHeight() { return this.#value.split('\n').length * 10; }

    setSelectionRange(start, end, direction = 'none') {
        this.selectionStart = start;
        this.selectionEnd = end;
        this.selectionDirection = direction;
    }

    setRangeText(text, start, end) {
        assert.ok(start <= end && end <= this.#value.length);
        this.#value = this.#value.slice(0, start) + text.replace(/\r\n?/g, '\n') +
                      this.#value.slice(end);
    }

    focus() {}
    blur() {}
    addEventListener(type, fn) {
        this.listeners.set(type, [...(this.listeners.get(type) ?? []), fn]);
    }

    removeEventListener(type, fn) {
        this.listeners.set(type, this.listeners.get(type).filter((f) => f !== fn));
    }

    fire(type, event = {}) {
        for (const fn of this.listeners.get(type) ?? [])
            fn(event);
    }

    /* The user replaces a range; the caret stands behind. */
    type(text, start = this.selectionStart, end = this.selectionEnd) {
        this.#value = this.#value.slice(0, start) + text + this.#value.slice(end);
        this.setSelectionRange(start + text.length, start + text.length);
        this.fire('input');
    }

    key(key, more = {}) {
        let prevented = false;
        this.fire('keydown', { key, ctrlKey: true, ...more,
                               preventDefault: () => { prevented = true; } });
        return prevented;
    }
}

function bound(text = 'hello', options = {}) {
    const server = new ModelServer({ text });
    const clock = new FakeClock();
    const net = new FakeNet(server);
    const room = connect('ws://host/ws/r', { WebSocket: net.WebSocket, clock, ...options });
    const el = new FakeTextarea();
    const unbind = bindTextarea(room, el);
    net.run();
    return { server, clock, net, room, el, unbind };
}

test('shows the text, and sends what is typed', () => {
    const { server, net, el } = bound();
    assert.equal(el.value, 'hello');
    el.type('!', 5, 5);
    el.type('H', 0, 1);
    net.run();
    assert.equal(server.text, 'Hello!');
    assert.deepEqual(server.log.map(({ op }) => op), [[5, '!'], [-1, 'H']]);
});

test('the caret says which of several equal characters was typed', () => {
    const { server, net, el } = bound('aaaa');
    el.type('a', 2, 2);
    net.run();
    assert.deepEqual(server.log[0].op, [2, 'a']);
    el.type('', 1, 2);
    net.run();
    assert.deepEqual(server.log[1].op, [1, -1]);
});

test('no emoji is cut in half', () => {
    const { server, net, el } = bound('x😀y');
    el.type('😁', 1, 3);
    net.run();
    assert.deepEqual(server.log[0].op, [1, -1, '😁']);
    assert.equal(server.text, 'x😁y');
});

test('half a pair and NUL become U+FFFD, in the element too', () => {
    const { server, net, el } = bound('');
    el.type('a\ud83db\0', 0, 0);
    net.run();
    assert.equal(server.text, 'a\ufffdb\ufffd');
    assert.equal(el.value, server.text);
    assert.equal(el.selectionStart, 4);
});

test('CR is shown as a symbol, one for one, and kept in the document', () => {
    const { server, net, el } = bound('a\r\nb\rc');
    assert.equal(el.value, 'a\u240d\nb\u240dc');
    el.type('!', 6, 6);
    net.run();
    assert.equal(server.text, 'a\r\nb\rc!');
    server.append([1, '\r']);
    net.run();
    assert.equal(el.value, 'a\u240d\u240d\nb\u240dc!');
});

test('remote edits keep the selection and its direction', () => {
    const { server, net, el } = bound('0123456789');
    el.setSelectionRange(3, 6, 'backward');
    server.append(['😀']);
    net.run();
    assert.deepEqual([el.selectionStart, el.selectionEnd, el.selectionDirection],
                     [5, 8, 'backward']);
    server.append([5, -4]);
    net.run();
    assert.equal(el.value, '😀012389');
    assert.deepEqual([el.selectionStart, el.selectionEnd], [5, 6]);
    el.setSelectionRange(2, 2);
    server.append([1, 'x']);
    net.run();
    assert.equal(el.selectionStart, 2, 'an insert at the caret does not push it');
});

test('an edit of many places', () => {
    const { server, net, el } = bound('.'.repeat(40));
    el.setSelectionRange(40, 40);
    server.append(Array.from({ length: 20 }, () => ['😀', -1, 1]).flat().slice(0, -1));
    net.run();
    assert.equal(el.value, server.text);
    assert.equal(el.selectionStart, 60);
});

test('lines that come in above do not push the text off the screen', () => {
    const { server, net, el } = bound('line\n'.repeat(100));
    el.scrollTop = 500;
    server.append(['new\nnew\n']);
    net.run();
    assert.equal(el.scrollTop, 520);
    server.append([490, 'below\n']);
    net.run();
    assert.equal(el.scrollTop, 520);
});

test('composition: the element is left alone until it ends', () => {
    const { server, net, el } = bound('ab');
    el.setSelectionRange(1, 1);
    el.fire('compositionstart');
    el.type('n', 1, 1);
    el.type('に', 1, 2);
    net.run();
    assert.equal(server.log.length, 0);
    server.append(['>>']);
    server.append([4, '<']);
    net.run();
    assert.equal(el.value, 'aにb', 'held');
    el.type('日', 1, 2);
    el.fire('compositionend');
    net.run();
    assert.equal(server.text, '>>a日b<');
    assert.equal(el.value, '>>a日b<');
    assert.equal(el.selectionStart, 4);
});

test('what was typed but not yet seen is merged with what arrives', () => {
    const { server, net, room, el } = bound('ab');
    el.fire('compositionstart');
    el.type('X', 2, 2);
    server.append([-1]);
    net.run();
    el.fire('compositionend');
    net.run();
    assert.equal(server.text, 'bX');
    assert.equal(el.value, room.text);
});

test('reading only: what is typed is taken back', () => {
    const { el } = bound('hello', { readOnly: true });
    el.type('!', 5, 5);
    assert.equal(el.value, 'hello');
});

test('the caret is told to the others', () => {
    const { clock, net, el } = bound('x😀y');
    el.setSelectionRange(1, 3, 'backward');
    el.fire('select');
    clock.advance(50);
    assert.deepEqual(net.last.sent, [{ type: 'cursor', position: 1, anchor: 2, rev: 0 }]);
});

test('undo takes back own edits only', () => {
    const { server, net, el } = bound('hello');
    el.type('AAA', 5, 5);
    net.run();
    server.append([6, 'zz']);
    net.run();
    assert.equal(el.value, 'helloAzzAA');
    assert.equal(el.key('z'), true);
    net.run();
    assert.equal(server.text, 'hellozz');
    assert.equal(el.value, 'hellozz');
    el.key('Z', { shiftKey: true });
    net.run();
    assert.equal(server.text.replace('zz', ''), 'helloAAA');
    assert.equal(el.value, server.text);
    assert.equal(el.key('z', { ctrlKey: false }), false);
});

test('undo brings back what one deleted, where it was', () => {
    const { server, net, el } = bound('one two three');
    el.type('', 4, 8);
    net.run();
    server.append(['> ']);
    net.run();
    el.fire('beforeinput', { inputType: 'historyUndo', preventDefault() {} });
    net.run();
    assert.equal(server.text, '> one two three');
    assert.equal(el.selectionStart, 10);
});

test('several steps are carried over what others do, down the whole stack', () => {
    const { server, clock, net, room } = bound('');
    const undo = new Undo(room, clock.now);
    const step = (op) => {
        clock.advance(2000);
        room.edit(op);
        net.run();
    };
    step(['abcdef']);
    step([2, -2]); /* abef */
    step([2, 'XY']); /* abXYef */
    server.append([3, '--']); /* abX--Yef */
    net.run();
    assert.deepEqual([undo.undo(), room.text], [true, 'ab--ef']);
    server.append(['>']);
    net.run();
    assert.equal(undo.undo(), true);
    assert.equal(room.text.replace('--', ''), '>abcdef');
    assert.deepEqual([undo.undo(), room.text], [true, '>--']);
    assert.deepEqual([undo.undo(), undo.canUndo], [false, false]);
    while (undo.redo());
    net.run();
    assert.equal(room.text.replace('--', ''), '>abXYef');
    assert.equal(server.text, room.text);
});

test('unbind leaves the element and the room alone', () => {
    const { server, net, el, unbind } = bound();
    unbind();
    el.type('!', 5, 5);
    server.append(['>']);
    net.run();
    assert.equal(server.text, '>hello');
    assert.equal(el.value, 'hello!');
});

test('two elements, undo and composition, many seeds: they meet', () => {
    forSeeds(300, (random) => {
        const server = new ModelServer({ text: random.text(8) });
        const clock = new FakeClock();
        const sides = [0, 1].map(() => {
            const net = new FakeNet(server);
            const room = connect('ws://host/ws/r', { WebSocket: net.WebSocket, clock });
            const el = new FakeTextarea();
            bindTextarea(room, el);
            return { net, room, el, composing: false };
        });
        const settle = () => sides.forEach(({ net }) => net.run());
        settle();
        for (let i = 0; i < 60; i++) {
            const side = random.pick(sides);
            const { el, net } = side;
            const what = random.next();
            if (what < 0.5) {
                /* As a user does: whole characters. */
                const chars = Array.from(el.value);
                const from = random.below(chars.length + 1);
                const to = from + random.below(Math.min(3, chars.length - from) + 1);
                el.type(random.text(2), chars.slice(0, from).join('').length,
                        chars.slice(0, to).join('').length);
            } else if (what < 0.75) {
                net.run();
            } else if (what < 0.85) {
                el.key(random.chance(0.6) ? 'z' : 'y');
            } else if (side.composing) {
                side.composing = false;
                el.fire('compositionend');
            } else {
                side.composing = true;
                el.fire('compositionstart');
            }
        }
        sides.forEach(({ el }) => el.fire('compositionend'));
        settle();
        settle();
        for (const { el, room } of sides) {
            assert.equal(room.text, server.text);
            assert.equal(el.value, server.text);
            room.close();
        }
    });
});
