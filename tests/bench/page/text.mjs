/* What is in the room: lines of English, every tenth with a character outside the BMP. */

const LINE = 'The quick brown fox jumps over the lazy dog and goes home to eat some soup now.\n';
const PARAGRAPH = LINE.repeat(9) + LINE.replace('fox', '🦊');

export function longText(bytes) {
    return PARAGRAPH.repeat(Math.max(1, Math.floor(bytes / Buffer.byteLength(PARAGRAPH))));
}
