/* episode.mjs - one experiment with one server: authors type, something is done to them, and the ledger
 * (tests/fault/ledger.mjs) says what became of what they were told is kept.
 *
 * A peer is (peers/):
 *   id, title, acknowledges      what its client takes for an acknowledgement, in words
 *   version()                    of what takes part; throws where it is not installed
 *   serve(folder, port, env)     what to run: {argv, env, port}. Started again with the same folder, it
 *                                has the storage it had
 *   database                     a class to be started first and killed along (postgres.mjs), if any
 *   witnessed                    true: no acknowledgement, a change counts when another client shows it
 *   Client                       new Client({port, room, network, create}):
 *     opened                     fulfilled when the text is there
 *     insert(at, text), remove(at)   at code point `at`; a promise: acknowledged, or an error
 *     text, settled              what its user sees; nothing on its way
 *     onTrouble, onChange        called with a message; on each change (only if witnessed)
 *     close()                    the tab is gone
 */

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chance, within } from '../../e2e/lib.mjs';
import { Ledger } from '../../fault/ledger.mjs';
import { Network } from './network.mjs';
import { freePort, ServerProcess } from './server.mjs';
import { family, SyncCount } from './syncs.mjs';
import { Witness } from './witness.mjs';

const AUTHORS = 4;
const TYPE_EVERY_MS = [10, 60]; /* each author */
const TYPE_FOR_MS = [500, 2500]; /* until it happens */
export const PROBES = 100; /* edits one after the other, for the latency */
const CUTS = 5; /* of each author */
const STILL_MS = 1000; /* a text that does not change for so long is what there is */
const BACK_MS = 30000; /* for the authors to be back and agree */
const OPEN_MS = 15000;

/** What can be done to them. `signal`: the server is ended by it and started again. */
export const EXPERIMENTS = {
    pause: { title: 'kill -9, 1 s after the last acknowledgement', signal: 'SIGKILL', restMs: 1000 },
    late: { title: 'kill -9, 5 s after the last acknowledgement', signal: 'SIGKILL', restMs: 5000 },
    load: { title: 'kill -9 under load', signal: 'SIGKILL' },
    term: { title: 'SIGTERM under load', signal: 'SIGTERM' },
    sync: { title: 'one edit after the other', counted: true },
    cut: { title: `each connection cut ${CUTS} times under load`, signal: null },
};

export class Episode {
    constructor(peer, experiment, { folder, seed }) {
        this.peer = peer;
        this.experiment = EXPERIMENTS[experiment];
        this.random = chance(seed);
        this.folder = mkdtempSync(path.join(folder, `${peer.id}.`));
        chmodSync(this.folder, 0o755); /* a database may run as somebody else */
        this.ledger = new Ledger(peer.id, { seed });
        this.clients = [];
        this.authors = [];
        this.open = 0; /* edits not acknowledged */
        this.typing = false;
        this.result = { peer: peer.id, experiment, seed, troubles: {} };
    }

    /** @returns {Promise<object>} figures */
    async play() {
        try {
            this.port = await freePort();
            await this.#startServer(true);
            await this.#join();
            if (this.experiment.counted) {
                this.result.syncs = await this.#countSyncs();
                return this.result;
            }
            this.result.ackMs = await this.#probe();
            await this.#loadAndFault();
            this.typing = false;
            if (this.experiment.signal) {
                this.result.reader = await this.#newReader();
                this.authors.forEach(({ network }) => network.up());
            }
            this.result.backMs = await this.#agree();
            this.result.after = await this.#newReader();
            return this.result;
        } finally {
            this.typing = false;
            if (this.server?.how !== undefined)
                this.#trouble(`the server ended (${this.server.how}): ${this.server.said.slice(-600)}`);
            await this.#end();
        }
    }

    /** Nothing but that the server starts and the authors get in. Throws where they do not. */
    async tryOut() {
        try {
            this.port = await freePort();
            await this.#startServer(true);
            await this.#join();
        } finally {
            await this.#end();
        }
    }

    /* ---- the servers ---- */

