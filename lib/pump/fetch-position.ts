import type { Clock } from '../event/clock.interface.js';
import { compareTimeUuids, timeOfTimeUuid, timeUuid } from '../event/time-uuid.util.js';

/** How far behind the position is read again: events stored side by side may become readable out of order. */
const OVERLAP_MS = 5_000;
/** Events of a moment are all readable this long after it, but for late ones. */
export const SETTLED_AFTER_MS = OVERLAP_MS;
/** The overlap never holds more events than this, however dense they are. */
const MOST_OVERLAPPING_IDS = 1_000;
/**
 * An event dated further ahead than this is handled, but does not become the position: everything stored until its time
 * comes would lie behind it. Wide enough for a clock that is wrong by minutes.
 */
export const FUTURE_MS = 600_000;

/** How far a pump has read: the newest id, and the ones just before it. */
export class FetchPosition {
  /** The last ids in order; a ring. */
  private readonly lastIds: string[] = [];
  private at = 0;
  private horizonId = '';
  private horizonMadeAt = -Infinity;
  private current: string;

  /**
   * @param start where this pump began.
   * @param stopAt the last id there is for it; `undefined`: it goes on for ever.
   */
  constructor(
    readonly start: string,
    private readonly clock: Clock,
    private readonly stopAt?: string,
  ) {
    this.current = start;
  }

  get id(): string {
    return this.current;
  }

  /** True when the event lies at or behind the position: the walk will not meet it any more. */
  isPast(eventId: string): boolean {
    return compareTimeUuids(eventId, this.current) <= 0;
  }

  /** True when the event lies behind the place where the pump stops: it is not there for it. */
  isBeyondStop(eventId: string): boolean {
    return this.stopAt !== undefined && compareTimeUuids(eventId, this.stopAt) > 0;
  }

  /** Makes an event the position, unless it is late or dated far ahead. Tells whether it did. */
  moveTo(eventId: string): boolean {
    if (this.isPast(eventId) || compareTimeUuids(eventId, this.horizon()) > 0) return false;
    this.current = eventId;
    this.lastIds[this.at] = eventId;
    this.at = (this.at + 1) % MOST_OVERLAPPING_IDS;
    return true;
  }

  /** A little before the position, but never before the start. */
  overlapStart(): string {
    const byTime = this.before(OVERLAP_MS);
    const byCount = this.lastIds.length < MOST_OVERLAPPING_IDS ? undefined : this.lastIds[this.at];
    const start = byCount !== undefined && compareTimeUuids(byCount, byTime) > 0 ? byCount : byTime;
    return compareTimeUuids(start, this.start) > 0 ? start : this.start;
  }

  /** The place that many milliseconds before the position. */
  before(milliseconds: number): string {
    return timeUuid(Math.max(0, timeOfTimeUuid(this.current).unixMs - milliseconds));
  }

  /** Made anew once a second: per event it would cost more than everything else here. */
  private horizon(): string {
    const now = Math.trunc(this.clock.now());
    if (Math.abs(now - this.horizonMadeAt) >= 1_000) {
      this.horizonMadeAt = now;
      this.horizonId = timeUuid(now + FUTURE_MS);
    }
    return this.horizonId;
  }
}
