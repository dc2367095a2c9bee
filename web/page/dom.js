/** dom.js - a few words for what every part of the page does. */

export const $ = (id) => document.getElementById(id);

/** Runs fn once, ms after the first of many calls. */
export function later(ms, fn) {
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

/** On a small screen the panel lies over the text: it goes when one turns to that. */
export function uncover() {
    if (matchMedia('(max-width: 720px)').matches && !$('panel').hidden)
        $('panel-button').click();
}

/** Runs fn with the next frame, once for many calls. */
export function nextFrame(fn) {
    let due = false;
    return () => {
        if (due)
            return;
        due = true;
        requestAnimationFrame(() => {
            due = false;
            fn();
        });
    };
}

const shown = new WeakMap(); /* element -> words; to read them back is a call into the browser */

/**
 * Shows words in an element, which nobody else writes in from then on. Where it shows them already
 * nothing has to be laid out again.
 */
export function show(element, words) {
    if ((shown.get(element) ?? element.textContent) !== words)
        element.textContent = words;
    shown.set(element, words);
}

/**
 * Runs fn when the browser has nothing better to do; once for many calls.
 * @param {(enough: () => boolean) => void} fn told when it is to come to an end
 */
export function whenIdle(fn) {
    if (globalThis.requestIdleCallback === undefined) {
        return later(250, () => {
            const end = performance.now() + 8;
            fn(() => performance.now() > end);
        });
    }
    let due = false;
    return () => {
        if (due)
            return;
        due = true;
        requestIdleCallback((deadline) => {
            due = false;
            const end = performance.now() + 8; /* never idle: a little each second all the same */
            fn(() => deadline.didTimeout ? performance.now() > end : deadline.timeRemaining() < 1);
        }, { timeout: 1000 });
    };
}

/**
 * Says something to a screen reader. A quick back and forth is not worth saying: of one topic the
 * last words within a moment are said, of several topics all.
 */
export const announce = (() => {
    const due = new Map();
    let timer = 0;
    return (words, topic = '') => {
        clearTimeout(timer);
        due.delete(topic);
        due.set(topic, words);
        timer = setTimeout(() => {
            $('announce').textContent = [...due.values()].join('. ');
            due.clear();
        }, 600);
    };
})();
