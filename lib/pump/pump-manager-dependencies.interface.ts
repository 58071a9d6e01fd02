import type { Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import type { EventSource } from '../platform/event-source.interface.js';
import type { NotificationSource } from '../platform/notification-source.interface.js';
import type { PumpProcessor } from '../processor/pump-processor.interface.js';
import type { CursorStore } from '../state/cursor-store.interface.js';
import type { DeliveryStore } from '../state/delivery-store.interface.js';
import type { LeaseStore } from '../state/lease-store.interface.js';
import type { PumpReaders } from './pump-reader.interface.js';
import type { ResolvedPumpOptions } from './pump.options.js';

/** What the manager works with. */
export interface PumpManagerDependencies {
  readonly tenant: string;
  readonly dataCore: string;
  readonly options: ResolvedPumpOptions;
  readonly source: EventSource;
  /**
   * Who reads instead of the library's own fetcher; such readers learn of new events themselves.
   *
   * @default the library's own fetcher
   */
  readonly readers?: PumpReaders | undefined;
  /** Not used by the notifier `poller`. */
  readonly notifications: NotificationSource;
  readonly processor: PumpProcessor;
  readonly cursors: CursorStore;
  readonly leases: LeaseStore;
  /**
   * Keeps pauses.
   *
   * @default in memory: a restart delivers again
   */
  readonly delivery?: DeliveryStore | undefined;
  /**
   * What pauses are stored under: the pathway name.
   *
   * @default the data core
   */
  readonly deliveryKey?: string | undefined;
  /** A pump delivers nothing until somebody acts, and no handler of it runs here. May be told again. */
  onRest?(): void;
  readonly sweepOnStart: boolean;
  /** Milliseconds handlers get to finish when a pump is stopped or reset. */
  readonly shutdownTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  readonly telemetry: Telemetry;
}
