/* The types of the client against what it does: each event with its fields, each option. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { load, ROOT, test } from './lib.mjs';
import { connect } from '../../web/client/index.js';
import { FakeClock, FakeNet } from '../web/fakes.mjs';
import { ModelServer } from '../web/model-server.mjs';

const ts = (await load('typescript'))?.default;
const here = path.dirname(fileURLToPath(import.meta.url));
const CLIENT = path.join(ROOT, 'web/client');
const skip = (!ts || !existsSync(path.join(here, 'node_modules/typescript'))) &&
    'no typescript package: run `npm ci` in tests/e2e';

/** What types/<file>.d.ts declares. */
function declared(file) {
    const name = path.join(CLIENT, 'types', `${file}.d.ts`);
    const program = ts.createProgram([name], { module: ts.ModuleKind.ESNext, strict: true, types: [],
        lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'], target: ts.ScriptTarget.ES2022,
        moduleResolution: ts.ModuleResolutionKind.Bundler, skipLibCheck: true });
    const checker = program.getTypeChecker();
    const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(name)));
    const fields = (type) => checker.getPropertiesOfType(type).map((symbol) => ({
        name: symbol.name, optional: Boolean(symbol.flags & ts.SymbolFlags.Optional),
        type: checker.getTypeOfSymbol(symbol),
    }));
    return {
        checker, fields,
        of: (type) => fields(checker.getDeclaredTypeOfSymbol(symbols.find((s) => s.name === type))),
        lastParameter: (fn) => {
            const [call] = checker.getSignaturesOfType(
                checker.getTypeOfSymbol(symbols.find((s) => s.name === fn)), ts.SignatureKind.Call);
            return fields(checker.getNonNullableType(checker.getTypeOfSymbol(call.parameters.at(-1))));
        },
    };
}