    async #startServer(first = false) {
        if (this.peer.database) {
            this.database ??= new this.peer.database(this.folder);
            await this.database.start();
            if (first)
                this.database.makeTables();
        }
        this.server = new ServerProcess(this.peer.serve(this.folder, this.port, this.database?.env));
        return this.server.started();
    }

    async #restart(signal) {
        this.result.ended = await this.server.end(signal);
        if (signal === 'SIGKILL')
            await this.database?.end(signal);
        this.authors.forEach(({ network }) => network.down());
        if (signal !== 'SIGKILL')
            await this.database?.end('SIGINT'); /* its fast shutdown */
        this.result.restartMs = await this.#startServer();
    }

    async #end() {
        this.clients.forEach((client) => client.close());
        await this.server?.end('SIGKILL');
        await this.database?.end('SIGKILL');
        rmSync(this.folder, { recursive: true, force: true, maxRetries: 20 });
    }

    /* ---- the authors ---- */

    async #client(create) {
        const network = new Network();
        const client = new this.peer.Client({ port: this.port, room: 'loss', network, create });
        this.clients.push(client);
        client.onTrouble = (message) => this.#trouble(message);
        await within(`${this.peer.id} to open the text`, client.opened, () => this.server.said, OPEN_MS);
        return { client, network };
    }

    async #join() {
        for (let i = 0; i < AUTHORS; i++)
            this.authors.push({ who: `author ${i}`, ...await this.#client(i === 0) });
        if (this.peer.witnessed) {
            const { client, network } = await this.#client(false);
            this.witness = new Witness(client);
            this.authors.push({ who: 'witness', client, network, silent: true });
        }
    }

    /** One edit. @returns {Promise<void>} acknowledged, or refused */
    async #edit({ who, client }, mayRemove = true) {
        const points = Array.from(client.text);
        const at = this.random(points.length + 1);
        const remove = mayRemove && at < points.length && this.random(5) === 0 &&
            !this.witness?.expects(points[at]);
        const character = remove ? points[at] : this.ledger.take(1);
        const edit = remove ? this.ledger.remove(who, character) : this.ledger.insert(who, character);
        const shown = this.witness?.[remove ? 'gone' : 'shown'](character);
        const acked = remove ? client.remove(at) : client.insert(at, character);
        this.open++;
        try {
            await (shown ?? acked);
            this.ledger.acked(edit);
        } catch (error) {
            this.#trouble(error.message);
            this.ledger.refused(edit);
        }
        this.open--;
    }

    async #probe() {
        const ms = [];
        for (let i = 0; i < PROBES; i++) {
            const since = performance.now();
            await within(`${this.peer.id} to acknowledge`, this.#edit(this.authors[0], false),
                () => this.server.said, OPEN_MS);
            ms.push(performance.now() - since);
            if (this.ledger.refusedEdits > 0)
                throw new Error(`refused: ${Object.keys(this.result.troubles)}`);
        }
        return ms;
    }

    async #countSyncs() {
        const of = [this.server, this.database?.process].filter(Boolean);
        const count = new SyncCount(of.flatMap(({ child }) => family(child.pid)), this.folder);
        await count.started;
        await this.#probe();
        return count.stop();
    }

    #between([least, most]) {
        return least + this.random(most - least + 1);
    }

    async #type(author) {
        while (this.typing) {
            try {
                this.#edit(author);
            } catch (error) {
                this.#trouble(error.message);
            }
            await delay(this.#between(TYPE_EVERY_MS));
        }
    }

    async #loadAndFault() {
        this.typing = true;
        for (const author of this.authors.filter(({ silent }) => !silent))
            this.#type(author);
        await delay(this.#between(TYPE_FOR_MS));
        if (this.experiment.restMs) {
            this.typing = false;
            await within(`${this.peer.id} to acknowledge everything`, this.#allAcked(),
                () => this.server.said);
            await delay(this.experiment.restMs);
        }
        if (this.experiment.signal)
            await this.#restart(this.experiment.signal);
        else
            await this.#cuts();
    }

    /** In every other cut the edit arrives and its acknowledgement does not. */
    async #cuts() {
        const writers = this.authors.filter(({ silent }) => !silent);
        await Promise.all(writers.map(async (author) => {
            for (let i = 0; i < CUTS; i++) {
                await delay(this.#between(TYPE_FOR_MS) / 2);
                if (i % 2 === 0)
                    await Promise.race([author.network.cutAtNextSend(), delay(STILL_MS)]);
                else
                    author.network.cut();
            }
        }));
    }

    async #allAcked() {
        while (this.open > 0)
            await delay(5);
    }

    /* ---- what is there ---- */

    /** What somebody sees who was not there before. */
    async #newReader() {
        let reader;
        try {
            reader = (await this.#client(false)).client;
        } catch (error) {
            this.#trouble(error.message.split('\n')[0]);
        }
        if (reader)
            await this.#still(() => reader.text, BACK_MS);
        const { lost, twice, ghosts, undead, disordered } = this.ledger.judge(reader?.text ?? '');
        if (reader) {
            this.result.unequal = this.authors.filter(({ client }) => client.text !== reader.text).length;
            reader.close();
        }
        const kept = this.ledger.judge('').lost; /* all that can be lost */
        return { kept, lost, twice, ghosts, undead, disordered };
    }

    /** Waits until the authors have sent what they had and show one text. @returns {Promise<number>} ms,
     *  or null: they never do */
    async #agree() {
        const since = performance.now();
        const state = () => (this.authors.every(({ client }) => client.settled) &&
            new Set(this.authors.map(({ client }) => client.text)).size === 1
            ? this.authors[0].client.text : null);
        const took = await this.#still(state, BACK_MS);
        return took === null ? null : took - since;
    }

    /** Waits until look() has been the same, and not null, for a while. @returns {Promise<number|null>}
     *  when that began; null: not in time */
    async #still(look, forMs) {
        const until = performance.now() + forMs;
        let seen = look();
        let since = performance.now();
        while (seen === null || performance.now() - since < STILL_MS) {
            if (performance.now() > until)
                return null;
            await delay(20);
            const now = look();
            if (now !== seen)
                [seen, since] = [now, performance.now()];
        }
        return since;
    }

    #trouble(message) {
        this.result.troubles[message] = (this.result.troubles[message] ?? 0) + 1;
    }
}
