import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, PumpHarness, START, breathe, deferred, status } from '../support/pump-harness.js';
import { timeUuid } from '../../lib/event/time-uuid.util.js';
import { PumpReplayEndedError } from '../../lib/errors/pump-replay-ended.error.js';
import { PumpStopBehindError } from '../../lib/errors/pump-stop-behind.error.js';
import { PumpStopInvalidError } from '../../lib/errors/pump-stop-invalid.error.js';
import type { EventSource } from '../../lib/platform/event-source.interface.js';
import type { PumpManager } from '../../lib/pump/pump.manager.js';
import type { PumpStop } from '../../lib/pump/pump.options.js';

let harness: PumpHarness;
beforeEach(() => (harness = new PumpHarness()));
afterEach(() => harness.close());

/** Ten of the hour before, ten of this one. */
function storeTwoHours(): string[] {
  return [START - HOUR, START - 600_000].flatMap((from) =>
    Array.from({ length: 10 }, (_, index) => harness.platform.store({ at: from + index }, { silent: true })),
  );
}

const isDone = (manager: PumpManager) => () => status(manager).state === 'done';

/** Reset to the beginning, up to there. */
async function replayTo(manager: PumpManager, stopAt: PumpStop): Promise<void> {
  harness.processor.handled.length = 0;
  await harness.awaiting(manager.reset('beginning', { stopAt }));
}

/** A replay up to there, and over. */
async function doneAt(manager: PumpManager, stopAt: PumpStop): Promise<void> {
  await replayTo(manager, stopAt);
  await harness.until(isDone(manager), 'done', 500);
}

