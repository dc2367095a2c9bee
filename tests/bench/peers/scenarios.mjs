/* scenarios.mjs - what is asked of each side, which figures are taken from the answer, what the goals
 * are, and the growth curves of weft. */

/* Figures: from the JSON of `weft bench` (docs/performance.md has its fields). undefined: it has none. */
const FIGURES = {
    ack_p50: { head: 'ack p50 µs', of: (j) => j.load?.ack_us?.p50 },
    ack_p99: { head: 'ack p99 µs', of: (j) => j.load?.ack_us?.p99 },
    deliver_p50: { head: 'deliver p50 µs', of: (j) => j.load?.delivery_us?.p50 },
    deliver_p99: { head: 'deliver p99 µs', of: (j) => j.load?.delivery_us?.p99 },
    ops: { head: 'ops/s', of: (j) => j.load?.ops_per_s },
    deliveries: { head: 'deliveries/s', of: (j) => j.load?.deliveries_per_s },
    cpu_op: { head: 'CPU µs/op', of: (j) => j.load?.server_cpu_us_per_op },
    cpu_delivery: { head: 'CPU µs/delivery', of: (j) => j.load?.server_cpu_us_per_delivery },
    cursors: { head: 'cursors read/s', of: (j) => j.load?.cursors_read_per_s },
    cpu: { head: 'server %', of: (j) => j.load?.server_cpu_percent },
    generator: { head: 'generator %', of: (j) => j.load?.generator_cpu_percent },
    rss: { head: 'RSS MB', of: (j) => mega(j.load?.memory?.peak_bytes ?? j.join?.memory_after?.peak_bytes) },
    joins: { head: 'joins/s', of: (j) => j.join?.per_s },
    join_p50: { head: 'join p50 ms', of: (j) => milli(j.join?.latency_us?.p50) },
    join_max: { head: 'join max ms', of: (j) => milli(j.join?.latency_us?.max) },
    join_cpu: { head: 'CPU µs/join', of: (j) => j.join?.server_cpu_us_each },
    join_cpu_ms: { head: 'CPU ms/join', of: (j) => milli(j.join?.server_cpu_us_each) },
    join_mb: { head: 'MB/join', of: (j) => mega(j.join?.bytes_each) },
    conn_kb: { head: 'KB/connection', of: (j) => kilo(j.join?.bytes_per_connection) },
};

const scaled = (by) => (v) => (v === undefined ? undefined : v / by);
const milli = scaled(1000);
const kilo = scaled(1024);
const mega = scaled(1e6);

export const figureHead = (name) => FIGURES[name].head;

/** The figures of one answer; what it has not got is left out. */
export function figuresOf(names, json) {
    const found = names.map((name) => [name, FIGURES[name].of(json)]);
    return Object.fromEntries(found.filter(([, v]) => Number.isFinite(v)));
}

const seconds = (quick, full, short) => ['--seconds', String(quick ? short : full)];

/* Where each ramp begins: an eighth of what is expected, so that a slow machine finds its rate too. What a
 * writer has on its way is bounded, far above what 100 ms need, or a step that is too high leaves a
 * server with a second of operations to work off. */
const ramp = (side, quick, writers, hot = side.hot) => [
    '--rate', String(Math.max(0.5, hot / (quick ? 4 : 8) / writers)), '--step-ms', quick ? '500' : '800',
    '--warm-ms', '200', '--in-flight', '256'];

/* Goal: of a figure of weft (or of `side`), `most` or `least`, as a ratio to the same figure of
 * `against` within a repetition, or by itself. `plus`: what is added to the peer's figure first. */
