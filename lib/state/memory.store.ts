import type { Clock } from '../event/clock.interface.js';
import { AlwaysGrantedLeaseStore } from './always-granted-lease.store.js';
import { MemoryCursorStore } from './memory-cursor.store.js';
import { MemoryDeadLetterStore } from './memory-dead-letter.store.js';
import { MemoryPathwayState } from './memory-pathway.state.js';
import type { PathwaysStore } from './pathways-store.interface.js';

/** A complete store in memory, with the given parts in place of its own. */
export function memoryStore(clock: Clock, parts: Partial<PathwaysStore> = {}): PathwaysStore {
  return {
    state: parts.state ?? new MemoryPathwayState({ clock }),
    cursors: parts.cursors ?? new MemoryCursorStore(),
    deadLetters: parts.deadLetters ?? new MemoryDeadLetterStore(),
    leases: parts.leases ?? new AlwaysGrantedLeaseStore(),
  };
}
