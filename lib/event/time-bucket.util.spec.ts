import { describe, expect, it } from 'vitest';
import { isTimeBucket, nextTimeBucket, timeBucketOf, timeBucketStart } from './time-bucket.util.js';

describe('time buckets', () => {
  it('names the UTC hour', () => {
    expect(timeBucketOf(Date.parse('2026-05-01T10:59:59.999Z'))).toBe('20260501100000');
    expect(timeBucketStart('20260501100000')).toBe(Date.parse('2026-05-01T10:00:00Z'));
  });

  it('passes midnight and the end of a year', () => {
    expect(nextTimeBucket('20261231230000')).toBe('20270101000000');
  });

  it.each([
    '2026050110',
    '20260501100001',
    '20261301100000',
    '20260230100000',
    '20260501240000',
    '',
    null,
    20260501100000,
  ])('refuses %s', (text) => expect(isTimeBucket(text)).toBe(false));
});
