import type { editor } from 'monaco-editor';
import type { Room } from './index.cjs';

/** Takes the binding off again when the function it returns is called. */
export function bindMonaco(room: Room, editor: editor.IStandaloneCodeEditor,
                           options?: { people?: boolean }): () => void;
