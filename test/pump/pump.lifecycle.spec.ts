import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PumpHarness, START, breathe, deferred, status } from '../support/pump-harness.js';
import { PumpPositionInvalidError } from '../../lib/errors/pump-position-invalid.error.js';
import { PumpUnknownError } from '../../lib/errors/pump-unknown.error.js';
import type { EventOutcome } from '../../lib/processor/event-delivery.interface.js';

let harness: PumpHarness;
beforeEach(() => (harness = new PumpHarness()));
afterEach(() => harness.close());

const storeMany = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    harness.platform.store({ at: START - 100_000 + index }, { silent: true }),
  );
const untilAborted = (signal: AbortSignal | undefined) =>
  new Promise<EventOutcome>((resolve) =>
    signal?.addEventListener('abort', () => resolve({ status: 'aborted' })),
  );

describe('stopping', () => {
  it('lets what runs finish and saves it', async () => {
    const ids = storeMany(3);
    const gate = deferred();
    harness.processor.handle = () => gate.promise;
    const manager = await harness.started();
    await harness.until(() => harness.processor.running.size === 1);
    const stopped = manager.stop({ timeoutMs: 5_000 });
    await breathe();
    gate.resolve();
    await stopped;
    expect(harness.processor.handled).toEqual([ids[0]]);
    expect(harness.cursors.last?.eventId).toBe(ids[0]);
  });

  it('gives up what does not finish in time, with the cursor before it', async () => {
    const ids = storeMany(3);
    harness.processor.handle = ({ eventId }, { signal }) =>
      eventId === ids[1] ? untilAborted(signal) : undefined;
    const manager = await harness.started();
    await harness.until(() => harness.processor.running.has('') && harness.processor.handled.length === 1);
    await harness.awaiting(manager.stop({ timeoutMs: 5_000 }));
    expect(harness.cursors.last?.eventId).toBe(ids[0]);
  });

  it('ends although a delivery never answers its signal', async () => {
    storeMany(1);
    harness.processor.handle = () => new Promise(() => {});
    const manager = await harness.started();
    await harness.until(() => harness.processor.running.size === 1);
    await harness.awaiting(manager.stop({ timeoutMs: 1_000 }));
    expect(status(manager).state).toBe('stopped');
  });

  it('leaves no timer and no subscription', async () => {
    storeMany(3);
    const manager = await harness.live();
    await manager.stop();
    await breathe();
    expect(harness.clock.pendingTimers).toBe(0);
    expect(harness.platform.subscriptions).toBe(0);
  });

  it('leaves no timer when the store fails at the last moment', async () => {
    storeMany(3);
    const manager = await harness.live();
    harness.cursors.failure = new Error('down');
    await harness.awaiting(manager.stop());
    await breathe();
    expect(harness.clock.pendingTimers).toBe(0);
  });

  it('can be started again', async () => {
    const manager = await harness.live();
    await manager.stop();
    const id = harness.platform.store();
    await manager.start();
    await harness.until(() => harness.processor.handled.includes(id));
  });
});

describe('pausing', () => {
  it('starts nothing more, lets what runs finish, saves, and goes on from the same place', async () => {
    const ids = storeMany(5);
    const gate = deferred();
    harness.processor.handle = ({ eventId }) => (eventId === ids[1] ? gate.promise : undefined);
    const manager = await harness.started();
    await harness.until(() => harness.processor.running.size === 1);
    manager.pause();
    gate.resolve();
    await harness.pass(1_000);
    expect(status(manager).state).toBe('paused');
    expect(harness.processor.handled).toEqual(ids.slice(0, 2));
    expect(harness.cursors.last?.eventId).toBe(ids[1]);
    manager.resume();
    await harness.until(() => harness.processor.handled.length === 5);
    expect(harness.processor.handled).toEqual(ids);
  });

  it('survives stop, start and reset', async () => {
    storeMany(3);
    const manager = await harness.manager();
    manager.pause();
    await manager.start();
    await harness.awaiting(manager.reset('beginning'));
    await harness.pass(3_000);
    expect(harness.processor.handled).toEqual([]);
    expect(status(manager).state).toBe('paused');
    manager.resume();
    await harness.until(() => harness.processor.handled.length === 3);
  });
});

