import { compareTimeUuids } from '../event/time-uuid.util.js';
import type { FetchPosition } from './fetch-position.js';
import type { TimeBucketReader } from './time-bucket.reader.js';

/** What the sweep works with. */
export interface LookBackSweepOptions {
  readonly reader: TimeBucketReader;
  readonly position: FetchPosition;
  readonly lookBackMs: number;
  /** Nothing up to this id is read. */
  readonly floor: string;
}

/** Reads the last `lookBackMs` again, for events that were stored late while nobody listened. */
export class LookBackSweep {
  /** How far an unfinished sweep came. */
  private reached: string | undefined;
  private floor: string;

  constructor(private readonly options: LookBackSweepOptions) {
    this.floor = options.floor;
  }

  /** Marks of events up to there may be gone: read again, they would be handled again. */
  raiseFloor(eventId: string): void {
    if (compareTimeUuids(eventId, this.floor) > 0) this.floor = eventId;
  }

  /** There is a new gap: what an unfinished sweep has read may be incomplete by now. */
  restart(): void {
    this.reached = undefined;
  }

  /**
   * After a failure the next call goes on where this one ended, or a platform that fails now and then would never let it
   * end.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { floor } = this;
    const { reader, position, lookBackMs } = this.options;
    const toEventId = position.id;
    const from = position.before(lookBackMs);
    this.reached ??= compareTimeUuids(from, floor) < 0 ? floor : from;
    if (compareTimeUuids(this.reached, toEventId) < 0) {
      await reader.readFrom(this.reached, signal, { toEventId, onReached: (id) => (this.reached = id) });
    }
    this.reached = undefined;
  }
}
