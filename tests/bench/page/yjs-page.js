/* The other side's page: y-codemirror.next as its manual has it, with the same editor extensions as ours. */

import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { EditorState } from '@codemirror/state';
import { drawSelection, dropCursor, EditorView, highlightSpecialChars, keymap } from '@codemirror/view';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

const doc = new Y.Doc();
const address = new URL('/ws', location.href.replace(/^http/, 'ws')).href;
const provider = new WebsocketProvider(address, 'room', doc, { disableBc: true });
const text = doc.getText('text');

provider.awareness.setLocalStateField('user', { name: 'Ada', color: '#1565c0', colorLight: '#1565c033' });
provider.once('sync', () => {
    const view = new EditorView({
        parent: document.getElementById('text'),
        state: EditorState.create({
            doc: text.toString(),
            extensions: [
                highlightSpecialChars(), history(), drawSelection(), dropCursor(),
                EditorState.allowMultipleSelections.of(true),
                EditorView.perLineTextDirection.of(true),
                EditorView.contentAttributes.of({ spellcheck: 'true' }),
                keymap.of([...yUndoManagerKeymap, ...defaultKeymap, ...historyKeymap]),
                EditorView.theme({ '&': { height: '100vh' } }),
                EditorView.lineWrapping,
                yCollab(text, provider.awareness),
            ],
        }),
    });
    globalThis.bench = { view };
});
