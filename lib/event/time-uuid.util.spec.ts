import { describe, expect, it } from 'vitest';
import {
  compareTimeUuids,
  HIGHEST_TAIL,
  isTimeUuid,
  sortableTimeUuid,
  timeBucketOfTimeUuid,
  timeOfTimeUuid,
  timeUuid,
} from './time-uuid.util.js';

describe('time UUIDs (protocol §4.5)', () => {
  const rows = [
    ['bde7ac07-4548-11f1-9234-0123456789ab', '2026-05-01T10:30:15.123Z', 4567, '20260501100000'],
    ['bde79a30-4548-11f1-8080-808080808080', '2026-05-01T10:30:15.123Z', 0, '20260501100000'],
    ['bde7c13f-4548-11f1-bf7f-7f7f7f7f7f7f', '2026-05-01T10:30:15.123Z', 9999, '20260501100000'],
    ['e5c637ff-454c-11f1-8000-000000000000', '2026-05-01T10:59:59.999Z', 9999, '20260501100000'],
    ['e5c63800-454c-11f1-8000-000000000000', '2026-05-01T11:00:00.000Z', 0, '20260501110000'],
  ] as const;

  it.each(rows)('%s is %s + %i ticks in bucket %s', (id, iso, ticks, bucket) => {
    expect(timeOfTimeUuid(id)).toEqual({ unixMs: Date.parse(iso), ticks });
    expect(timeBucketOfTimeUuid(id)).toBe(bucket);
    expect(timeUuid(Date.parse(iso), ticks, id.slice(19))).toBe(id);
  });

  it('orders by time, not by text', () => {
    expect(
      compareTimeUuids('0a000000-4549-11f1-8000-000000000000', 'bde7ac07-4548-11f1-9234-0123456789ab'),
    ).toBeGreaterThan(0);
  });

  it('breaks ties by signed bytes, so the lowest and highest tails enclose every other', () => {
    const at = Date.parse('2026-05-01T10:30:15.123Z');
    const [lowest, middle, highest] = [
      timeUuid(at, 5),
      timeUuid(at, 5, '9234-0123456789ab'),
      timeUuid(at, 5, HIGHEST_TAIL),
    ];
    expect([highest, middle, lowest].sort(compareTimeUuids)).toEqual([lowest, middle, highest]);
    expect(
      [highest, middle, lowest].sort((a, b) => (sortableTimeUuid(a) < sortableTimeUuid(b) ? -1 : 1)),
    ).toEqual([lowest, middle, highest]);
  });

  it('knows its own form', () => {
    expect(isTimeUuid(rows[0][0])).toBe(true);
    expect(isTimeUuid('5d0c6a52-3f1e-4b7a-9c1d-2e8f00aa11bb')).toBe(false);
    expect(isTimeUuid('BDE7AC07-4548-11F1-9234-0123456789AB')).toBe(false);
    expect(isTimeUuid(null)).toBe(false);
  });
});
