import assert from 'node:assert/strict';
import type { OutboxStore } from '../../state/outbox-store.interface.js';
import { makeCases } from './contract-bench.js';
import type { ContractCase, KnownTraits, StoreCreator } from './contract-case.interface.js';
import { ODD_STRINGS } from './odd-strings.js';
import { added, addedOne, entriesOf, entryOf, LATEST, pendingIds } from './outbox-bench.js';
import type { OutboxCase, OutboxStoreTraits, OutboxUnderTest } from './outbox-bench.js';
import { heldCases } from './outbox-held.contract.js';
import { cleaningCases, keyCases, keyExpiryCases } from './outbox-keys.contract.js';

/** What every `OutboxStore` must do. What its transactions do is for a spec of its own: they differ. */
export function outboxStoreContract<const TTraits extends OutboxStoreTraits = OutboxStoreTraits>(
  create: StoreCreator<OutboxStore, TTraits, OutboxUnderTest>,
  traits?: KnownTraits<TTraits, OutboxStoreTraits>,
): ContractCase[] {
  const given: OutboxStoreTraits = traits ?? {};
  const { ttlMs = 86_400_000, keepsSent = true } = given;
  const cases = [
    ...addingCases,
    ...sendingCases,
    ...fencingCases,
    ...heldCases,
    ...keyCases,
    ...keyExpiryCases(ttlMs),
    ...(keepsSent ? cleaningCases : []),
  ];
  return makeCases(cases, create, given);
}

const addingCases: readonly OutboxCase[] = [
  {
    name: 'entries come back as they were, in the order they were added in, with ids that grow',
    async run({ store }) {
      const entries = ODD_STRINGS.map((text, n) =>
        entryOf(n, {
          orderKey: text,
          payload: { text, nested: [{ is: null, n: 1.5 }] },
          headers: {
            metadata: { text, n },
            eventTime: '2026-05-01T10:00:00.000Z',
            extra: { 'x-trace': '1' },
          },
          ...(n % 2 === 0 && { idempotencyId: `id ${n}` }),
        }),
      );
      const ids = [
        ...(await added(store, entries.slice(0, 3))),
        ...(await added(store, entries.slice(3, 4))),
        ...(await added(store, entries.slice(4))),
      ];
      const rows = await store.pending(1_000, []);
      assert.deepEqual(
        rows.map((row) => ({ ...row, idempotencyId: row.idempotencyId })),
        entries.map((entry, at) => ({
          ...entry,
          id: ids[at],
          attempts: 0,
          idempotencyId: entry.idempotencyId,
        })),
      );
      assert.deepEqual(
        ids,
        ids.toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)),
      );
    },
  },
  {
    name: 'an entry whose payload the caller changes later is kept as it was',
    async run({ store }) {
      const payload = { n: 1 };
      await addedOne(store, entryOf(1, { payload }));
      payload.n = 2;
      assert.deepEqual((await store.pending(1, []))[0]?.payload, { n: 1 });
    },
  },
  {
    name: 'no more is given than asked for, and nothing of the keys left out',
    async run({ store }) {
      const ids = await added(store, entriesOf('a', 'b', 'a', "b'", 'b'));
      assert.deepEqual(await pendingIds(store, [], 2), ids.slice(0, 2));
      assert.deepEqual(await pendingIds(store, ['b']), [ids[0], ids[2], ids[3]]);
      assert.deepEqual(await pendingIds(store, ['b', 'a'], 1), [ids[3]]);
    },
  },
  {
    name: 'what two instances add is one order, and both see it',
    needs: 'second',
    async run(bench) {
      const second = await bench.second();
      const ids: string[] = [];
      for (let n = 0; n < 6; n++) ids.push(await addedOne(n % 2 ? second : bench.store, entryOf(n)));
      assert.deepEqual(await pendingIds(bench.store), ids);
      assert.deepEqual(await pendingIds(second), ids);
    },
  },
  {
    name: 'of callers that add at once nothing is lost, and the entries of each keep their order',
    async run(bench) {
      const stores = [bench.store, await bench.second()];
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          added(stores[n % 2] as OutboxStore, entriesOf('k', 'k', 'k', 'k', 'k')),
        ),
      );
      const pending = await pendingIds(bench.store);
      assert.deepEqual(pending.toSorted(), all.flat().toSorted());
      for (const own of all) {
        assert.deepEqual(
          pending.filter((id) => own.includes(id)),
          own,
        );
      }
    },
  },
  {
    name: 'who listens is told of additions, also of other instances, until it ends that',
    async run(bench) {
      let told = 0;
      let unwanted = 0;
      const end = bench.store.onAdded(() => void told++);
      bench.store.onAdded(() => void unwanted++)();
      for (const store of [bench.store, await bench.second()]) {
        const before = told;
        await addedOne(store, entryOf(1));
        await bench.until(
          () => told > before,
          () => bench.store.pending(1, []),
        );
      }
      end();
      assert.equal(unwanted, 0);
    },
  },
];

