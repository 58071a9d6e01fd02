import assert from 'node:assert/strict';
import type { DeadLetterFilter, DeadLetterStore } from '../../state/dead-letter-store.interface.js';
import { makeCases, type CaseDefinition } from './contract-bench.js';
import type { ContractCase, KnownTraits, StoreCreator, StoreTraits } from './contract-case.interface.js';
import {
  assertListed,
  assertSameLetter,
  KEY,
  letterOf,
  ODD_PAYLOADS,
  SOURCE,
} from './dead-letter-samples.js';
import { ODD_STRINGS } from './odd-strings.js';
import { parkingCases } from './parking.contract.js';

type LetterCase = CaseDefinition<DeadLetterStore>;

/** What every `DeadLetterStore` must do. */
export function deadLetterStoreContract<const TTraits extends StoreTraits = StoreTraits>(
  create: StoreCreator<DeadLetterStore, TTraits>,
  traits?: KnownTraits<TTraits>,
): ContractCase[] {
  return makeCases([...contentCases, ...orderCases, ...filterCases, ...parkingCases], create, traits);
}

const contentCases: readonly LetterCase[] = [
  {
    name: 'a letter comes back with every field, its dates to the millisecond',
    async run({ store }) {
      const letter = letterOf(1, {
        reason: 'parked',
        deadLetteredAt: new Date('2026-02-03T04:05:06.789Z'),
        generation: 5,
        error: 'It said "no": ü 🙂',
        attempts: [
          {
            at: new Date('2026-02-03T04:05:05.001Z'),
            errorName: 'TypeError',
            message: "it's",
            stack: 'a\n at b',
          },
          { at: new Date('2026-02-03T04:05:06.002Z'), errorName: 'Error', message: '' },
        ],
      });
      await store.add(letter);
      assertSameLetter(await store.get(letter.eventId), letter);
      const [listed] = await store.list();
      assertSameLetter(listed, letter);
    },
  },
  {
    name: 'a letter without order key, attempts and generation comes back without them',
    async run({ store }) {
      const { generation: _, ...letter } = letterOf(1, { orderKey: undefined });
      await store.add(letter);
      assertSameLetter(await store.get(letter.eventId), letter);
    },
  },
  {
    name: 'events come back exactly as they were delivered',
    async run({ store }) {
      for (const [index, payload] of ODD_PAYLOADS.entries()) {
        const letter = letterOf(index);
        const event = { ...letter.event, payload, metadata: { z: 'ü', a: payload } };
        await store.add({ ...letter, event });
        assertSameLetter(await store.get(letter.eventId), { ...letter, event });
      }
    },
  },
  {
    // A payload with a NUL fails validation with a message that quotes it: the letter must be kept all the same.
    name: 'a NUL in an error message does not keep a letter out',
    async run({ store }) {
      const attempt = { at: new Date(0), errorName: 'Error', message: 'a\u0000b', stack: 'a\u0000b' };
      const letter = letterOf(1, { error: 'a\u0000b', attempts: [attempt] });
      await store.add(letter);
      const found = await store.get(letter.eventId);
      assert.equal(found?.attempts.length, 1);
      assert.match(found.error, /^a.*b$/s);
    },
  },
  {
    name: 'odd and long ids and keys are told apart',
    async run({ store }) {
      for (const text of ODD_STRINGS) await store.add(letterOf(1, { eventId: text, orderKey: text }));
      for (const text of ODD_STRINGS) {
        assert.equal((await store.get(text))?.eventId, text);
        assert.equal(await store.blockerOf(SOURCE, text), text);
        assert.equal(await store.count({ orderKey: text }), 1, JSON.stringify(text));
      }
      assert.equal(await store.count(), ODD_STRINGS.length);
    },
  },
  {
    name: 'an unknown letter is not found, and removing it changes nothing',
    async run({ store }) {
      await assertListed(store);
      await store.add(letterOf(1));
      await store.remove(letterOf(2).eventId);
      assert.equal(await store.get(letterOf(2).eventId), undefined);
      await assertListed(store, 1);
    },
  },
  {
    name: 'a removed letter is gone',
    async run({ store }) {
      for (const number of [1, 2, 3]) await store.add(letterOf(number));
      await store.remove(letterOf(2).eventId);
      assert.equal(await store.get(letterOf(2).eventId), undefined);
      await assertListed(store, 1, 3);
    },
  },
  {
    name: 'a letter of another generation is not removed when one is named',
    async run({ store }) {
      await store.add(letterOf(1, { generation: 2 }));
      const { generation: _, ...early } = letterOf(2);
      await store.add(early);
      for (const generation of [0, 1, 3]) await store.remove(letterOf(1).eventId, generation);
      await store.remove(early.eventId, 1);
      await assertListed(store, 1, 2);
      await store.remove(letterOf(1).eventId, 2);
      await store.remove(early.eventId, 0);
      await assertListed(store);
    },
  },
  {
    name: 'a letter added by one instance is seen, blocks and is removed by another',
    needs: 'second',
    async run(bench) {
      const second = await bench.second();
      await bench.store.add(letterOf(1));
      assertSameLetter(await second.get(letterOf(1).eventId), letterOf(1));
      assert.equal(await second.park(letterOf(2)), true);
      await assertListed(bench.store, 1, 2);
      await second.remove(letterOf(1).eventId);
      assert.equal(await bench.store.blockerOf(SOURCE, KEY), letterOf(2).eventId);
    },
  },
];

