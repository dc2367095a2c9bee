/**
 * home.js - the entrance: names a room and goes there.
 *
 * Room names: 1 to 128 bytes of UTF-8, no control characters, no slash. A name
 * that is invented has 50 random bits behind two words, so that it can be said
 * aloud and not be guessed.
 */

import { applyTheme, recentRooms, forgetRooms } from './settings.js';
import { t, translate } from './strings.js';

const NAME_BYTES_MAX = 128;
const FIRST = ['amber', 'brave', 'calm', 'clear', 'early', 'gentle', 'green', 'happy', 'light',
               'lucky', 'mild', 'new', 'quiet', 'quick', 'silver', 'warm'];
const SECOND = ['brook', 'cedar', 'cloud', 'fern', 'field', 'finch', 'harbor', 'hill', 'lake',
                'maple', 'meadow', 'pine', 'river', 'stone', 'thread', 'willow'];
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789'; /* 32: none looks like another */

const form = document.querySelector('#enter');
const input = document.querySelector('#name');
const problem = document.querySelector('#problem');

/** What is wrong with a room name, or null. */
function complaint(name) {
    if (name === '')
        return t('home.empty');
    if (name === '.' || name === '..')
        return t('home.dots');
    if (name.includes('/'))
        return t('home.slash');
    if (/[\u0000-\u001f\u007f-\u009f]/.test(name))
        return t('home.control');
    if (new TextEncoder().encode(name).length > NAME_BYTES_MAX)
        return t('home.long');
    return null;
}

function invent() {
    const random = crypto.getRandomValues(new Uint8Array(12));
    const word = (list, n) => list[n % list.length];
    const tail = Array.from(random.subarray(2), (n) => LETTERS[n % 32]).join('');
    return `${word(FIRST, random[0])}-${word(SECOND, random[1])}-${tail.slice(0, 5)}-${tail.slice(5)}`;
}

function roomAddress(name) {
    return `r/${encodeURIComponent(name)}`; /* relative: weft may live below a path */
}

form.addEventListener('submit', (event) => {
    event.preventDefault();
    const name = input.value.trim();
    const wrong = complaint(name);
    problem.hidden = wrong === null;
    problem.textContent = wrong ?? '';
    input.setAttribute('aria-invalid', String(wrong !== null));
    if (wrong)
        input.focus();
    else
        location.href = roomAddress(name);
});

document.querySelector('#invent').addEventListener('click', () => {
    input.value = invent();
    problem.hidden = true;
    input.focus();
});

function showRecent() {
    const rooms = recentRooms();
    document.querySelector('#recent').hidden = rooms.length === 0;
    document.querySelector('#recent-list').replaceChildren(...rooms.map((name) => {
        const item = document.createElement('li');
        const link = document.createElement('a');
        link.href = roomAddress(name);
        link.textContent = name;
        link.dir = 'auto';
        item.append(link);
        return item;
    }));
}

document.querySelector('#forget').addEventListener('click', () => {
    forgetRooms();
    showRecent();
    input.focus();
});

translate(document);
document.title = t('home.title');
applyTheme();
showRecent();
