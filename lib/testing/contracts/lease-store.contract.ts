import assert from 'node:assert/strict';
import type { Lease, LeaseStore } from '../../state/lease-store.interface.js';
import { makeCases, type CaseDefinition } from './contract-bench.js';
import type { ContractCase, KnownTraits, StoreCreator, StoreTraits } from './contract-case.interface.js';
import { ODD_STRINGS } from './odd-strings.js';

type LeaseCase = CaseDefinition<LeaseStore>;

const KEY = 'order.0::default';
/** Longer than any case takes: what expires here does so because the clock was moved. */
const TTL_MS = 600_000;

/** What every `LeaseStore` must do. */
export function leaseStoreContract<const TTraits extends StoreTraits = StoreTraits>(
  create: StoreCreator<LeaseStore, TTraits>,
  traits?: KnownTraits<TTraits>,
): ContractCase[] {
  return makeCases([...grantCases, ...rivalCases, ...expiryCases], create, traits);
}

async function granted(store: LeaseStore, key = KEY): Promise<Lease> {
  const lease = await store.acquire(key, TTL_MS);
  assert.ok(lease, `the lease of ${JSON.stringify(key)} is granted`);
  assert.equal(lease.key, key);
  return lease;
}

async function assertHeldElsewhere(store: LeaseStore, key = KEY): Promise<void> {
  assert.equal(await store.acquire(key, TTL_MS), undefined, `the lease of ${JSON.stringify(key)} is held`);
}

const grantCases: readonly LeaseCase[] = [
  {
    name: 'a lease that nobody holds is granted, and renewed',
    async run({ store }) {
      const lease = await granted(store);
      assert.equal(await store.renew(lease, TTL_MS), true);
      assert.equal(await store.renew(lease, TTL_MS), true);
    },
  },
  {
    name: 'the token grows with every grant, also after a release',
    async run(bench) {
      const stores = [bench.store, await bench.second()];
      let last = -Infinity;
      for (let grant = 0; grant < 6; grant++) {
        const store = stores[grant % 2] as LeaseStore;
        const lease = await granted(store);
        assert.ok(Number.isSafeInteger(lease.token), `the token is a whole number: ${lease.token}`);
        assert.ok(lease.token > last, `token ${lease.token} after ${last}`);
        last = lease.token;
        await store.release(lease);
      }
    },
  },
  {
    name: 'leases of different keys do not meet, however odd the keys',
    async run({ store }) {
      for (const key of ODD_STRINGS) await granted(store, key);
    },
  },
];

const rivalCases: readonly LeaseCase[] = [
  {
    name: 'what one instance holds no other gets, and renewing keeps it so',
    needs: 'second',
    async run(bench) {
      const second = await bench.second();
      const lease = await granted(bench.store);
      await assertHeldElsewhere(second);
      assert.equal(await bench.store.renew(lease, TTL_MS), true);
      await assertHeldElsewhere(second);
      await granted(second, 'order.0::other');
      await assertHeldElsewhere(bench.store, 'order.0::other');
    },
  },
  {
    name: 'a released lease is granted to another instance at once',
    needs: 'second',
    async run(bench) {
      const second = await bench.second();
      await bench.store.release(await granted(bench.store));
      await granted(second);
      await assertHeldElsewhere(bench.store);
    },
  },
  {
    name: 'a store that tells of releases tells every other instance which lease is free, until it ends that',
    needs: 'second',
    async run(bench) {
      const second = await bench.second();
      // Without it, whoever waits for a lease looks again and again.
      if (!second.onReleased) return;
      const freed = new Set<string>();
      const unwanted: string[] = [];
      const end = second.onReleased((key) => void freed.add(key));
      second.onReleased((key) => void unwanted.push(key))();
      const release = async (key: string) => bench.store.release(await granted(bench.store, key));
      for (const key of [KEY, ...ODD_STRINGS]) {
        await release(key);
        await bench.until(
          () => freed.has(key),
          () => second.renew({ key, token: 0 }, TTL_MS),
        );
      }
      end();
      assert.deepEqual(unwanted, []);
    },
  },
  {
    name: 'a store that can ask for a lease reaches every other instance, which keeps it until it is released',
    needs: 'second',
    async run(bench) {
      const second = await bench.second();
      // Without it, a pump can only be reset where it runs.
      if (!second.ask || !bench.store.onAsked) return;
      const wanted = new Set<string>();
      const unwanted: string[] = [];
      const end = bench.store.onAsked((key) => void wanted.add(key));
      bench.store.onAsked((key) => void unwanted.push(key))();
      second.onAsked?.((key) => void unwanted.push(key));
      for (const key of [KEY, ...ODD_STRINGS]) {
        const lease = await granted(bench.store, key);
        await second.ask(key);
        await bench.until(
          () => wanted.has(key),
          () => bench.store.renew(lease, TTL_MS),
        );
        await assertHeldElsewhere(second, key);
      }
      end();
      assert.deepEqual(unwanted, []);
    },
  },
  {
    name: 'of two instances that ask at once one gets the lease',
    needs: 'second',
    async run(bench) {
      const stores = [bench.store, await bench.second()];
      for (let round = 0; round < 50; round++) {
        const leases = await Promise.all(stores.map((store) => store.acquire(`round-${round}`, TTL_MS)));
        assert.equal(leases.filter(Boolean).length, 1, 'instances that hold the lease');
      }
    },
  },
  {
    name: 'renewing says that the lease is lost when another instance has it',
    needs: 'second',
    async run(bench) {
      const second = await bench.second();
      const lost = await granted(bench.store);
      await bench.store.release(lost);
      const lease = await granted(second);
      assert.equal(await bench.store.renew(lost, TTL_MS), false);
      assert.equal(await second.renew(lease, TTL_MS), true);
    },
  },
  {
    name: 'releasing a lost lease takes nothing from its successor',
    needs: 'second',
    async run(bench) {
      const second = await bench.second();
      const lost = await granted(bench.store);
      await bench.store.release(lost);
      const lease = await granted(second);
      await bench.store.release(lost);
      await assertHeldElsewhere(bench.store);
      assert.equal(await second.renew(lease, TTL_MS), true);
    },
  },
];

const expiryCases: readonly LeaseCase[] = [
  {
    name: 'a lease that ran out is granted to another instance, with a greater token',
    needs: 'both',
    async run(bench) {
      const second = await bench.second();
      const lost = await granted(bench.store);
      await bench.advance(TTL_MS / 2);
      await assertHeldElsewhere(second);
      await bench.advance(TTL_MS);
      const lease = await granted(second);
      assert.ok(lease.token > lost.token, `token ${lease.token} after ${lost.token}`);
      assert.equal(await bench.store.renew(lost, TTL_MS), false);
      await bench.store.release(lost);
      await assertHeldElsewhere(bench.store);
    },
  },
  {
    name: 'a lease that is renewed does not run out',
    needs: 'both',
    async run(bench) {
      const second = await bench.second();
      const lease = await granted(bench.store);
      for (let renewal = 0; renewal < 3; renewal++) {
        await bench.advance(TTL_MS * 0.7);
        assert.equal(await bench.store.renew(lease, TTL_MS), true);
      }
      await bench.advance(TTL_MS * 0.7);
      await assertHeldElsewhere(second);
    },
  },
];
