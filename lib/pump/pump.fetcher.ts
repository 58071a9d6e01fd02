import { checkStoredEvent, isRecord } from '../event/event-shape.util.js';
import type { Clock } from '../event/clock.interface.js';
import { timeBucketOf } from '../event/time-bucket.util.js';
import {
  compareTimeUuids,
  isTimeUuid,
  timeBucketOfTimeUuid,
  timeOfTimeUuid,
  timeUuid,
} from '../event/time-uuid.util.js';
import type { EventPageQuery, EventSource } from '../platform/event-source.interface.js';
import type { PumpProcessor } from '../processor/pump-processor.interface.js';
import type { PumpItem } from './pump-item.interface.js';
import type { ResolvedPumpOptions } from './pump.options.js';
import { RecentIds } from './recent-ids.js';

/** What the fetcher works with. */
export interface PumpFetcherOptions {
  readonly eventTypeIds: readonly string[];
  /** Nothing before this id is ever read: the pump began here, or marks of older events are gone. */
  readonly floor: string | undefined;
  /** Everything after this id is fetched. */
  readonly position: string;
  readonly timeBucket: string;
  readonly options: ResolvedPumpOptions;
  readonly source: EventSource;
  readonly clock: Clock;
  readonly generation: number;
  readonly pumpKey: string;
  readonly processor: PumpProcessor;
  accept(item: PumpItem): void;
}

/** How far behind the fetch position is read again: events stored side by side may become readable out of order. */
const OVERLAP_MS = 5_000;
const REMEMBERED_IDS = 20_000;
/** The overlap never holds more events than this, however dense they are. */
const MOST_OVERLAPPING_IDS = 1_000;
/** Late events announced but not read yet; beyond this the look-back sweep is cheaper. */
const MOST_LATE_IDS = 1_000;

/**
 * Reads a pump's events in order into a bounded buffer.
 *
 * The list of hours is read anew whenever the known ones are exhausted, so an hour that begins while the pump is busy is
 * not skipped; only when nothing newer is listed, everything stored has been read.
 */
export class PumpFetcher {
  bufferedEvents = 0;
  bufferedBytes = 0;
  /** Everything stored so far has been read, as far as is known. */
  isExhausted = false;
  /** Grows with every sign that there may be more to read. */
  private announcements = 0;
  private eventTypeIds: readonly string[];
  /** Ids of the last events in order; a ring. */
  private readonly lastIds: string[] = [];
  private lastIdsAt = 0;

  private position: string;
  private timeBucket: string;
  private readonly recent = new RecentIds(REMEMBERED_IDS);
  private readonly late = new Set<string>();
  private roomListener: (() => void) | undefined;
  private lastFullRead = -Infinity;

  constructor(private readonly deps: PumpFetcherOptions) {
    this.position = deps.position;
    this.timeBucket = deps.timeBucket;
    this.eventTypeIds = deps.eventTypeIds;
  }

  /** An event was stored. One behind the position is late: the walk will not meet it. */
  announce(eventId: string): void {
    this.announcements++;
    this.isExhausted = false;
    if (!isTimeUuid(eventId) || this.recent.has(eventId)) return;
    if (compareTimeUuids(eventId, this.position) <= 0 && this.late.size < MOST_LATE_IDS)
      this.late.add(eventId);
  }

  /** A buffered event is finished: its room is free. */
  release(item: PumpItem): void {
    this.bufferedEvents--;
    this.bufferedBytes -= item.bytes;
    if (this.roomListener && this.hasRoom()) this.roomListener();
  }

  /** Makes the next read a full one. */
  distrust(): void {
    this.announcements++;
    this.isExhausted = false;
    this.lastFullRead = -Infinity;
  }

  /** Event types that exist only now: their events are read from where this pump began. */
  async addEventTypes(eventTypeIds: readonly string[], signal: AbortSignal): Promise<void> {
    this.eventTypeIds = [...this.eventTypeIds, ...eventTypeIds];
    await this.readBuckets(this.deps.position, signal, eventTypeIds);
  }

  /** Reads until nothing more is there. */
  async readAll(signal: AbortSignal): Promise<void> {
    const { announcements } = this;
    this.isExhausted = false;
    await this.readOn(signal);
    this.isExhausted = announcements === this.announcements;
  }

  private async readOn(signal: AbortSignal): Promise<void> {
    const { clock, options } = this.deps;
    await this.readLate(signal);
    // Between two full reads only the current hour is asked, unless the clock left it: one request per wake-up.
    const isFullReadDue = clock.now() - this.lastFullRead >= options.pollIntervalMs;
    if (!isFullReadDue && this.timeBucket === timeBucketOf(clock.now())) {
      await this.readBucket(this.timeBucket, this.position, signal);
      return;
    }
    for (;;) {
      const before = this.position;
      await this.readBuckets(this.overlapStart(), signal);
      if (this.position === before) break;
    }
    this.lastFullRead = clock.now();
  }

