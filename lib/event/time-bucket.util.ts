/** Length of a time bucket: one hour. */
export const TIME_BUCKET_MS = 3_600_000;

/** The UTC hour of a moment as 14 digits, `yyyyMMddHH0000` (protocol §4.5). */
export function timeBucketOf(unixMs: number): string {
  const iso = new Date(unixMs).toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 10)}${iso.slice(11, 13)}0000`;
}

/** 14 digits that name a real hour. */
export function isTimeBucket(text: unknown): text is string {
  if (typeof text !== 'string' || !/^\d{10}0000$/.test(text)) return false;
  const start = timeBucketStart(text);
  return !Number.isNaN(start) && timeBucketOf(start) === text;
}

/** First millisecond of a bucket; `NaN` when the text names no hour. */
export function timeBucketStart(timeBucket: string): number {
  const [year, month, day, hour] = [
    timeBucket.slice(0, 4),
    timeBucket.slice(4, 6),
    timeBucket.slice(6, 8),
    timeBucket.slice(8, 10),
  ];
  return Date.parse(`${year}-${month}-${day}T${hour}:00:00.000Z`);
}

/** The hour after a bucket. */
export function nextTimeBucket(timeBucket: string): string {
  return timeBucketOf(timeBucketStart(timeBucket) + TIME_BUCKET_MS);
}
