import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeBucketOf } from '../event/time-bucket.util.js';
import {
  compareTimeUuids,
  isTimeUuid,
  timeBucketOfTimeUuid,
  timeOfTimeUuid,
} from '../event/time-uuid.util.js';
import { EventIdGenerator, type NewEventId } from './event-id.generator.js';
import { MemoryEventLog } from './memory-event.log.js';

const HOUR = Date.parse('2026-05-01T10:00:00.000Z');
const LAST_MS = HOUR + 3_599_999;

/** Stores the id, as ingestion would before the process ends. */
function keep(log: MemoryEventLog, { sortKey, timeBucket }: NewEventId, live: boolean): void {
  log.append([{ eventTypeId: 'type', sortKey, timeBucket, live, text: '{}' }]);
}

function expectAscending(ids: readonly NewEventId[]): void {
  for (let at = 1; at < ids.length; at++) {
    const [before, after] = [ids[at - 1] as NewEventId, ids[at] as NewEventId];
    if (compareTimeUuids(before.eventId, after.eventId) >= 0 || before.sortKey >= after.sortKey) {
      expect.fail(`${after.eventId} does not follow ${before.eventId}`);
    }
  }
}

describe('event ids', () => {
  it('live ids ascend, whatever the clock does, and across restarts', () => {
    const steps = fc.array(
      fc.record({ ms: fc.integer({ min: -5_000, max: 5_000 }), restart: fc.boolean() }),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(steps, (script) => {
        const log = new MemoryEventLog();
        let generator = new EventIdGenerator(log);
        const ids = script.map(({ ms, restart }) => {
          if (restart) generator = new EventIdGenerator(log);
          const id = generator.nextLive(LAST_MS + ms);
          keep(log, id, true);
          return id;
        });
        expectAscending(ids);
        for (const { eventId, timeBucket } of ids) {
          expect(isTimeUuid(eventId)).toBe(true);
          expect(timeBucketOfTimeUuid(eventId)).toBe(timeBucket);
        }
      }),
    );
  });

  it('ids of one event time ascend per time and stay in its bucket, across restarts', () => {
    const moment = fc.constantFrom(HOUR, HOUR + 1, LAST_MS - 1, LAST_MS);
    const steps = fc.array(fc.record({ moment, restart: fc.boolean() }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (script) => {
        const log = new MemoryEventLog();
        let generator = new EventIdGenerator(log);
        const byMoment = new Map<number, NewEventId[]>();
        for (const { moment: ms, restart } of script) {
          if (restart) generator = new EventIdGenerator(log);
          const id = generator.nextAt(ms);
          keep(log, id, false);
          byMoment.set(ms, [...(byMoment.get(ms) ?? []), id]);
          expect(timeOfTimeUuid(id.eventId).unixMs).toBe(ms);
        }
        for (const ids of byMoment.values()) expectAscending(ids);
      }),
    );
  });

  it.each([
    ['in the middle of an hour', HOUR + 500],
    ['in the last millisecond of an hour', LAST_MS],
    ['in the millisecond before it', LAST_MS - 1],
  ])('more ids than a millisecond has ticks: %s', (_where, ms) => {
    const log = new MemoryEventLog();
    let generator = new EventIdGenerator(log);
    const ids: NewEventId[] = [];
    for (let count = 0; count < 25_000; count++) {
      if (count === 15_000) generator = new EventIdGenerator(log);
      const id = generator.nextAt(ms);
      keep(log, id, false);
      ids.push(id);
    }
    expectAscending(ids);
    expect(new Set(ids.map(({ timeBucket }) => timeBucket))).toEqual(new Set([timeBucketOf(ms)]));
    expect(ids.every(({ eventId }) => isTimeUuid(eventId) && /^[89ab]/.test(eventId.slice(19)))).toBe(true);
  });

  it('live ids do not leave the hour when its ticks are used up', () => {
    const generator = new EventIdGenerator(new MemoryEventLog());
    const ids = Array.from({ length: 12_000 }, () => generator.nextLive(LAST_MS));
    expectAscending(ids);
    expect(ids.at(-1)?.timeBucket).toBe('20260501100000');
    expect(generator.nextLive(LAST_MS + 1).timeBucket).toBe('20260501110000');
  });

  it('an event dated into the future does not drag live ids along', () => {
    const log = new MemoryEventLog();
    keep(log, new EventIdGenerator(log).nextAt(HOUR + 86_400_000), false);
    expect(new EventIdGenerator(log).nextLive(HOUR).timeBucket).toBe('20260501100000');
  });
});
