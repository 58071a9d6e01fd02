import assert from 'node:assert/strict';
import type { DeadLetterStore } from '../../state/dead-letter-store.interface.js';
import type { CaseDefinition } from './contract-bench.js';
import { assertListed, assertSameLetter, KEY, letterOf, SOURCE } from './dead-letter-samples.js';

/** The part of the dead letter contract that keeps events of one key in order. */
export const parkingCases: readonly CaseDefinition<DeadLetterStore>[] = [
  {
    name: 'the first letter of a source and key blocks it, then the next',
    async run({ store }) {
      for (const number of [3, 1, 2]) await store.add(letterOf(number));
      for (const number of [3, 1, 2]) {
        assert.equal(await store.blockerOf(SOURCE, KEY), letterOf(number).eventId);
        await store.remove(letterOf(number).eventId);
      }
      assert.equal(await store.blockerOf(SOURCE, KEY), undefined);
    },
  },
  {
    name: 'another source or key is not blocked, nor one that only looks alike',
    async run({ store }) {
      await store.add(letterOf(1, { source: 'a', orderKey: 'b:c' }));
      await store.add(letterOf(2, { source: 'x', orderKey: '' }));
      await store.add(letterOf(3, { source: 'y', orderKey: undefined }));
      assert.equal(await store.blockerOf('a', 'b:c'), letterOf(1).eventId);
      assert.equal(await store.blockerOf('x', ''), letterOf(2).eventId);
      for (const [source, orderKey] of [
        ['a', 'b'],
        ['webhook', 'b:c'],
        ['a:b', 'c'],
        ['y', ''],
        ['y', 'undefined'],
        ['y', 'null'],
      ] as const)
        assert.equal(await store.blockerOf(source, orderKey), undefined, `${source} ${orderKey}`);
    },
  },
  {
    name: 'the blocked ones of several keys are those that are blocked one by one',
    async run({ store }) {
      await store.add(letterOf(1));
      await store.add(letterOf(2, { source: 'x', orderKey: '' }));
      await store.add(letterOf(3, { source: 'x', orderKey: 'zero\0' }));
      await store.add(letterOf(4, { source: 'x', orderKey: undefined }));
      for (const source of [SOURCE, 'x', 'y']) {
        const keys = [KEY, '', 'zero\0', 'zero', 'undefined', 'null', 'order-2'];
        const blockers = await Promise.all(keys.map((key) => store.blockerOf(source, key)));
        const expected = keys.filter((_, index) => blockers[index] !== undefined);
        // A store that cannot say so in one look is asked for each.
        const blocked = store.blockedKeys ? await store.blockedKeys(source, keys) : expected;
        assert.deepEqual(blocked.toSorted(), expected.toSorted(), source);
      }
      assert.deepEqual((await store.blockedKeys?.(SOURCE, [])) ?? [], []);
    },
  },
  {
    name: 'a letter that comes again with another key blocks that one alone',
    async run({ store }) {
      await store.add(letterOf(1));
      await store.add(letterOf(2, { orderKey: 'order-2' }));
      await store.add(letterOf(1, { orderKey: 'order-2' }));
      assert.equal(await store.blockerOf(SOURCE, KEY), undefined);
      // It keeps its place among all letters, so it is the first of its new key.
      assert.equal(await store.blockerOf(SOURCE, 'order-2'), letterOf(1).eventId);
      await store.remove(letterOf(1).eventId);
      assert.equal(await store.blockerOf(SOURCE, 'order-2'), letterOf(2).eventId);
    },
  },
  {
    name: 'nothing is parked where nothing blocks',
    async run({ store }) {
      await store.add(letterOf(1, { source: 'webhook' }));
      await store.add(letterOf(2, { orderKey: 'order-2' }));
      await store.add(letterOf(3, { orderKey: undefined }));
      assert.equal(await store.park(letterOf(4, { reason: 'parked' })), false);
      assert.equal(await store.park(letterOf(5, { reason: 'parked', orderKey: undefined })), false);
      await assertListed(store, 1, 2, 3);
    },
  },
  {
    name: 'a letter is not parked behind itself',
    async run({ store }) {
      await store.add(letterOf(1));
      assert.equal(await store.park(letterOf(1, { reason: 'parked' })), false);
      assertSameLetter(await store.get(letterOf(1).eventId), letterOf(1));
      await store.add(letterOf(2));
      assert.equal(await store.park(letterOf(1, { reason: 'parked' })), true);
      await assertListed(store, 1, 2);
    },
  },
  {
    name: 'a letter is parked behind those of its source and key',
    async run({ store }) {
      await store.add(letterOf(9));
      const parked = letterOf(4, { reason: 'parked' });
      assert.equal(await store.park(parked), true);
      assert.equal(await store.park(letterOf(6, { reason: 'parked' })), true);
      await assertListed(store, 9, 4, 6);
      assertSameLetter(await store.get(parked.eventId), parked);
      await store.remove(letterOf(9).eventId);
      assert.equal(await store.blockerOf(SOURCE, KEY), parked.eventId);
    },
  },
  {
    // A replay ends when it finds no further letter: one that is parked on a look from before would stay for ever.
    name: 'no letter is parked behind the last one while that is removed',
    async run(bench) {
      const { store } = bench;
      const second = await bench.second();
      const race = async (number: number) => {
        const orderKey = `order-${number}`;
        const last = letterOf(number, { orderKey });
        const next = letterOf(500 + number, { orderKey, reason: 'parked' });
        await store.add(last);
        const replay = async () => {
          await store.remove(last.eventId);
          return store.blockerOf(SOURCE, orderKey);
        };
        // Either side begins, so that neither has the other always behind it.
        const parkFirst = number % 2 === 0 ? second.park(next) : undefined;
        const replayed = replay();
        const [parked, blocker] = await Promise.all([parkFirst ?? second.park(next), replayed]);
        assert.equal(blocker, parked ? next.eventId : undefined, parked ? 'left behind' : 'not parked');
      };
      for (let round = 0; round < 4; round++)
        await Promise.all(Array.from({ length: 50 }, (_, index) => race(round * 50 + index)));
    },
  },
];