describe('D10: a reset with stopAt', () => {
  it.each<[string, (ids: string[]) => PumpStop, number]>([
    ['an event', (ids) => ids[13] as string, 14],
    ['an event of an hour', (ids) => ({ timeBucket: '20260501100000', eventId: ids[13] as string }), 14],
    ['a moment', () => new Date(START - HOUR + 6), 7],
    ['a moment between two events', () => new Date(START - HOUR + 1_000), 10],
    ['an hour', () => ({ timeBucket: '20260501090000' }), 10],
    ['an hour in which there is nothing', () => ({ timeBucket: '20260501080000' }), 0],
  ])('delivers everything up to and including %s, commits, and is done', async (_, stopOf, count) => {
    const ids = storeTwoHours();
    const manager = await harness.live();
    await replayTo(manager, stopOf(ids));
    await harness.awaiting(manager.whenDone());
    expect(harness.processor.handled).toEqual(ids.slice(0, count));
    expect(harness.cursors.last).toMatchObject({ generation: 1, hasStopped: true });
    expect(harness.cursors.last?.eventId).toBe(count > 0 ? ids[count - 1] : undefined);
    const { state, stopAt, bufferedEvents, lagMs } = status(manager);
    expect({ state, bufferedEvents, lagMs }).toEqual({ state: 'done', bufferedEvents: 0, lagMs: 0 });
    expect(stopAt?.eventId).toBe(harness.cursors.last?.stopAt);
  });

  it('reads nothing behind the stop, and stays where it is, whatever is stored', async () => {
    const ids = storeTwoHours();
    const manager = await harness.live();
    const from = harness.platform.requests.length;
    await doneAt(manager, ids[4] as string);
    const buckets = harness.platform.requests
      .slice(from)
      .flatMap((request) => (request.operation === 'events' ? [request.query.timeBucket] : []));
    expect(new Set(buckets)).toEqual(new Set(['20260501090000']));
    harness.platform.store();
    harness.platform.store({ at: START - HOUR + 2 });
    manager.notifyStored('order.0', 'order.placed.0', ids[8] as string);
    await harness.pass(60_000, 1_000);
    expect(harness.processor.handled).toEqual(ids.slice(0, 5));
    expect(status(manager).state).toBe('done');
  });

  it('goes on behind it when it is started by hand, and stays so', async () => {
    const ids = storeTwoHours();
    const manager = await harness.live();
    await doneAt(manager, ids[4] as string);
    await manager.bringUp();
    await manager.pause();
    await harness.pass(5_000);
    expect(status(manager).state).toBe('done');
    await manager.resume();
    await manager.start();
    await harness.until(() => harness.processor.handled.length === 20, 'the rest', 500);
    expect(harness.processor.handled).toEqual(ids);
    expect(status(manager)).toMatchObject({ generation: 1, stopAt: undefined });
    await manager.stop();
    expect(harness.cursors.last).not.toHaveProperty('stopAt');
    expect(harness.cursors.last).not.toHaveProperty('hasStopped');
  });

  it('goes on also when it was stopped meanwhile', async () => {
    const ids = storeTwoHours();
    const manager = await harness.live();
    await doneAt(manager, ids[4] as string);
    await manager.stop();
    expect(status(manager).state).toBe('stopped');
    await manager.start();
    await harness.until(() => harness.processor.handled.length === 20, 'the rest', 500);
  });

  it('does not run past the stop when it is restarted in the middle', async () => {
    const ids = storeTwoHours();
    const manager = await harness.live();
    const gate = deferred();
    harness.processor.handle = ({ eventId }) => (eventId === ids[7] ? gate.promise : undefined);
    await replayTo(manager, ids[13] as string);
    await harness.until(() => harness.processor.running.size === 1, 'in the middle');
    const stopped = harness.awaiting(manager.stop({ timeoutMs: 0 }));
    gate.resolve();
    await stopped;
    harness.processor.handle = undefined;
    const second = await harness.started();
    await harness.until(isDone(second), 'done', 500);
    expect(harness.processor.handled).toEqual(ids.slice(0, 14));
    expect(status(second).generation).toBe(1);
  });

  it('is done after a restart, too, without asking the platform, until it is started by hand', async () => {
    const ids = storeTwoHours();
    const manager = await harness.live();
    await doneAt(manager, ids[4] as string);
    await manager.stop();
    const requests = harness.platform.requests.length;
    const second = await harness.manager();
    await second.bringUp();
    await harness.until(isDone(second), 'done');
    await harness.pass(60_000, 1_000);
    expect(harness.platform.requests).toHaveLength(requests);
    await second.start();
    await harness.until(() => harness.processor.handled.length === 20, 'the rest', 500);
  });

  it.each<[string, PumpStop]>([
    ['at the position', new Date(START - 1_000)],
    ['before the position', { timeBucket: '20260501080000' }],
  ])('that lies %s is refused, and nothing is reset', async (_, stopAt) => {
    storeTwoHours();
    const manager = await harness.live();
    const position = { timeBucket: '20260501100000', eventId: harness.platform.store() };
    await expect(manager.reset(position, { stopAt })).rejects.toThrow(PumpStopBehindError);
    await expect(manager.reset('live', { stopAt })).rejects.toThrow(PumpStopBehindError);
    await expect(manager.reset(position, { stopAt: position })).rejects.toThrow(PumpStopBehindError);
    expect(status(manager)).toMatchObject({ generation: 0, stopAt: undefined });
  });

  it.each([[new Date(Number.NaN)], ['live'], [{ timeBucket: '2026' }], [{ timeBucket: 5 } as never]])(
    'that names no place (%j) is refused',
    async (stopAt) => {
      const manager = await harness.live();
      await expect(manager.reset('beginning', { stopAt })).rejects.toThrow(PumpStopInvalidError);
    },
  );

  it('in the future is live until then, and stops when nothing can come any more', async () => {
    const ids = storeTwoHours();
    const manager = await harness.live();
    await replayTo(manager, new Date(START + 60_000));
    await harness.until(() => status(manager).state === 'live', 'live', 500);
    await harness.pass(30_000, 500);
    const before = harness.platform.store();
    await harness.until(() => harness.processor.handled.includes(before), 'delivered');
    await breathe();
    const requests = harness.eventRequests();
    const behind = harness.platform.store({ at: START + 60_001 });
    await breathe();
    expect(harness.eventRequests(), 'what is announced behind the stop is no news').toBe(requests);
    await harness.until(isDone(manager), 'done', 500);
    expect(harness.clock.now()).toBeGreaterThanOrEqual(START + 60_000);
    expect(harness.processor.handled).toEqual([...ids, before]);
    await manager.start();
    await harness.until(() => harness.processor.handled.includes(behind), 'the rest', 500);
  });

  it('waits for what becomes readable a moment late', async () => {
    harness.storeMany(3);
    const manager = await harness.live();
    const late = harness.platform.store({}, { silent: true, hidden: true });
    const last = harness.platform.store({}, { silent: true });
    await replayTo(manager, last);
    await harness.until(() => harness.processor.handled.includes(last), 'the last', 100);
    harness.platform.reveal(late);
    await harness.until(isDone(manager), 'done', 500);
    expect(harness.processor.handled).toContain(late);
  });

  it('twice: the last one counts, and nobody waits for the first any more', async () => {
    const ids = storeTwoHours();
    const manager = await harness.live();
    const gate = deferred();
    harness.processor.handle = () => gate.promise;
    await replayTo(manager, ids[4] as string);
    const first = expect(harness.awaiting(manager.whenDone())).rejects.toThrow(/reset meanwhile/);
    const reset = harness.awaiting(manager.reset('beginning', { stopAt: ids[11] as string }));
    gate.resolve();
    await reset;
    await first;
    await harness.awaiting(manager.whenDone());
    expect(status(manager).generation).toBe(2);
    expect(harness.processor.handled.slice(-12)).toEqual(ids.slice(0, 12));
  });

  it('without stopAt afterwards goes on for ever', async () => {
    const ids = storeTwoHours();
    const manager = await harness.live();
    await doneAt(manager, ids[4] as string);
    harness.processor.handled.length = 0;
    await harness.awaiting(manager.reset('beginning'));
    await harness.until(() => harness.processor.handled.length === 20, 'everything', 500);
    expect(status(manager).stopAt).toBeUndefined();
    await expect(manager.whenDone()).rejects.toThrow(PumpReplayEndedError);
  });

  it('while backing off holds when the platform is back', async () => {
    const ids = storeTwoHours();
    harness.platform.beforeAnswer = () => {
      throw new Error('down');
    };
    const manager = await harness.started();
    await harness.until(() => status(manager).state === 'backing-off');
    await replayTo(manager, ids[4] as string);
    await harness.until(() => status(manager).state === 'backing-off', 'backing off again', 500);
    harness.platform.beforeAnswer = undefined;
    await harness.until(isDone(manager), 'done', 500);
    expect(harness.processor.handled).toEqual(ids.slice(0, 5));
  });

  it('with 16 at once and keys is done when the slowest before the stop has ended, and not before', async () => {
    const ids = harness.storeMany(100);
    const manager = await harness.live({ options: { concurrency: 16 } });
    harness.processor.keyOf = ({ eventId }) => String(ids.indexOf(eventId) % 20);
    const gate = deferred();
    harness.processor.handle = ({ eventId }) => (eventId === ids[3] ? gate.promise : undefined);
    await replayTo(manager, ids[59] as string);
    // Those of its key wait behind it: 23 and 43.
    await harness.until(() => harness.processor.handled.length === 57, 'all but one key', 100);
    await harness.pass(30_000, 500);
    expect(status(manager).state).not.toBe('done');
    expect(harness.cursors.last?.hasStopped).toBeUndefined();
    gate.resolve();
    await harness.until(isDone(manager), 'done at once, without a look at the clock');
    expect(harness.processor.handled).toHaveLength(60);
    expect(new Set(harness.processor.handled)).toEqual(new Set(ids.slice(0, 60)));
    expect(harness.processor.overlaps).toEqual([]);
    expect(harness.cursors.last).toMatchObject({ eventId: ids[59], hasStopped: true });
  });

  it('counts dead letters as finished, and makes none of what lies behind the stop', async () => {
    const idAt = (n: number) => timeUuid(START - 60_000 + n);
    const noEvent = (eventId: string) => harness.platform.store({ eventId, raw: { eventId } });
    const first = harness.platform.store({ eventId: idAt(1) });
    noEvent(idAt(2));
    const last = harness.platform.store({ eventId: idAt(3) });
    noEvent(idAt(4));
    harness.processor.handle = async ({ eventId }) =>
      eventId === last ? { status: 'dead-lettered', error: new Error('bad') } : undefined;
    // A platform that does not know where to end a page.
    const source: EventSource = {
      resolveEventTypeIds: (flowType, names) => harness.platform.resolveEventTypeIds(flowType, names),
      listTimeBuckets: (types, bounds) => harness.platform.listTimeBuckets(types, bounds),
      fetchEvents: (query) => {
        const { toEventId: _toEventId, ...rest } = query;
        return harness.platform.fetchEvents(rest);
      },
    };
    harness.platform.store({ eventId: idAt(5) });
    const manager = await harness.manager({ source });
    await harness.awaiting(manager.reset('beginning', { stopAt: last }));
    await manager.start();
    await harness.until(isDone(manager), 'done', 500);
    expect(harness.processor.handled).toEqual([first, last]);
    expect(harness.processor.malformed).toEqual([{ eventId: idAt(2) }]);
    expect(status(manager).counters).toMatchObject({ processed: 1, deadLettered: 1 });
  });

  it('is not done before the store has taken it', async () => {
    const ids = storeTwoHours();
    const manager = await harness.live();
    harness.processor.handle = ({ eventId }) => {
      if (eventId === ids[4]) harness.cursors.failure = new Error('down');
    };
    await replayTo(manager, ids[4] as string);
    await harness.until(() => harness.processor.handled.length === 5, 'delivered');
    await harness.pass(20_000, 500);
    expect(status(manager)).toMatchObject({ state: 'backing-off', lastError: 'Error: down' });
    harness.cursors.failure = undefined;
    await harness.until(isDone(manager), 'done', 500);
    expect(harness.processor.handled).toEqual(ids.slice(0, 5));
  });

  it('of a paused pump is done when it was resumed', async () => {
    const ids = storeTwoHours();
    const manager = await harness.live();
    await manager.pause();
    await replayTo(manager, ids[4] as string);
    await harness.pass(20_000, 500);
    expect(status(manager).state).toBe('paused');
    expect(harness.processor.handled).toEqual([]);
    await manager.resume();
    await harness.until(isDone(manager), 'done', 500);
    expect(harness.processor.handled).toEqual(ids.slice(0, 5));
  });

  it('does not hold up a drain, and a job that runs once ends at it', async () => {
    const ids = storeTwoHours();
    const manager = await harness.manager();
    await harness.awaiting(manager.reset('beginning', { stopAt: ids[4] as string }));
    await harness.awaiting(manager.runOnce());
    expect(harness.processor.handled).toEqual(ids.slice(0, 5));
    await manager.bringUp();
    await harness.until(isDone(manager), 'done', 500);
    await manager.drain();
  });

  it('a wait for it ends with the pumps of its instance', async () => {
    const ids = storeTwoHours();
    const manager = await harness.live();
    harness.processor.handle = () => deferred().promise;
    await replayTo(manager, ids[4] as string);
    const wait = expect(manager.whenDone()).rejects.toThrow(PumpReplayEndedError);
    await breathe();
    await harness.awaiting(manager.stop({ timeoutMs: 0 }));
    await wait;
  });
});
