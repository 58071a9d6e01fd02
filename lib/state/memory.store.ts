import type { Clock } from '../event/clock.interface.js';
import { isPromiseLike, type MaybePromise } from '../event/maybe-promise.type.js';
import { AlwaysGrantedLeaseStore } from './always-granted-lease.store.js';
import { MemoryChunkStore } from './memory-chunk.store.js';
import { MemoryCommandStore } from './memory-command.store.js';
import { MemoryCursorStore } from './memory-cursor.store.js';
import { MemoryDeadLetterStore } from './memory-dead-letter.store.js';
import { MemoryDeliveryStore } from './memory-delivery.store.js';
import { MemoryPathwayState } from './memory-pathway.state.js';
import { MemoryWriteLedger } from './memory-write.ledger.js';
import type { EventClaim } from './pathway-state.interface.js';
import type { OrderedClaim, PathwaysStore } from './pathways-store.interface.js';

/** Both answer at once, so that nothing comes between the claim and the look. */
function claimInMemory(state: MemoryPathwayState, deadLetters: MemoryDeadLetterStore) {
  const look = (claim: EventClaim, { source, orderKey }: OrderedClaim) =>
    claim === 'claimed' && deadLetters.blockerOf(source, orderKey) !== undefined ? 'claimed-behind' : claim;
  return (ordered: OrderedClaim): MaybePromise<EventClaim | 'claimed-behind'> => {
    const claim = state.claim(ordered.eventId, ordered.generation, ordered.purpose);
    return isPromiseLike(claim) ? claim.then((answer) => look(answer, ordered)) : look(claim, ordered);
  };
}

/** A complete store in memory, with the given parts in place of its own. */
export function memoryStore(clock: Clock, parts: Partial<PathwaysStore> = {}): PathwaysStore {
  // Beside durable cursors parts in memory would be lost: after a restart the pump goes on behind them.
  const chunks = parts.chunks ?? (parts.cursors ? undefined : new MemoryChunkStore({ clock }));
  const state = parts.state ?? new MemoryPathwayState({ clock });
  const deadLetters = parts.deadLetters ?? new MemoryDeadLetterStore();
  return {
    state,
    cursors: parts.cursors ?? new MemoryCursorStore(),
    deadLetters,
    leases: parts.leases ?? new AlwaysGrantedLeaseStore(clock),
    ...(chunks && { chunks }),
    ...(parts.fileParts && { fileParts: parts.fileParts }),
    ...(parts.transactions && { transactions: parts.transactions }),
    ...(parts.signals && { signals: parts.signals }),
    ...(parts.outbox && { outbox: parts.outbox }),
    delivery: parts.delivery ?? new MemoryDeliveryStore(),
    commands: parts.commands ?? new MemoryCommandStore(),
    writes: parts.writes ?? new MemoryWriteLedger(clock),
    // Bound: a store may be an instance of a class.
    ...(parts.endAsDeadLetter && { endAsDeadLetter: parts.endAsDeadLetter.bind(parts) }),
    ...(state instanceof MemoryPathwayState &&
      deadLetters instanceof MemoryDeadLetterStore && { claimInOrder: claimInMemory(state, deadLetters) }),
    ...(parts.claimInOrder && { claimInOrder: parts.claimInOrder.bind(parts) }),
    ...(parts.runInOrder && { runInOrder: parts.runInOrder.bind(parts) }),
    ...(parts.open && { open: parts.open.bind(parts) }),
    ...(parts.close && { close: parts.close.bind(parts) }),
  };
}
