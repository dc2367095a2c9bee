// The plots: SVG by hand. A white card of its own, so that it reads on a dark page as well; colours
// that the colour-blind can tell apart, and a mark of its own for each side.

export const INK = '#24292f',
    SOFT = '#57606a',
    GRID = '#e4e7eb';
const FRAME = '#afb8c1';
const FONT = 'font-family="-apple-system, Segoe UI, Helvetica, Arial, sans-serif"';
const STYLE = {
    weft: ['#0550ae', 'circle'],
    'jumprope-buffered': ['#bc4c00', 'square'],
    jumprope: ['#e0a030', 'diamond'],
    ropey: ['#1a7f5a', 'triangle'],
    crop: ['#b0559e', 'down'],
    'operational-transform': ['#1a7f5a', 'triangle'],
    'ot.js': ['#bc4c00', 'square'],
    'ot-text-unicode': ['#e0a030', 'diamond'],
    codemirror: ['#b0559e', 'down'],
    yjs: ['#6e7781', 'cross'],
};

const esc = (s) => String(s).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
export const f = (v) => v.toFixed(1);

export function text(x, y, s, { size = 12, fill = INK, anchor = 'start', weight = 400, turn = '' } = {}) {
    return (
        `<text x="${f(x)}" y="${f(y)}" font-size="${size}" fill="${fill}" text-anchor="${anchor}"` +
        ` font-weight="${weight}"${turn}>${esc(s)}</text>`
    );
}

export const rule = (x1, y1, x2, y2, stroke, width = 1, more = '') =>
    `<line x1="${f(x1)}" y1="${f(y1)}" x2="${f(x2)}" y2="${f(y2)}" stroke="${stroke}" stroke-width="${width}"${more}/>`;

export function mark(name, x, y, r = 3.6, style = STYLE[name] ?? [SOFT, 'circle']) {
    const [fill, shape] = style;
    const edge = `fill="${fill}" stroke="#fff" stroke-width="0.8"`;
    const poly = (...p) =>
        `<polygon points="${p.map(([a, b]) => `${f(x + a * r)},${f(y + b * r)}`).join(' ')}" ${edge}/>`;
    switch (shape) {
        case 'square':
            return poly([-0.95, -0.95], [0.95, -0.95], [0.95, 0.95], [-0.95, 0.95]);
        case 'diamond':
            return poly([0, -1.35], [1.35, 0], [0, 1.35], [-1.35, 0]);
        case 'triangle':
            return poly([0, -1.3], [1.25, 0.95], [-1.25, 0.95]);
        case 'down':
            return poly([0, 1.3], [1.25, -0.95], [-1.25, -0.95]);
        case 'cross':
            return (
                rule(x - r, y - r, x + r, y + r, fill, 2) +
                rule(x - r, y + r, x + r, y - r, fill, 2)
            );
        default:
            return `<circle cx="${f(x)}" cy="${f(y)}" r="${f(r * 1.1)}" ${edge}/>`;
    }
}