const orderCases: readonly LetterCase[] = [
  {
    name: 'letters are listed in the order they were added, whatever their ids and times',
    async run(bench) {
      const { store } = bench;
      const second = await bench.second();
      for (const number of [2, 1, 3]) await store.add(letterOf(number));
      await second.add(letterOf(5));
      await store.add(letterOf(4));
      await assertListed(store, 2, 1, 3, 5, 4);
    },
  },
  {
    name: 'the same event again replaces its letter and keeps its place',
    async run({ store }) {
      for (const number of [1, 2, 3]) await store.add(letterOf(number));
      const again = letterOf(1, { error: 'It failed again', reason: 'invalid', generation: 1 });
      await store.add(again);
      await assertListed(store, 1, 2, 3);
      assertSameLetter(await store.get(again.eventId), again);
      assert.equal(await store.blockerOf(SOURCE, KEY), again.eventId);
    },
  },
  {
    name: 'a list ends at its limit',
    async run({ store }) {
      for (const number of [1, 2, 3, 4])
        await store.add(letterOf(number, { reason: number % 2 ? 'failed' : 'parked' }));
      const numbersOf = async (filter: DeadLetterFilter, limit: number) =>
        (await store.list(filter, limit)).map(({ event }) => event.payload);
      assert.deepEqual(await numbersOf({}, 3), [{ number: 1 }, { number: 2 }, { number: 3 }]);
      assert.deepEqual(await numbersOf({ reason: 'parked' }, 1), [{ number: 2 }]);
      assert.deepEqual(await numbersOf({ reason: 'parked' }, 9), [{ number: 2 }, { number: 4 }]);
    },
  },
  {
    name: 'a list goes on behind the place of its last letter, which a replaced letter keeps',
    async run({ store }) {
      for (const number of [1, 2, 3, 4, 5])
        await store.add(letterOf(number, { reason: number % 2 ? 'failed' : 'parked' }));
      const pages: unknown[] = [];
      for (let after: number | undefined; ;) {
        const page = await store.list({}, 2, after);
        if (page.length === 0) break;
        pages.push(...page.map(({ event }) => event.payload));
        after = page.at(-1)?.sequence;
        assert.ok(Number.isSafeInteger(after), `the place of a letter is a whole number: ${after}`);
        assert.equal(await store.count({}, after), 5 - pages.length, 'letters left');
      }
      assert.deepEqual(
        pages,
        [1, 2, 3, 4, 5].map((number) => ({ number })),
      );
      const third = await store.get(letterOf(3).eventId);
      await store.add(letterOf(3));
      assert.equal((await store.get(letterOf(3).eventId))?.sequence, third?.sequence);
      const left = await store.list({ reason: 'failed' }, 9, third?.sequence);
      assert.deepEqual(
        left.map(({ event }) => event.payload),
        [{ number: 5 }],
      );
      assert.equal(await store.count({ reason: 'parked' }, third?.sequence), 1);
    },
  },
  {
    name: 'letters that are added at once are all kept, the same one once',
    async run(bench) {
      const stores = [bench.store, await bench.second()];
      const add = (number: number, index: number) =>
        (stores[index % 2] as DeadLetterStore).add(letterOf(number, { orderKey: `order-${number % 7}` }));
      const numbers = Array.from({ length: 200 }, (_, index) => index % 100);
      await Promise.all(numbers.map(add));
      const letters = await bench.store.list();
      assert.equal(letters.length, 100);
      assert.equal(new Set(letters.map(({ eventId }) => eventId)).size, 100);
    },
  },
];