  /** Reads the last `lookBackMs` again, for events that were stored late while nobody listened. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { floor, options } = this.deps;
    const from = timeUuid(Math.max(0, timeOfTimeUuid(this.position).unixMs - options.lookBackMs));
    await this.readBuckets(floor !== undefined && compareTimeUuids(from, floor) < 0 ? floor : from, signal);
  }

  private async readBuckets(
    afterId: string,
    signal: AbortSignal,
    eventTypeIds = this.eventTypeIds,
  ): Promise<void> {
    const from = timeBucketOfTimeUuid(afterId);
    const buckets = await this.deps.source.listTimeBuckets(eventTypeIds, { from }, signal);
    for (const bucket of buckets) {
      if (bucket >= from) await this.readBucket(bucket, afterId, signal, eventTypeIds);
    }
  }

  private async readBucket(
    timeBucket: string,
    afterEventId: string,
    signal: AbortSignal,
    eventTypeIds = this.eventTypeIds,
  ): Promise<void> {
    let cursor: string | undefined;
    do {
      await this.room(signal);
      const pageSize = Math.max(1, this.deps.options.bufferSize - this.bufferedEvents);
      cursor = await this.readPage(
        { eventTypeIds, timeBucket, pageSize, ...(cursor ? { cursor } : { afterEventId }) },
        signal,
      );
    } while (cursor !== undefined);
    if (timeBucket > this.timeBucket) this.timeBucket = timeBucket;
  }

  private async readLate(signal: AbortSignal): Promise<void> {
    for (const eventId of [...this.late]) {
      await this.room(signal);
      const { eventTypeIds } = this;
      const timeBucket = timeBucketOfTimeUuid(eventId);
      await this.readPage(
        { eventTypeIds, timeBucket, pageSize: 10, fromEventId: eventId, toEventId: eventId },
        signal,
      );
      this.late.delete(eventId);
    }
  }

  private async readPage(query: EventPageQuery, signal: AbortSignal): Promise<string | undefined> {
    const { events, bytes, nextCursor } = await this.deps.source.fetchEvents(query, signal);
    const bytesPerEvent = events.length > 0 ? Math.ceil(bytes / events.length) : 0;
    for (const raw of events) {
      if (signal.aborted) throw signal.reason;
      await this.take(raw, bytesPerEvent);
    }
    return nextCursor;
  }

  private take(raw: unknown, bytes: number): void | Promise<void> {
    const { event, problems } = checkStoredEvent(raw);
    if (!event) return this.takeMalformed(raw, problems);
    if (this.recent.has(event.eventId)) return;
    this.recent.add(event.eventId);
    const movesCursor = compareTimeUuids(event.eventId, this.position) > 0;
    if (movesCursor) this.moveTo(event.eventId);
    this.bufferedEvents++;
    this.bufferedBytes += bytes;
    this.deps.accept({
      event,
      orderKey: this.deps.processor.orderKey(event),
      bytes,
      fetchedAt: this.deps.clock.now(),
      movesCursor,
      finished: false,
    });
  }

  /** Kept as a dead letter before anything behind it is read: the cursor may then pass it. */
  private async takeMalformed(raw: unknown, problems: readonly string[]): Promise<void> {
    const eventId = isRecord(raw) ? raw.eventId : undefined;
    if (isTimeUuid(eventId)) {
      if (this.recent.has(eventId)) return;
    }
    await this.deps.processor.deadLetterMalformed(raw, problems, {
      source: this.deps.pumpKey,
      generation: this.deps.generation,
    });
    if (!isTimeUuid(eventId)) return;
    this.recent.add(eventId);
    if (compareTimeUuids(eventId, this.position) > 0) this.moveTo(eventId);
  }

  /** A little before the position, but never before where this pump began. */
  private overlapStart(): string {
    const { unixMs } = timeOfTimeUuid(this.position);
    const byTime = timeUuid(Math.max(0, unixMs - OVERLAP_MS));
    const byCount = this.lastIds.length < MOST_OVERLAPPING_IDS ? undefined : this.lastIds[this.lastIdsAt];
    const start = byCount !== undefined && compareTimeUuids(byCount, byTime) > 0 ? byCount : byTime;
    return compareTimeUuids(start, this.deps.position) > 0 ? start : this.deps.position;
  }

  private moveTo(eventId: string): void {
    this.position = eventId;
    this.lastIds[this.lastIdsAt] = eventId;
    this.lastIdsAt = (this.lastIdsAt + 1) % MOST_OVERLAPPING_IDS;
  }

  private hasRoom(): boolean {
    const { bufferSize, bufferBytes } = this.deps.options;
    // Half a buffer of room, so that a slow handler does not cause a request per event.
    return this.bufferedEvents <= bufferSize / 2 && this.bufferedBytes <= bufferBytes / 2;
  }

  private async room(signal: AbortSignal): Promise<void> {
    if (!this.hasRoom()) {
      await new Promise<void>((resolve) => {
        const leave = () => {
          signal.removeEventListener('abort', leave);
          this.roomListener = undefined;
          resolve();
        };
        this.roomListener = leave;
        if (signal.aborted) leave();
        else signal.addEventListener('abort', leave, { once: true });
      });
    }
    signal.throwIfAborted();
  }
}
