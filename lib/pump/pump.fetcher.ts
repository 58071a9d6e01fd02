import { checkStoredEvent } from '../event/event-shape.util.js';
import type { Clock } from '../event/clock.interface.js';
import { timeBucketOf } from '../event/time-bucket.util.js';
import { compareTimeUuids, isTimeUuid, timeBucketOfTimeUuid } from '../event/time-uuid.util.js';
import type { EventPage, EventPageQuery, EventSource } from '../platform/event-source.interface.js';
import type { PumpProcessor } from '../processor/pump-processor.interface.js';
import type { AnnouncedEvents } from './announced-events.js';
import { FUTURE_MS, FetchPosition } from './fetch-position.js';
import { identityOf } from './malformed-identity.util.js';
import { PageSizeEstimator } from './page-size.estimator.js';
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
  readonly announced: AnnouncedEvents;
  accept(item: PumpItem): void;
}

/** Narrows a read. */
interface ReadRange {
  readonly eventTypeIds?: readonly string[];
  readonly toEventId?: string;
  /** Called after every page with its last id. */
  onReached?(eventId: string): void;
}

const REMEMBERED_IDS = 20_000;

/**
 * Reads a pump's events in order into a bounded buffer.
 *
 * The list of hours is read anew whenever the known ones are exhausted, so an hour that begins while the pump is busy is
 * not skipped; only when nothing newer is listed, everything stored has been read.
 *
 * An event behind the position (late, or backdated) is met by three nets: its announcement, the overlap that every full
 * read begins with, and the sweep after a gap in the announcements.
 */
export class PumpFetcher {
  /** Fetched, and not yet behind the cursor: a slow event must not let the others pile up without limit. */
  bufferedEvents = 0;
  bufferedBytes = 0;
  /** Everything stored so far has been read, as far as is known. */
  isExhausted = false;
  /** Grows with every sign that there may be more to read. */
  private signs = 0;
  private eventTypeIds: readonly string[];

  private readonly position: FetchPosition;
  private timeBucket: string;
  private readonly recent = new RecentIds(REMEMBERED_IDS);
  private readonly pageSizes = new PageSizeEstimator();
  private roomListener: (() => void) | undefined;
  private lastFullRead = -Infinity;
  /** How far an unfinished sweep came. */
  private sweptTo: string | undefined;

  constructor(private readonly deps: PumpFetcherOptions) {
    this.position = new FetchPosition(deps.position, deps.clock);
    this.timeBucket = deps.timeBucket;
    this.eventTypeIds = deps.eventTypeIds;
  }

  /** An event was stored. Tells whether it is news: what was read already causes no request. */
  announce(eventId: string): boolean {
    if (this.recent.has(eventId)) return false;
    this.signs++;
    this.isExhausted = false;
    if (isTimeUuid(eventId)) this.deps.announced.add(eventId);
    else this.lastFullRead = -Infinity;
    return true;
  }

  /** The cursor passed a buffered event: its room is free. */
  release(item: PumpItem): void {
    this.bufferedEvents--;
    this.bufferedBytes -= item.bytes;
    if (this.roomListener && this.hasRoom()) this.roomListener();
  }

  /** Makes the next read a full one. */
  distrust(): void {
    this.signs++;
    this.isExhausted = false;
    this.lastFullRead = -Infinity;
  }

  /** Event types that exist only now: their events are read from where this pump began. */
  async addEventTypes(eventTypeIds: readonly string[], signal: AbortSignal): Promise<void> {
    this.eventTypeIds = [...this.eventTypeIds, ...eventTypeIds];
    await this.readBuckets(this.deps.position, signal, { eventTypeIds });
  }

  /** Reads until nothing more is there. */
  async readAll(signal: AbortSignal): Promise<void> {
    const { signs } = this;
    this.isExhausted = false;
    await this.readLate(signal);
    await this.readOn(signal);
    this.postponeUnreadable();
    this.isExhausted = signs === this.signs && this.deps.announced.size === 0;
  }

