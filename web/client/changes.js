/** changes.js - operations as the editor wants changes. */

/** An operation in units as an editor's list of changes. @param {import('./ot.js').Op} op */
export function changesOf(op) {
    const list = [];
    let at = 0;
    for (const c of op) {
        if (typeof c === 'string')
            list.push({ from: at, insert: c });
        else if (c > 0)
            at += c;
        else
            list.push({ from: at, to: at -= c });
    }
    return list;
}
