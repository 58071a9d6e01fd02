import { PumpPositionInvalidError } from '../errors/pump-position-invalid.error.js';
import { isTimeBucket, timeBucketOf, timeBucketStart } from '../event/time-bucket.util.js';
import { isTimeUuid, timeBucketOfTimeUuid, timeUuid } from '../event/time-uuid.util.js';
import type { PumpCursor } from '../state/cursor-store.interface.js';
import type { PumpPosition } from './pump.options.js';

/** Before everything that can be stored. */
const BEGINNING: PumpCursor = { timeBucket: '19700101000000' };

/**
 * The cursor a position means.
 *
 * @throws PumpPositionInvalidError
 */
export function cursorOf(position: PumpPosition, now: number): PumpCursor {
  if (position === 'beginning') return BEGINNING;
  if (position === 'live') return cursorAt(now);
  if (position instanceof Date && !Number.isNaN(position.getTime())) return cursorAt(position.getTime());
  if (isTimeUuid(position)) return { timeBucket: timeBucketOfTimeUuid(position), eventId: position };
  if (typeof position === 'object' && position !== null && 'timeBucket' in position) {
    const { timeBucket, eventId } = position;
    if (isTimeBucket(timeBucket) && (eventId === undefined || isTimeUuid(eventId))) {
      return eventId === undefined ? { timeBucket } : { timeBucket, eventId };
    }
  }
  throw new PumpPositionInvalidError(position);
}

/** The id after which a cursor resumes: a position before every event of the bucket when it names none. */
export function resumeIdOf(cursor: PumpCursor): string {
  return cursor.eventId ?? timeUuid(timeBucketStart(cursor.timeBucket));
}

function cursorAt(unixMs: number): PumpCursor {
  return { timeBucket: timeBucketOf(unixMs), eventId: timeUuid(unixMs) };
}