  private async readOn(signal: AbortSignal): Promise<void> {
    const { clock, options } = this.deps;
    // Between two full reads only the current hour is asked, unless the clock left it: one request per wake-up.
    const isFullReadDue = clock.now() - this.lastFullRead >= options.pollIntervalMs;
    if (!isFullReadDue && this.timeBucket === timeBucketOf(clock.now()) && !this.isOtherHourAnnounced()) {
      await this.readBucket(this.timeBucket, this.position.id, signal);
      return;
    }
    for (;;) {
      const before = this.position.id;
      await this.readBuckets(this.position.overlapStart(), signal);
      if (this.position.id === before) break;
    }
    this.lastFullRead = clock.now();
  }

  /** A gap in the announcements: the next sweep begins anew. */
  lookBack(): void {
    this.sweptTo = undefined;
  }

  /**
   * Reads the last `lookBackMs` again, for events that were stored late while nobody listened. After a failure the next
   * call goes on where this one ended, or a platform that fails now and then would never let it end.
   */
  async sweep(signal: AbortSignal): Promise<void> {
    const { floor, options } = this.deps;
    const toEventId = this.position.id;
    const from = this.position.before(options.lookBackMs);
    this.sweptTo ??= floor !== undefined && compareTimeUuids(from, floor) < 0 ? floor : from;
    if (compareTimeUuids(this.sweptTo, toEventId) < 0) {
      await this.readBuckets(this.sweptTo, signal, { toEventId, onReached: (id) => (this.sweptTo = id) });
    }
    this.sweptTo = undefined;
  }

  private async readBuckets(afterId: string, signal: AbortSignal, range: ReadRange = {}): Promise<void> {
    const { eventTypeIds = this.eventTypeIds, toEventId } = range;
    const from = timeBucketOfTimeUuid(afterId);
    const to = toEventId === undefined ? undefined : timeBucketOfTimeUuid(toEventId);
    const bounds = to === undefined ? { from } : { from, to };
    const buckets = await this.deps.source.listTimeBuckets(eventTypeIds, bounds, signal);
    for (const bucket of buckets) {
      if (bucket >= from && (to === undefined || bucket <= to))
        await this.readBucket(bucket, afterId, signal, range);
    }
  }