const source = (file) => readFileSync(path.join(CLIENT, file), 'utf8').replace(/\/\*[^]*?\*\//g, '');
const namesIn = (text, pattern) => [...text.matchAll(pattern)].map(([, name]) => name);
const names = (list) => list.map(({ name }) => name).sort();
const unique = (list) => [...new Set(list)].sort();

/** Effects of the state that room.js keeps to itself. */
const INNER = ['send', 'retry', 'reconnect'];
/** Options that are for tests. */
const FOR_TESTS = ['clock', 'locks'];

test('every event in the sources is in the types and in the README, and the other way round', { skip }, () => {
    const all = readdirSync(CLIENT).filter((file) => file.endsWith('.js'))
        .map((file) => source(file)).join('\n');
    const emitted = unique([...namesIn(all, /\bemit\('([a-z]+)'/g),
        ...namesIn(all, /\bkind: '([a-z]+)'/g).filter((kind) => !INNER.includes(kind))]);
    assert.ok(emitted.length >= 12, emitted.join());
    assert.deepEqual(names(declared('index').of('RoomEvents')), emitted);
    const readme = readFileSync(path.join(CLIENT, 'README.md'), 'utf8');
    const [, table] = /\| event \| detail \|\n([^]*?)\n\n/.exec(readme);
    assert.deepEqual(unique(namesIn(table.replace(/^(\|[^|]*\|).*$/gm, '$1'), /`(\w+)`/g)), emitted);
    const [, comment] = /\n \* Events([^]*?)\*\//.exec(
        readFileSync(path.join(CLIENT, 'room.js'), 'utf8'));
    assert.deepEqual(unique(namesIn(comment, /^ \* {3}(\w+)/gm)), emitted);
});

test('every option that is looked at is in the types and in the README', { skip }, () => {
    const { of } = declared('index');
    const room = source('room.js');
    const taken = unique([...namesIn(room, /\boptions\??\.(\w+)/g),
        ...namesIn(room, /\{([^{}]*)\} = this\.#options/g)
            .flatMap((list) => list.split(',').map((part) => part.split('=')[0].trim()))])
        .filter((name) => !FOR_TESTS.includes(name));
    assert.deepEqual(names(of('Options')), taken);
    const readme = readFileSync(path.join(CLIENT, 'README.md'), 'utf8');
    const [, table] = /\| option \| \|\n([^]*?)\n\n/.exec(readme);
    assert.deepEqual(unique(namesIn(table.replace(/^(\|[^|]*\|).*$/gm, '$1'), /`(\w+)`/g)), taken);
    for (const [file, fn] of [['codemirror', 'bindCodeMirror'], ['monaco', 'bindMonaco'],
        ['textarea', 'bindTextarea']]) {
        const text = source(`${file}.js`);
        assert.deepEqual(names(declared(file).lastParameter(fn)),
            unique(namesIn(text, /\boptions\??\.(\w+)/g)), fn);
    }
});

/** A room to which everything happens that it can tell of: event -> the details. */
async function everything() {
    const seen = {};
    const told = (room, events) => {
        for (const event of events)
            room.on(event, (detail) => (seen[event] ??= []).push(detail));
    };
    const events = names(declared('index').of('RoomEvents'));
    const start = (text = 'hello') => {
        const clock = new FakeClock();
        const server = new ModelServer({ text });
        const net = new FakeNet(server);
        const room = connect('ws://host/ws/notes', { WebSocket: net.WebSocket, clock, name: 'Ada' });
        told(room, events);
        net.run();
        return { clock, net, room, server };
    };

    const one = start();
    one.room.insert(0, 'local ');
    one.net.run();
    one.net.last.hear({ type: 'join', user_id: 'bob', name: 'Bob', color: '#123456' });
    one.net.last.hear({ type: 'insert', rev: one.room.rev + 1, user_id: 'bob', position: 0, text: 'x' });
    one.net.last.hear({ type: 'meta', rev: one.room.rev + 1, user_id: 'bob', meta: { language: 'c' } });
    one.net.last.hear({ type: 'signal', from: 'bob', data: { sdp: 1 } });
    one.net.last.hear({ type: 'fireworks' });
    one.net.last.hear({ type: 'error', code: 'rate_limited', message: 'slow', retry_ms: 20 });
    one.net.last.hear('{"type":');
    one.clock.advance(10000);
    one.net.last.end(4403, 'not for you');

    const two = start();
    two.server.refuse = () => ({ code: 'doc_full', message: 'full' });
    two.room.insert(0, 'too much');
    two.net.run();
    two.net.last.end(1006, '');
    two.room.insert(0, 'pending');
    two.clock.advance(10000);
    two.net.last.hear({ type: 'welcome', protocol: 'weft.v1', session: 's', user_id: 'u', epoch: 'another',
                        rev: 3, text: 'replaced', users: [], meta: {}, mode: 'write' });
    two.room.close();
    return { seen, room: one.room };
}

/** Whether a value is of a type: by kind, each field of an object by its name. */
function fits({ checker, fields }, type, value) {
    if (type.isUnion())
        return type.types.some((part) => fits({ checker, fields }, part, value));
    const words = checker.typeToString(type);
    if (type.flags & ts.TypeFlags.Unknown)
        return true;
    if (type.isStringLiteral())
        return value === type.value;
    if (type.flags & ts.TypeFlags.BooleanLiteral)
        return String(value) === words;
    if (type.flags & (ts.TypeFlags.String | ts.TypeFlags.Number | ts.TypeFlags.Boolean))
        return typeof value === words;
    if (type.flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined))
        return String(value) === words;
    if (/^Map</.test(words))
        return value instanceof Map;
    if (checker.isArrayType(type) || /^(Op|Component\[\])$/.test(words))
        return Array.isArray(value);
    if (typeof value !== 'object' || value === null)
        return false;
    if (checker.getIndexInfosOfType(type).length > 0)
        return Object.values(value).every((one) => typeof one === 'string');
    const known = fields(type);
    return known.every(({ name, optional, type: inner }) => (value[name] === undefined
        ? optional : fits({ checker, fields }, inner, value[name]))) &&
        Object.keys(value).every((key) => value[key] === undefined || key === 'kind' ||
            known.some(({ name }) => name === key));
}

test('what is told with each event is what its type says', { skip }, async () => {
    const { seen } = await everything();
    const types = declared('index');
    const events = types.of('RoomEvents');
    assert.deepEqual(Object.keys(seen).sort(), names(events), 'everything has happened once at least');
    for (const { name, type } of events) {
        for (const detail of seen[name])
            assert.ok(fits(types, type, detail), `${name}: ${JSON.stringify(detail)} is no ${
                types.checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation)}`);
    }
    assert.ok(seen.error.some(({ retry_ms }) => retry_ms === 20));
    assert.ok(seen.error.some(({ fatal }) => fatal === true));
});
