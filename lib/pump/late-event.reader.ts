import { compareTimeUuids, timeBucketOfTimeUuid } from '../event/time-uuid.util.js';
import type { AnnouncedEvents } from './announced-events.js';
import { bytesPerEvent, type EventIntake } from './event.intake.js';
import type { FetchBuffer } from './fetch-buffer.js';
import type { FetchPosition } from './fetch-position.js';
import { identityOf } from './malformed-identity.util.js';
import type { TimeBucketReader } from './time-bucket.reader.js';

/** What the reader works with. */
export interface LateEventReaderOptions {
  readonly announced: AnnouncedEvents;
  readonly position: FetchPosition;
  readonly buffer: FetchBuffer;
  readonly intake: EventIntake;
  readonly reader: TimeBucketReader;
}

/** Reads announced events behind the position: the walk will not meet them any more. */
export class LateEventReader {
  constructor(private readonly options: LateEventReaderOptions) {}

  /**
   * Every request begins at one of them and ends at the last of its hour, so a run of backdated events costs few requests
   * and two far apart do not read what lies between.
   */
  async read(signal: AbortSignal): Promise<void> {
    const { announced, position, buffer, intake, reader } = this.options;
    const late = announced
      .due()
      .filter((eventId) => !intake.isSettled(eventId) && position.isPast(eventId))
      .sort(compareTimeUuids);
    const missing = new Set(late);
    for (let at = 0; at < late.length;) {
      const first = late[at] as string;
      const pageSize = await buffer.room(signal);
      const end = endOfRun(late, at, pageSize);
      const page = await reader.fetch(
        {
          eventTypeIds: reader.eventTypeIds,
          timeBucket: timeBucketOfTimeUuid(first),
          pageSize: Math.min(pageSize, end - at),
          fromEventId: first,
          toEventId: late[end - 1] as string,
        },
        signal,
      );
      let reached: string | undefined;
      for (const raw of page.events) {
        const { key } = identityOf(raw);
        reached = key ?? reached;
        // Others in the range were read before, or are announced by themselves.
        if (key !== undefined && missing.delete(key)) await intake.take(raw, bytesPerEvent(page), signal);
      }
      const isRangeRead = page.nextCursor === undefined || reached === undefined;
      at = isRangeRead
        ? end
        : Math.max(
            at + 1,
            late.findIndex((eventId) => compareTimeUuids(eventId, reached ?? first) > 0),
          );
    }
    for (const eventId of missing) announced.postpone(eventId);
  }

  /** What was announced and still lies ahead, or fell behind while reading, is looked for again a little later. */
  postponeUnreadable(): void {
    const { announced, position, intake } = this.options;
    if (announced.size === 0) return;
    for (const eventId of announced.due()) {
      if (intake.isSettled(eventId)) continue;
      // Behind now: the page that passed it was read before it was stored. The next read fetches it as a late one.
      if (!position.isPast(eventId)) announced.postpone(eventId);
    }
  }
}

/** Index behind the last of those that share an hour with the one at `from`, and fit into a page. */
function endOfRun(eventIds: readonly string[], from: number, pageSize: number): number {
  const timeBucket = timeBucketOfTimeUuid(eventIds[from] as string);
  let end = from + 1;
  while (
    end < eventIds.length &&
    end - from < pageSize &&
    timeBucketOfTimeUuid(eventIds[end] as string) === timeBucket
  )
    end++;
  return end;
}