  private async readBucket(
    timeBucket: string,
    afterEventId: string,
    signal: AbortSignal,
    { eventTypeIds = this.eventTypeIds, toEventId, onReached }: ReadRange = {},
  ): Promise<void> {
    let cursor: string | undefined;
    do {
      const pageSize = await this.room(signal);
      const page = await this.fetch(
        {
          eventTypeIds,
          timeBucket,
          pageSize,
          ...(cursor ? { cursor } : { afterEventId }),
          ...(toEventId === undefined ? {} : { toEventId }),
        },
        signal,
      );
      await this.takeAll(page, signal);
      const { key } = identityOf(page.events.at(-1));
      if (key !== undefined) onReached?.(key);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    if (timeBucket > this.timeBucket && timeBucket <= timeBucketOf(this.deps.clock.now() + FUTURE_MS))
      this.timeBucket = timeBucket;
  }

  /**
   * Announced events behind the position. Every request begins at one of them and ends at the last of its hour, so a run
   * of backdated events costs few requests and two far apart do not read what lies between.
   */
  private async readLate(signal: AbortSignal): Promise<void> {
    const late = this.deps.announced
      .due()
      .filter((eventId) => !this.isKnown(eventId) && this.position.isPast(eventId))
      .sort(compareTimeUuids);
    const missing = new Set(late);
    for (let at = 0; at < late.length;) {
      const first = late[at] as string;
      const timeBucket = timeBucketOfTimeUuid(first);
      const pageSize = await this.room(signal);
      let end = at + 1;
      while (
        end < late.length &&
        end - at < pageSize &&
        timeBucketOfTimeUuid(late[end] as string) === timeBucket
      )
        end++;
      const toEventId = late[end - 1] as string;
      const page = await this.fetch(
        {
          eventTypeIds: this.eventTypeIds,
          timeBucket,
          pageSize: Math.min(pageSize, end - at),
          fromEventId: first,
          toEventId,
        },
        signal,
      );
      let reached: string | undefined;
      for (const raw of page.events) {
        const { key } = identityOf(raw);
        reached = key ?? reached;
        // Others in the range were read before, or are announced by themselves.
        if (key !== undefined && missing.delete(key)) await this.take(raw, bytesPerEvent(page), signal);
      }
      const isRangeRead = page.nextCursor === undefined || reached === undefined;
      at = isRangeRead
        ? end
        : Math.max(
            at + 1,
            late.findIndex((eventId) => compareTimeUuids(eventId, reached ?? first) > 0),
          );
    }
    for (const eventId of missing) this.deps.announced.postpone(eventId);
  }

  private async fetch(query: EventPageQuery, signal: AbortSignal): Promise<EventPage> {
    const page = await this.deps.source.fetchEvents(query, signal);
    this.pageSizes.learn(page.events.length, page.bytes);
    return page;
  }

  private async takeAll(page: EventPage, signal: AbortSignal): Promise<void> {
    const bytes = bytesPerEvent(page);
    for (const raw of page.events) {
      if (signal.aborted) throw signal.reason;
      const kept = this.take(raw, bytes, signal);
      if (kept) await kept;
    }
  }

  private take(raw: unknown, bytes: number, signal: AbortSignal): Promise<void> | undefined {
    const { event, problems } = checkStoredEvent(raw);
    if (!event) return this.takeMalformed(raw, problems, signal);
    const { eventId } = event;
    if (this.deps.announced.size > 0) this.deps.announced.delete(eventId);
    if (this.recent.has(eventId)) return;
    this.recent.add(eventId);
    const movesCursor = this.position.moveTo(eventId);
    this.bufferedEvents++;
    this.bufferedBytes += bytes;
    this.deps.accept({
      event,
      orderKey: this.deps.processor.orderKey(event),
      bytes,
      fetchedAt: this.deps.clock.now(),
      movesCursor,
      finished: false,
      next: undefined,
    });
    return;
  }

  /** Kept as a dead letter before anything behind it is read: the cursor may then pass it. */
  private async takeMalformed(raw: unknown, problems: readonly string[], signal: AbortSignal): Promise<void> {
    const { key, contentKey } = identityOf(raw);
    const known = key ?? contentKey;
    if (key !== undefined) this.deps.announced.delete(key);
    // At the end of the stream it is read again at every look.
    if (this.recent.has(known)) return;
    await this.deps.processor.deadLetterMalformed(raw, problems, {
      source: this.deps.pumpKey,
      generation: this.deps.generation,
      signal,
    });
    this.recent.add(known);
    if (key !== undefined) this.position.moveTo(key);
  }

  /** Whether an announced event was read already; it is then forgotten. */
  private isKnown(eventId: string): boolean {
    if (!this.recent.has(eventId)) return false;
    this.deps.announced.delete(eventId);
    return true;
  }

  /** What was announced and still lies ahead, or fell behind while reading, is looked for again a little later. */
  private postponeUnreadable(): void {
    const { announced } = this.deps;
    if (announced.size === 0) return;
    for (const eventId of announced.due()) {
      if (this.isKnown(eventId)) continue;
      // Behind now: the page that passed it was read before it was stored. The next read fetches it as a late one.
      if (!this.position.isPast(eventId)) announced.postpone(eventId);
    }
  }

  private isOtherHourAnnounced(): boolean {
    const { announced } = this.deps;
    if (announced.size === 0) return false;
    return announced
      .due()
      .some((eventId) => !this.position.isPast(eventId) && timeBucketOfTimeUuid(eventId) !== this.timeBucket);
  }

  private hasRoom(): boolean {
    const { bufferSize, bufferBytes } = this.deps.options;
    // Half a buffer of room, so that a slow handler does not cause a request per event.
    return this.bufferedEvents <= bufferSize / 2 && this.bufferedBytes <= bufferBytes / 2;
  }

  /** Waits for room; tells how many events fit. */
  private async room(signal: AbortSignal): Promise<number> {
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
    const { bufferSize, bufferBytes } = this.deps.options;
    return this.pageSizes.next(bufferSize - this.bufferedEvents, bufferBytes - this.bufferedBytes);
  }
}

function bytesPerEvent({ events, bytes }: EventPage): number {
  return events.length > 0 ? Math.ceil(bytes / events.length) : 0;
}
