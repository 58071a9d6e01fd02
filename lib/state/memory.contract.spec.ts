import { describe, it } from 'vitest';
import {
  ControllableClock,
  chunkStoreContract,
  commandStoreContract,
  cursorStoreContract,
  deadLetterStoreContract,
  deliveryStoreContract,
  leaseStoreContract,
  orderedClaimContract,
  outboxStoreContract,
  pathwayStateContract,
  writeLedgerContract,
  type ContractCase,
} from 'nestjs-pathways/testing';
import { AlwaysGrantedLeaseStore } from './always-granted-lease.store.js';
import { MemoryChunkStore } from './memory-chunk.store.js';
import { MemoryCommandStore } from './memory-command.store.js';
import { MemoryCursorStore } from './memory-cursor.store.js';
import { MemoryDeadLetterStore } from './memory-dead-letter.store.js';
import { MemoryDeliveryStore } from './memory-delivery.store.js';
import { MemoryOutboxStore } from './memory-outbox.store.js';
import { MemoryPathwayState } from './memory-pathway.state.js';
import { MemoryWriteLedger } from './memory-write.ledger.js';
import { memoryStore } from './memory.store.js';

// What is kept in memory belongs to one process.
const traits = { shared: false } as const;

const withClock = () => {
  const clock = new ControllableClock(1_700_000_000_000);
  const store = new MemoryPathwayState({ clock });
  return { store, advance: (milliseconds: number) => clock.advance(milliseconds) };
};

const suites: Record<string, ContractCase[]> = {
  MemoryPathwayState: pathwayStateContract(withClock, { ...traits, clock: true }),
  MemoryChunkStore: chunkStoreContract(
    () => {
      const clock = new ControllableClock(1_700_000_000_000);
      const store = new MemoryChunkStore({ clock });
      return { store, advance: (milliseconds: number) => clock.advance(milliseconds) };
    },
    { ...traits, clock: true },
  ),
  'memoryStore, claims in order': orderedClaimContract(() => {
    const { state, deadLetters, claimInOrder } = memoryStore(new ControllableClock(1_700_000_000_000));
    if (!claimInOrder) throw new Error('The store in memory looks for dead letters by the way');
    return { store: { state, deadLetters, claimInOrder } };
  }, traits),
  MemoryCursorStore: cursorStoreContract(() => ({ store: new MemoryCursorStore() }), traits),
  MemoryDeadLetterStore: deadLetterStoreContract(() => ({ store: new MemoryDeadLetterStore() }), traits),
  MemoryDeliveryStore: deliveryStoreContract(() => ({ store: new MemoryDeliveryStore() }), traits),
  MemoryCommandStore: commandStoreContract(() => ({ store: new MemoryCommandStore() }), traits),
  MemoryOutboxStore: outboxStoreContract(
    () => {
      const clock = new ControllableClock(1_700_000_000_000);
      const store = new MemoryOutboxStore(new MemoryWriteLedger(clock), clock);
      return { store, advance: (milliseconds: number) => clock.advance(milliseconds) };
    },
    { ...traits, clock: true, keepsSent: false },
  ),
  MemoryWriteLedger: writeLedgerContract(
    () => {
      const clock = new ControllableClock(1_700_000_000_000);
      const store = new MemoryWriteLedger(clock);
      return { store, advance: (milliseconds: number) => clock.advance(milliseconds) };
    },
    { ...traits, clock: true },
  ),
  AlwaysGrantedLeaseStore: leaseStoreContract(() => ({ store: new AlwaysGrantedLeaseStore() }), traits),
};

for (const [store, cases] of Object.entries(suites)) {
  describe(store, () => {
    for (const { name, run } of cases) it(name, run);
  });
}
