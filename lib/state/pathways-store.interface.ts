import type { CursorStore } from './cursor-store.interface.js';
import type { DeadLetterStore } from './dead-letter-store.interface.js';
import type { LeaseStore } from './lease-store.interface.js';
import type { PathwayState } from './pathway-state.interface.js';

/** Everything the library remembers between events. Bring your own parts; what is left out is kept in memory. */
export interface PathwaysStore {
  readonly state: PathwayState;
  readonly cursors: CursorStore;
  readonly deadLetters: DeadLetterStore;
  readonly leases: LeaseStore;
}
