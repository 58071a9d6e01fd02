import { systemClock, type Clock } from '../../../lib/event/clock.interface.js';
import type { LeaseStore } from '../../../lib/state/lease-store.interface.js';
import type { PathwaysStore, PathwaysStoreFactory } from '../../../lib/state/pathways-store.interface.js';
import type { TransactionRunner } from '../../../lib/state/transaction-runner.interface.js';

/** How a store is watched. */
interface Observation {
  /** Leases end that many times sooner than was asked for. */
  readonly speed: number;
  /** Called after every commit. */
  committed(eventIds: readonly string[]): void;
}

/** The machine's clock, that many times as fast: half a minute passes while a test can wait. */
export function fastClock(speed: number): Clock {
  const startedAt = systemClock.now();
  return {
    now: () => startedAt + (systemClock.now() - startedAt) * speed,
    startTimer: (delayMs, callback) => systemClock.startTimer(delayMs / speed, callback),
  };
}

/** The same store, with a look at every committed transaction. */
export function observed(factory: PathwaysStoreFactory, observation: Observation): PathwaysStoreFactory {
  const create = (): PathwaysStore => {
    const store = factory.createStore();
    const { transactions, leases } = store;
    const runInOrder = store.runInOrder?.bind(store);
    if (!transactions || !runInOrder) throw new TypeError('A store without transactions');
    return Object.assign(store, {
      transactions: observedRunner(transactions, observation),
      async runInOrder(...given: Parameters<typeof runInOrder>) {
        const answer = await runInOrder(...given);
        observation.committed([given[0].eventId]);
        return answer;
      },
      leases: fastLeases(leases, observation),
    });
  };
  return { ...factory, createStore: create };
}

function observedRunner(runner: TransactionRunner, { committed }: Observation): TransactionRunner {
  return {
    async run(claim, attempt) {
      const answer = await runner.run(claim, attempt);
      committed([claim.eventId]);
      return answer;
    },
    async runBatch(claim, attempt) {
      if (!runner.runBatch) throw new TypeError('A store without batches');
      const answers = await runner.runBatch(claim, attempt);
      committed(claim.eventIds);
      return answers;
    },
  };
}

function fastLeases(leases: LeaseStore, { speed }: Observation): LeaseStore {
  return {
    acquire: (key, ttlMs) => leases.acquire(key, ttlMs / speed),
    renew: (lease, ttlMs) => leases.renew(lease, ttlMs / speed),
    release: (lease) => leases.release(lease),
    onReleased: (wake) => leases.onReleased?.(wake) ?? (() => {}),
  };
}
