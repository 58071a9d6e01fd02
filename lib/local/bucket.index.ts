import type { LogCount } from './event-log.interface.js';
import { insertSorted } from './sorted-list.util.js';

/** Which event type has how many events in which bucket. */
export class BucketIndex {
  private readonly eventsByType = new Map<string, Map<string, number>>();
  private readonly bucketsByType = new Map<string, string[]>();

  add(eventTypeId: string, timeBucket: string, events: number): void {
    let byBucket = this.eventsByType.get(eventTypeId);
    let buckets = this.bucketsByType.get(eventTypeId);
    if (!byBucket || !buckets) {
      this.eventsByType.set(eventTypeId, (byBucket = new Map()));
      this.bucketsByType.set(eventTypeId, (buckets = []));
    }
    const before = byBucket.get(timeBucket);
    if (before === undefined) insertSorted(buckets, timeBucket);
    byBucket.set(timeBucket, (before ?? 0) + events);
  }

  bucketsOf(eventTypeId: string): readonly string[] {
    return this.bucketsByType.get(eventTypeId) ?? [];
  }

  typesIn(timeBucket: string): string[] {
    return [...this.eventsByType]
      .filter(([, byBucket]) => byBucket.has(timeBucket))
      .map(([eventTypeId]) => eventTypeId);
  }

  counts(): LogCount[] {
    return [...this.eventsByType].flatMap(([eventTypeId, byBucket]) =>
      [...byBucket].map(([timeBucket, events]) => ({ eventTypeId, timeBucket, events })),
    );
  }
}
