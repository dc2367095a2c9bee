import type { Room } from './index.cjs';

/** Takes the binding off again when the function it returns is called. */
export function bindTextarea(room: Room, element: HTMLTextAreaElement,
                             options?: { undo?: boolean }): () => void;
/** A text as a textarea can hold it, position for position. */
export function shown(text: string): string;
