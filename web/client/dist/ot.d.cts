/** A positive integer keeps, a negative one drops code points; a string that is not empty is put in. */
export type Component = number | string;
/** Walks a text from its start; what is left of it after the last component is kept. */
export type Op = Component[];
/** LEFT: in front at a tie, the operation that reaches the log later. */
export type Side = 'left' | 'right';

export const LEFT: 'left';
export const RIGHT: 'right';
export const CP_MAX: number;
export const PARTS_MAX: number;

/** An operation that is malformed, or does not fit its text. */
export class OpError extends Error {}

/** Throws an OpError unless op is an operation a server would take. */
export function check(op: unknown): Op;
export function fromJson(json: string): Op;
export function normalize(op: readonly Component[]): Op;
/** Code points of the text that op walks over. */
export function span(op: Op): number;
/** By how many code points the text grows. */
export function delta(op: Op): number;
/** The text after op; an OpError where it does not fit. `inUnits`: op counts UTF-16 units. */
export function apply(text: string, op: Op, inUnits?: boolean): string;
/** a, written to run after b. */
export function transform(a: Op, b: Op, side: Side): Op;
/** One operation that does what a and then b do. */
export function compose(a: Op, b: Op): Op;
export function composeAll(ops: readonly Op[]): Op;
/** The operation that takes op back; `text` is the text before op. */
export function invert(op: Op, text: string): Op;
/** op with counts in UTF-16 units, as editors count. */
export function toUtf16(op: Op, text: string): Op;
/** The other way round; an OpError where a pair would be cut in half. */
export function fromUtf16(op: Op, text: string): Op;
/** Where a place between two characters is after op. */
export function transformPosition(position: number, op: Op, side: Side): number;
/** One replacement that makes `to` of `from`; the caret, a unit offset, settles equal characters. */
export function splice(from: string, to: string, caret?: number): Op;
/** The shortest operation that makes `to` of `from`, within bounds of time. */
export function diff(from: string, to: string): Op;