describe('reset', () => {
  it('runs every handler again, in a new generation', async () => {
    const ids = storeMany(5);
    const manager = await harness.live();
    await harness.awaiting(manager.reset('beginning'));
    await harness.until(() => harness.processor.handled.length === 10);
    expect(harness.processor.handled).toEqual([...ids, ...ids]);
    expect(harness.cursors.last?.generation ?? 0).toBe(1);
  });

  it('during a delivery: the delivery ends, then the replay begins and delivers (D8)', async () => {
    const ids = storeMany(3);
    let hold = true;
    harness.processor.handle = (_event, { signal }) => (hold ? untilAborted(signal) : undefined);
    const manager = await harness.started();
    await harness.until(() => harness.processor.running.size === 1);
    const reset = manager.reset('beginning');
    hold = false;
    await harness.awaiting(reset);
    await harness.until(() => harness.processor.handled.length === 3);
    expect(harness.processor.handled).toEqual(ids);
    expect(harness.processor.overlaps).toEqual([]);
  });

  it('while backing off', async () => {
    const ids = storeMany(3);
    harness.platform.beforeAnswer = () => {
      throw new Error('down');
    };
    const manager = await harness.started();
    await harness.until(() => status(manager).state === 'backing-off');
    await harness.awaiting(manager.reset(ids[0] as string));
    harness.platform.beforeAnswer = undefined;
    await harness.until(() => harness.processor.handled.length === 2, 'both', 500);
    expect(harness.processor.handled).toEqual(ids.slice(1));
  });

  it('before the first page arrived', async () => {
    const ids = storeMany(3);
    const gate = deferred();
    harness.platform.beforeAnswer = () => gate.promise;
    const manager = await harness.started();
    await breathe();
    const reset = harness.awaiting(manager.reset(ids[1] as string));
    gate.resolve();
    await reset;
    await harness.until(() => harness.processor.handled.length >= 1);
    await harness.pass(3_000);
    expect(harness.processor.handled).toEqual([ids[2]]);
  });

  it('twice at once: the last one wins, both raise the generation', async () => {
    const ids = storeMany(3);
    const manager = await harness.live();
    await harness.awaiting(Promise.all([manager.reset('beginning'), manager.reset(ids[1] as string)]));
    await harness.until(() => harness.processor.handled.at(-1) === ids[2], 'replayed');
    await harness.pass(3_000);
    expect(harness.processor.handled.slice(3).at(-1)).toBe(ids[2]);
    expect(status(manager).generation).toBe(2);
  });

  it('of a stopped pump: it starts there later', async () => {
    const ids = storeMany(3);
    const manager = await harness.live();
    await manager.stop();
    await harness.awaiting(manager.reset('beginning'));
    expect(status(manager).state).toBe('stopped');
    await manager.start();
    await harness.until(() => harness.processor.handled.length === 6);
    expect(harness.processor.handled.slice(3)).toEqual(ids);
  });

  it('that a store refuses rejects, and the pump runs on (D11)', async () => {
    storeMany(3);
    const manager = await harness.live();
    harness.cursors.failure = new Error('down');
    await expect(harness.awaiting(manager.reset('beginning'))).rejects.toThrow('down');
    harness.cursors.failure = undefined;
    const id = harness.platform.store();
    await harness.until(() => harness.processor.handled.includes(id), 'runs on', 500);
  });

  it('to live delivers nothing stored before (D12)', async () => {
    storeMany(3);
    const manager = await harness.live();
    harness.clock.advance(1_000);
    await harness.awaiting(manager.reset('live'));
    const id = harness.platform.store();
    await harness.until(() => harness.processor.handled.includes(id));
    await harness.pass(3_000);
    expect(harness.processor.handled).toHaveLength(4);
  });

  it('of an invalid position or an unknown pump is refused by name', async () => {
    const manager = await harness.live();
    await expect(manager.reset('nonsense')).rejects.toBeInstanceOf(PumpPositionInvalidError);
    await expect(manager.reset({ timeBucket: '2026' })).rejects.toBeInstanceOf(PumpPositionInvalidError);
    await expect(manager.reset('live', { flowTypes: ['x.0'] })).rejects.toBeInstanceOf(PumpUnknownError);
    expect(() => manager.pause({ pumpGroups: ['x'] })).toThrow(PumpUnknownError);
  });
});

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
          state.holder = '';
        },
      }),
    };
  };

  it('a lost lease aborts the delivery, and the pump waits for a new one', async () => {
    const { state, of } = leaseStore();
    const ids = storeMany(2);
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

  it('a lease store that blinks once does not abort the deliveries', async () => {
    const { state, of } = leaseStore();
    storeMany(1);
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
    storeMany(1);
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
    storeMany(2);
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

  it('is released at stop, after the last delivery ended', async () => {
    const { state, of } = leaseStore();
    storeMany(1);
    const manager = await harness.live({ leases: of('a') });
    await manager.stop();
    expect(state.releases).toBe(1);
  });
});

describe('watching', () => {
  it('runOnce handles what is stored and stops', async () => {
    storeMany(50);
    const manager = await harness.manager();
    await manager.runOnce();
    expect(harness.processor.handled).toHaveLength(50);
    expect(status(manager).state).toBe('stopped');
  });

  it('status tells the lag behind the stream, and none when there is nothing to do', async () => {
    const ids = storeMany(3);
    const gate = deferred();
    harness.processor.handle = ({ eventId }) => (eventId === ids[1] ? gate.promise : undefined);
    const manager = await harness.started();
    await harness.until(() => harness.processor.handled.length === 1);
    harness.clock.advance(1_000);
    expect(status(manager).lagMs).toBe(101_000);
    expect(status(manager).bufferAgeMs).toBe(1_000);
    gate.resolve();
    await manager.drain();
    expect(status(manager).lagMs).toBe(0);
  });
});
