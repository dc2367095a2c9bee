/* Plain HTTP, the pages, and the program itself: flags, the environment, signals, the data folder. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
    chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync,
} from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { PROTOCOL, sameShape } from './docs.mjs';
import { newFolder, ROOT, run, serve, Server, test, TMP, within } from './lib.mjs';

const json = /^application\/json/;

function errorOf(answer, status, code) {
    assert.equal(answer.status, status, answer.body);
    assert.match(answer.headers['content-type'], json);
    const { error } = JSON.parse(answer.body);
    assert.equal(error.code, code);
    assert.ok(error.message.length > 0);
    return error;
}

/** The script of a room. */
const SCRIPT = `/page/${readdirSync(path.join(ROOT, 'web/dist/page'))
    .find((file) => file.startsWith('page-'))}`;

/* ---- health ---- */

test('/healthz and /readyz', async (t) => {
    const server = await serve(t);
    for (const target of ['/healthz', '/readyz']) {
        const answer = await server.get(target);
        assert.deepEqual([answer.status, answer.body], [200, 'ok\n']);
        assert.match(answer.headers['content-type'], /^text\/plain/);
        assert.equal(answer.headers['cache-control'], 'no-store');
    }
});

test('/metrics counts each record once, and commits, connections and rooms', async (t) => {
    const server = await serve(t);
    const metrics = async () => {
        const answer = await server.get('/metrics');
        assert.equal(answer.status, 200);
        assert.match(answer.headers['content-type'], /^text\/plain; version=0\.0\.4/);
        const values = {};
        for (const line of answer.body.trimEnd().split('\n')) {
            if (line.startsWith('#'))
                continue;
            const [, name, loop, value] = line.match(/^weft_([a-z_]+)(?:{loop="(\d+)"})? ([0-9.]+)$/);
            assert.ok(answer.body.includes(`\n# TYPE weft_${name} `), name);
            if (loop === undefined)
                values[name] = Number(value);
            else
                (values[name] ??= [])[loop] = Number(value);
        }
        return values;
    };
    const before = await metrics();
    assert.deepEqual([before.commits_total, before.commit_records_total, before.commit_failures_total,
        before.commit_seconds_total, before.connections, before.rooms], [0, 0, 0, 0, 0, 0]);
    const [ada, ben] = [await server.join('one'), await server.join('two')];
    for (let seq = 1; seq <= 10; seq++)
        ada.send({ type: 'insert', text: 'x', seq });
    await ada.expect({ type: 'ack', seq: 10 });
    await ben.ask({ type: 'meta', meta: { a: 'b' }, seq: 1 }, 'ack');
    await ben.ask({ type: 'insert', text: 'y', seq: 2 }, 'ack');
    await ben.ask({ type: 'insert', text: 'y', seq: 2 }, { dup: true }); /* nothing is written */
    const after = await metrics();
    assert.deepEqual([after.commit_records_total, after.commit_failures_total, after.connections,
        after.rooms], [12, 0, 2, 2]);
    const sum = (list) => list.reduce((a, b) => a + b, 0);
    assert.deepEqual([sum(after.loop_connections), sum(after.loop_rooms)], [2, 2]);
    assert.ok(after.commits_total >= 3 && after.commits_total <= 12, `${after.commits_total}`);
    assert.ok(after.commit_seconds_total > 0);
});

/* ---- rooms ---- */

test('GET /api/rooms/<room>: as the document shows it', async (t) => {
    const server = await serve(t);
    const room = 'a room/漢😀'.replace('/', ' ');
    const target = `/api/rooms/${encodeURIComponent(room)}`;
    errorOf(await server.get(target), 404, 'not_found');
    const ada = await server.join(room, { query: { name: 'Ada' } });
    errorOf(await server.get(target), 404, 'not_found'); /* joining makes nothing */
    await ada.ask({ type: 'insert', text: 'a😀c' }, 'ack');
    ada.send({ type: 'cursor', position: 2 });
    await ada.settled();
    const { json: real, headers } = await server.getJson(target);
    assert.match(headers['content-type'], json);
    const shown = JSON.parse(PROTOCOL.match(/^\{"room":"notes".*\}$/m)[0]);
    sameShape(shown, real);
    assert.deepEqual(real, { room, epoch: ada.welcome.epoch, rev: 1, length: 3,
                             users: [{ user_id: ada.welcome.user_id, name: 'Ada', position: 2 }] });
    await ada.leave();
});

