import type { AnnotationType, Extension } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import type { Room } from './index.cjs';

/** Marks the transactions that bring the room's edits; its value is the room. */
export const fromRoom: AnnotationType<Room>;
/** people: show the others' carets and selections. */
export function bindCodeMirror(room: Room, options?: { people?: boolean }): Extension;
/** Where a place of the room (code points) is in the document (UTF-16 units). */
export function unitAt(view: EditorView, codePoint: number): number;
export function cpAt(view: EditorView, unit: number): number;