export const SCENARIOS = [
    {
        id: 's1', title: 'S1: two people, one types, closed loop',
        figures: ['ack_p50', 'ack_p99', 'deliver_p50', 'deliver_p99', 'ops', 'cpu_op'],
        args: ({ quick }) => ['--scenario', 's1', '--warm-ms', '300', ...seconds(quick, 2.5, 1)],
        syncs: true,
        goals: [
            { figure: 'deliver_p50', against: 'epoll', most: 1, plus: (sync) => sync + 40,
                words: 'delivery p50 ≤ raw relay + one disk sync + 40 µs' },
            { side: 'weft-off', figure: 'deliver_p50', against: 'epoll', most: 1.3,
                words: 'with `--sync=off`: delivery p50 ≤ 1.3 × raw relay' },
        ],
    },
    {
        id: 's2', title: 'S2: a meeting: 50 people, 5 type 20/s each',
        figures: ['ack_p50', 'deliver_p50', 'deliver_p99', 'cpu_delivery', 'cpu_op'],
        args: ({ quick }) => ['--scenario', 's2', '--warm-ms', '500', ...seconds(quick, 3, 1)],
        goals: [
            { figure: 'deliver_p99', against: 'epoll', most: 3, words: 'delivery p99 ≤ 3 × raw relay' },
            { figure: 'cpu_delivery', against: 'epoll', most: 1.25,
                words: 'CPU per delivery ≤ 1.25 × raw relay' },
        ],
    },
    {
        id: 's3', title: 'S3: one hot room: 200 people, 20 type, p99 ≤ 100 ms',
        figures: ['ops', 'deliveries', 'deliver_p99', 'cpu_delivery', 'cpu', 'generator', 'rss'],
        ramp: true,
        args: ({ quick, side, hot }) => ['--scenario', 's3', ...ramp(side, quick, 20, hot),
            ...seconds(quick, 2, 0.7)],
        goals: [
            { figure: 'ops', against: 'epollc', least: 0.6, words: 'ops/s ≥ 0.6 × raw, coalescing' },
            { figure: 'ops', against: 'sharedb', least: 50, words: 'ops/s ≥ 50 × ShareDB' },
            { figure: 'ops', against: 'sharedb-postgres', least: 180,
                words: 'ops/s ≥ 180 × durable ShareDB' },
        ],
    },
    {
        id: 's4', title: 'S4: 500 rooms of 4 people, 2 op/s each',
        figures: ['deliver_p50', 'deliver_p99', 'ops', 'cpu_op', 'cpu', 'rss'],
        args: ({ quick }) => ['--scenario', 's4', '--warm-ms', '500', ...seconds(quick, 2.5, 1)],
        goals: [{ figure: 'cpu_op', against: 'epoll', most: 1.3, words: 'CPU per op ≤ 1.3 × raw relay' }],
    },
    {
        id: 's5', title: 'S5: 10,000 connections in 2,500 rooms, nobody types',
        figures: ['joins', 'join_p50', 'join_cpu', 'conn_kb', 'rss'],
        /* One by one through a database; with a storage that is only read it is as without. */
        without: ['weft-off', 'hocuspocus-sqlite', 'sharedb-postgres'],
        args: () => ['--scenario', 's5', '--warm-ms', '0', '--seconds', '0.2'],
        descriptors: 10000,
        goals: [
            { figure: 'joins', least: 15000, words: '≥ 15,000 joins/s' },
            { figure: 'conn_kb', most: 8, words: '≤ 8 KB a connection' },
        ],
    },
    {
        id: 's6', title: 'S6: joining a text of 1 MB with 100,000 operations behind it',
        figures: ['join_p50', 'join_max', 'join_mb', 'join_cpu_ms', 'rss'],
        /* ShareDB joins with a snapshot, whatever is behind it, and would take minutes to be typed at:
         * it is made of 500 operations. A relay has no text. */
        without: ['epoll', 'epollc', 'ws', 'hocuspocus-sqlite'],
        args: ({ quick, side }) => ['--scenario', 's6', '--warm-ms', '0', '--seconds', '0.2',
            ...(side.protocol === 'sharedb' ? ['--document-ops', '500']
                : quick ? ['--document-ops', '10000'] : [])],
        goals: [
            { figure: 'join_cpu_ms', most: 2, words: '≤ 2 ms CPU a join' },
            { figure: 'join_mb', most: 1.05, words: '≤ 1.05 MB a join' },
        ],
    },
    {
        id: 's7', title: 'S7: 200 people who move cursors, 5 of them type 20/s each',
        figures: ['deliver_p50', 'deliver_p99', 'cursors', 'cpu', 'generator'],
        /* ShareDB's presence is another protocol. */
        without: ['sharedb', 'sharedb-postgres', 'hocuspocus-sqlite', 'weft-off'],
        args: ({ quick }) => ['--scenario', 's7', '--warm-ms', '500', '--timeout-ms', '8000',
            ...seconds(quick, 2.5, 1)],
        /* The same without cursors, just before. */
        base: ({ quick }) => ['--scenario', 's7', '--cursors', '0', '--warm-ms', '500',
            ...seconds(quick, 2.5, 1)],
        goals: [{ figure: 'deliver_p99', against: 'base', most: 1.5,
            words: 'delivery p99 ≤ 1.5 × the same without cursors' }],
    },
];

