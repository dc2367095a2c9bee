import type { Options, Room } from './index.cjs';

export { PROTOCOL } from './index.cjs';
export type { Change, Op, Status } from './index.cjs';

/** A room without the others' places, questions about the past, and storage. */
export type CoreRoom = Omit<Room, 'users' | 'setCursor' | 'at' | 'history' | 'keep'>;

export function connect(url: string | URL, options?: Omit<Options, 'storage'>): CoreRoom;
