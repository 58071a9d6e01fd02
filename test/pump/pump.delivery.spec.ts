import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, PumpHarness, START, breathe, deferred, status } from '../support/pump-harness.js';
import type { EventOutcome } from '../../lib/processor/event-delivery.interface.js';
import { compareTimeUuids } from '../../lib/event/time-uuid.util.js';

let harness: PumpHarness;
beforeEach(() => (harness = new PumpHarness()));
afterEach(() => harness.close());

const storeMany = (count: number, input: (index: number) => object = () => ({})) =>
  Array.from({ length: count }, (_, index) =>
    harness.platform.store({ at: START - 100_000 + index, ...input(index) }, { silent: true }),
  );
const byKey = ({ payload }: { payload: unknown }) => (payload as { key: string }).key;

describe('delivering', () => {
  it('one event at a time by default', async () => {
    storeMany(20);
    harness.processor.handle = () => breathe(1);
    await harness.live({ options: { concurrency: 1 } });
    expect(harness.processor.most).toBe(1);
  });

  it('a slow key holds back only its own events', async () => {
    const ids = storeMany(10, (index) => ({ payload: { key: index % 2 ? 'slow' : 'fast' } }));
    const gate = deferred();
    harness.processor.keyOf = byKey;
    harness.processor.handle = (event) => (byKey(event) === 'slow' ? gate.promise : undefined);
    const manager = await harness.started({ options: { concurrency: 4 } });
    await harness.until(() => harness.processor.handled.length === 5);
    expect(harness.processor.handled).toEqual(ids.filter((_, index) => index % 2 === 0));
    expect(status(manager).cursor?.eventId).toBe(ids[0]);
    gate.resolve();
    await harness.until(() => harness.processor.handled.length === 10);
    expect(harness.processor.overlaps).toEqual([]);
  });

  it('a buffer full of events is not outrun: memory stays flat behind a slow event', async () => {
    storeMany(500, (index) => ({ payload: { key: index === 0 ? 'slow' : `k${index}` } }));
    const gate = deferred();
    harness.processor.keyOf = byKey;
    harness.processor.handle = (event) => (byKey(event) === 'slow' ? gate.promise : undefined);
    const manager = await harness.started({ options: { concurrency: 4, bufferSize: 50 } });
    await breathe(300);
    expect(status(manager).counters.fetched).toBeLessThanOrEqual(50);
    gate.resolve();
    await harness.until(() => harness.processor.handled.length === 500);
  });

  it('a slow handler holds back reading: never more than bufferSize events', async () => {
    storeMany(500, (index) => ({ at: START - 600_000 + index * 1_000 }));
    let most = 0;
    const manager = await harness.manager({ options: { bufferSize: 40 } });
    harness.processor.handle = () => {
      most = Math.max(most, status(manager).bufferedEvents);
      return breathe(1);
    };
    await manager.start();
    await harness.until(() => harness.processor.handled.length === 500);
    expect(most).toBeLessThanOrEqual(40);
    // Half a buffer at a time: a page for every event would be 500 requests.
    expect(harness.eventRequests()).toBeLessThan(40);
  });

  it('big events are bounded by bytes, also on the first pages', async () => {
    storeMany(300, () => ({ bytes: 1_000_000 }));
    let most = 0;
    const manager = await harness.manager({ options: { bufferBytes: 8_000_000 } });
    harness.processor.handle = () => {
      most = Math.max(most, status(manager).bufferedBytes);
      return breathe(1);
    };
    await manager.start();
    await harness.until(() => harness.processor.handled.length === 300);
    expect(most).toBeLessThanOrEqual(16_000_000);
  });

  it('an event bigger than bufferBytes is handled all the same', async () => {
    storeMany(3, () => ({ bytes: 50_000_000 }));
    await harness.live({ options: { bufferBytes: 8_000_000 } });
    expect(harness.processor.handled).toHaveLength(3);
  });

  it('a store that fails under the processor delivers the event again, in its place', async () => {
    const ids = storeMany(10);
    let failures = 0;
    harness.processor.handle = ({ eventId }) => {
      if (eventId === ids[4] && failures++ < 3) throw new Error('store down');
    };
    await harness.started();
    await harness.until(() => harness.processor.handled.length === 10, 'all', 500);
    expect(harness.processor.handled).toEqual(ids);
  });

  it('D14: a cursor that cannot be saved is saved later, and never ahead of an unfinished event', async () => {
    const ids = storeMany(10);
    harness.cursors.failure = undefined;
    const manager = await harness.live();
    harness.cursors.failure = new Error('store down');
    const next = harness.platform.store();
    await harness.until(() => harness.processor.handled.includes(next));
    await harness.pass(10_000, 500);
    harness.cursors.failure = undefined;
    await harness.pass(40_000, 500);
    expect(harness.cursors.last?.eventId).toBe(next);
    expect(ids).toHaveLength(10);
    expect(status(manager).state).toBe('live');
  });

  it('D13: the cursor is not written per event', async () => {
    storeMany(2_000);
    const manager = await harness.live();
    await manager.stop();
    expect(harness.cursors.saves.length).toBeLessThan(5);
  });

  it('D2, D15: an old event that ends as a dead letter is counted, and does not take the cursor back behind later ones', async () => {
    const ids = storeMany(20, (index) => ({ payload: { key: index === 3 ? 'slow' : `k${index}` } }));
    const gate = deferred();
    harness.processor.keyOf = byKey;
    harness.processor.handle = async (event) => {
      if (byKey(event) !== 'slow') return undefined;
      await gate.promise;
      return { status: 'dead-lettered', error: new Error('no') };
    };
    const manager = await harness.started({ options: { concurrency: 4 } });
    await harness.until(() => status(manager).counters.processed === 19);
    gate.resolve();
    await harness.until(() => status(manager).counters.deadLettered === 1);
    await harness.awaiting(manager.stop());
    expect(harness.cursors.last?.eventId).toBe(ids[19]);
    const delivered = harness.processor.delivered.length;
    await harness.live();
    expect(harness.processor.delivered).toHaveLength(delivered);
  });

  it('D16: everybody who waits for a drain is told', async () => {
    storeMany(3);
    const gate = deferred();
    harness.processor.handle = () => gate.promise;
    const manager = await harness.started();
    let told = 0;
    const drains = [1, 2, 3].map(() => manager.drain().then(() => void told++));
    await harness.until(() => harness.processor.delivered.length === 1);
    expect(told).toBe(0);
    gate.resolve();
    await harness.awaiting(Promise.all(drains));
    expect(told).toBe(3);
  });

  it('a halted event stops its pump before it, and resume tries it again', async () => {
    const ids = storeMany(5);
    let broken = true;
    harness.processor.handle = async ({ eventId }) =>
      broken && eventId === ids[2]
        ? ({ status: 'halted', error: new Error('no') } as EventOutcome)
        : undefined;
    const manager = await harness.started();
    await harness.until(() => status(manager).state === 'halted');
    expect(harness.processor.handled).toEqual(ids.slice(0, 2));
    broken = false;
    manager.resume();
    await harness.until(() => harness.processor.handled.length === 5);
    expect(harness.processor.handled).toEqual(ids);
  });

  it('two events that halt at once are both tried again', async () => {
    storeMany(6, (index) => ({ payload: { key: `k${index % 3}` } }));
    const gate = deferred();
    let broken = true;
    harness.processor.keyOf = byKey;
    harness.processor.handle = async (event) => {
      if (!broken || byKey(event) === 'k2') return;
      await gate.promise;
      return { status: 'halted', error: new Error('no') } as EventOutcome;
    };
    const manager = await harness.started({ options: { concurrency: 3 } });
    await harness.until(() => harness.processor.running.size === 2);
    gate.resolve();
    await harness.until(() => status(manager).state === 'halted' && status(manager).inFlight === 0);
    broken = false;
    manager.resume();
    await harness.until(() => harness.processor.handled.length === 6);
  });

  it('a reset of a halted pump starts it again', async () => {
    const ids = storeMany(3);
    let broken = true;
    harness.processor.handle = async () =>
      broken ? ({ status: 'halted', error: new Error('no') } as EventOutcome) : undefined;
    const manager = await harness.started();
    await harness.until(() => status(manager).state === 'halted');
    broken = false;
    await harness.awaiting(manager.reset('beginning'));
    await harness.until(() => harness.processor.handled.length === 3);
    expect(harness.processor.handled).toEqual(ids);
  });

  it('order per key and at-least-once hold at concurrency 16 with crashes in between', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ key: fc.integer({ min: 0, max: 5 }), turns: fc.integer({ min: 0, max: 4 }) }), {
          minLength: 1,
          maxLength: 120,
        }),
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 3 }),
        async (events, crashes) => {
          const run = new PumpHarness();
          const ids = events.map(({ key, turns }, index) =>
            run.platform.store({ at: START - HOUR + index * 40_000, payload: { key: `k${key}`, turns } }),
          );
          run.processor.keyOf = byKey;
          run.processor.handle = async ({ payload, eventId }, { signal }) => {
            await breathe((payload as { turns: number }).turns);
            // Nothing before the cursor may be unfinished, at any moment.
            const saved = run.cursors.last?.eventId;
            if (saved !== undefined) expect(compareTimeUuids(saved, eventId)).toBeLessThan(0);
            return signal?.aborted ? { status: 'aborted' } : undefined;
          };
          const options = { concurrency: 16, bufferSize: 32, commitIntervalMs: 1 };
          for (const turns of crashes) {
            const manager = await run.started({ options });
            for (let turn = 0; turn < turns; turn++) {
              await breathe(1);
              run.clock.advance(1);
            }
            await run.awaiting(manager.stop({ timeoutMs: 0 }), 1);
          }
          const manager = await run.started({ options });
          await run.until(() => run.processor.handled.length >= ids.length, 'all handled', 1);
          await run.awaiting(manager.stop(), 1);
          expect(run.processor.overlaps).toEqual([]);
          for (let key = 0; key < 6; key++) {
            const expected = ids.filter((_, index) => events[index]?.key === key);
            expect(run.processor.handled.filter((id) => expected.includes(id))).toEqual(expected);
          }
          expect(run.cursors.last?.eventId).toBe(ids[ids.length - 1]);
          const saved = run.cursors.saves.map(({ eventId }) => eventId).filter((id) => id !== undefined);
          expect(saved).toEqual([...saved].sort(compareTimeUuids));
        },
      ),
      { numRuns: 25 },
    );
  });
});