const sendingCases: readonly OutboxCase[] = [
  {
    name: 'what was sent is no longer pending, also when that is said twice',
    async run({ store }) {
      const ids = await added(store, entriesOf('a', 'b', 'a'));
      const [first = '', second = '', third = ''] = ids;
      await store.sent([first, second], ['event 1', 'event 2']);
      await store.sent([first], ['event 3']);
      assert.deepEqual(await pendingIds(store), [third]);
    },
  },
  {
    name: 'what failed is tried again in its place, and the tries are counted',
    async run({ store }) {
      const ids = await added(store, entriesOf('a', 'b', 'a'));
      const [first = '', second = ''] = ids;
      await store.failed([first, second], 'the platform is down \0');
      await store.failed([first], 'still down');
      const rows = await store.pending(10, []);
      assert.deepEqual(
        rows.map(({ id, attempts }) => [id, attempts]),
        [
          [ids[0], 2],
          [ids[1], 1],
          [ids[2], 0],
        ],
      );
    },
  },
  {
    name: 'an idempotency id is given once, and is there from then on',
    async run({ store }) {
      const ids = await added(store, [...entriesOf('a', 'b', 'c'), entryOf(4, { idempotencyId: 'own' })]);
      assert.deepEqual(await store.assign(ids.slice(0, 2), 'first', LATEST), ids.slice(0, 2));
      assert.deepEqual(await store.assign(ids, 'second', LATEST), ids.slice(2, 3));
      const rows = await store.pending(10, []);
      assert.deepEqual(
        rows.map(({ idempotencyId }) => idempotencyId),
        ['first', 'first', 'second', 'own'],
      );
    },
  },
  {
    name: 'of relays that give ids at once one does for every entry',
    async run(bench) {
      const stores = [bench.store, await bench.second()];
      for (let round = 0; round < 20; round++) {
        const ids = await added(bench.store, entriesOf('a', 'b', 'c'));
        const given = await Promise.all(
          stores.map((store, n) => store.assign(n ? ids.toReversed() : ids, `id ${n}`, LATEST)),
        );
        assert.deepEqual(given.flat().toSorted(), ids.toSorted());
        const rows = await bench.store.pending(10, []);
        for (const { id, idempotencyId } of rows) {
          const winner = given.findIndex((own) => own.includes(id));
          assert.equal(idempotencyId, `id ${winner}`);
        }
        await bench.store.sent(
          ids,
          ids.map((id) => `event ${id}`),
        );
      }
    },
  },
];

const fencingCases: readonly OutboxCase[] = [
  {
    name: 'a relay whose lease has gone to another one gives no ids any more',
    needs: 'second',
    async run({ store, subject }) {
      assert.ok(subject.grantLease, 'This case fences a relay: let `create` give `grantLease`.');
      const old = await subject.grantLease();
      const [first = '', second = ''] = await added(store, entriesOf('a', 'b'));
      assert.deepEqual(await store.assign([first], 'of the first relay', old), [first]);
      const newer = await subject.grantLease();
      assert.deepEqual(await store.assign([second], 'too late', old), []);
      const rows = await store.pending(10, []);
      assert.equal(rows[1]?.idempotencyId, undefined);
      assert.deepEqual(await store.assign([second], 'of the second relay', newer), [second]);
    },
  },
];
