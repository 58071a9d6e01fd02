import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import type { Clock } from '../event/clock.interface.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import type { EventOutcome } from '../processor/event-delivery.interface.js';

/** What a pump has to say of itself: its counters and its latest failure, for the log and the status. */
export class PumpJournal {
  readonly counters = { fetched: 0, processed: 0, skipped: 0, deadLettered: 0, failures: 0 };
  lastError: string | undefined;
  /** The latest failure: what the pump reads does not exist on the platform yet. */
  lastErrorIsNotFound = false;
  lastFinishedId: string | undefined;
  /** Unix milliseconds. */
  lastFinishedAt: number | undefined;

  constructor(
    private readonly pumpKey: string,
    private readonly clock: Clock,
    private readonly logger: PathwaysLogger,
  ) {}

  finished(eventId: string, { status }: EventOutcome): void {
    if (status === 'processed') this.counters.processed++;
    else if (status === 'skipped') this.counters.skipped++;
    else this.counters.deadLettered++;
    this.lastFinishedId = eventId;
    this.lastFinishedAt = this.clock.now();
  }

  failed(error: unknown): void {
    this.counters.failures++;
    const isNew = this.lastError !== String(error);
    this.lastErrorIsNotFound = error instanceof PlatformNotFoundError;
    this.lastError = String(error);
    const text = `Pump ${this.pumpKey}: ${error instanceof Error ? error.message : String(error)}`;
    // The same trouble at every try would bury everything else in the log.
    if (!isNew) this.logger.debug(text);
    else if (error instanceof PlatformNotFoundError) this.logger.warn(`${text} Waiting until it exists.`);
    else this.logger.error(text, errorFields(error));
  }
}
