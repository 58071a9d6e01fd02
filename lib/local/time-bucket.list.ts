import type { EventLog } from './event-log.interface.js';
import { HttpRefusal } from './http-refusal.js';
import { orderOf, pageSizeOf, timeBucketParameter } from './query.util.js';

export interface TimeBucketPage {
  readonly timeBuckets: readonly string[];
  readonly nextCursor?: number;
}

/**
 * The hours in which any of the event types has an event, each once.
 *
 * The cursor is the last bucket read as a number, not an index: an index would skip or repeat buckets when a late
 * event opens an earlier one between two pages.
 */
export function listTimeBuckets(
  log: EventLog,
  eventTypeIds: readonly string[],
  parameter: (name: string) => unknown,
): TimeBucketPage {
  const from = timeBucketParameter(parameter('fromTimeBucket'), 'fromTimeBucket') ?? '';
  const to = timeBucketParameter(parameter('toTimeBucket'), 'toTimeBucket') ?? '~';
  const order = orderOf(parameter('order'));
  const pageSize = pageSizeOf(parameter('pageSize'));
  const last = cursorBucket(parameter('cursor'));

  const buckets = [...new Set(eventTypeIds.flatMap((id) => log.timeBuckets(id)))]
    .filter((bucket) => bucket >= from && bucket <= to)
    .sort();
  if (order === 'desc') buckets.reverse();
  const rest =
    last === undefined
      ? buckets
      : buckets.filter((bucket) => (order === 'asc' ? bucket > last : bucket < last));
  const timeBuckets = rest.slice(0, pageSize);
  return rest.length > pageSize ? { timeBuckets, nextCursor: Number(timeBuckets.at(-1)) } : { timeBuckets };
}

function cursorBucket(value: unknown): string | undefined {
  // Clients never send 0: it means "from the start" to them.
  if (value === undefined || value === null || value === '' || Number(value) === 0) return undefined;
  const cursor = Number(value);
  if (!Number.isSafeInteger(cursor) || cursor < 0) {
    throw new HttpRefusal(400, '"cursor" must be a number this platform gave out.');
  }
  return String(cursor).padStart(14, '0');
}