export function card(width, height, title, body) {
    return (
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${FONT} role="img">\n` +
        `<title>${esc(title)}</title>\n<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="#fff" stroke="${FRAME}"/>\n` +
        `${body.join('\n')}\n</svg>\n`
    );
}

const TIMES = [
    [1e9, 's'],
    [1e6, 'ms'],
    [1e3, 'µs'],
    [1, 'ns'],
];

function tick(v, unit) {
    if (unit === 'ns') {
        const [by, name] = TIMES.find(([t]) => v >= t) ?? TIMES.at(-1);
        return `${+(v / by).toPrecision(3)} ${name}`;
    }
    return unit ? `${+v.toPrecision(3)}` : `10${'⁰¹²³⁴⁵⁶⁷⁸⁹'[Math.round(Math.log10(v))]}`;
}

// Powers of ten that hold all values; at least one decade.
export function decades(values) {
    const low = Math.floor(Math.log10(Math.min(...values)) + 1e-9);
    const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9));
    return [low, high];
}

const PANEL = { width: 460, height: 330, left: 62, right: 16, top: 84, bottom: 46 };

function axes(figure, x, y, box, [xl, xh], ys) {
    const body = [];
    const minor = ys.high - ys.low <= 3 && !figure.linear;
    for (let e = xl; e <= xh; e++) {
        body.push(rule(x(10 ** e), box.top, x(10 ** e), box.bottom, GRID));
        body.push(
            text(x(10 ** e), box.bottom + 16, tick(10 ** e), {
                size: 11,
                fill: SOFT,
                anchor: 'middle',
            }),
        );
    }
    for (const v of ys.ticks) {
        body.push(rule(box.left, y(v), box.right, y(v), GRID));
        body.push(
            text(box.left - 6, y(v) + 4, tick(v, figure.unit), {
                size: 11,
                fill: SOFT,
                anchor: 'end',
            }),
        );
        if (minor && v < 10 ** ys.high)
            for (let k = 2; k < 10; k++)
                body.push(rule(box.left, y(k * v), box.left + 4, y(k * v), FRAME));
    }
    body.push(
        `<rect x="${f(box.left)}" y="${f(box.top)}" width="${f(box.right - box.left)}" height="${f(box.bottom - box.top)}" fill="none" stroke="${FRAME}"/>`,
    );
    body.push(
        text((box.left + box.right) / 2, box.bottom + 34, figure.x, {
            size: 11.5,
            fill: SOFT,
            anchor: 'middle',
        }),
    );
    return body;
}

function panel(figure, left, top) {
    const box = {
        left: left + PANEL.left,
        right: left + PANEL.width - PANEL.right,
        top: top + PANEL.top,
        bottom: top + PANEL.height - PANEL.bottom,
    };
    const points = Object.values(figure.series).flatMap((s) => s.points);
    const [xl, xh] = decades(figure.sizes);
    const values = points.map((p) => p.value);
    let ys;
    if (figure.linear) {
        const high = Math.ceil(Math.max(...values));
        ys = {
            low: 0,
            high,
            ticks: Array.from({ length: high + 1 }, (_, i) => i).filter(
                (v) => high <= 8 || v % 2 === 0,
            ),
        };
    } else {
        const [low, high] = decades(values);
        ys = {
            low,
            high,
            ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
        };
    }
    const x = (v) =>
        box.left + 10 + ((Math.log10(v) - xl) / (xh - xl)) * (box.right - box.left - 20);
    const part = (v) => ((figure.linear ? v : Math.log10(v)) - ys.low) / (ys.high - ys.low);
    const y = (v) => box.bottom - part(v) * (box.bottom - box.top);
    const body = [
        text(left + 16, top + 24, figure.title, { size: 14, weight: 600 }),
        ...axes(figure, x, y, box, [xl, xh], ys),
    ];
    const names = Object.keys(figure.series);
    names.forEach((name, i) => {
        const s = figure.series[name];
        const at = [left + 22 + [0, 150, 312][i % 3], top + 44 + Math.floor(i / 3) * 18];
        const says = `${name}${s.slope === null || figure.linear ? '' : ` ${s.slope.toFixed(2)}`}`;
        body.push(
            mark(name, at[0], at[1] - 4),
            text(at[0] + 9, at[1], says, { size: 11.5, weight: name === 'weft' ? 600 : 400 }),
        );
    });
    for (const name of [...names].reverse()) {
        // weft on top
        const { points: list } = figure.series[name];
        const [stroke] = STYLE[name];
        body.push(
            `<polyline points="${list.map((p) => `${f(x(p.n))},${f(y(p.value))}`).join(' ')}" fill="none" stroke="${stroke}" stroke-width="${name === 'weft' ? 2.6 : 1.5}" stroke-linejoin="round"/>`,
        );
        for (const p of list) body.push(mark(name, x(p.n), y(p.value)));
    }
    return body;
}

export function growthSvg(figures) {
    const rows = Math.ceil(figures.length / 2);
    const body = [
        text(
            20,
            28,
            'Growth. Both axes logarithmic; beside each name the slope: 0 constant, 1 linear.',
            { size: 13, fill: SOFT },
        ),
    ];
    figures.forEach((figure, i) =>
        body.push(
            ...panel(
                figure,
                10 + (i % 2) * (PANEL.width + 10),
                36 + Math.floor(i / 2) * (PANEL.height + 8),
            ),
        ),
    );
    return card(2 * PANEL.width + 30, 40 + rows * (PANEL.height + 8), 'Growth with size', body);
}

// Each row's peers as multiples of weft's figure.
export function ratioSvg(rows) {
    const shown = rows.filter((r) => r.sides.weft && Object.keys(r.sides).length > 1);
    const points = shown.map((r) =>
        Object.entries(r.sides)
            .filter(([name]) => name !== 'weft')
            .map(([name, s]) => [name, s.median / r.sides.weft.median]),
    );
    const [low, high] = decades(
        points
            .flat()
            .map(([, v]) => v)
            .concat(1),
    );
    const left = 392,
        right = 916,
        top = 92,
        step = 25;
    const bottom = top + step * shown.length;
    const x = (v) => left + ((Math.log10(v) - low) / (high - low)) * (right - left);
    const body = [
        text(20, 30, 'How many times the figure of weft each peer has', { size: 16, weight: 600 }),
        text(20, 50, 'right of the line: weft is that many times faster or smaller', {
            size: 12.5,
            fill: SOFT,
        }),
    ];
    const names = Object.keys(STYLE).filter((name) => points.flat().some(([n]) => n === name));
    let at = 20;
    for (const name of names) {
        body.push(mark(name, at + 4, 68), text(at + 13, 72, name, { size: 12 }));
        at += 30 + name.length * 6.6;
    }
    shown.forEach((r, i) => {
        const y = top + step * (i + 0.5);
        if (i % 2 === 0)
            body.push(
                `<rect x="10" y="${f(y - step / 2)}" width="940" height="${step}" fill="#f6f8fa"/>`,
            );
        body.push(text(left - 12, y + 4, r.title, { size: 12, anchor: 'end' }));
    });
    for (let e = low; e <= high; e++) {
        body.push(
            rule(x(10 ** e), top, x(10 ** e), bottom, e === 0 ? '#0550ae' : GRID, e === 0 ? 2 : 1),
        );
        body.push(
            text(x(10 ** e), bottom + 17, `${+(10 ** e).toPrecision(1)}×`, {
                size: 11.5,
                fill: SOFT,
                anchor: 'middle',
            }),
        );
    }
    points.forEach((list, i) =>
        list.forEach(([name, v]) => body.push(mark(name, x(v), top + step * (i + 0.5), 4.2))),
    );
    return card(960, bottom + 32, 'Ratios', body);
}
