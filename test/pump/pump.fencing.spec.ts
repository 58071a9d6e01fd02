import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PumpHarness, START, deferred, status } from '../support/pump-harness.js';
import { FencingTokenStaleError } from '../../lib/errors/fencing-token-stale.error.js';
import { AlwaysGrantedLeaseStore } from '../../lib/state/always-granted-lease.store.js';
import type { PumpId } from '../../lib/state/cursor-store.interface.js';
import { MemoryCursorStore } from '../../lib/state/memory-cursor.store.js';

let harness: PumpHarness;
beforeEach(() => (harness = new PumpHarness()));
afterEach(() => harness.close());

const PUMP: PumpId = { tenant: 'acme', dataCore: 'core', flowType: 'order.0', pumpGroup: 'default' };
const storeMany = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    harness.platform.store({ at: START - 100_000 + index }, { silent: true }),
  );

/** Grants to whoever asks, one token higher each time, and says so when a renewal is asked for. */
function leaseStore() {
  const state = { token: 0, grants: 0, releases: [] as number[], isFree: true };
  return {
    state,
    leases: {
      acquire: (key: string) => {
        if (!state.isFree) return;
        state.grants++;
        return { key, token: ++state.token };
      },
      renew: () => true,
      release: ({ token }: { token: number }) => void state.releases.push(token),
    },
  };
}

describe('a cursor store that refuses the token', () => {
  it('ends the run at once: the delivery is given up, nothing is saved, and it waits for a lease', async () => {
    const ids = storeMany(2);
    const { state, leases } = leaseStore();
    const gate = deferred();
    let aborted = false;
    harness.processor.handle = async ({ eventId }, { signal }) => {
      if (eventId !== ids[1]) return;
      signal?.addEventListener('abort', () => (aborted = true));
      await Promise.race([
        gate.promise,
        new Promise((resolve) => signal?.addEventListener('abort', resolve)),
      ]);
      return { status: 'aborted' };
    };
    const manager = await harness.started({ leases });
    await harness.until(() => harness.processor.running.size === 1);
    // Another instance has taken over and written; this one has not heard of it.
    state.isFree = false;
    await harness.cursors.save(PUMP, { timeBucket: '20260501100000' }, 9);
    const saves = harness.cursors.saves.length;
    let attempts = 0;
    const save = harness.cursors.save.bind(harness.cursors);
    harness.cursors.save = (...args) => {
      attempts++;
      return save(...args);
    };
    await harness.pass(20_000, 500);
    expect(aborted).toBe(true);
    expect(attempts).toBe(1);
    expect(harness.cursors.saves).toHaveLength(saves);
    expect(state.releases).toEqual([1]);
    expect(status(manager).lastError).toContain('FencingTokenStaleError');
    gate.resolve();
  });

  it('with a new lease goes on from what the other instance saved', async () => {
    const ids = storeMany(3);
    const { state, leases } = leaseStore();
    await harness.live({ leases });
    await harness.pass(1_000);
    state.token = 9;
    await harness.cursors.save(PUMP, harness.cursors.last!, 9);
    const next = harness.platform.store({ at: START + 1_000 });
    await harness.until(() => harness.cursors.lastToken === 10, 'saved with a new token', 100);
    expect(harness.cursors.last?.eventId).toBe(next);
    expect(new Set(harness.processor.handled)).toEqual(new Set([...ids, next]));
  });

  it('whatever lease it has, is asked with a growing delay and not without a pause', async () => {
    storeMany(1);
    const { state, leases } = leaseStore();
    await harness.cursors.save(PUMP, { timeBucket: '20260501100000' }, 1_000_000);
    await harness.started({ leases });
    await harness.pass(10_000, 100);
    expect(state.grants).toBeGreaterThan(1);
    expect(state.grants).toBeLessThan(20);
  });
});

it('the memory store refuses an older token, for that pump alone', () => {
  const store = new MemoryCursorStore();
  store.save(PUMP, { timeBucket: '20260501100000' }, 5);
  expect(() => store.save(PUMP, { timeBucket: '20260501090000' }, 4)).toThrow(FencingTokenStaleError);
  expect(store.load(PUMP)).toEqual({ timeBucket: '20260501100000' });
  store.save({ ...PUMP, pumpGroup: 'hot' }, { timeBucket: '20260501090000' }, 4);
  store.save(PUMP, { timeBucket: '20260501110000' }, 5);
  store.clear(PUMP);
  store.save(PUMP, { timeBucket: '20260501090000' }, 1);
});

it('the next process is not refused by a cursor that the last one saved', () => {
  const store = new MemoryCursorStore();
  const last = new AlwaysGrantedLeaseStore(harness.clock);
  for (let grant = 0; grant < 100; grant++) last.acquire('order.0::default');
  store.save(PUMP, { timeBucket: '20260501100000' }, last.acquire('order.0::default').token);
  harness.clock.advance(1_000);
  const next = new AlwaysGrantedLeaseStore(harness.clock).acquire('order.0::default');
  store.save(PUMP, { timeBucket: '20260501110000' }, next.token);
});
