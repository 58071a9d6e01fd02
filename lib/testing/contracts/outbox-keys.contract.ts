import assert from 'node:assert/strict';
import { IdempotencyKeyReusedError } from '../../errors/idempotency-key-reused.error.js';
import type { OutboxStore } from '../../state/outbox-store.interface.js';
import type { WriteIdentity } from '../../state/write-ledger.interface.js';
import { added, addedOne, entriesOf, entryOf, heldIds, pendingIds, type OutboxCase } from './outbox-bench.js';

const ENTRIES = entriesOf('a', 'a');

function identityOf(key: string, more: Partial<WriteIdentity> = {}): WriteIdentity {
  const claimIds = ENTRIES.map((_, at) => `idem:${key}#${at}`);
  return { key, pathway: 'order.0/placed.0', fingerprint: `f of ${key}`, claimIds, ...more };
}

const OTHER = { fingerprint: 'other content', pathway: 'order.0/shipped.0' } as const;

/** Writes with an `idempotencyKey`. */
export const keyCases: readonly OutboxCase[] = [
  {
    name: 'a write with a key is added once: a repetition gets the references of the first',
    async run(bench) {
      const once = identityOf('k');
      const ids = await added(bench.store, ENTRIES, { once });
      assert.deepEqual(await added(bench.store, ENTRIES, { once }), ids);
      assert.deepEqual(await added(await bench.second(), ENTRIES, { once }), ids);
      assert.deepEqual(await pendingIds(bench.store), ids);
      const others = await added(bench.store, ENTRIES, { once: identityOf('another') });
      assert.deepEqual(await pendingIds(bench.store), [...ids, ...others]);
    },
  },
  {
    name: 'the key is remembered when its entries are sent',
    async run({ store }) {
      const once = identityOf('k');
      const ids = await added(store, ENTRIES, { once });
      await store.sent(ids, ['event 1', 'event 2']);
      assert.deepEqual(await added(store, ENTRIES, { once }), ids);
      assert.deepEqual(await pendingIds(store), []);
    },
  },
  {
    name: 'a key that stands for another write is refused by name, and nothing is added',
    async run({ store }) {
      const ids = await added(store, ENTRIES, { once: identityOf('k') });
      await assert.rejects(
        async () => store.add(ENTRIES, { once: identityOf('k', OTHER) }),
        (error) =>
          error instanceof IdempotencyKeyReusedError && /"k".*order\.0\/placed\.0/s.test(error.message),
      );
      assert.deepEqual(await pendingIds(store), ids);
    },
  },
  {
    name: 'of callers that add with one key at once, one does, and all get its references',
    async run(bench) {
      const stores = [bench.store, await bench.second()];
      for (let round = 0; round < 20; round++) {
        const once = identityOf(`round ${round}`);
        const all = await Promise.all(
          [0, 1, 2, 3].map((n) => added(stores[n % 2] as OutboxStore, ENTRIES, { once })),
        );
        for (const ids of all) assert.deepEqual(ids, all[0]);
      }
      assert.equal((await pendingIds(bench.store)).length, 20 * ENTRIES.length);
    },
  },
];

export const keyExpiryCases = (ttlMs: number): readonly OutboxCase[] => [
  {
    name: 'a key is free for another write when its time is over',
    needs: 'clock',
    async run(bench) {
      const { store } = bench;
      const once = identityOf('k');
      const ids = await added(store, ENTRIES, { once });
      await bench.advance(ttlMs * 0.9);
      assert.deepEqual(await added(store, ENTRIES, { once }), ids);
      await bench.advance(ttlMs * 0.2);
      const others = await added(store, ENTRIES, { once: identityOf('k', OTHER) });
      assert.deepEqual(await pendingIds(store), [...ids, ...others]);
    },
  },
];

/** Sent entries are looked at for a while. */
export const cleaningCases: readonly OutboxCase[] = [
  {
    name: 'sent entries are deleted when they are older than asked, so many at a time, and others never',
    needs: 'clock',
    async run(bench) {
      const { store } = bench;
      const [pending = '', held = '', ...sent] = await added(store, entriesOf('a', 'b', 'c', 'd', 'e'));
      await store.hold(held, 'wrong');
      await store.sent(
        sent,
        sent.map((id) => `event ${id}`),
      );
      assert.equal(await store.clean(60_000, 10), 0);
      await bench.advance(120_000);
      const young = await addedOne(store, entryOf(6, { orderKey: 'f' }));
      await store.sent([young], ['event 6']);
      assert.equal(await store.clean(180_000, 10), 0);
      assert.equal(await store.clean(60_000, 2), 2);
      assert.equal(await store.clean(60_000, 2), 1);
      assert.equal(await store.clean(60_000, 2), 0);
      assert.deepEqual(await pendingIds(store), [pending]);
      assert.deepEqual(await heldIds(store), [held]);
      await bench.advance(120_000);
      assert.equal(await store.clean(60_000, 2), 1);
    },
  },
  {
    name: 'two instances that clean at once delete every entry once',
    needs: 'both',
    async run(bench) {
      const second = await bench.second();
      const ids = await added(bench.store, entriesOf(...Array.from({ length: 40 }, (_, n) => `key ${n}`)));
      await bench.store.sent(
        ids,
        ids.map((id) => `event ${id}`),
      );
      await bench.advance(120_000);
      let deleted = 0;
      for (const store of [bench.store, second, bench.store]) {
        const counts = await Promise.all([store.clean(60_000, ids.length), second.clean(60_000, ids.length)]);
        deleted += counts[0] + counts[1];
      }
      assert.equal(deleted, ids.length);
    },
  },
];