test('GET …/text: the text now and at a revision, with an ETag that tells them apart', async (t) => {
    const server = await serve(t);
    const ada = await server.join('text');
    await ada.ask({ type: 'insert', text: 'one' }, 'ack');
    await ada.ask({ type: 'insert', text: ' two\r\n<b>😀' }, 'ack');
    const target = '/api/rooms/text/text';
    const now = await server.get(target);
    assert.deepEqual([now.status, now.body], [200, 'one two\r\n<b>😀']);
    assert.equal(now.headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(now.headers['x-content-type-options'], 'nosniff');
    assert.equal(now.headers.etag, `"${ada.welcome.epoch}-2"`);
    assert.equal(Number(now.headers['content-length']), Buffer.byteLength(now.body));
    for (const [rev, text] of [[0, ''], [1, 'one'], [2, now.body]]) {
        const then = await server.get(`${target}?rev=${rev}`);
        assert.deepEqual([then.status, then.body, then.headers.etag],
            [200, text, `"${ada.welcome.epoch}-${rev}"`]);
    }
    /* RFC 9110 section 13.1.2 */
    const { etag } = now.headers;
    for (const match of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        const same = await server.get(target, { headers: { 'If-None-Match': match } });
        assert.deepEqual([same.status, same.body, same.headers.etag], [304, '', etag], match);
    }
    for (const match of ['"x"', `"${ada.welcome.epoch}-1"`]) {
        const other = await server.get(target, { headers: { 'If-None-Match': match } });
        assert.equal(other.status, 200, match);
    }
    const error = errorOf(await server.get(`${target}?rev=3`), 400, 'bad_rev');
    assert.equal(error.message, 'rev: found 3, expected at most 2, the newest revision');
    for (const rev of ['', '-1', 'x', '1.0', '1e1', '9007199254740993', '99999999999999999999'])
        errorOf(await server.get(`${target}?rev=${rev}`), 400, 'bad_field');
    errorOf(await server.get('/api/rooms/none/text'), 404, 'not_found');
    errorOf(await server.get('/api/rooms/none/text?rev=0'), 404, 'not_found');
});

test('what HTTP shows is what was acknowledged, before and after a crash', async (t) => {
    const server = await serve(t);
    const ada = await server.join('durable');
    await ada.ask({ type: 'insert', text: 'kept' }, 'ack');
    assert.equal((await server.get('/api/rooms/durable/text')).body, 'kept');
    await server.kill();
    const again = await serve(t, [], { data: server.data });
    const text = await again.get('/api/rooms/durable/text');
    assert.deepEqual([text.body, text.headers.etag], ['kept', `"${ada.welcome.epoch}-1"`]);
    assert.deepEqual((await again.getJson('/api/rooms/durable')).json,
        { room: 'durable', epoch: ada.welcome.epoch, rev: 1, length: 4, users: [] });
});

/* ---- methods, paths ---- */

test('HEAD is answered wherever GET is, without the body', async (t) => {
    const server = await serve(t);
    const ada = await server.join('head');
    await ada.ask({ type: 'insert', text: 'hello' }, 'ack');
    for (const target of ['/', '/r/x', '/v/x', SCRIPT, '/healthz', '/readyz',
        '/metrics', '/api/rooms/head', '/api/rooms/head/text', '/api/rooms/none', '/nothing']) {
        const get = await server.get(target);
        const head = await server.get(target, { method: 'HEAD' });
        assert.deepEqual([head.status, head.body], [get.status, ''], target);
        for (const name of ['content-type', 'content-length', 'etag', 'content-security-policy'])
            assert.equal(head.headers[name], get.headers[name], `${target} ${name}`);
    }
});

test('405 with Allow for other methods, 404 for other paths, 426 for a room without upgrade',
    async (t) => {
        const server = await serve(t);
        for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
            const answer = await server.get('/api/rooms/x/text', { method, body: 'some text' });
            errorOf(answer, 405, 'bad_method');
            assert.equal(answer.headers.allow, 'GET, HEAD');
        }
        for (const target of ['/nothing', '/api', '/api/', '/api/rooms', '/api/rooms/', '/api/rooms/x/ops',
            '/api/rooms/x/events', '/r/', '/r', '/r/a/b', '/v/', '/page', '/page/',
            '/page/none.js', '/client/none.js', '/index.html', '//', '/page/../../etc/passwd',
            '/page/..%2f..%2fetc%2fpasswd', '/client/%2e%2e/page/page.js', '/healthz/'])
            assert.equal((await server.get(target)).status, 404, target);
        const room = await server.get('/ws/notes');
        errorOf(room, 426, 'bad_field');
        assert.equal(room.headers.upgrade, 'websocket');
    });

