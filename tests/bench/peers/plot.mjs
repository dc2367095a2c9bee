/* plot.mjs - the plots of docs/performance.md about servers, as SVG. */

import { INK, SOFT, GRID, card, decades, f, mark, rule, text } from '../engine/plot.mjs';
import { number } from './report.mjs';

const COLOURS = { weft: '#0550ae', floor: '#57606a', peer: '#bc4c00' };
const LEFT = 210;
const RIGHT = 900;
const STEP = 26;

/* Names at the left, one line for each, a logarithmic axis below. */
function frame(sides, top, low, high, unit) {
    const bottom = top + STEP * sides.length;
    const x = (v) => LEFT + ((Math.log10(v) - low) / (high - low)) * (RIGHT - LEFT);
    const body = [];
    sides.forEach((side, i) => {
        const y = top + STEP * (i + 0.5);
        if (i % 2 === 0)
            body.push(`<rect x="10" y="${f(y - STEP / 2)}" width="${RIGHT + 30}" height="${STEP}" fill="#f6f8fa"/>`);
        body.push(text(LEFT - 12, y + 4, side.title.replaceAll('`', ''), {
            anchor: 'end', fill: COLOURS[side.kind] ?? INK, weight: side.id === 'weft' ? 600 : 400 }));
    });
    for (let e = low; e <= high; e++) {
        body.push(rule(x(10 ** e), top, x(10 ** e), bottom, GRID));
        body.push(text(x(10 ** e), bottom + 17, `${(10 ** e).toLocaleString('en')}${unit}`, {
            size: 11.5, fill: SOFT, anchor: 'middle' }));
    }
    return { body, x, bottom };
}

/** How many operations a second each took in one hot room; `of` gives a spread or null. */
export function hotRoomSvg(sides, of) {
    const shown = sides.map((side) => ({ ...side, found: of(side.id) })).filter((s) => s.found);
    if (shown.length === 0)
        return card(960, 60, 'Nothing measured', [text(20, 34, 'S3 was not measured')]);
    const [low, high] = decades(shown.flatMap((s) => [s.found.least, s.found.most]));
    const { body, x, bottom } = frame(shown, 66, low, high, '');
    body.push(text(20, 30, 'One hot room: operations a second that 200 people see within 100 ms', { size: 16, weight: 600 }),
        text(20, 50, 'median, with the least and the most; logarithmic', { size: 12.5, fill: SOFT }));
    shown.forEach(({ kind, found }, i) => {
        const y = 66 + STEP * (i + 0.5);
        body.push(`<rect x="${f(LEFT)}" y="${f(y - 8)}" width="${f(Math.max(1, x(found.median) - LEFT))}" height="16" fill="${COLOURS[kind]}"/>`,
            rule(x(found.least), y, x(found.most), y, INK, 1.5),
            text(Math.min(x(found.most) + 8, RIGHT - 20), y + 4, number(found.median), { size: 11.5 }));
    });
    return card(960, bottom + 32, 'Operations a second in one hot room', body);
}

/** Half of the deliveries and 99 of 100, in each scenario; of(scenario, side, figure). */
export function latencySvg(sides, scenarios, of) {
    const parts = scenarios.map((scenario) => ({ scenario, shown: sides.map((side) => ({
        ...side, p50: of(scenario, side.id, 'deliver_p50'), p99: of(scenario, side.id, 'deliver_p99') }))
        .filter((s) => s.p50 && s.p99) })).filter((p) => p.shown.length > 0);
    if (parts.length === 0)
        return card(960, 60, 'Nothing measured', [text(20, 34, 'No latency was measured')]);
    const all = parts.flatMap((p) => p.shown.flatMap((s) => [s.p50.median, s.p99.median]));
    const [low, high] = decades(all);
    const lines = [text(20, 30, 'How late a delivery is: half of them (circle), 99 of 100 (square), µs', { size: 16, weight: 600 })];
    let top = 66;
    for (const { scenario, shown } of parts) {
        lines.push(text(20, top - 8, scenario.toUpperCase(), { size: 13, weight: 600 }));
        const { body, x, bottom } = frame(shown, top, low, high, '');
        lines.push(...body);
        shown.forEach(({ kind, p50, p99 }, i) => {
            const y = top + STEP * (i + 0.5);
            lines.push(rule(x(p50.median), y, x(p99.median), y, COLOURS[kind], 2),
                mark('', x(p50.median), y, 4.2, [COLOURS[kind], 'circle']),
                mark('', x(p99.median), y, 4.2, [COLOURS[kind], 'square']));
        });
        top = bottom + 54;
    }
    return card(960, top - 22, 'Latency of a delivery', lines);
}
