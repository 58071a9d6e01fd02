import assert from 'node:assert/strict';
import type { OutboxStore } from '../../state/outbox-store.interface.js';
import { ODD_STRINGS } from './odd-strings.js';
import { added, addedOne, entriesOf, entryOf, heldIds, pendingIds, type OutboxCase } from './outbox-bench.js';

/** Entries the platform refuses for good. */
export const heldCases: readonly OutboxCase[] = [
  {
    name: 'a held entry holds back what comes behind it in its key, and nothing else',
    async run({ store }) {
      const ids = await added(store, entriesOf('a', 'a', 'b', 'a', 'b'));
      await store.hold(ids[1] ?? '', 'wrong');
      assert.deepEqual(await pendingIds(store), [ids[0], ids[2], ids[4]]);
      const later = await addedOne(store, entryOf(6, { orderKey: 'a' }));
      assert.ok(!(await pendingIds(store)).includes(later), 'what is added behind a held entry waits');
    },
  },
  {
    name: 'keys do not hold each other back, however odd',
    async run({ store }) {
      const ids = await added(store, entriesOf(...ODD_STRINGS, ...ODD_STRINGS));
      const count = ODD_STRINGS.length;
      for (let at = 1; at < count; at += 2) await store.hold(ids[at] ?? '', 'wrong');
      assert.deepEqual(
        await pendingIds(store),
        ids.filter((_, at) => (at % count) % 2 === 0),
      );
    },
  },
  {
    name: 'held entries are listed with their cause, the oldest first',
    async run({ store }) {
      const entries = [
        entryOf(1, { orderKey: 'a' }),
        entryOf(2, { orderKey: 'b' }),
        entryOf(3, { orderKey: 'c' }),
      ];
      const ids = await added(store, entries);
      await store.failed([ids[2] ?? ''], 'down');
      await store.hold(ids[2] ?? '', 'n is wrong \0');
      await store.hold(ids[0] ?? '', 'n is missing');
      const held = await store.held();
      assert.deepEqual(
        held.map(({ id, payload, attempts }) => [id, payload, attempts]),
        [
          [ids[0], { n: 1 }, 1],
          [ids[2], { n: 3 }, 2],
        ],
      );
      assert.equal(held[0]?.lastError, 'n is missing');
      assert.match(held[1]?.lastError ?? '', /^n is wrong/);
      for (const { heldSince } of held) {
        assert.ok(heldSince instanceof Date && !Number.isNaN(heldSince.getTime()), 'since when it is held');
      }
      assert.deepEqual(await heldIds(store, 1), [ids[0]]);
    },
  },
  {
    name: 'a held entry that is retried is pending in its place, with what waited behind it',
    async run({ store }) {
      const ids = await added(store, entriesOf('a', 'b', 'a'));
      const [first = '', second = ''] = ids;
      await store.hold(first, 'wrong');
      assert.equal(await store.retry([first, second, '123456789']), 1);
      assert.equal(await store.retry([first]), 0);
      assert.deepEqual(await pendingIds(store), ids);
      assert.deepEqual(await heldIds(store), []);
      await store.hold(first, 'still wrong');
      assert.deepEqual(await pendingIds(store), [second]);
    },
  },
  {
    name: 'a held entry that is discarded is gone, and what waited behind it is pending',
    async run({ store }) {
      const ids = await added(store, entriesOf('a', 'b', 'a'));
      const [first = '', second = '', third = ''] = ids;
      await store.hold(first, 'wrong');
      assert.equal(await store.discard([first, second, '123456789']), 1);
      assert.equal(await store.discard([first]), 0);
      assert.equal(await store.retry([first]), 0);
      assert.deepEqual(await pendingIds(store), [second, third]);
      assert.deepEqual(await heldIds(store), []);
    },
  },
  {
    name: 'what was tried in vain can be discarded too, also after a retry, but not what was sent',
    async run({ store }) {
      const ids = await added(store, entriesOf('a', 'b', 'c', 'a'));
      const [failed = '', retried = '', sent = '', behind = ''] = ids;
      await store.failed([failed, sent], 'the platform is down');
      await store.hold(retried, 'wrong');
      await store.retry([retried]);
      await store.sent([sent], ['event 1']);
      assert.equal(await store.discard(ids), 2);
      assert.deepEqual(await pendingIds(store), [behind]);
      // A relay that had it in its hands comes late.
      await store.failed([failed], 'down');
      await store.hold(failed, 'wrong');
      await store.sent([failed], ['event 2']);
      assert.deepEqual([await pendingIds(store), await heldIds(store)], [[behind], []]);
    },
  },
  {
    name: 'of two held entries of a key the later one still holds back when the first is let go',
    async run({ store }) {
      const ids = await added(store, entriesOf('a', 'a', 'a'));
      const [first = '', second = ''] = ids;
      await store.hold(second, 'wrong');
      await store.hold(first, 'wrong');
      await store.discard([first]);
      assert.deepEqual(await pendingIds(store), []);
      assert.deepEqual(await heldIds(store), [second]);
    },
  },
  {
    name: 'a relay that comes late neither holds what was sent nor counts a try of what is held',
    async run({ store }) {
      const [first = '', second = ''] = await added(store, entriesOf('a', 'b'));
      await store.sent([first], ['event 1']);
      await store.hold(first, 'too late');
      await store.failed([first], 'too late');
      await store.hold(second, 'wrong');
      await store.failed([second], 'too late');
      const [held, ...others] = await store.held();
      assert.deepEqual([held?.id, held?.attempts, held?.lastError, others], [second, 1, 'wrong', []]);
    },
  },
  {
    name: 'of two instances both see what is held, and one of them lets it go',
    needs: 'second',
    async run(bench) {
      const second = await bench.second();
      const ids = await added(bench.store, entriesOf('a', 'b', 'c'));
      const lettingGo = [
        (store: OutboxStore) => store.retry(ids),
        (store: OutboxStore) => store.discard(ids),
      ];
      for (const letGo of lettingGo) {
        for (const id of ids) await bench.store.hold(id, 'wrong');
        assert.deepEqual(await heldIds(second), ids);
        const counts = await Promise.all([letGo(bench.store), letGo(second)]);
        assert.equal(counts[0] + counts[1], ids.length);
        assert.deepEqual(await heldIds(bench.store), []);
      }
    },
  },
];
