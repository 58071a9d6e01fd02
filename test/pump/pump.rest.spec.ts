import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { timeOfTimeUuid } from '../../lib/event/time-uuid.util.js';
import { deferred, HOUR, PumpHarness, START } from '../support/pump-harness.js';

const DAY = 24 * HOUR;
const MINUTE = 60_000;
let harness: PumpHarness;
beforeEach(() => (harness = new PumpHarness()));
afterEach(() => harness.close());

const rests = () => harness.cursors.last?.caughtUpAt !== undefined;
const durable = { sweepOnStart: true } as const;

describe('a pump that has nothing to do', () => {
  it('says until when it has finished everything, clear of late events, now and then', async () => {
    const last = harness.platform.store({ at: START - 40 * DAY });
    await harness.live();
    await harness.until(rests);
    expect(harness.cursors.last).toMatchObject({ eventId: last, origin: last });
    const first = harness.cursors.last?.caughtUpAt ?? 0;
    expect(first).toBeGreaterThan(START - 11 * MINUTE);
    expect(first).toBeLessThanOrEqual(START - 10 * MINUTE);
    const saves = harness.cursors.saves.length;
    await harness.pass(16 * MINUTE, 1_000);
    expect(harness.cursors.saves.length).toBe(saves + 3);
    expect(harness.cursors.last?.caughtUpAt).toBeGreaterThan(first + 14 * MINUTE);
  });

  it('says nothing as long as its last event is young, and then only after it has looked for late ones', async () => {
    const last = harness.platform.store();
    await harness.live();
    // Nobody is told, and no read of the end of the stream meets it.
    const late = harness.platform.store({ at: START - MINUTE }, { silent: true });
    await harness.pass(9 * MINUTE, 1_000);
    expect(harness.cursors.saves.some(({ caughtUpAt }) => caughtUpAt !== undefined)).toBe(false);
    await harness.until(rests, 'it rests', 1_000);
    expect(harness.processor.handled).toEqual([last, late]);
    expect(timeOfTimeUuid(last).unixMs).toBeLessThan(harness.cursors.last?.caughtUpAt ?? 0);
  });

  it('takes it back when work comes, also such as is dated before, and says it again when that is done', async () => {
    harness.platform.store({ at: START - 40 * DAY });
    await harness.live();
    await harness.until(rests);
    const held = deferred();
    harness.processor.handle = () => held.promise;
    const backdated = harness.platform.store({ at: START - 20 * DAY });
    await harness.until(() => harness.processor.running.size === 1);
    await harness.until(() => !rests(), 'it is taken back', 100);
    await harness.pass(20 * MINUTE, 1_000);
    expect(rests()).toBe(false);
    held.resolve();
    await harness.until(rests, 'it rests again', 1_000);
    expect(harness.cursors.last?.eventId).toBe(backdated);
  });

  it('never looks back behind its cursor again, in this run or the next: marks there may be gone', async () => {
    const old = harness.platform.store({ at: START - 40 * DAY - MINUTE });
    const last = harness.platform.store({ at: START - 40 * DAY });
    const first = await harness.live(durable);
    await harness.until(rests);
    await first.stop();
    const before = [...harness.processor.delivered];
    const second = await harness.live(durable);
    await harness.pass(3_000);
    harness.platform.disconnect();
    await harness.pass(1_000);
    harness.platform.reconnect();
    await harness.pass(10_000);
    expect(harness.processor.delivered).toEqual(before);
    expect(harness.processor.handled).toEqual([old, last]);
    const next = harness.platform.store();
    await second.drain();
    expect(harness.processor.handled).toEqual([old, last, next]);
  });

  it('makes no cursor of a place it was only told to begin at', async () => {
    await harness.live();
    await harness.pass(20 * MINUTE, 1_000);
    expect(harness.cursors.saves).toEqual([]);
  });
});
