import { timeBucketOfTimeUuid } from '../event/time-uuid.util.js';
import type { EventPageQuery, EventSource } from '../platform/event-source.interface.js';
import type { EventIntake } from '../pump/event.intake.js';
import { identityOf } from '../pump/malformed-identity.util.js';

/** Where to look. */
export interface UnreadRange {
  readonly eventTypeIds: readonly string[];
  /** Exclusive. */
  readonly afterEventId: string;
  /** The first hour that is left out. */
  readonly endBucket: string;
}

/** The first event decides, unless it was taken already. */
const PAGE_SIZE = 10;

/** Asks the platform itself what is stored and was not handed out. */
export class UnreadEventFinder {
  constructor(
    private readonly source: EventSource,
    private readonly intake: EventIntake,
  ) {}

  /** Id of the first such event. */
  async find(range: UnreadRange, signal: AbortSignal): Promise<string | undefined> {
    const { eventTypeIds, afterEventId, endBucket } = range;
    const from = timeBucketOfTimeUuid(afterEventId);
    for (const timeBucket of await this.source.listTimeBuckets(eventTypeIds, { from }, signal)) {
      if (timeBucket < from || timeBucket >= endBucket) continue;
      const found = await this.findIn(
        { eventTypeIds, timeBucket, pageSize: PAGE_SIZE },
        afterEventId,
        signal,
      );
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private async findIn(
    hour: EventPageQuery,
    afterEventId: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    let cursor: string | undefined;
    do {
      const place = cursor === undefined ? { afterEventId } : { cursor };
      const page = await this.source.fetchEvents({ ...hour, ...place }, signal);
      const ids = page.events.flatMap((event) => identityOf(event).key ?? []);
      const unread = ids.find((id) => !this.intake.has(id));
      if (unread !== undefined) return unread;
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return undefined;
  }
}
