/* report.mjs - what the episodes came to, as tables in markdown. */

import { EXPERIMENTS, PROBES } from './episode.mjs';

export function quantile(numbers, p) {
    const sorted = [...numbers].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))];
}

const sum = (runs, of) => runs.reduce((n, run) => n + of(run), 0);
const number = (v) => (v >= 100 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : v.toFixed(2));
const row = (cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)];

/** `12 of 340 (2 of 5 runs)`; 0 where nothing is. */
function outOf(runs, where, kind) {
    const bad = sum(runs, (run) => run[where][kind]);
    if (bad === 0)
        return '0';
    const all = kind === 'lost' ? ` of ${sum(runs, (run) => run[where].kept)}` : '';
    return `**${bad}**${all} (${runs.filter((run) => run[where][kind] > 0).length} of ${runs.length} runs)`;
}

function median(runs, of) {
    const values = runs.map(of).filter((value) => value !== null);
    return values.length === 0 ? 'never' : number(quantile(values, 0.5) / 1000);
}

/** Acknowledging, and what it is worth. */
function peersTable(peers, results) {
    const rows = peers.map((peer) => {
        const runs = results.filter((run) => run.peer === peer.id);
        const ms = runs.flatMap((run) => run.ackMs ?? []);
        const counted = runs.filter((run) => run.syncs !== undefined);
        return [peer.title, peer.acknowledges,
            ...[0.5, 0.99].map((p) => (ms.length > 0 ? number(quantile(ms, p)) : '-')),
            String(ms.length),
            counted.length > 0
                ? number(quantile(counted.map((run) => run.syncs / PROBES), 0.5)) : '-',
            peer.versions];
    });
    return table(['server', 'acknowledged means', 'ms p50', 'p99', 'n', 'syncs an edit', 'versions'],
        rows);
}

function experimentTable(id, peers, results) {
    const crash = EXPERIMENTS[id].signal !== null;
    const rows = [];
    for (const peer of peers) {
        const runs = results.filter((run) => run.experiment === id && run.peer === peer.id);
        if (runs.length === 0)
            continue;
        const agreed = runs.filter((run) => run.backMs !== null && run.unequal === 0).length;
        rows.push([peer.title, String(runs.length),
            String(sum(runs, (run) => (crash ? run.reader : run.after).kept)),
            ...(crash ? [outOf(runs, 'reader', 'lost')] : []),
            ...['lost', 'twice', 'undead'].map((kind) => outOf(runs, 'after', kind)),
            `${agreed} of ${runs.length}`, median(runs, (run) => run.backMs)]);
    }
    return table(['server', 'runs', 'acknowledged',
        ...(crash ? ['missing for a new reader'] : []),
        'lost', 'twice', 'deleted but there', 'all show one text', 'after s'], rows);
}

/** @returns {string} */
export function markdown({ head, peers, left, results, failures }) {
    const measured = peers.filter((peer) => results.some((run) => run.peer === peer.id));
    const lines = [head, '', ...peersTable(measured, results)];
    for (const [id, { title, counted }] of Object.entries(EXPERIMENTS)) {
        if (!counted && results.some((run) => run.experiment === id))
            lines.push('', `**${title}**`, '', ...experimentTable(id, measured, results));
    }
    if (left.length > 0)
        lines.push('', 'Left out:', ...left.map(({ name, why }) => `- ${name}: ${why}`));
    if (failures.length > 0)
        lines.push('', 'Runs that came to nothing:', ...failures.map((failure) =>
            `- ${failure.peer}, ${failure.experiment}, seed ${failure.seed}: ${failure.why}`));
    return `${lines.join('\n')}\n`;
}
