/* run.mjs - the same authors, faults and ledger for weft and for other servers: what they acknowledge,
 * and what is left of it.
 *
 *     --n 5                runs of each experiment with each server
 *     --seed 1             of what is typed where and of the moments; run i has seed + i
 *     --only re            only servers whose id matches (weft, hocuspocus, sharedb, ywebsocket ...)
 *     --experiments a,b    of: pause, late, load, term, sync, cut
 *     --data folder        where their data lies; default: a new one in /var/tmp, on a disk
 *     --json file          every run
 *     --markdown file      the tables
 *
 * Ctrl-C ends it after the run that is under way, with the tables of what there is.
 *
 * The servers take turns within each repetition, the order turning round from one to the next. Figures
 * are reported, never asserted; the exit status is 1 only where weft broke a promise. */

import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Episode, EXPERIMENTS, PROBES } from './episode.mjs';
import { markdown } from './report.mjs';
import { SyncCount } from './syncs.mjs';

const PEERS = ['weft', 'hocuspocus', 'sharedb', 'ywebsocket'];

const { values: flags } = parseArgs({
    options: {
        n: { type: 'string', default: '5' },
        seed: { type: 'string', default: '1' },
        only: { type: 'string', default: '' },
        experiments: { type: 'string', default: Object.keys(EXPERIMENTS).join(',') },
        data: { type: 'string' },
        json: { type: 'string' },
        markdown: { type: 'string' },
    },
});
const n = Number(flags.n);
let experiments = flags.experiments.split(',');
for (const experiment of experiments) {
    if (!EXPERIMENTS[experiment])
        throw new Error(`no experiment "${experiment}"; there are: ${Object.keys(EXPERIMENTS)}`);
}

if (experiments.includes('sync') && !SyncCount.available) {
    console.log('left out: syncs are not counted: there is no strace');
    experiments = experiments.filter((experiment) => experiment !== 'sync');
}

const oneLine = (error) => error.message.replace(/\s+/g, ' ').slice(0, 400);

/** The servers that are there, and the others with the reason. */
async function findPeers(folder) {
    const peers = [];
    const left = [];
    for (const name of PEERS) {
        let setups = [];
        try {
            setups = (await import(`./peers/${name}.mjs`)).default;
        } catch (error) {
            left.push({ name, why: oneLine(error) });
        }
        for (const setup of setups.filter(({ id }) => new RegExp(flags.only).test(id))) {
            try {
                setup.versions = setup.version();
                await new Episode(setup, 'sync', { folder, seed: 1 }).tryOut();
                peers.push(setup);
            } catch (error) {
                left.push({ name: setup.title, why: oneLine(error) });
            }
        }
    }
    return { peers, left };
}

function machine(folder) {
    const cpu = os.cpus();
    const disk = execFileSync('df', ['--output=fstype,source', folder], { encoding: 'utf8' });
    const commit = spawnSync('git', ['describe', '--always', '--dirty'],
        { encoding: 'utf8', cwd: path.dirname(fileURLToPath(import.meta.url)) }).stdout?.trim();
    return [`${cpu.length} cores, ${cpu[0].model}, ${os.type()} ${os.release()}`,
        disk.split('\n')[1].trim().replace(/\s+/g, ' '), `node ${process.versions.node}`,
        `weft at ${commit || 'an unknown commit'}`, `load ${readFileSync('/proc/loadavg', 'utf8').split(' ')[0]}`,
        `seed ${flags.seed}`].join('; ');
}

let stopping = false;
process.once('SIGINT', () => {
    stopping = true;
    console.log('stopping after this run; once more to stop at once');
    process.once('SIGINT', () => process.exit(130));
});
process.once('SIGTERM', () => process.exit(143)); /* and not without the servers */

async function playAll(peers, folder) {
    const results = [];
    const failures = [];
    for (let i = 0; i < n; i++) {
        for (const experiment of experiments) {
            for (let k = 0; k < peers.length; k++) {
                if (stopping)
                    return { results, failures };
                const peer = peers[(i + k) % peers.length];
                const seed = Number(flags.seed) + i;
                try {
                    const result = await new Episode(peer, experiment, { folder, seed }).play();
                    results.push(result);
                    say(result);
                } catch (error) {
                    failures.push({ peer: peer.id, experiment, seed, why: oneLine(error) });
                    console.log(`${peer.id} ${experiment} seed ${seed}: ${error.message}`);
                }
            }
        }
    }
    return { results, failures };
}

/** One line a run, so that somebody who waits sees something. */
function say({ peer, experiment, seed, reader, after, backMs, troubles, syncs }) {
    const words = [`${peer} ${experiment} seed ${seed}:`];
    if (syncs !== undefined) {
        console.log(...words, `${syncs} syncs in ${PROBES} edits`);
        return;
    }
    if (reader)
        words.push(`a new reader misses ${reader.lost} of ${reader.kept};`);
    words.push(`in the end lost ${after.lost} of ${after.kept}, twice ${after.twice}`);
    if (backMs === null)
        words.push('(they do not agree)');
    for (const [message, times] of Object.entries(troubles))
        words.push(`\n    ${times} x ${message}`);
    console.log(words.join(' '));
}

/** Something was promised and not kept. */
function isBroken({ reader, after, unequal, backMs }) {
    const wrong = (seen) => seen && (seen.lost || seen.twice || seen.ghosts || seen.undead);
    return wrong(reader) || wrong(after) || unequal > 0 || backMs === null;
}

const folder = flags.data ?? mkdtempSync('/var/tmp/weft-loss.');
chmodSync(folder, 0o755);
process.on('exit', () => {
    if (!flags.data)
        rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
});

async function main() {
    const { peers, left } = await findPeers(folder);
    for (const { name, why } of left)
        console.log(`left out: ${name}: ${why}`);
    const head = machine(folder);
    console.log(head);
    const { results, failures } = await playAll(peers, folder);
    const tables = markdown({ head, peers, left, results, failures });
    console.log(`\n${tables}`);
    if (flags.markdown)
        writeFileSync(flags.markdown, tables);
    if (flags.json) {
        const about = peers.map(({ id, title, acknowledges, versions }) =>
            ({ id, title, acknowledges, versions }));
        writeFileSync(flags.json, `${JSON.stringify({ head, peers: about, left, results, failures })}\n`);
    }
    const isWeft = ({ peer }) => peer === 'weft';
    const broken = failures.some(isWeft) || results.filter(isWeft).some(isBroken);
    process.exit(broken ? 1 : 0);
}
await main();