test('percent-encoding: decoded once, and refused where it is broken', async (t) => {
    const server = await serve(t);
    const ada = await server.join('100%25 %2F');
    await ada.ask({ type: 'insert', text: 'x' }, 'ack');
    assert.equal((await server.getJson(`/api/rooms/${encodeURIComponent('100%25 %2F')}`)).json.room,
        '100%25 %2F');
    for (const segment of ['%', 'a%', 'a%4', '%zz', '%%41', '%ff', '%c3%28', '%00', '%0d%0a', '%2f']) {
        for (const rest of ['', '/text']) {
            const error = errorOf(await server.get(`/api/rooms/${segment}${rest}`), 400, 'bad_field');
            assert.match(error.message, /^room: found .*; expected /);
        }
    }
    assert.equal((await server.get('/api/rooms/a+b')).status, 404, 'a plus is a plus in a path');
});

/** Bytes as they are, and all that came back until the server closed. */
async function talk(server, bytes) {
    const socket = net.connect(server.port, server.host);
    let heard = '';
    socket.on('data', (data) => { heard += data; });
    socket.on('error', () => {});
    socket.write(bytes);
    await within('the server to close', new Promise((resolve) => {
        socket.on('close', resolve);
        socket.on('end', () => socket.end());
    }), () => heard);
    return heard;
}

test('requests that are no HTTP/1.1 are refused, and the server goes on', async (t) => {
    const server = await serve(t);
    const bad = {
        'nonsense\r\n\r\n': /^HTTP\/1\.1 400 /,
        'GET / HTTP/1.1\r\nHost: x\r\nBad Header: x\r\nConnection: close\r\n\r\n': /^HTTP\/1\.1 400 /,
        'GET / HTTP/3.0\r\nHost: x\r\n\r\n': /^HTTP\/1\.1 (400|505) /,
        [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(70000)}\r\n\r\n`]: /^HTTP\/1\.1 431 /,
    };
    for (const [bytes, status] of Object.entries(bad))
        assert.match(await talk(server, bytes), status, bytes.slice(0, 60));
    const two = await talk(server, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n' +
        'GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.equal(two.match(/HTTP\/1\.1 200 OK/g).length, 2, 'two at once, both answered');
});

test('an upgrade that is none of ours is refused with a sentence', async (t) => {
    const server = await serve(t);
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    const upgrade = (target, headers = {}) => {
        const all = { Host: 'x', Connection: 'Upgrade', Upgrade: 'websocket',
                      'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key, ...headers };
        const lines = Object.entries(all).filter(([, v]) => v !== null).map(([k, v]) => `${k}: ${v}`);
        return talk(server, `GET ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    };
    assert.match(await upgrade('/ws/x', { 'Sec-WebSocket-Version': '8' }),
        /^HTTP\/1\.1 426 [\s\S]*Sec-WebSocket-Version: 13/i);
    assert.match(await upgrade('/ws/x', { 'Sec-WebSocket-Key': null }), /^HTTP\/1\.1 400 /);
    assert.match(await upgrade('/ws/x', { 'Sec-WebSocket-Key': 'short' }), /^HTTP\/1\.1 400 /);
    assert.match(await upgrade('/elsewhere'), /^HTTP\/1\.1 404 [\s\S]*\/ws\/<room>/);
    for (const [query, words] of [['mode=x', /mode: found "x"; expected read or write/],
        ['color=red', /color: found "red"/], ['name=%00', /name: found/], ['name=a&name=b', /name/],
        ['name=%zz', /name/]])
        assert.match(await upgrade(`/ws/x?${query}`), words, query);
    const fine = await server.join('x', { query: { unknown: 'y', name: 'A da', color: '' } });
    assert.equal(fine.welcome.rev, 0);
});

/* ---- pages ---- */

