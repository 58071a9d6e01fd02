import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, PumpHarness, START, deferred, status } from '../support/pump-harness.js';
import { timeUuid } from '../../lib/event/time-uuid.util.js';

let harness: PumpHarness;
beforeEach(() => (harness = new PumpHarness()));
afterEach(() => harness.close());

const storeMany = (count: number, from: number, stepMs: number, silent = true) =>
  Array.from({ length: count }, (_, index) =>
    harness.platform.store({ at: from + index * stepMs }, { silent }),
  );

describe('walking the stored hours', () => {
  it('10,000 events over five hours arrive once each and in order', async () => {
    const ids = storeMany(10_000, START - 5 * HOUR, (5 * HOUR) / 10_000);
    await harness.live();
    expect(harness.processor.handled).toEqual(ids);
  });

  it('hours without events between do not stop the walk', async () => {
    const ids = [9, 6, 2, 0].flatMap((hours) => storeMany(3, START - hours * HOUR, 1));
    await harness.live();
    expect(harness.processor.handled).toEqual(ids);
  });

  it('D3: hours that begin while the pump catches up are not skipped', async () => {
    const ids = storeMany(5, START, 1);
    const gate = deferred();
    harness.platform.beforeAnswer = ({ operation }) => (operation === 'events' ? gate.promise : undefined);
    const manager = await harness.started({ options: { notifier: 'poller' } });
    await harness.until(() => harness.eventRequests() === 1);
    for (const hours of [1, 2, 3]) ids.push(...storeMany(5, START + hours * HOUR, 1));
    harness.clock.advance(4 * HOUR);
    gate.resolve();
    await harness.until(() => status(manager).state === 'live', 'live');
    expect(status(manager).counters.fetched).toBe(ids.length);
    await harness.until(() => harness.processor.handled.length === ids.length, 'all');
    expect(harness.processor.handled).toEqual(ids);
  });

  it('D4: events of an hour that ended since the last look arrive in a live pump', async () => {
    storeMany(1, START, 1);
    await harness.live({ options: { notifier: 'poller' } });
    harness.clock.advance(29 * 60_000);
    const ids = [
      harness.platform.store({ at: START + 29 * 60_000 + 59_000 }, { silent: true }),
      harness.platform.store({ at: START + 31 * 60_000 }, { silent: true }),
    ];
    await harness.pass(4 * 60_000, 1_000);
    expect(harness.processor.handled.slice(1)).toEqual(ids);
  });

  it('20,000 hours with an event each are walked from one end to the other', async () => {
    const ids = Array.from({ length: 20_000 }, (_, index) =>
      harness.platform.store({ at: START - (20_000 - index) * HOUR }, { silent: true }),
    );
    const manager = await harness.started();
    await harness.until(() => harness.processor.handled.length === ids.length, 'all', 0, 500_000);
    expect(harness.processor.handled).toEqual(ids);
    await harness.until(() => status(manager).state === 'live', 'live');
  });

  it('two events in one tick both arrive', async () => {
    const ids = ['9000-000000000001', '9000-000000000002'].map((tail) =>
      harness.platform.store({ eventId: timeUuid(START, 7, tail) }),
    );
    await harness.live();
    expect(harness.processor.handled).toEqual(ids);
  });

  it('ids whose text order contradicts their time order are handled in time order', async () => {
    const early = 'bde7ac07-4548-11f1-9234-0123456789ab';
    const late = '0a000000-4549-11f1-8000-000000000000';
    harness.platform.store({ eventId: late });
    harness.platform.store({ eventId: early });
    await harness.live();
    expect(harness.processor.handled).toEqual([early, late]);
  });

  it('a live start delivers nothing older', async () => {
    storeMany(3, START - 10_000, 1_000);
    const manager = await harness.live({ options: { startFrom: 'live' } });
    const fresh = harness.platform.store({ at: START + 1 });
    await manager.drain();
    expect(harness.processor.handled).toEqual([fresh]);
  });

  it('what is stored between a live start without events and a restart is not lost', async () => {
    const first = await harness.live({ options: { startFrom: 'live' } });
    await first.stop();
    harness.clock.advance(60_000);
    const missed = harness.platform.store();
    harness.clock.advance(60_000);
    await harness.live({ options: { startFrom: 'live' } });
    expect(harness.processor.handled).toEqual([missed]);
  });

  it('a restart after a live start without events does not deliver what was stored before it', async () => {
    storeMany(3, START - 10_000, 1_000);
    const options = { startFrom: 'live' } as const;
    const first = await harness.live({ options, sweepOnStart: true });
    await first.stop();
    harness.clock.advance(1_000);
    await harness.live({ options, sweepOnStart: true });
    await harness.pass(3_000);
    expect(harness.processor.delivered).toEqual([]);
  });

  it('an event dated hours ahead is handled, and hides nothing that is stored after it', async () => {
    const ahead = harness.platform.store({ at: START + 3 * HOUR });
    const manager = await harness.live({ options: { notifier: 'poller' } });
    expect(harness.processor.handled).toEqual([ahead]);
    harness.clock.advance(1_000);
    const next = harness.platform.store();
    await harness.pass(2_100);
    expect(harness.processor.handled).toEqual([ahead, next]);
    await manager.stop();
    expect(harness.cursors.last?.eventId).toBe(next);
  });

  it('D1: a restart resumes after the last finished event and skips none', async () => {
    const ids = storeMany(20, START - 20_000, 1_000);
    harness.processor.handle = ({ eventId }, { signal }) =>
      eventId === ids[7]
        ? new Promise((resolve) => signal?.addEventListener('abort', () => resolve({ status: 'aborted' })))
        : undefined;
    const first = await harness.started();
    await harness.until(() => harness.processor.handled.length === 7);
    await harness.awaiting(first.stop({ timeoutMs: 1_000 }));
    harness.processor.handle = undefined;
    await harness.live();
    expect(harness.processor.handled).toEqual(ids);
    expect(new Set(harness.processor.delivered.slice(8))).toEqual(new Set(ids.slice(7)));
  });

  it('a source that fails in the middle of a bucket is read on, nothing twice and nothing skipped', async () => {
    const ids = storeMany(200, START - 200_000, 1_000);
    let requests = 0;
    harness.platform.beforeAnswer = ({ operation }) => {
      if (operation === 'events' && ++requests % 3 !== 0) throw new Error('half a page');
    };
    await harness.started({ options: { bufferSize: 20 } });
    await harness.until(() => harness.processor.handled.length === 200, 'all', 1_000);
    expect(harness.processor.handled).toEqual(ids);
  });

  it('a platform that answers nothing but errors is asked again for ever, and recovers', async () => {
    harness.platform.beforeAnswer = () => {
      throw new Error('down');
    };
    const id = harness.platform.store();
    const manager = await harness.started();
    await harness.pass(10 * 60_000, 1_000);
    expect(status(manager).state).toBe('backing-off');
    expect(harness.platform.requests.length).toBeLessThan(40);
    harness.platform.beforeAnswer = undefined;
    await harness.pass(40_000, 1_000);
    expect(harness.processor.handled).toEqual([id]);
  });

  it('event types that do not exist yet are waited for, not an error storm', async () => {
    const lines: string[] = [];
    const line = (level: string) => (text: string) => void lines.push(`${level} ${text}`);
    const logger = { debug: () => {}, info: line('info'), warn: line('warn'), error: line('error') };
    const definitions = [{ flowType: 'new.0', pumpGroup: 'default', eventTypes: ['new.made.0'] }];
    const manager = await harness.started({ logger, definitions });
    await harness.pass(60_000, 500);
    expect(lines.filter((text) => text.startsWith('warn'))).toHaveLength(1);
    expect(lines.filter((text) => text.startsWith('error'))).toHaveLength(0);
    const id = harness.platform.store({ flowType: 'new.0', eventType: 'new.made.0' });
    manager.notifyStored('new.0', 'new.made.0', id);
    await harness.until(() => harness.processor.handled.includes(id));
  });

  it('D7: one malformed event neither stops its page nor is it dropped', async () => {
    const ids = storeMany(2, START - 5_000, 1);
    harness.platform.store({ at: START - 4_000, raw: { eventId: timeUuid(START - 4_000), payload: [1] } });
    harness.platform.store({ at: START - 3_500, raw: 'garbage' });
    ids.push(...storeMany(2, START - 3_000, 1));
    await harness.live();
    expect(harness.processor.handled).toEqual(ids);
    expect(harness.processor.malformed).toHaveLength(2);
  });

  it('a malformed event without an id at the end of the stream is kept once, not at every look', async () => {
    storeMany(1, START - 5_000, 1);
    harness.platform.store({ at: START - 4_000, raw: { payload: 'garbage' } });
    await harness.live();
    await harness.pass(60_000, 1_000);
    expect(harness.processor.malformed).toHaveLength(1);
  });
});
