/** document.js - the part of the panel that is about the text: language, files, looks. */

import { $, announce, later, uncover, whenIdle } from './dom.js';
import { isWellFormed, toWellFormed } from '../client/text.js';
import { applyTheme, saveWraps, stepTextSize, textSize, theme, wraps } from './settings.js';
import { t } from './strings.js';

/* ---- language: an entry of the room, the same for everybody ---- */

export function languageMenu(room, editor) {
    const menu = $('language');
    const option = (name, label) => {
        const el = document.createElement('option');
        el.value = name;
        el.textContent = label;
        return el;
    };
    const find = (name) => [...menu.options].find(({ value }) => value === name);
    menu.append(option('', t('doc.plain')));
    let shown = '';
    const show = () => {
        const name = room.meta.language ?? '';
        menu.disabled = room.mode === 'read';
        if (name === shown)
            return;
        shown = name;
        if (!find(name))
            menu.append(option(name, name)); /* not loaded yet, or somebody else's word */
        menu.value = name;
        editor.setLanguage(name);
    };
    menu.addEventListener('change', () => {
        shown = menu.value;
        room.setMeta({ language: menu.value || null });
        editor.setLanguage(menu.value);
    });
    room.on('meta', show);
    room.on('status', show);
    show();
    /* The list is long and nobody needs it to begin with: first the text. */
    later(1000, whenIdle(() => import('./languages.js').then(({ languageList }) => {
        for (const { name, label } of languageList()) {
            const known = find(name);
            if (known)
                known.textContent = label;
            menu.append(known ?? option(name, label));
        }
    }, () => {})))();
}

/* ---- files ---- */

/**
 * @param {import('../client/room.js').Room} room @param {import('./editor.js').Editor} editor
 * @param {import('./status.js').Status} status @param {string} name of the room
 */
export function files(room, editor, status, name) {
    const permit = () => { $('upload').disabled = !canWrite(room); };
    room.on('status', permit);
    permit();
    $('download').addEventListener('click', () => download(room, name));
    $('upload').addEventListener('click', () => $('file').click());
    $('file').addEventListener('change', async () => {
        const [file] = $('file').files;
        $('file').value = '';
        const text = file && await textOf(file, room, status);
        if (typeof text === 'string' && canWrite(room) &&
            (room.text === '' || confirm(t('doc.upload.replace', file.name)))) {
            editor.become(text);
            putIn(room, editor, file);
        }
    });
    dropping(room, editor, status);
}

const canWrite = ({ mode, status }) => mode !== 'read' && status !== 'closed';

function download(room, name) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([room.text], { type: 'text/plain' }));
    const stem = name.replace(/[\\/:*?"<>|\s]+/g, '-').replace(/^\.+/, '') || 'text';
    link.download = /\.\w{1,10}$/.test(stem) ? stem : `${stem}.txt`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** A file dropped on the text goes where it was dropped, into an empty room whole. */
function dropping(room, editor, status) {
    const paper = $('text');
    const hasFile = (event) => [...event.dataTransfer?.types ?? []].includes('Files');
    const shade = (shown) => { $('drop').hidden = !shown; };
    paper.addEventListener('dragover', (event) => {
        if (!hasFile(event) || !canWrite(room))
            return;
        event.preventDefault();
        shade(true);
    }, true);
    paper.addEventListener('dragleave', (event) => {
        if (!paper.contains(event.relatedTarget))
            shade(false);
    });
    paper.addEventListener('drop', async (event) => {
        shade(false);
        if (!hasFile(event))
            return;
        event.preventDefault();
        event.stopPropagation(); /* the editor would put it in unchecked */
        const [file] = event.dataTransfer.files;
        const at = editor.view.posAtCoords({ x: event.clientX, y: event.clientY }, false);
        const text = file && await textOf(file, room, status);
        if (typeof text !== 'string' || text === '' || !canWrite(room))
            return;
        const fresh = room.text === '';
        editor.insert(at, text);
        putIn(room, editor, file, fresh);
    }, true);
}

/* Said, and one is in the text: the next Ctrl+Z is about that. */
function putIn(room, editor, file, whole = true) {
    if (whole)
        suggestLanguage(room, file.name);
    announce(t('doc.upload.inserted', file.name));
    if (matchMedia('(pointer: fine)').matches)
        editor.focus();
}

async function textOf(file, room, status) {
    const limit = room.limits.document;
    if (file.size > limit) {
        status.banner('upload', t('doc.upload.large', file.name, t('bytes', limit)));
        return null;
    }
    const bytes = await file.arrayBuffer();
    let text;
    try {
        text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
        text = '\0';
    }
    if (!isWellFormed(text)) {
        status.banner('upload', t('doc.upload.binary', file.name));
        return null;
    }
    return toWellFormed(text.replace(/\r\n?/g, '\n'));
}

async function suggestLanguage(room, fileName) {
    const { languageOf } = await import('./languages.js');
    const language = languageOf(fileName);
    if (language && !room.meta.language)
        room.setMeta({ language });
}

/* ---- looks ---- */

export function looks(editor) {
    const size = () => parseFloat(getComputedStyle(editor.view.scrollDOM).fontSize);
    const apply = (px) => {
        document.documentElement.style.setProperty('--text-size', `${px}px`);
        editor.view.requestMeasure();
    };
    if (textSize())
        apply(textSize());
    $('smaller').addEventListener('click', () => apply(stepTextSize(size(), -1)));
    $('larger').addEventListener('click', () => apply(stepTextSize(size(), +1)));
    $('wrap').checked = wraps();
    $('wrap').addEventListener('change', () => {
        saveWraps($('wrap').checked);
        editor.setWrap($('wrap').checked);
    });
    $('theme').value = theme();
    $('theme').addEventListener('change', () => applyTheme($('theme').value));
    $('find').addEventListener('click', () => {
        uncover();
        editor.find();
    });
}

/* ---- who I am ---- */

export function identityFields(room, me, save) {
    $('my-name').value = me.name;
    $('my-color').value = me.color;
    const send = later(400, () => {
        const name = $('my-name').value.trim() || me.name;
        save(name, $('my-color').value);
        room.setName(name, $('my-color').value);
    });
    $('my-name').addEventListener('input', send);
    $('my-color').addEventListener('input', send);
}