const filterCases: readonly LetterCase[] = [
  {
    name: 'filters choose by pathway, source, order key, reason and fingerprint, all of them together',
    async run({ store }) {
      const common = {
        pathway: 'a.0/b.0',
        source: 'webhook',
        orderKey: 'k',
        reason: 'invalid',
        fingerprint: 'E@1',
      } as const;
      await store.add(letterOf(1, common));
      await store.add(letterOf(2, { ...common, pathway: 'a.0/c.0' }));
      await store.add(letterOf(3, { ...common, orderKey: undefined }));
      await store.add(letterOf(4, { ...common, reason: 'failed' }));
      await store.add(letterOf(5, { ...common, fingerprint: 'E@2' }));
      await store.add(letterOf(6, { ...common, source: 'a.0::default' }));
      const expectFound = async (filter: DeadLetterFilter, ...numbers: number[]) => {
        const found = await store.list(filter);
        assert.deepEqual(
          found.map(({ event }) => event.payload),
          numbers.map((number) => ({ number })),
          JSON.stringify(filter),
        );
        assert.equal(await store.count(filter), numbers.length, `count of ${JSON.stringify(filter)}`);
      };
      await expectFound({}, 1, 2, 3, 4, 5, 6);
      await expectFound({ pathway: 'a.0/b.0' }, 1, 3, 4, 5, 6);
      await expectFound({ source: 'webhook' }, 1, 2, 3, 4, 5);
      await expectFound({ orderKey: 'k' }, 1, 2, 4, 5, 6);
      await expectFound({ reason: 'invalid' }, 1, 2, 3, 5, 6);
      await expectFound({ fingerprint: 'E@1' }, 1, 2, 3, 4, 6);
      await expectFound({ source: 'webhook', orderKey: 'k' }, 1, 2, 4, 5);
      await expectFound({ reason: 'failed', fingerprint: 'E@2' });
      await expectFound(common, 1);
    },
  },
  {
    name: 'letters are counted by cause, the most frequent first',
    async run({ store }) {
      assert.deepEqual(await store.countByFingerprint(), []);
      for (const [number, fingerprint] of ['rare', 'often', 'often', 'often', 'odd', 'odd'].entries())
        await store.add(letterOf(number, { fingerprint, reason: number < 2 ? 'invalid' : 'failed' }));
      assert.deepEqual(await store.countByFingerprint(), [
        { fingerprint: 'often', count: 3 },
        { fingerprint: 'odd', count: 2 },
        { fingerprint: 'rare', count: 1 },
      ]);
      const failed = [
        { fingerprint: 'odd', count: 2 },
        { fingerprint: 'often', count: 2 },
      ];
      const counts = await store.countByFingerprint({ reason: 'failed' });
      assert.deepEqual(
        [...counts].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1)),
        failed,
      );
    },
  },
];
