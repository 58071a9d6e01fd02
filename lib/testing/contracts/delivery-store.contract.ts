import assert from 'node:assert/strict';
import type { MaybePromise } from '../../event/maybe-promise.type.js';
import type { DeliveryStore } from '../../state/delivery-store.interface.js';
import { makeCases, type CaseDefinition } from './contract-bench.js';
import type { ContractCase, KnownTraits, StoreCreator, StoreTraits } from './contract-case.interface.js';
import { ODD_STRINGS } from './odd-strings.js';

/** What every `DeliveryStore` must do. */
export function deliveryStoreContract<const TTraits extends StoreTraits = StoreTraits>(
  create: StoreCreator<DeliveryStore, TTraits>,
  traits?: KnownTraits<TTraits>,
): ContractCase[] {
  return makeCases(cases, create, traits);
}

const KEY = 'orders-prod';
const HOT = 'order.0::hot';
const COLD = 'order.0::default';
const BILLS = 'bill.0::default';

async function assertPaused(store: DeliveryStore, expected: readonly string[], key = KEY): Promise<void> {
  assert.deepEqual([...(await store.pausedPumps(key))].sort(), [...expected].sort());
}

const cases: readonly CaseDefinition<DeliveryStore>[] = [
  {
    name: 'an application that was never paused has no paused pumps',
    async run({ store }) {
      await assertPaused(store, []);
      await store.resume(KEY, [HOT]);
      await assertPaused(store, []);
    },
  },
  {
    name: 'pauses add up, and twice is once',
    async run({ store }) {
      await store.pause(KEY, [HOT]);
      await store.pause(KEY, [COLD, HOT]);
      await store.pause(KEY, [HOT]);
      await assertPaused(store, [HOT, COLD]);
    },
  },
  {
    name: 'resuming takes away what is named, and nothing else',
    async run({ store }) {
      await store.pause(KEY, [HOT, COLD]);
      await store.resume(KEY, [HOT, BILLS]);
      await assertPaused(store, [COLD]);
      await store.resume(KEY, [COLD]);
      await assertPaused(store, []);
      await store.pause(KEY, [BILLS]);
      await assertPaused(store, [BILLS]);
    },
  },
  {
    name: 'of nothing nothing changes',
    async run({ store }) {
      await store.pause(KEY, [HOT]);
      await store.pause(KEY, []);
      await store.resume(KEY, []);
      await assertPaused(store, [HOT]);
    },
  },
  {
    name: 'applications do not meet',
    async run({ store }) {
      await store.pause(KEY, [HOT]);
      await store.pause('orders-test', [COLD]);
      await store.resume('orders-test', [HOT]);
      await assertPaused(store, [HOT]);
      await assertPaused(store, [COLD], 'orders-test');
    },
  },
  {
    name: 'lifting takes away what the control plane paused, and no pause of the application',
    async run({ store }) {
      // Optional: without it every pause counts as the control plane's.
      if (!store.lift) return;
      await store.pause(KEY, [HOT], 'application');
      await store.pause(KEY, [COLD], 'control-plane');
      await store.pause(KEY, [BILLS]);
      await store.lift(KEY, [HOT, COLD]);
      await assertPaused(store, [HOT, BILLS]);
      await store.lift(KEY, [BILLS]);
      await assertPaused(store, [HOT]);
    },
  },
  {
    name: 'a pump that both have paused is paused by the application, until it is resumed',
    async run({ store }) {
      if (!store.lift) return;
      await store.pause(KEY, [HOT], 'application');
      await store.pause(KEY, [HOT, COLD], 'control-plane');
      await store.pause(KEY, [COLD], 'application');
      await store.lift(KEY, [HOT, COLD]);
      await assertPaused(store, [HOT, COLD]);
      await store.resume(KEY, [HOT, COLD]);
      await store.pause(KEY, [HOT], 'control-plane');
      await store.lift(KEY, [HOT]);
      await assertPaused(store, []);
    },
  },
  {
    name: 'odd and long names are told apart',
    async run({ store }) {
      for (const name of ODD_STRINGS) await store.pause(name, [name]);
      for (const name of ODD_STRINGS) await assertPaused(store, [name], name);
      await store.pause(KEY, ODD_STRINGS);
      await assertPaused(store, ODD_STRINGS);
    },
  },
  {
    name: 'pauses at once are all kept',
    async run(bench) {
      const stores = [bench.store, await bench.second()] as const;
      const pumps = Array.from({ length: 20 }, (_, index) => `flow.${index}::default`);
      await Promise.all(pumps.map((pump, index) => stores[index % 2 ? 1 : 0].pause(KEY, [pump])));
      await assertPaused(bench.store, pumps);
    },
  },
  {
    name: 'a pause by one instance is seen by another',
    needs: 'second',
    async run(bench) {
      await bench.store.pause(KEY, [HOT]);
      await assertPaused(await bench.second(), [HOT]);
    },
  },
  {
    name: 'a store that tells of changes tells every other instance of each, until it ends that',
    needs: 'second',
    async run(bench) {
      const { store } = bench;
      const second = await bench.second();
      // Without it, every instance looks again and again.
      if (!second.onChanged) return;
      const told = new Set<string>();
      const unwanted: string[] = [];
      const names = [KEY, ...ODD_STRINGS];
      const ends = names.map((name) => second.onChanged?.(name, () => void told.add(name)));
      for (const name of names) second.onChanged(name, () => void unwanted.push(name))();
      const changes: ((name: string) => MaybePromise<void>)[] = [
        (name) => store.pause(name, [HOT, COLD]),
        (name) => store.resume(name, [COLD]),
        // Optional.
        (name) => store.lift?.(name, [HOT]),
      ];
      for (const change of changes.slice(0, store.lift ? 3 : 2)) {
        for (const name of names) {
          told.delete(name);
          await change(name);
          await bench.until(
            () => told.has(name),
            () => second.pausedPumps(name),
          );
        }
      }
      for (const end of ends) end?.();
      assert.deepEqual(unwanted, []);
    },
  },
];
