/**
 * page.js - the editor page: /r/<room>, and /v/<read key> for reading only.
 *
 * Everything about the text is the client library's business (../client); this
 * file shows what it reports. "Saved" is only ever shown while room.saved is
 * true: everything typed here is on the server's disk.
 */

import { connect, bindTextarea } from '../client/index.js';
import { Carets, paint } from './carets.js';
import { countText, lineAndColumn, lineNumbers } from './counts.js';
import { identity, rememberRoom, saveIdentity, stepTextSize, textSize } from './settings.js';

const $ = (id) => document.getElementById(id);

/* ---- which room ---- */

const [, base, kind, segment] = location.pathname.match(/^(.*)\/([rv])\/([^/]+)\/?$/);
const reading = kind === 'v';
const address = new URL(`${base}/${reading ? 'view' : 'ws'}/${segment}`, location.href);
address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
address.hash = '';
const roomName = reading ? 'Shared text' : nameOf(segment);

function nameOf(part) {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}

const me = identity();
const text = $('text');
const room = connect(address, { name: me.name, color: me.color, readOnly: reading || undefined });
bindTextarea(room, text);
const carets = new Carets($('carets'), text);
let wasOnline = false;

/* ---- once per frame, or later ---- */

/** Runs fn soon, once, however often it is asked for. */
function later(ms, fn) {
    let due = false;
    return () => {
        if (due)
            return;
        due = true;
        setTimeout(() => {
            due = false;
            fn();
        }, ms);
    };
}

/* ---- status ---- */

const announce = (() => {
    let timer = 0;
    return (words) => { /* a quick back and forth is not worth saying */
        clearTimeout(timer);
        timer = setTimeout(() => { $('announce').textContent = words; }, 600);
    };
})();

function connectionWords() {
    switch (room.status) {
    case 'online': return 'Online';
    case 'connecting': return wasOnline ? 'Reconnecting…' : 'Connecting…';
    case 'closed': return 'Disconnected';
    default: return 'Offline';
    }
}

function savedWords() {
    const n = room.pendingCount;
    if (room.saved)
        return reading || room.mode === 'read' ? 'Up to date' : 'Saved';
    if (room.pendingSince === null)
        return '';
    if (room.status === 'online')
        return 'Saving…';
    return `${n} unsaved ${n === 1 ? 'change' : 'changes'} kept here`;
}

function showState() {
    const offline = room.status === 'offline' || room.status === 'closed';
    const saved = savedWords();
    $('state').dataset.state = room.status;
    $('connection').textContent = connectionWords() + (offline && saved ? ':' : '');
    $('saved').textContent = saved;
    $('people').classList.toggle('stale', room.status !== 'online');
    document.title = `${room.pendingSince ? '• ' : ''}${roomName} – weft`;
}

room.on('saved', showState);
room.on('status', (status) => {
    if (status === 'online') {
        const first = !wasOnline;
        wasOnline = true;
        hideBanner('connection');
        entered(first);
    }
    if (status === 'closed')
        text.readOnly = true;
    showState();
    announce(`${connectionWords()}. ${savedWords()}`);
});

function entered(first) {
    const readOnly = room.mode === 'read';
    text.readOnly = readOnly;
    text.placeholder = readOnly ? 'Nothing has been written here yet.'
                                : 'Write here. Everybody with the link sees it at once.';
    $('badge').hidden = !readOnly;
    showLinks();
    showPeople();
    showCounts();
    if (!first)
        return;
    if (!reading)
        rememberRoom(roomName);
    if (!readOnly && document.activeElement === document.body && matchMedia('(pointer: fine)').matches) {
        text.focus();
        text.setSelectionRange(0, 0);
    }
}

/* ---- messages ---- */

let bannerTopic = '';

function showBanner(topic, words, action, run) {
    bannerTopic = topic;
    $('banner-text').textContent = words;
    $('banner-action').hidden = !action;
    $('banner-action').textContent = action ?? '';
    $('banner-action').onclick = run ?? null;
    $('banner').hidden = false;
}

function hideBanner(topic) {
    if (topic === undefined || topic === bannerTopic)
        $('banner').hidden = true;
}

$('banner-close').addEventListener('click', () => {
    hideBanner();
    text.focus();
});

room.on('refused', ({ message, code, text: lost }) => {
    showBanner('refused', `The server did not accept a change, so it was undone here: ${message || code}`,
               lost ? 'Copy what it inserted' : null, (event) => copy(lost, event.target));
});

room.on('reset', ({ text: before }) => {
    showBanner('reset', 'This text was restored or replaced on the server. What you had not ' +
               'saved was merged into it.', 'Copy my version', (event) => copy(before, event.target));
});

room.on('error', ({ code, message, fatal }) => {
    if (code === 'unavailable')
        showBanner('connection', 'The server cannot save right now. Your changes are kept here ' +
                   'and sent again until it can.');
    else if (fatal)
        showBanner('fatal', message, 'Copy the text', (event) => copy(room.text, event.target));
    else if (code !== 'rate_limited')
        showBanner('error', `The server reported a problem: ${message || code}`);
});

room.on('saved', (saved) => saved && hideBanner('connection'));

/* ---- people ---- */

function face(user) {
    const span = document.createElement('span');
    span.className = 'face';
    span.textContent = (Array.from(user.name.trim())[0] ?? '?').toUpperCase();
    paint(span, user);
    return span;
}

function person(user, line, isMe) {
    const item = document.createElement('li');
    const who = document.createElement('span');
    who.className = 'who';
    who.dir = 'auto';
    who.textContent = user.name || 'Somebody';
    const place = document.createElement('span');
    place.className = 'place';
    place.textContent = (isMe ? 'you' : '') + (isMe && line ? ', ' : '') +
                        (line ? `line ${line}` : '');
    const badge = face(user);
    badge.setAttribute('aria-hidden', 'true');
    item.append(badge, who, place);
    return item;
}

