import type { Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import type { EventSource } from '../platform/event-source.interface.js';
import type { PumpProcessor } from '../processor/pump-processor.interface.js';
import type { CursorStore, PumpId } from '../state/cursor-store.interface.js';
import type { LeaseStore } from '../state/lease-store.interface.js';
import type { PauseLedger } from './pause.ledger.js';
import type { CreatePumpReader } from './pump-reader.interface.js';
import type { ResolvedPumpOptions } from './pump.options.js';

/** Everything a pump works with. */
export interface PumpDependencies {
  readonly id: PumpId;
  readonly eventTypes: readonly string[];
  readonly concurrency: number;
  readonly options: ResolvedPumpOptions;
  readonly source: EventSource;
  /** @default the library's own fetcher */
  readonly createReader?: CreatePumpReader | undefined;
  readonly processor: PumpProcessor;
  readonly cursors: CursorStore;
  readonly leases: LeaseStore;
  readonly pauses: PauseLedger;
  /** Look back at start too: right when marks survive a restart. */
  readonly sweepOnStart: boolean;
  /** Milliseconds handlers get to finish when another instance asks for the pump. */
  readonly shutdownTimeoutMs: number;
  /** It has reached its stop position. */
  onDone(): void;
  /** It delivers nothing until somebody acts, and no handler of it runs here. May be told again. */
  onRest?(): void;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  readonly telemetry: Telemetry;
}
