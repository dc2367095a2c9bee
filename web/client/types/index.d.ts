import type { Op } from './ot.js';
import * as ot from './ot.js';

export { ot };
export type { Op, Component, Side } from './ot.js';
export { bindTextarea } from './textarea.js';

/** The subprotocol that is spoken. */
export const PROTOCOL: 'weft.v1';

/**
 * connecting: at the beginning, and after a short cut; offline: an attempt has failed, more follow;
 * closed: for good, by close() or because the server does not want us.
 */
export type Status = 'connecting' | 'online' | 'offline' | 'closed';

export interface StorageLike {
    readonly length: number;
    key(index: number): string | null;
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
}

export interface Options {
    /** What others see. */
    name?: string;
    /** #rrggbb */
    color?: string;
    /** A credential, or what fetches one; asked for anew at each connection. */
    token?: string | (() => string | Promise<string>);
    readOnly?: boolean;
    /**
     * Where what is not saved is kept: 'session' survives a reload, 'local' also a closed tab.
     * Left out: nothing is kept.
     */
    storage?: 'session' | 'local' | StorageLike;
    /** A constructor, where there is no global WebSocket (Node before 22: the package ws). */
    WebSocket?: unknown;
}

/** head: the caret; anchor: the selection's other end; code points in `text`, null while unknown. */
export interface User {
    userId: string;
    name: string;
    color: string;
    head: number | null;
    anchor: number | null;
}

export interface Me {
    userId: string | null;
    name: string;
    color: string;
    head: number | null;
    anchor: number | null;
}

/** `room.text` is now ot.apply(before, op). */
export interface Change {
    op: Op;
    before: string;
    /** Made here. */
    local: boolean;
    /** Whose it was; null where it is not known, or of several. */
    userId: string | null;
    /** What edit() was given. */
    source?: unknown;
}

export interface LoggedOp {
    rev: number;
    user_id?: string;
    name?: string;
    /** Milliseconds since 1970. */
    at: number;
    op: Op;
    meta?: Record<string, string | null>;
}

/** A text in chunks that is never changed; String(doc) is the text. */
export interface Doc {
    /** Length in UTF-16 units, and in code points. */
    readonly units: number;
    readonly cps: number;
    readonly chunks: readonly { readonly text: string; readonly cps: number }[];
    toString(): string;
    unitAt(codePoint: number): number;
    cpAt(unit: number): number;
    /** op with counts in UTF-16 units. */
    toUtf16(op: Op): Op;
}

export interface RoomEvents {
    status: Status;
    saved: boolean;
    change: Change;
    users: Map<string, User>;
    meta: Record<string, string>;
    /**
     * code: a word of the protocol, or what a connection was closed with. fatal: it is not tried
     * again. retry_ms: what was refused may be tried again after that.
     */
    error: { code: string | number; message: string; fatal?: boolean; retry_ms?: number };
    /** The server will not have this edit; it was undone here. text: what it had inserted. */
    refused: { code: string; message: string; op: Op; text: string };
    /**
     * The room has a new history. What was pending was merged into it; text was on screen before.
     * merged false: what a reload had kept could not be merged; text is all there is of it.
     */
    reset: { text: string; merged?: boolean };
    /**
     * What the server said does not fit: the text is asked for anew and what is pending merged into
     * it. text was on screen before.
     */
    resync: { reason: string; text: string };
    /** A message that a newer server may know; it was left out. */
    unknown: { type: string };
    /** The connection was, and is made again; code 0: given up here. */
    lost: { code: number; reason: string };
    signal: { from: string; data: unknown };
}

/** What at() and history() reject with where the server has answered; otherwise a plain Error. */
export interface Refusal extends Error {
    code: string;
    /** Ask again after that. */
    retry_ms?: number;
}

export class Room {
    constructor(url: string | URL, options?: Options);
    /** The address, without what is added to it. */
    readonly url: string;
    readonly status: Status;
    /** Online, and everything typed here is in the log, on disk. */
    readonly saved: boolean;
    /** The time of the oldest edit that is not saved. */
    readonly pendingSince: Date | null;
    readonly pendingCount: number;
    /** After an edit a copy of all of it. */
    readonly text: string;
    /** The same in chunks, which no later edit changes: free to look at. */
    readonly doc: Doc;
    readonly rev: number;
    readonly epoch: string | null;
    readonly mode: 'write' | 'read';
    readonly meta: Record<string, string>;
    readonly limits: { message: number; document: number };
    /** For a link from which nobody gets to write. */
    readonly readKey: string | null;
    readonly me: Me;
    /** The others. */
    readonly users: Map<string, User>;

    /** Takes the listener off again when the function it returns is called. */
    on<E extends keyof RoomEvents>(event: E, listener: (detail: RoomEvents[E]) => void): () => void;

    /** Positions and lengths are code points. */
    insert(position: number, text: string): void;
    delete(position: number, length?: number): void;
    /** Throws an OpError, and changes nothing, where op does not fit. */
    edit(op: Op, source?: unknown): void;
    /** Entries of the room, the same for everybody; null removes one. */
    setMeta(meta: Record<string, string | null>): void;
    setCursor(head: number, anchor?: number): void;
    setUser(user: { name?: string; color?: string }): void;
    setName(name: string, color?: string): void;
    signal(to: string, data: unknown): void;

    /** The text at a revision, or now. */
    at(rev?: number): Promise<string>;
    /** Logged operations, oldest first. */
    history(range?: { from?: number; to?: number }): AsyncGenerator<LoggedOp, void, undefined>;

    /** Puts what is pending into the storage now; whether all of it will be back with the page. */
    keep(): boolean;
    /** The network has come back: look at once. */
    wake(): void;
    /** For good. What is pending stays readable in `text`, and in the storage. */
    close(): void;
}

/** @param url ws: or wss:, ending in /ws/<room> or /view/<read key> */
export function connect(url: string | URL, options?: Options): Room;

/** Takes back one's own edits only. */
export class Undo {
    constructor(room: Room, now?: () => number);
    readonly canUndo: boolean;
    readonly canRedo: boolean;
    undo(): boolean;
    redo(): boolean;
    /** The next edit begins a step of its own. */
    breakStep(): void;
    /** Stops listening. */
    done(): void;
}

/** UTF-16 units, as editors count, and code points, as weft does. */
export namespace text {
    function cpLength(s: string): number;
    function unitAt(s: string, codePoint: number): number;
    function cpAt(s: string, unit: number): number;
    function cpSlice(s: string, from: number, to?: number): string;
    function isWellFormed(s: string): boolean;
    function toWellFormed(s: string): string;
}