const showPeople = later(80, () => {
    const list = [room.me, ...room.users.values()];
    const placed = list.filter((user) => user.head !== null);
    const lines = lineNumbers(room.text, placed.map((user) => user.head));
    $('people').replaceChildren(...list.map((user, i) =>
        person(user, lines[placed.indexOf(user)], i === 0)));
    $('faces').replaceChildren(...list.slice(0, 4).map(face));
    $('people-count').textContent = list.length === 1 ? 'Only you' : `${list.length} people`;
});

const showCarets = later(16, () => carets.show(room.text, room.users.values()));

let others = 0;
room.on('users', (users) => {
    if (wasOnline && users.size !== others && room.status === 'online')
        announce(users.size === 0 ? 'Only you are here' : `${users.size + 1} people are here`);
    others = users.size;
    showPeople();
    showCarets();
});

/* ---- counts ---- */

const number = new Intl.NumberFormat();
const plural = (n, word) => `${number.format(n)} ${word}${n === 1 ? '' : 's'}`;

const showCounts = later(250, () => {
    const { characters, words, lines } = countText(room.text);
    $('counts').textContent = [plural(lines, 'line'), plural(words, 'word'),
                               plural(characters, 'character')].join(' · ');
});

const showWhere = later(50, () => {
    const { line, column } = lineAndColumn(text.value, text.selectionEnd);
    $('where').textContent = `Line ${number.format(line)}, column ${number.format(column)}`;
    showPeople();
});

room.on('change', () => {
    showCounts();
    showWhere();
});
document.addEventListener('selectionchange', showWhere);
for (const event of ['select', 'keyup', 'pointerup', 'focus'])
    text.addEventListener(event, showWhere);

/* ---- you ---- */

$('my-name').value = me.name;
$('my-color').value = me.color;
const sendIdentity = later(400, () => {
    const name = $('my-name').value.trim() || me.name;
    const color = $('my-color').value;
    saveIdentity(name, color);
    room.setName(name, color);
    showPeople();
});
$('my-name').addEventListener('input', sendIdentity);
$('my-color').addEventListener('input', sendIdentity);

/* ---- sharing ---- */

const site = new URL(`${base}/`, location.href);
site.search = site.hash = '';

function showLinks() {
    $('share-write').hidden = reading;
    $('write-link').value = new URL(`r/${segment}`, site).href;
    const key = room.readKey;
    const readLink = key ? new URL(`v/${encodeURIComponent(key)}`, site).href
                         : reading ? new URL(`v/${segment}`, site).href : '';
    $('share-read').hidden = readLink === '';
    $('read-link').value = readLink;
}

async function copy(words, button) {
    const label = button.dataset.label ??= button.textContent;
    const done = await toClipboard(words);
    button.textContent = done ? 'Copied' : 'Press Ctrl+C';
    announce(done ? 'Copied' : 'Could not copy');
    setTimeout(() => { button.textContent = label; }, 1800);
}

async function toClipboard(words) {
    try {
        await navigator.clipboard.writeText(words);
        return true;
    } catch {
        /* Not on a secure origin, or not allowed: the old way. */
        const holder = document.createElement('textarea');
        holder.value = words;
        holder.className = 'unseen';
        document.body.append(holder);
        holder.select();
        const done = document.execCommand('copy');
        holder.remove();
        return done;
    }
}

const copyField = (field) => (event) => {
    field.select();
    copy(field.value, event.currentTarget);
};
$('copy-write').addEventListener('click', copyField($('write-link')));
$('copy-read').addEventListener('click', copyField($('read-link')));
$('copy-link').addEventListener('click', (event) =>
    copy(reading ? $('read-link').value : $('write-link').value, event.currentTarget));

$('download').addEventListener('click', () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([room.text], { type: 'text/plain' }));
    link.download = `${roomName.replace(/[\\/:*?"<>|\s]+/g, '-')}.txt`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
});

/* ---- text size ---- */

function applySize(size) {
    document.documentElement.style.setProperty('--text-size', `${size}px`);
    showCarets();
}

const currentSize = () => parseFloat(getComputedStyle(text).fontSize);
$('smaller').addEventListener('click', () => applySize(stepTextSize(currentSize(), -1)));
$('larger').addEventListener('click', () => applySize(stepTextSize(currentSize(), +1)));
if (textSize())
    applySize(textSize());

/* ---- panel ---- */

function openPanel(open) {
    $('panel').hidden = !open;
    $('panel-button').setAttribute('aria-expanded', String(open));
}

$('panel-button').addEventListener('click', () => {
    const open = $('panel').hidden;
    openPanel(open);
    if (open)
        $('my-name').focus();
});
document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.isComposing)
        return;
    if (!$('panel').hidden && $('panel').contains(document.activeElement)) {
        openPanel(false);
        $('panel-button').focus();
    }
});
openPanel(matchMedia('(min-width: 1000px)').matches);

/* ---- the page as a whole ---- */

addEventListener('beforeunload', (event) => {
    if (room.pendingSince === null)
        return;
    event.preventDefault();
    event.returnValue = ''; /* older browsers ask only then */
});
addEventListener('online', () => room.wake());
addEventListener('pageshow', (event) => event.persisted && room.wake());
document.addEventListener('visibilitychange', () =>
    document.visibilityState === 'visible' && room.wake());

$('room').textContent = roomName;
$('room').title = roomName;
showLinks();
showState();
showPeople();
showCounts();
showWhere();