test('the pages and all they need, with their types and a strict policy', async (t) => {
    const server = await serve(t);
    const types = { '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
                    '.svg': 'image/svg+xml', '.html': 'text/html; charset=utf-8' };
    for (const target of ['/', '/r/notes', '/r/%E6%BC%A2', '/v/somekey']) {
        const page = await server.get(target);
        assert.equal(page.status, 200, target);
        assert.equal(page.headers['content-type'], types['.html']);
        assert.match(page.body, /^<!doctype html>/i);
        /* All that it links to is there. */
        for (const [, link] of page.body.matchAll(/(?:src|href)="([^"#][^"]*)"/g)) {
            const url = new URL(link, `${server.origin}${target}`);
            assert.equal(url.origin, server.origin, link);
            assert.equal((await server.get(url.pathname)).status, 200, `${link} of ${target}`);
        }
    }
    for (const folder of ['dist/page', 'client']) {
        for (const file of readdirSync(path.join(ROOT, 'web', folder))) {
            const type = types[path.extname(file)];
            if (!type)
                continue;
            const target = `/${folder.replace('dist/', '')}/${file}`;
            const plain = readFileSync(path.join(ROOT, 'web', folder, file));
            const answer = await server.get(target);
            assert.equal(answer.status, 200, file);
            assert.equal(answer.headers['content-type'], type);
            assert.equal(answer.headers['content-encoding'], undefined);
            assert.equal(answer.body, plain.toString('utf8'), file);
            const packed = await server.getBytes(target,
                { headers: { 'Accept-Encoding': 'br, gzip;q=0.5' } });
            if (packed.headers['content-encoding'] === 'gzip') {
                assert.ok(gunzipSync(packed.body).equals(plain), file);
                assert.notEqual(packed.headers.etag, answer.headers.etag);
            } else {
                assert.ok(packed.body.equals(plain) && gzipSync(plain).length >= plain.length, file);
            }
            assert.equal(answer.headers.vary, 'Accept-Encoding');
            assert.equal(answer.headers['cache-control'], /-[0-9A-Z]{8}\.\w+$/.test(file)
                ? 'public, max-age=31536000, immutable' : 'no-cache', file);
            for (const headers of [{ 'If-None-Match': answer.headers.etag },
                { 'If-None-Match': packed.headers.etag, 'Accept-Encoding': 'gzip' }]) {
                const again = await server.get(target, { headers });
                assert.deepEqual([again.status, again.body], [304, ''], file);
            }
        }
    }
});

test('who takes no gzip is sent none', async (t) => {
    const server = await serve(t);
    for (const coding of ['identity', 'gzip;q=0', 'gzip; q=0.000, *', 'x-gzip', 'br', '*;q=0', ''])
        assert.equal((await server.get('/r/x', { headers: { 'Accept-Encoding': coding } }))
            .headers['content-encoding'], undefined, coding);
    for (const coding of ['gzip', 'GZIP', 'br , gzip', '*', 'gzip;q=0.001', 'identity;q=0, *;q=1'])
        assert.equal((await server.get('/r/x', { headers: { 'Accept-Encoding': coding } }))
            .headers['content-encoding'], 'gzip', coding);
});

test('security headers are on every answer', async (t) => {
    const server = await serve(t);
    for (const target of ['/', '/r/x', SCRIPT, '/healthz', '/api/rooms/none', '/nothing']) {
        const { headers } = await server.get(target);
        const policy = Object.fromEntries(headers['content-security-policy'].split('; ')
            .map((part) => [part.split(' ')[0], part.split(' ').slice(1).join(' ')]));
        assert.equal(policy['default-src'], "'self'", target);
        assert.equal(policy['object-src'], "'none'");
        assert.equal(policy['base-uri'], "'none'");
        assert.equal(policy['frame-ancestors'], "'none'");
        assert.ok(!/unsafe|\*/.test(headers['content-security-policy']));
        assert.equal(headers['x-content-type-options'], 'nosniff');
        assert.equal(headers['referrer-policy'], 'no-referrer');
        assert.equal(headers['access-control-allow-origin'], undefined);
    }
});

/* ---- the program ---- */

test('--version, help, and words that are not understood', async () => {
    const version = await run(['--version']);
    assert.deepEqual([version.code, version.stderr], [0, '']);
    assert.match(version.stdout, /^weft \d+\.\d+\.\d+\n$/);
    for (const args of [['help'], ['--help'], ['-h']]) {
        const help = await run(args);
        assert.equal(help.code, 0);
        assert.match(help.stdout, /weft serve/);
    }
    const none = await run([]);
    assert.deepEqual([none.code, none.stdout], [2, '']);
    assert.match(none.stderr, /weft serve/);
    const typo = await run(['sevre']);
    assert.equal(typo.code, 2);
    assert.match(typo.stderr, /sevre: unknown command; did you mean `weft serve`\?/);
});

test('serve --help lists every setting with its default and its environment variable', async () => {
    const help = await run(['serve', '--help']);
    assert.deepEqual([help.code, help.stderr], [0, '']);
    for (const [flag, variable] of [['--host', 'WEFT_HOST'], ['--port', 'WEFT_PORT'],
        ['--data', 'WEFT_DATA'], ['--sync', 'WEFT_SYNC'], ['--log-level', 'WEFT_LOG_LEVEL'],
        ['--limit-message', 'WEFT_LIMIT_MESSAGE'], ['--limit-document', 'WEFT_LIMIT_DOCUMENT'],
        ['--limit-people', 'WEFT_LIMIT_PEOPLE'], ['--limit-connections', 'WEFT_LIMIT_CONNECTIONS'],
        ['--limit-per-address', 'WEFT_LIMIT_PER_ADDRESS'], ['--rate-messages', 'WEFT_RATE_MESSAGES'],
        ['--rate-burst', 'WEFT_RATE_BURST'], ['--slow-ms', 'WEFT_SLOW_MS']]) {
        assert.ok(help.stdout.includes(flag), flag);
        assert.ok(help.stdout.includes(variable), variable);
    }
    for (const standard of ['127.0.0.1', '8080', './weft-data', '1M', '16M', '1000', '10000', '256'])
        assert.ok(help.stdout.includes(standard), standard);
});

test('a setting that is wrong is refused with its name, what was found and what is expected', async () => {
    const data = newFolder();
    for (const [args, words, env] of [
        [['--port', '65536'], /--port: found 65536, expected 0 to 65535/],
        [['--port'], /--port: found nothing, expected/],
        [['--port', ''], /--port: found nothing, expected/],
        [['--prot', '1'], /--prot: unknown flag; did you mean --port\?/],
        [['--zzzzzzzzz'], /--zzzzzzzzz: unknown flag/],
        [['8080'], /8080: found an argument, expected a flag/],
        [['--sync', 'maybe'], /--sync: found maybe, expected one of full\|off/],
        [['--limit-message', '1023'], /--limit-message: found 1023, expected 1024 to/],
        [['--limit-message', '1X'], /--limit-message: found 1X, expected/],
        [[], /WEFT_PORT: found x, expected/, { WEFT_PORT: 'x' }],
        [['--host', 'nowhere'], /"nowhere" is no address/],
    ]) {
        const result = await run(['serve', '--data', data, ...args], { env });
        assert.ok(result.code > 0, args.join(' '));
        assert.match(result.stderr, words);
        assert.equal(result.stdout, '');
    }
});

test('the environment sets what flags do not, and a flag beats it', async (t) => {
    const data = newFolder();
    const server = await serve(t, ['--limit-message', '3k'],
        { data, env: { WEFT_LIMIT_MESSAGE: '2k', WEFT_LIMIT_DOCUMENT: '4k', WEFT_SYNC: 'off' } });
    const ada = await server.join('env');
    assert.deepEqual(ada.welcome.limits, { message: 3072, document: 4096 });
    await server.says(/sync: off/);
    await ada.ask({ type: 'insert', text: 'x' }, 'ack');
    await ada.leave();
});

test('the first line is the address; port 0 picks one; it listens on 127.0.0.1 alone', async (t) => {
    const server = await serve(t);
    assert.match(server.stdout.split('\n')[0],
        /^weft \d+\.\d+\.\d+ serving http:\/\/127\.0\.0\.1:\d+\/$/);
    assert.notEqual(server.port, 0);
    const taken = await run(['serve', '--port', String(server.port), '--data', newFolder()]);
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, /cannot listen on 127\.0\.0\.1:\d+: the address is in use/);
    await assert.rejects(new Promise((resolve, reject) => {
        net.connect(server.port, '127.0.0.2').on('connect', resolve).on('error', reject);
    }), /ECONNREFUSED/);
});

