/**
 * page.js - the editor page: /r/<room>, and /v/<read key> for reading only.
 *
 * Everything about the text is the client library's business (../client), everything about
 * editing CodeMirror's (editor.js); the other files show what the room reports. This one puts
 * them together. `weft.room` and `weft.editor` are there for whoever opens the console.
 */

import { connect } from '../client/index.js';
import { countDoc } from './counts.js';
import { files, identityFields, languageMenu, looks } from './document.js';
import { $, later, nextFrame, show, whenIdle } from './dom.js';
import { Editor } from './editor.js';
import { People } from './people.js';
import { applyTheme, identity, rememberRoom, saveIdentity, wraps } from './settings.js';
import { shareLinks } from './share.js';
import { Status } from './status.js';
import { editorPhrases, language, t, translate } from './strings.js';

translate(document);
applyTheme();

/* ---- which room ---- */

const [, base, kind, segment] = location.pathname.match(/^(.*)\/([rv])\/([^/]+)\/?$/);
const reading = kind === 'v';
const address = new URL(`${base}/${reading ? 'view' : 'ws'}/${segment}`, location.href);
address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
address.hash = '';
const site = new URL(`${base}/`, location.href);
site.search = site.hash = '';
const roomName = reading ? t('shared') : nameOf(segment);

function nameOf(part) {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}

/* ---- the parts ---- */

const me = identity();
const room = connect(address, { name: me.name, color: me.color, readOnly: reading || undefined,
                                storage: reading ? undefined : 'local' });
const status = new Status(room, roomName);
const editor = new Editor(room, $('text'), {
    wrap: wraps(), label: t('text.label'), phrases: editorPhrases, onUpdate: updated,
});
editor.setPlaceholder(t('text.connecting'));
const people = new People(room, editor);
languageMenu(room, editor);
files(room, editor, status, roomName);
looks(editor);
shareLinks(room, { site, segment, reading });
identityFields(room, me, (name, color) => {
    saveIdentity(name, color);
    people.soon();
});
globalThis.weft = { room, editor };
$('history').addEventListener('click', () => import('./history/history.js').then(
    ({ toggleHistory }) => toggleHistory({ room, editor, status }), () => {}));

/* ---- the line below ---- */

const number = new Intl.NumberFormat(language);

const countSome = whenIdle((enough) => {
    const counts = countDoc(room.doc, enough);
    if (counts === null) {
        countSome(); /* a long text: some of it each time */
        return;
    }
    const { characters, words, lines } = counts;
    show($('counts'), t('counts', number.format(lines), number.format(words),
        number.format(characters), [lines, words, characters]));
});
const showCounts = later(300, countSome);

function showWhere() {
    const { line, column } = editor.where();
    show($('where'), t('where', number.format(line), number.format(column)));
    people.soon();
}
const showWhereNext = nextFrame(showWhere); /* the one that shows the key: one layout for both */
const showWhereSoon = later(250, showWhere);

function updated(update) {
    if (update.docChanged)
        showCounts();
    if (update.selectionSet)
        showWhereNext();
    else if (update.docChanged)
        showWhereSoon(); /* somebody else's edit, which seldom moves our line */
}

/* ---- in and out ---- */

let entered = false;
room.on('status', (now) => {
    if (now !== 'online')
        return;
    const readOnly = room.mode === 'read';
    $('badge').hidden = !readOnly;
    editor.setPlaceholder(t(readOnly ? 'text.nothing' : 'text.empty'));
    people.soon();
    showCounts();
    if (entered)
        return;
    entered = true;
    if (!reading)
        rememberRoom(roomName);
    if (!readOnly && document.activeElement === document.body && matchMedia('(pointer: fine)').matches)
        setTimeout(() => editor.focus()); /* once it has been told that it may be written in */
});

addEventListener('beforeunload', (event) => {
    if (room.keep())
        return; /* all is saved, or lies in the browser and is there again with the page */
    event.preventDefault();
    event.returnValue = ''; /* older browsers ask only then */
});
addEventListener('online', () => room.wake());
addEventListener('pageshow', (event) => event.persisted && room.wake());
document.addEventListener('visibilitychange', () =>
    document.visibilityState === 'visible' && room.wake());

/* ---- panel ---- */

function openPanel(open) {
    $('panel').hidden = !open;
    people.soon();
    $('panel-button').setAttribute('aria-expanded', String(open));
}

$('panel-button').addEventListener('click', () => {
    const open = $('panel').hidden;
    openPanel(open);
    if (open)
        $('my-name').focus();
});
document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.isComposing || $('panel').hidden ||
        !$('panel').contains(document.activeElement))
        return;
    openPanel(false);
    $('panel-button').focus();
});
$('banner-close').addEventListener('click', () => editor.focus());
openPanel(matchMedia('(min-width: 1000px)').matches);

$('room').textContent = roomName;
$('room').title = roomName;
showCounts();
showWhere();
