import type { ObservedBacklog } from '../event/telemetry.interface.js';
import { timeBucketOfTimeUuid, timeOfTimeUuid } from '../event/time-uuid.util.js';
import type { PumpDependencies } from './pump-dependencies.interface.js';
import type { PumpItem } from './pump-item.interface.js';
import type { PumpCondition } from './pump.condition.js';
import type { PumpJournal } from './pump.journal.js';
import type { PumpLoop } from './pump.loop.js';
import type { PumpStatus } from './pump.status.js';
import type { StartPosition } from './start-position.js';

/** The parts of a pump that know something about it. */
export interface PumpParts {
  readonly pumpKey: string;
  readonly deps: PumpDependencies;
  readonly loop: PumpLoop;
  readonly condition: PumpCondition;
  readonly journal: PumpJournal;
  readonly position: StartPosition;
}

export function describePump({ pumpKey, deps, loop, condition, journal, position }: PumpParts): PumpStatus {
  const { id, eventTypes, concurrency, clock } = deps;
  const { committer, session } = loop;
  const { state } = condition;
  // What was unfinished when another instance got the lease is that one's now.
  const oldest = session?.committer.oldest;
  const cursor = committer?.position;
  const { generation, stopAt } = position;
  const isIdle = (state === 'live' || state === 'done') && !oldest;
  const isAtRest = isIdle || (state === 'starting' && !session);
  const reference = isAtRest ? undefined : (journal.lastFinishedId ?? oldest?.event.eventId);
  return {
    pump: pumpKey,
    flowType: id.flowType,
    pumpGroup: id.pumpGroup,
    eventTypes,
    state,
    concurrency,
    cursor: cursor && {
      timeBucket: cursor.timeBucket,
      ...(cursor.eventId ? { eventId: cursor.eventId } : {}),
    },
    fetched: session?.fetcher.fetchedTo,
    generation,
    stopAt: stopAt === undefined ? undefined : { timeBucket: timeBucketOfTimeUuid(stopAt), eventId: stopAt },
    bufferedEvents: session?.fetcher.bufferedEvents ?? 0,
    bufferedBytes: session?.fetcher.bufferedBytes ?? 0,
    inFlight: session?.dispatcher.inFlight ?? 0,
    backlog: backlogOf(eventTypes, session?.committer.unfinished ?? []),
    bufferAgeMs: oldest ? clock.now() - oldest.fetchedAt : 0,
    stalledMs: oldest ? clock.now() - Math.max(oldest.fetchedAt, journal.lastFinishedAt ?? 0) : 0,
    lagMs: reference === undefined ? 0 : Math.max(0, clock.now() - timeOfTimeUuid(reference).unixMs),
    counters: { ...journal.counters },
    lastError: journal.lastError,
  };
}

/** Counted when somebody asks: nobody pays for it while events flow. */
function backlogOf(eventTypes: readonly string[], unfinished: readonly PumpItem[]): ObservedBacklog[] {
  const counts = new Map(eventTypes.map((eventType) => [eventType, { events: 0, bytes: 0, inFlight: 0 }]));
  for (const { event, bytes, inFlight } of unfinished) {
    const count = counts.get(event.eventType);
    if (!count) continue;
    count.events++;
    count.bytes += bytes;
    if (inFlight) count.inFlight++;
  }
  return [...counts].map(([eventType, count]) => ({ eventType, ...count }));
}
