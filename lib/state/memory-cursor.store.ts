import { FencingTokenStaleError } from '../errors/fencing-token-stale.error.js';
import {
  pumpKeyOf,
  type CursorStore,
  type FencingToken,
  type PumpCursor,
  type PumpId,
} from './cursor-store.interface.js';

/** Cursors in memory: a restart begins at the pump's start position. Development and tests. */
export class MemoryCursorStore implements CursorStore {
  private readonly cursors = new Map<string, { cursor: PumpCursor; token: FencingToken }>();

  load(pump: PumpId): PumpCursor | undefined {
    return this.cursors.get(storageKeyOf(pump))?.cursor;
  }

  save(pump: PumpId, cursor: PumpCursor, token: FencingToken): void {
    const key = storageKeyOf(pump);
    const newest = this.cursors.get(key)?.token ?? token;
    if (newest > token) throw new FencingTokenStaleError(pumpKeyOf(pump), token, newest);
    this.cursors.set(key, { cursor, token });
  }

  clear(pump: PumpId): void {
    this.cursors.delete(storageKeyOf(pump));
  }
}

function storageKeyOf({ tenant, dataCore, flowType, pumpGroup }: PumpId): string {
  return JSON.stringify([tenant, dataCore, flowType, pumpGroup]);
}