const people = (n) => ({ clients: n, writers: Math.min(20, Math.max(1, Math.floor(n / 10))) });
const document = (bytes, ops) => ['--clients', '2', '--writers', '1', '--window', '64',
    '--document', String(bytes), '--document-ops', String(ops), '--warm-ms', '300',
    '--timeout-ms', '60000'];

/* Growth of weft. points: the sizes; values: figure, and how it is written. `flags` go to weft. */
export const GROWTH = [
    {
        id: 'people', title: 'One hot room', x: 'people in the room; p99 ≤ 100 ms',
        points: [2, 10, 50, 200, 1000], few: [2, 50],
        args: (n, { quick, side }) => {
            const { clients, writers } = people(n);
            return ['--clients', String(clients), '--writers', String(writers), '--ramp-p99-ms', '100',
                ...ramp(side, quick, writers, n <= 10 ? 8000 : side.hot), ...seconds(quick, 1.5, 0.5)];
        },
        curves: [
            { figure: 'cpu_delivery', title: 'CPU of a delivery, µs' },
            { figure: 'ops', title: 'operations a second' },
        ],
    },
    {
        id: 'rooms', title: 'Many rooms', x: 'rooms of 4 people, 2 op/s each',
        points: [10, 50, 250, 1000, 2500], few: [10, 250], descriptors: (n) => 4 * n,
        args: (n, { quick }) => ['--rooms', String(n), '--clients', '4', '--writers', '4', '--rate', '2',
            '--warm-ms', '500', ...seconds(quick, 2, 0.7)],
        curves: [{ figure: 'cpu_op', title: 'CPU of an operation, µs' }],
    },
    {
        id: 'document', title: 'Large texts', x: 'bytes of text',
        points: [1e3, 1e4, 1e5, 1e6, 1e7, 1e8], few: [1e3, 1e5],
        flags: ['--limit-document', '256M', '--limit-memory', '4G', '--limit-outgoing', '1G'],
        args: (n, { quick }) => [...document(n, Math.max(1, Math.ceil(n / 2000))),
            ...seconds(quick, 1.5, 0.5)],
        curves: [{ figure: 'cpu_op', title: 'CPU of an operation, µs' }],
    },
    {
        id: 'history', title: 'Long histories', x: 'operations behind it',
        points: [1e2, 1e3, 1e4, 1e5, 1e6], few: [1e2, 1e4],
        flags: ['--limit-memory', '4G'],
        /* One text of 200 KB, made by more and more operations; the last is of 1 MB. */
        args: (n, { quick }) => [...document(Math.max(n, 2e5), n),
            ...seconds(quick, 1.5, 0.5)],
        curves: [{ figure: 'cpu_op', title: 'CPU of an operation, µs' }],
    },
];
