/** share.js - the links to this room, and copying with one click. */

import { $, announce } from './dom.js';
import { t } from './strings.js';

/** Copies words and says so on the button for a moment. */
export async function copyTo(button, words) {
    const label = button.dataset.label ??= button.textContent;
    const done = await toClipboard(words);
    button.textContent = t(done ? 'copied' : 'copy.byhand');
    announce(t(done ? 'copied' : 'copy.failed'));
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

/**
 * @param {import('../client/room.js').Room} room
 * @param {{site: URL, segment: string, reading: boolean}} where segment: the last one of the address
 */
export function shareLinks(room, { site, segment, reading }) {
    const show = () => {
        $('share-write').hidden = reading;
        $('write-link').value = new URL(`r/${segment}`, site).href;
        const key = room.readKey ? encodeURIComponent(room.readKey) : reading ? segment : null;
        $('share-read').hidden = key === null;
        $('read-link').value = key === null ? '' : new URL(`v/${key}`, site).href;
    };
    const copyField = (field) => (event) => {
        field.select();
        copyTo(event.currentTarget, field.value);
    };
    $('copy-write').addEventListener('click', copyField($('write-link')));
    $('copy-read').addEventListener('click', copyField($('read-link')));
    $('copy-link').addEventListener('click', (event) =>
        copyTo(event.currentTarget, $(reading ? 'read-link' : 'write-link').value));
    room.on('status', (status) => status === 'online' && show());
    show();
}
