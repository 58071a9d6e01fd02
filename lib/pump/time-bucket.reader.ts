import type { Clock } from '../event/clock.interface.js';
import { timeBucketOf } from '../event/time-bucket.util.js';
import { timeBucketOfTimeUuid } from '../event/time-uuid.util.js';
import type { EventPage, EventPageQuery, EventSource } from '../platform/event-source.interface.js';
import type { EventIntake } from './event.intake.js';
import type { FetchBuffer } from './fetch-buffer.js';
import { FUTURE_MS } from './fetch-position.js';
import { identityOf } from './malformed-identity.util.js';

/** What the reader works with. */
export interface TimeBucketReaderOptions {
  readonly source: EventSource;
  readonly buffer: FetchBuffer;
  readonly intake: EventIntake;
  readonly clock: Clock;
  readonly eventTypeIds: readonly string[];
  /** The hour to begin in. */
  readonly timeBucket: string;
  /** Nothing behind this id is read. */
  readonly stopAt?: string | undefined;
}

/** Narrows a read. */
export interface ReadRange {
  readonly eventTypeIds?: readonly string[];
  readonly toEventId?: string;
  /** Called after every page with its last id. */
  onReached?(eventId: string): void;
  /** Asked after every page: whether the read ends here although there may be more. */
  isEnough?(): boolean;
}

/** Reads stored hours, page by page, as the buffer has room. */
export class TimeBucketReader {
  eventTypeIds: readonly string[];
  /** The newest hour read. */
  timeBucket: string;

  constructor(private readonly options: TimeBucketReaderOptions) {
    this.eventTypeIds = options.eventTypeIds;
    this.timeBucket = options.timeBucket;
  }

  /** Every listed hour from the one of the id on. Tells whether it came to the end of them. */
  async readFrom(afterId: string, signal: AbortSignal, range: ReadRange = {}): Promise<boolean> {
    const { eventTypeIds = this.eventTypeIds, toEventId = this.options.stopAt } = range;
    const from = timeBucketOfTimeUuid(afterId);
    const to = toEventId === undefined ? undefined : timeBucketOfTimeUuid(toEventId);
    const bounds = to === undefined ? { from } : { from, to };
    const buckets = await this.options.source.listTimeBuckets(eventTypeIds, bounds, signal);
    for (const bucket of buckets) {
      const isInRange = bucket >= from && (to === undefined || bucket <= to);
      if (isInRange && !(await this.readBucket(bucket, afterId, signal, range))) return false;
    }
    return true;
  }

  /** Tells whether it came to the end of the hour. */
  async readBucket(
    timeBucket: string,
    afterEventId: string,
    signal: AbortSignal,
    {
      eventTypeIds = this.eventTypeIds,
      toEventId = this.options.stopAt,
      onReached,
      isEnough,
    }: ReadRange = {},
  ): Promise<boolean> {
    const { buffer, intake, clock } = this.options;
    let cursor: string | undefined;
    let isCut = false;
    do {
      const pageSize = await buffer.room(signal);
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
      await intake.takeAll(page, signal);
      const { key } = identityOf(page.events.at(-1));
      if (key !== undefined) onReached?.(key);
      cursor = page.nextCursor;
      isCut = cursor !== undefined && (isEnough?.() ?? false);
    } while (cursor !== undefined && !isCut);
    if (timeBucket > this.timeBucket && timeBucket <= timeBucketOf(clock.now() + FUTURE_MS))
      this.timeBucket = timeBucket;
    return !isCut;
  }

  async fetch(query: EventPageQuery, signal: AbortSignal): Promise<EventPage> {
    const page = await this.options.source.fetchEvents(query, signal);
    this.options.buffer.learn(page.events.length, page.bytes);
    return page;
  }
}
