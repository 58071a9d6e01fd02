import type { CursorStore, FencingToken, PumpCursor, PumpId } from './cursor-store.interface.js';

/** Cursors in memory: a restart begins at the pump's start position. Development and tests. */
export class MemoryCursorStore implements CursorStore {
  private readonly cursors = new Map<string, PumpCursor>();

  load(pump: PumpId): PumpCursor | undefined {
    return this.cursors.get(storageKeyOf(pump));
  }

  save(pump: PumpId, cursor: PumpCursor, _token: FencingToken): void {
    this.cursors.set(storageKeyOf(pump), cursor);
  }

  clear(pump: PumpId): void {
    this.cursors.delete(storageKeyOf(pump));
  }
}

function storageKeyOf({ tenant, dataCore, flowType, pumpGroup }: PumpId): string {
  return JSON.stringify([tenant, dataCore, flowType, pumpGroup]);
}