test('a second server on the same data folder is refused, and the first goes on', async (t) => {
    const server = await serve(t);
    const ada = await server.join('one');
    await ada.ask({ type: 'insert', text: 'x' }, 'ack');
    const second = await run(['serve', '--port', '0', '--data', server.data]);
    assert.equal(second.code, 1);
    assert.equal(second.stdout, '');
    assert.match(second.stderr, /^weft: .*(another|in use|held)/);
    assert.ok(second.stderr.includes(server.data), second.stderr);
    assert.ok(second.stderr.includes(String(server.child.pid)), 'it says which process');
    await ada.ask({ type: 'insert', text: 'y' }, { type: 'ack', rev: 2 });
    /* A crash leaves no lock behind. */
    await server.kill();
    const third = await serve(t, [], { data: server.data });
    assert.equal((await third.get('/api/rooms/one/text')).body, 'xy');
});

test('a data folder that cannot be used is refused with its name', async () => {
    const folder = newFolder();
    const file = path.join(folder, 'file');
    writeFileSync(file, 'not a folder');
    for (const data of [file, path.join(file, 'below'), '/proc/nothing/here']) {
        const result = await run(['serve', '--port', '0', '--data', data]);
        assert.equal(result.code, 1, data);
        assert.ok(result.stderr.includes(data), result.stderr);
    }
    assert.equal(readFileSync(file, 'utf8'), 'not a folder');
    const broken = path.join(folder, 'broken');
    mkdirSync(broken);
    chmodSync(broken, 0o700);
    const server = await new Server([], { data: broken }).started();
    await server.stop();
    const [key] = readdirSync(broken).filter((name) => /key/.test(name));
    assert.equal(statSync(path.join(broken, key)).mode & 0o077, 0, 'the secret is its owner\'s');
    writeFileSync(path.join(broken, key), 'short');
    const result = await run(['serve', '--port', '0', '--data', broken]);
    assert.equal(result.code, 1, 'a secret that is cut off is not replaced in silence');
    assert.ok(result.stderr.includes(key), result.stderr);
});

