import { isTimeUuid, timeOfTimeUuid, timeUuid } from '../event/time-uuid.util.js';
import type { PumpCursor } from './cursor-store.interface.js';

/**
 * The reference saves its oldest *unfinished* event, and starts after it (protocol §14.2, D1): taken as it stands, that
 * event would be lost. So the cursor goes before it; when it was finished after all, its mark says so.
 */
export function takenOverCursor(timeBucket: string, eventId: string): PumpCursor {
  if (!isTimeUuid(eventId)) return { timeBucket };
  const { unixMs, ticks } = timeOfTimeUuid(eventId);
  return { timeBucket, eventId: timeUuid(unixMs, ticks) };
}
