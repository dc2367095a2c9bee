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

/** Runs fn when the browser has nothing better to do; once for many calls. */
export function whenIdle(fn) {
    if (globalThis.requestIdleCallback === undefined)
        return later(250, fn);
    let due = false;
    return () => {
        if (due)
            return;
        due = true;
        requestIdleCallback(() => {
            due = false;
            fn();
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
