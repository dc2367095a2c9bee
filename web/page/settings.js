/**
 * settings.js - what a browser remembers: name, colour, looks, rooms.
 *
 * Storage may be forbidden or full; then nothing is remembered, and nothing
 * fails. All keys begin with "weft.".
 */

const COLORS = ['#c2185b', '#7b1fa2', '#4527a0', '#1565c0', '#00838f', '#2e7d32', '#8d6e00',
                '#d84315', '#6d4c41', '#455a64'];
const FIRST = ['Amber', 'Bright', 'Calm', 'Clever', 'Gentle', 'Happy', 'Kind', 'Quick', 'Quiet',
               'Silver'];
const SECOND = ['Badger', 'Crane', 'Finch', 'Fox', 'Hare', 'Heron', 'Lynx', 'Otter', 'Owl',
                'Wren'];
const RECENT_MAX = 8;
const SIZES = [13, 14, 15, 16, 18, 20, 24];

function read(key) {
    try {
        return localStorage.getItem(`weft.${key}`);
    } catch {
        return null;
    }
}

function write(key, value) {
    try {
        localStorage.setItem(`weft.${key}`, value);
    } catch {
        /* not remembered */
    }
}

const pick = (list) => list[Math.floor(Math.random() * list.length)];

/** @returns {{name: string, color: string}} remembered, or made up and remembered */
export function identity() {
    const name = read('name') || `${pick(FIRST)} ${pick(SECOND)}`;
    const color = safeColor(read('color'), pick(COLORS));
    saveIdentity(name, color);
    return { name, color };
}

export function saveIdentity(name, color) {
    write('name', name);
    write('color', color);
}

/** A colour from elsewhere is used only where it is one. */
export function safeColor(color, fallback = '#78716c') {
    return /^#[0-9a-f]{6}$/i.test(color ?? '') ? color : fallback;
}

/** @returns {string[]} newest first */
export function recentRooms() {
    try {
        const list = JSON.parse(read('rooms') ?? '[]');
        return Array.isArray(list) ? list.filter((name) => typeof name === 'string') : [];
    } catch {
        return [];
    }
}

export function rememberRoom(name) {
    const others = recentRooms().filter((other) => other !== name);
    write('rooms', JSON.stringify([name, ...others].slice(0, RECENT_MAX)));
}

export function forgetRooms() {
    write('rooms', '[]');
}

/** The text size chosen, in pixels; null: the style sheet's. */
export function textSize() {
    const size = Number(read('size'));
    return SIZES.includes(size) ? size : null;
}

/** The next size up (+1) or down (-1), remembered. */
export function stepTextSize(current, step) {
    const nearest = SIZES.reduce((a, b) =>
        (Math.abs(b - current) < Math.abs(a - current) ? b : a));
    const at = Math.min(SIZES.length - 1, Math.max(0, SIZES.indexOf(nearest) + step));
    write('size', String(SIZES[at]));
    return SIZES[at];
}

/** 'system', 'light' or 'dark'. */
export function theme() {
    const kept = read('theme');
    return kept === 'light' || kept === 'dark' ? kept : 'system';
}

/** Sets the page's colours; given one, it is remembered. */
export function applyTheme(chosen) {
    if (chosen !== undefined)
        write('theme', chosen);
    document.documentElement.dataset.theme = theme();
}

export const wraps = () => read('wrap') !== 'no';
export const saveWraps = (wrap) => write('wrap', wrap ? 'yes' : 'no');
