import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, PumpHarness, START, breathe, deferred } from '../support/pump-harness.js';

let harness: PumpHarness;
beforeEach(() => (harness = new PumpHarness()));
afterEach(() => harness.close());

describe('announced events', () => {
  it('an announced event is read without waiting for the poll interval', async () => {
    await harness.live();
    const id = harness.platform.store();
    await harness.until(() => harness.processor.handled.includes(id));
  });

  it('an own write wakes the pump when its notification is lost', async () => {
    const manager = await harness.live();
    const id = harness.platform.store({}, { silent: true });
    manager.notifyStored('order.0', 'order.placed.0', id);
    await harness.until(() => harness.processor.handled.includes(id));
  });

  it('an event whose notification was lost is found at the next look', async () => {
    await harness.live();
    const id = harness.platform.store({}, { silent: true });
    await breathe();
    expect(harness.processor.handled).toEqual([]);
    await harness.pass(2_100);
    expect(harness.processor.handled).toEqual([id]);
  });

  it('an event backdated by hours reaches a live pump and leaves the cursor where it is (D4)', async () => {
    const newest = harness.platform.store();
    const manager = await harness.live();
    const old = harness.platform.store({ at: START - 5 * HOUR });
    await harness.until(() => harness.processor.handled.includes(old));
    await manager.stop();
    expect(harness.cursors.last?.eventId).toBe(newest);
  });

  it('3,000 backdated events announced while the buffer is full all arrive', async () => {
    const gate = deferred();
    harness.platform.store();
    const manager = await harness.live({ options: { bufferSize: 10 } });
    harness.processor.handle = () => gate.promise;
    for (let index = 0; index < 20; index++) harness.platform.store({ at: START + index });
    await breathe();
    const late = Array.from({ length: 3_000 }, (_, index) =>
      harness.platform.store({ at: START - 4 * HOUR + index * 1_000 }),
    );
    await breathe();
    gate.resolve();
    harness.processor.handle = undefined;
    await harness.until(() => harness.processor.handled.length === 3_021, 'all arrive', 10, 20_000);
    expect(new Set(harness.processor.handled).size).toBe(3_021);
    expect(late.every((id) => harness.processor.handled.includes(id))).toBe(true);
    expect(manager.status()[0]?.cursor?.eventId).not.toBe(late.at(-1));
  });

  it('backdated events in dense runs do not cost a request each', async () => {
    harness.platform.store();
    await harness.live();
    const before = harness.platform.requests.length;
    for (let index = 0; index < 500; index++)
      harness.platform.store({ at: START - 2 * HOUR + index * 1_000 });
    await harness.until(() => harness.processor.handled.length === 501);
    expect(harness.platform.requests.length - before).toBeLessThan(50);
  });

  it('a backdated event announced before it can be read arrives when it can', async () => {
    harness.platform.store();
    await harness.live();
    const late = harness.platform.store({ at: START - 2 * HOUR }, { hidden: true });
    await breathe();
    harness.platform.reveal(late);
    await harness.pass(4_000);
    expect(harness.processor.handled).toContain(late);
  });

  it('an event announced before it can be read arrives when it can, without a request storm', async () => {
    harness.platform.store();
    await harness.live();
    harness.clock.advance(100);
    const id = harness.platform.store({}, { hidden: true });
    const before = harness.platform.requests.length;
    await harness.pass(500, 10);
    expect(harness.platform.requests.length - before).toBeLessThan(20);
    harness.platform.reveal(id);
    await harness.pass(2_100);
    expect(harness.processor.handled).toContain(id);
  });

  it('an event stored behind a page that is under way, and announced before it arrives, is not lost', async () => {
    const ids = Array.from({ length: 10 }, (_, index) =>
      harness.platform.store({ at: START - 1_000_000 + index * 60_000 }, { silent: true }),
    );
    let late: string | undefined;
    harness.platform.afterAnswer = () => {
      late ??= harness.platform.store({ at: START - 970_000 });
    };
    await harness.live();
    await harness.pass(4_000);
    expect(harness.processor.handled).toContain(late);
    expect(harness.processor.handled).toHaveLength(ids.length + 1);
  });

  it('notifications for events that were already read cause no request', async () => {
    const manager = await harness.live();
    const ids = Array.from({ length: 50 }, (_, index) => harness.platform.store({ at: START + index }));
    await manager.drain();
    const before = harness.platform.requests.length;
    for (const id of ids) {
      harness.platform.announce(id);
      await breathe(3);
    }
    expect(harness.platform.requests.length).toBe(before);
    expect(harness.processor.delivered).toHaveLength(50);
  });

  it('an event that became readable late, without notification, is found by the overlap', async () => {
    const hidden = harness.platform.store({ at: START }, { hidden: true, silent: true });
    const next = harness.platform.store({ at: START + 3 });
    await harness.live();
    expect(harness.processor.handled).toEqual([next]);
    harness.platform.reveal(hidden);
    await harness.pass(2_100);
    expect(harness.processor.handled).toEqual([next, hidden]);
  });

  it('late events stored while disconnected are found after the reconnect, once each', async () => {
    harness.platform.store({ at: START - HOUR });
    harness.platform.store();
    await harness.live();
    harness.platform.disconnect();
    const late = harness.platform.store({ at: START - 200_000 });
    await harness.pass(10_000);
    expect(harness.processor.handled).not.toContain(late);
    harness.platform.reconnect();
    await harness.until(() => harness.processor.handled.includes(late));
    expect(harness.processor.handled).toHaveLength(3);
  });

  it('a sweep on a platform that fails every other time still comes to its end', async () => {
    for (let index = 0; index < 200; index++) harness.platform.store({ at: START - 200_000 + index * 1_000 });
    const manager = await harness.live({ options: { bufferSize: 20 } });
    harness.platform.disconnect();
    const late = harness.platform.store({ at: START - 20_500 });
    let requests = 0;
    harness.platform.beforeAnswer = ({ operation }) => {
      if (operation === 'events' && ++requests % 3 === 0) throw new Error('flaky');
    };
    harness.platform.reconnect();
    await harness.until(() => harness.processor.handled.includes(late), 'late', 500, 400);
    expect(manager.status()[0]?.counters.processed).toBe(201);
  });

  it('late events stored before the first connection stands are found when it does', async () => {
    harness.platform.disconnect();
    harness.platform.store({ at: START - HOUR });
    harness.platform.store();
    await harness.live();
    await harness.pass(10_000);
    const late = harness.platform.store({ at: START - 200_000 });
    harness.platform.reconnect();
    await harness.until(() => harness.processor.handled.includes(late));
  });

  it('late events stored while the process was down are found at start when marks are durable', async () => {
    harness.platform.store({ at: START - HOUR });
    harness.platform.store();
    const first = await harness.live({ sweepOnStart: true });
    await first.stop();
    const late = harness.platform.store({ at: START - 200_000 });
    await harness.live({ sweepOnStart: true });
    expect(harness.processor.handled).toContain(late);
    expect(harness.processor.handled).toHaveLength(3);
  });

  it('handled events do not run again at a restart when marks are lost with the process', async () => {
    const ids = [harness.platform.store({ at: START - 1_000 }), harness.platform.store()];
    const first = await harness.live();
    await first.stop();
    await harness.live();
    await harness.pass(5_000);
    expect(harness.processor.delivered).toEqual(ids);
  });

  it('a late event that was being handled when the lease moved is handled by its next run', async () => {
    const lost = { at: false };
    const leases = {
      acquire: (key: string) => ({ key, token: harness.clock.now() }),
      renew: () => !lost.at,
      release: () => {},
    };
    harness.platform.store();
    await harness.live({ leases });
    harness.processor.handle = (_event, { signal }) =>
      new Promise((resolve) => signal?.addEventListener('abort', () => resolve({ status: 'aborted' })));
    const late = harness.platform.store({ at: START - 5 * HOUR });
    await harness.until(() => harness.processor.delivered.includes(late));
    harness.processor.handle = undefined;
    lost.at = true;
    await harness.pass(11_000, 500);
    lost.at = false;
    await harness.pass(15_000, 500);
    expect(harness.processor.handled).toContain(late);
  });

  it('the poller notifier subscribes to nothing', async () => {
    await harness.live({ options: { notifier: 'poller' } });
    expect(harness.platform.subscriptions).toBe(0);
  });

  it('groups of one flow type share one subscription', async () => {
    const definitions = ['a', 'b'].map((pumpGroup) => ({
      flowType: 'order.0',
      pumpGroup,
      eventTypes: ['order.placed.0'],
    }));
    const manager = await harness.started({ definitions });
    await manager.drain();
    expect(harness.platform.subscriptions).toBe(1);
  });
});
