import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PumpHarness, breathe, deferred, status, untilAborted } from '../support/pump-harness.js';
import type { EventSource } from '../../lib/platform/event-source.interface.js';
import { MemoryPlatform } from '../../lib/testing/memory-platform.js';
import { PumpLeaseHeldError } from '../../lib/errors/pump-lease-held.error.js';

let harness: PumpHarness;
beforeEach(() => (harness = new PumpHarness()));
afterEach(() => harness.close());

describe('leases', () => {
  const leaseStore = () => {
    const state = { holder: '', token: 0, failing: false, refused: false, renewals: 0, releases: 0 };
    return {
      state,
      of: (name: string) => ({
        acquire: (key: string) => {
          if (state.holder && state.holder !== name) return;
          state.holder = name;
          return { key, token: ++state.token };
        },
        renew: async () => {
          state.renewals++;
          if (state.failing) throw new Error('store blinked');
          return !state.refused && state.holder === name;
        },
        release: () => {
          state.releases++;
          if (state.holder === name) state.holder = '';
        },
      }),
    };
  };

  it('a lost lease aborts the delivery, and the pump waits for a new one', async () => {
    const { state, of } = leaseStore();
    const ids = harness.storeMany(2);
    const aborted: string[] = [];
    harness.processor.handle = async ({ eventId }, { signal }) => {
      const outcome = await untilAborted(signal);
      aborted.push(eventId);
      return outcome;
    };
    await harness.started({ leases: of('a') });
    await harness.until(() => harness.processor.running.size === 1);
    state.holder = 'b';
    await harness.pass(11_000, 500);
    expect(aborted).toEqual([ids[0]]);
    harness.processor.handle = undefined;
    state.holder = '';
    await harness.pass(15_000, 500);
    expect(harness.processor.handled).toEqual(ids);
  });

  it('a pump whose lease another instance has tells that it waits: neither live, nor stalled, nor behind', async () => {
    const { state, of } = leaseStore();
    harness.storeMany(3);
    harness.processor.handle = (_event, { signal }) =>
      harness.processor.handled.length === 0 ? undefined : untilAborted(signal);
    const manager = await harness.started({ leases: of('a') });
    await harness.until(() => harness.processor.handled.length === 1 && status(manager).inFlight === 1);
    state.holder = 'b';
    await harness.pass(120_000, 500);
    expect(status(manager)).toMatchObject({ state: 'starting', stalledMs: 0, bufferAgeMs: 0, lagMs: 0 });
  });

  it('a pump that was refused its cursor write waits for the lease like any other: it is not in trouble', async () => {
    const { state, of } = leaseStore();
    harness.storeMany(3);
    const manager = await harness.live({ leases: of('a') });
    await harness.pass(1_000);
    state.holder = 'b';
    const pump = { tenant: 'acme', dataCore: 'core', flowType: 'order.0', pumpGroup: 'default' };
    await harness.cursors.save(pump, harness.cursors.last ?? { timeBucket: '' }, ++state.token);
    harness.platform.store();
    await harness.until(() => status(manager).state === 'backing-off', 'backing off', 100);
    await harness.until(() => status(manager).state === 'starting', 'waiting', 100);
    await harness.pass(60_000, 500);
    expect(status(manager).state).toBe('starting');
  });

  it('a lease store that blinks once does not abort the deliveries', async () => {
    const { state, of } = leaseStore();
    harness.storeMany(1);
    let aborted = false;
    const gate = deferred();
    harness.processor.handle = (_event, { signal }) => {
      signal?.addEventListener('abort', () => (aborted = true));
      return gate.promise;
    };
    await harness.started({ leases: of('a') });
    await harness.until(() => harness.processor.running.size === 1);
    state.failing = true;
    await harness.pass(11_000, 500);
    state.failing = false;
    await harness.pass(10_000, 500);
    expect(aborted).toBe(false);
    gate.resolve();
  });

  it('a lease store that stays down ends the run before the lease can belong to another', async () => {
    const { state, of } = leaseStore();
    harness.storeMany(1);
    let aborted = false;
    harness.processor.handle = (_event, { signal }) => {
      signal?.addEventListener('abort', () => (aborted = true));
      return untilAborted(signal);
    };
    await harness.started({ leases: of('a') });
    await harness.until(() => harness.processor.running.size === 1);
    state.failing = true;
    await harness.pass(30_000, 500);
    expect(aborted).toBe(true);
  });

  it('a lease that lapsed while the pump backed off is not used any more', async () => {
    const { state, of } = leaseStore();
    harness.storeMany(2);
    harness.platform.beforeAnswer = ({ operation }) => {
      if (operation === 'resolve') throw new Error('down');
    };
    await harness.started({ leases: of('a') });
    await harness.pass(100_000, 500);
    state.holder = 'b';
    harness.platform.beforeAnswer = undefined;
    await harness.pass(45_000, 500);
    expect(harness.processor.delivered).toEqual([]);
  });

  it('a pump that cannot start leaves its lease to the instance that can', async () => {
    const { state, of } = leaseStore();
    const ids = harness.storeMany(3);
    const unreachable = new MemoryPlatform(harness.clock);
    unreachable.beforeAnswer = () => {
      throw new Error('This instance has no way to the platform');
    };
    await harness.started({ leases: of('a'), source: unreachable });
    await harness.until(() => state.token === 1);
    await harness.started({ leases: of('b') });
    await harness.pass(11_000, 500);
    expect(harness.processor.handled).toEqual(ids);
    expect(state.holder).toBe('b');
  });

  it('a live pump that loses its way to the platform leaves its lease to the instance that has one', async () => {
    const { state, of } = leaseStore();
    const ids = harness.storeMany(3);
    const { platform } = harness;
    let isReachable = true;
    const throughA = <T>(ask: () => Promise<T>) =>
      isReachable ? ask() : Promise.reject(new Error('This instance has no way to the platform'));
    const source: EventSource = {
      resolveEventTypeIds: (flowType, eventTypes) =>
        throughA(() => platform.resolveEventTypeIds(flowType, eventTypes)),
      listTimeBuckets: (eventTypeIds, range) => throughA(() => platform.listTimeBuckets(eventTypeIds, range)),
      fetchEvents: (query) => throughA(() => platform.fetchEvents(query)),
    };
    const a = await harness.live({ leases: of('a'), source });
    await harness.started({ leases: of('b') });
    isReachable = false;
    ids.push(platform.store(), platform.store());
    await harness.pass(20_000, 500);
    expect(state.holder).toBe('a');
    await harness.pass(60_000, 500);
    expect(state.holder).toBe('b');
    expect(harness.processor.delivered).toEqual(ids);
    expect(status(a).state).toBe('starting');
    await harness.pass(300_000, 1_000);
    expect(state.holder).toBe('b');
  });

  it('alone, it goes on trying, and goes on where it was when the platform answers', async () => {
    const { of } = leaseStore();
    const ids = harness.storeMany(3);
    await harness.live({ leases: of('a') });
    harness.platform.beforeAnswer = () => {
      throw new Error('down');
    };
    ids.push(harness.platform.store());
    await harness.pass(600_000, 1_000);
    harness.platform.beforeAnswer = undefined;
    await harness.pass(60_000, 500);
    expect(harness.processor.delivered).toEqual(ids);
  });

  it('does not cut off a handler that runs while the platform is away', async () => {
    const { state, of } = leaseStore();
    const [slow] = harness.storeMany(1);
    const gate = deferred();
    let aborted = false;
    harness.processor.handle = (_event, { signal }) => {
      signal?.addEventListener('abort', () => (aborted = true));
      return gate.promise;
    };
    await harness.started({ leases: of('a') });
    await harness.until(() => harness.processor.running.size === 1);
    harness.platform.beforeAnswer = () => {
      throw new Error('down');
    };
    await harness.pass(120_000, 500);
    expect([state.holder, aborted]).toEqual(['a', false]);
    gate.resolve();
    await harness.until(() => harness.processor.handled.includes(slow as string));
  });

  it('a platform that answers now and then is not left', async () => {
    const { state, of } = leaseStore();
    harness.storeMany(3);
    await harness.live({ leases: of('a') });
    let requests = 0;
    harness.platform.beforeAnswer = () => {
      if (++requests % 2 === 0) throw new Error('flaky');
    };
    await harness.pass(200_000, 500);
    expect([state.holder, state.releases]).toEqual(['a', 0]);
  });

  it('of another instance: a reset waits for it by the clock, then writes with its token', async () => {
    const { state, of } = leaseStore();
    const ids = harness.storeMany(3);
    const other = await harness.live({ leases: of('b') });
    await harness.pass(1_000);
    const manager = await harness.manager({ leases: of('a') });
    const reset = manager.reset('beginning');
    await harness.pass(15_000, 500);
    expect(harness.cursors.last?.generation ?? 0).toBe(0);
    await other.stop();
    await harness.awaiting(reset);
    expect(harness.cursors.last?.generation).toBe(1);
    expect(harness.cursors.lastToken).toBe(2);
    expect(state.holder).toBe('');
    await manager.start();
    await harness.until(() => harness.processor.handled.length === 6);
    expect(harness.processor.handled.slice(3)).toEqual(ids);
  });

  it('that another instance keeps: the reset is refused by name and nothing is written', async () => {
    const { of } = leaseStore();
    harness.storeMany(3);
    await harness.live({ leases: of('b') });
    await harness.pass(1_000);
    const writes = harness.cursors.saves.length;
    const manager = await harness.started({ leases: of('a') });
    await expect(harness.awaiting(manager.reset('beginning'))).rejects.toThrow(PumpLeaseHeldError);
    expect(harness.cursors.saves).toHaveLength(writes);
    expect(status(manager).state).toBe('starting');
  });

  it('that another instance keeps does not hold up a stop behind a reset', async () => {
    const { of } = leaseStore();
    await harness.live({ leases: of('b') });
    const manager = await harness.started({ leases: of('a') });
    const refused = expect(manager.reset('beginning')).rejects.toThrow(PumpLeaseHeldError);
    await breathe();
    await manager.stop();
    await refused;
    expect(status(manager).state).toBe('stopped');
  });

  it('stays with the pump during a reset, or an instance that waits would take it', async () => {
    const { state, of } = leaseStore();
    harness.storeMany(3);
    const manager = await harness.live({ leases: of('a') });
    await harness.awaiting(manager.reset('beginning'));
    await harness.until(() => harness.processor.handled.length === 6);
    expect(state.releases).toBe(0);
    expect(state.token).toBe(1);
  });

  it('is released at stop, after the last delivery ended', async () => {
    const { state, of } = leaseStore();
    harness.storeMany(1);
    const manager = await harness.live({ leases: of('a') });
    await manager.stop();
    expect(state.releases).toBe(1);
  });
});
