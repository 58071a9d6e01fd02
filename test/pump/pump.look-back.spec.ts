import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, PumpHarness, START } from '../support/pump-harness.js';

let harness: PumpHarness;
beforeEach(() => (harness = new PumpHarness()));
afterEach(() => harness.close());

describe('the look back at start, with durable marks', () => {
  const durable = { sweepOnStart: true } as const;
  const live = { sweepOnStart: true, options: { startFrom: 'live' } } as const;

  /** A restart that had time for every look. */
  async function restarted(overrides: Parameters<PumpHarness['live']>[0]): Promise<void> {
    for (const manager of harness.managers) await manager.stop();
    await harness.live(overrides);
    await harness.pass(3_000);
  }

  it('never reaches behind the place a live pump began at', async () => {
    for (let n = 0; n < 3; n++) harness.platform.store({ at: START - 10_000 + n }, { silent: true });
    const first = await harness.live(live);
    harness.clock.advance(1_000);
    const handled = harness.platform.store();
    await first.drain();
    await restarted(live);
    await restarted(live);
    expect(harness.processor.delivered).toContain(handled);
    expect(harness.processor.handled).toEqual([handled]);
  });

  it('finds what was stored late between that place and the cursor', async () => {
    const first = await harness.live(live);
    harness.clock.advance(60_000);
    const handled = harness.platform.store();
    await first.drain();
    await first.stop();
    const late = harness.platform.store({ at: START + 30_000 });
    await restarted(live);
    expect(harness.processor.handled).toEqual([handled, late]);
  });

  it('goes on after a reset: late events of the new generation are found', async () => {
    const old = harness.platform.store({ at: START - HOUR });
    const newest = harness.platform.store();
    const first = await harness.live(durable);
    await harness.awaiting(first.reset('beginning'));
    await first.drain();
    await first.stop();
    const late = harness.platform.store({ at: START - 200_000 });
    await restarted(durable);
    expect(harness.processor.handled).toEqual([old, newest, old, newest, late]);
  });

  it('never reaches behind the place of a reset: what it left behind stays there', async () => {
    const ids = [4, 3, 2, 1].map((n) => harness.platform.store({ at: START - n * 1_000 }));
    const first = await harness.live(durable);
    await harness.awaiting(first.reset(ids[1] as string));
    await first.drain();
    await restarted(durable);
    expect(harness.processor.handled).toEqual([...ids, ...ids.slice(2)]);
  });

  it('is left out when the store does not keep where the pump began', async () => {
    harness.platform.store({ at: START - 10_000 }, { silent: true });
    const { cursors } = harness;
    const forgetful = {
      load: (pump: Parameters<typeof cursors.load>[0]) => cursors.load(pump),
      save: (...[pump, { timeBucket, eventId, generation }, token]: Parameters<typeof cursors.save>) =>
        cursors.save(
          pump,
          { timeBucket, ...(eventId ? { eventId } : {}), ...(generation ? { generation } : {}) },
          token,
        ),
      clear: () => cursors.clear(),
    };
    const first = await harness.live({ ...live, cursors: forgetful });
    harness.clock.advance(1_000);
    const handled = harness.platform.store();
    await first.drain();
    await restarted({ ...live, cursors: forgetful });
    expect(harness.processor.delivered).toEqual([handled]);
  });
});
