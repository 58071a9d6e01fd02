export { ControllableClock } from './controllable-clock.js';
export {
  MemoryPlatform,
  type MemoryPlatformRequest,
  type StoreBehaviour,
  type StoredEventInput,
} from './memory-platform.js';
export { createStoreContext } from './store-context.js';

export {
  type ContractCase,
  type KnownTraits,
  type StoreCreator,
  type StoreTraits,
  type StoreUnderTest,
} from './contracts/contract-case.interface.js';
export { pathwayStateContract } from './contracts/pathway-state.contract.js';
export { chunkStoreContract, type ChunkStoreTraits } from './contracts/chunk-store.contract.js';
export { commandStoreContract } from './contracts/command-store.contract.js';
export { cursorStoreContract, type CursorStoreTraits } from './contracts/cursor-store.contract.js';
export { deadLetterStoreContract } from './contracts/dead-letter-store.contract.js';
export {
  deadLetterEndingContract,
  type DeadLetterEndingStore,
} from './contracts/dead-letter-ending.contract.js';
export { deliveryStoreContract } from './contracts/delivery-store.contract.js';
export { leaseStoreContract } from './contracts/lease-store.contract.js';
export { orderedClaimContract, type OrderedClaimStore } from './contracts/ordered-claim.contract.js';
export { orderedRunContract, type OrderedRunStore } from './contracts/ordered-run.contract.js';
export { outboxStoreContract } from './contracts/outbox-store.contract.js';
export { type OutboxStoreTraits, type OutboxUnderTest } from './contracts/outbox-bench.js';
export { writeLedgerContract, type WriteLedgerTraits } from './contracts/write-ledger.contract.js';
export {
  filePartStoreContract,
  type FilePartStoreTraits,
  type FilePartsUnderTest,
} from './contracts/file-part-store.contract.js';
export {
  type TransactionalStore,
  type TransactionEffects,
  type TransactionRunnerTraits,
} from './contracts/attempt-bench.js';
export { transactionRunnerContract } from './contracts/transaction-runner.contract.js';
export {
  eventSignalsContract,
  type SignallingStore,
  type SignalsUnderTest,
} from './contracts/event-signals.contract.js';
