import type { Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import type { IngestionClient } from '../platform/ingestion.client.js';
import { MemoryOutboxStore } from '../state/memory-outbox.store.js';
import { MemoryWriteLedger } from '../state/memory-write.ledger.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import { DurableWriter } from './durable.writer.js';
import { Outbox } from './outbox/outbox.js';
import type { ResolvedOutboxOptions } from './outbox/outbox.options.js';
import { OutboxRelay } from './outbox/outbox.relay.js';
import { OutboxSender, type OutboxSenderDependencies } from './outbox/outbox.sender.js';

/** What the parts need of the engine. */
export interface DurableWritesSource {
  readonly options: {
    readonly clock: Clock;
    readonly logger: PathwaysLogger;
    readonly telemetry: Telemetry;
    readonly maxBatchSize: number;
    readonly runtimeEnv: string;
    readonly outbox: ResolvedOutboxOptions;
  };
  readonly store: PathwaysStore;
  readonly ingestion: IngestionClient;
  readonly onStored: OutboxSenderDependencies['onStored'];
}

/** Outbox and idempotent writes, wired together. */
export function createDurableWrites({ options, store, ingestion, onStored }: DurableWritesSource) {
  const { clock, logger, telemetry, maxBatchSize, runtimeEnv } = options;
  const ledger = store.writes ?? new MemoryWriteLedger(clock);
  // A memory outbox in production would lose what it promises to keep.
  const ownOutbox = runtimeEnv === 'production' ? undefined : new MemoryOutboxStore(ledger, clock);
  const outboxStore = store.outbox ?? ownOutbox;
  const relay =
    outboxStore && options.outbox.relay
      ? new OutboxRelay({
          store: outboxStore,
          leases: store.leases,
          sender: new OutboxSender({ store: outboxStore, ingestion, clock, logger, telemetry, onStored }),
          clock,
          logger,
          options: options.outbox,
          maxBatchSize,
        })
      : undefined;
  const wake = () => relay?.wake();
  const writer = new DurableWriter({
    ingestion,
    ledger,
    outbox: outboxStore,
    clock,
    logger,
    maxBatchSize,
    onEnqueued: wake,
  });
  const outbox = new Outbox({ store: outboxStore, logger, wake });
  return { writer, relay, outbox };
}
