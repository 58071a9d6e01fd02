import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import { PumpStopInvalidError } from '../errors/pump-stop-invalid.error.js';
import { isTimeBucket, TIME_BUCKET_MS, timeBucketStart } from '../event/time-bucket.util.js';
import { HIGHEST_TAIL, isTimeUuid, TICKS_PER_MS, timeOfTimeUuid, timeUuid } from '../event/time-uuid.util.js';
import { SETTLED_AFTER_MS } from './fetch-position.js';
import type { PumpStop } from './pump.options.js';

/**
 * The last id that belongs to a stop position: everything up to and including it is delivered.
 *
 * @throws PumpStopInvalidError
 */
export function stopIdOf(stopAt: PumpStop): string {
  if (stopAt instanceof Date && !Number.isNaN(stopAt.getTime())) return lastIdOf(stopAt.getTime());
  if (isTimeUuid(stopAt)) return stopAt;
  if (typeof stopAt === 'object' && stopAt !== null && 'timeBucket' in stopAt) {
    const { timeBucket, eventId } = stopAt;
    if (isTimeBucket(timeBucket)) {
      if (eventId === undefined) return lastIdOf(timeBucketStart(timeBucket) + TIME_BUCKET_MS - 1);
      if (isTimeUuid(eventId)) return eventId;
    }
  }
  throw new PumpStopInvalidError(stopAt);
}

/** From this moment on nothing more is expected up to the stop: what is stored later is late. Unix milliseconds. */
export function settledTimeOf(stopId: string): number {
  return timeOfTimeUuid(stopId).unixMs + SETTLED_AFTER_MS;
}

/** A pump that a reader of another library reads for would run past its stop. */
export function stopUnknownToReader(): PathwaysConfigurationError {
  const message =
    "is only known to the library's own reader. Reset without stopAt, or leave pump.reader out while the replay runs";
  return new PathwaysConfigurationError([{ path: 'stopAt', message }], 'The options of a reset');
}

function lastIdOf(unixMs: number): string {
  return timeUuid(unixMs, TICKS_PER_MS - 1, HIGHEST_TAIL);
}