for (const name of ['SIGTERM', 'SIGINT']) {
    test(`${name}: nothing new is accepted, exit code 0, within its bounds`, async (t) => {
        const server = await serve(t);
        /* With idle, half-sent and reading connections, none of which may hold it up. */
        const half = net.connect(server.port, server.host);
        half.on('error', () => {});
        half.write('GET /healthz HTTP/1.1\r\nHo');
        const ada = await server.join('end');
        await ada.ask({ type: 'insert', text: 'x' }, 'ack');
        const ended = server.signal(name);
        assert.equal((await ada.closed()).code, 1012);
        assert.deepEqual(await ended, { code: 0, signal: null });
        await assert.rejects(server.get('/healthz'), /ECONNREFUSED/);
        half.destroy();
    });
}

test('a client that does not answer the close does not hold up the end', async (t) => {
    const server = await serve(t);
    const ada = await server.join('deaf');
    ada.ws._socket.pause();
    const ended = await server.signal('SIGTERM');
    assert.deepEqual(ended, { code: 0, signal: null });
    ada.ws.terminate();
});

test('a disk that hangs holds up the end, but not a second signal', async (t) => {
    const library = path.join(TMP, 'hang.so');
    const source = path.join(ROOT, 'tests/e2e/hang.c');
    const made = spawnSync('cc', ['-shared', '-fPIC', '-o', library, source], { encoding: 'utf8' });
    if (made.error) {
        t.skip('no C compiler');
        return;
    }
    assert.equal(made.status, 0, made.stderr);
    const hangs = path.join(TMP, 'hangs');
    t.after(() => rmSync(hangs, { force: true }));
    const server = await new Server([], {
        data: newFolder(),
        env: {
            LD_PRELOAD: library, HANG_WHILE: hangs,
            ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0`,
        },
    }).started();
    const ada = await server.join('hangs');
    await ada.ask({ type: 'insert', text: 'x' }, 'ack');
    writeFileSync(hangs, '');
    ada.send({ type: 'insert', text: 'y' });
    await ada.settled();
    server.child.kill('SIGTERM');
    assert.equal((await ada.closed()).code, 1012);
    await server.says(/msg="stopped"/);
    assert.equal(server.ended, null, 'it waits for the disk');
    assert.deepEqual(await server.signal('SIGTERM'), { code: null, signal: 'SIGTERM' });
});
