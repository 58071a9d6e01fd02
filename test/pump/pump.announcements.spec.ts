import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, PumpHarness, START, breathe, deferred } from '../support/pump-harness.js';
import type {
  NotificationListener,
  NotificationSource,
} from '../../lib/platform/notification-source.interface.js';

let harness: PumpHarness;
beforeEach(() => (harness = new PumpHarness()));
afterEach(() => harness.close());

/** A notifier that says only that something was stored. */
function unnamed() {
  const listeners: NotificationListener[] = [];
  const source: NotificationSource = {
    subscribe: (_flowType, listener) => {
      listeners.push(listener);
      return { close: async () => {} };
    },
  };
  const ring = () => listeners.forEach((listener) => listener.onSomethingStored('order.placed.0'));
  return { source, ring };
}

describe('announced events', () => {
  it('N3: an announced event is read at once, and so is the next', async () => {
    await harness.live();
    for (let times = 0; times < 5; times++) {
      const id = harness.platform.store();
      await harness.until(() => harness.processor.handled.includes(id));
    }
    expect(harness.clock.now()).toBe(START);
  });

  it('N2: an own write wakes the pump when its notification is lost', async () => {
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

  it('D4: an event backdated by hours reaches a live pump and leaves the cursor where it is', async () => {
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

  it('N2: events stored before the first connection stands are found when it does, late ones too', async () => {
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

  it('N5: the poller looks when its interval is over, neither earlier nor later, and subscribes to nothing', async () => {
    await harness.live({ options: { notifier: 'poller', pollIntervalMs: 60_000 } });
    const before = harness.platform.requests.length;
    const id = harness.platform.store();
    await harness.pass(59_900);
    expect(harness.platform.requests.length).toBe(before);
    await harness.pass(100);
    await harness.until(() => harness.processor.handled.includes(id));
    expect(harness.platform.subscriptions).toBe(0);
  });

  it.each(['at every look', 'at announcements that do not name their event'] as const)(
    'what was stored late is looked for again and again where nothing names it: %s',
    async (how) => {
      harness.platform.store({ at: START - HOUR });
      harness.platform.store();
      const names = how === 'at every look' ? undefined : unnamed();
      const notifier = names ? 'websocket' : 'poller';
      await harness.live({ options: { notifier }, ...(names && { notifications: names.source }) });
      await harness.pass(200_000, 1_000);
      // Further back than the overlap reads again.
      const late = harness.platform.store({ at: START - 100_000 }, { silent: true });
      names?.ring();
      await harness.pass(20_000, 500);
      names?.ring();
      await harness.pass(160_000, 1_000);
      expect(harness.processor.handled).toContain(late);
      expect(harness.processor.handled).toHaveLength(3);
    },
  );

  it('and not where everything is named, or nothing is to be read again', async () => {
    harness.platform.store({ at: START - HOUR });
    harness.platform.store();
    await harness.live();
    await harness.live({ options: { notifier: 'poller', lookBackMs: 0 } });
    await harness.pass(200_000, 1_000);
    const late = harness.platform.store({ at: harness.clock.now() - 250_000 }, { silent: true });
    await harness.pass(400_000, 1_000);
    expect(harness.processor.handled).not.toContain(late);
  });

  it('N2: groups of one flow type share one subscription', async () => {
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
