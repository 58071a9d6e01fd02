import assert from 'node:assert/strict';
import type { EventClaim } from '../../state/pathway-state.interface.js';
import type { OrderedClaim, PathwaysStore } from '../../state/pathways-store.interface.js';
import { assertWaits, makeCases, watch, type CaseDefinition } from './contract-bench.js';
import type { ContractCase, KnownTraits, StoreCreator, StoreTraits } from './contract-case.interface.js';
import { KEY, letterOf, SOURCE } from './dead-letter-samples.js';
import { eventIdOf, ODD_STRINGS } from './odd-strings.js';

/** A store whose claims look for dead letters by the way. */
export type OrderedClaimStore = Pick<PathwaysStore, 'state' | 'deadLetters'> &
  Required<Pick<PathwaysStore, 'claimInOrder'>>;

/** What the `claimInOrder` of a store must do. */
export function orderedClaimContract<const TTraits extends StoreTraits = StoreTraits>(
  create: StoreCreator<OrderedClaimStore, TTraits>,
  traits?: KnownTraits<TTraits>,
): ContractCase[] {
  return makeCases(orderedClaimCases, create, traits);
}

type Answer = EventClaim | 'claimed-behind';

export const ID = eventIdOf(1);

/** Of an event behind the sample letters. */
export function orderedClaim(fields: Partial<OrderedClaim> = {}): OrderedClaim {
  return { eventId: ID, generation: 0, purpose: 'delivery', source: SOURCE, orderKey: KEY, ...fields };
}

const orderedClaimCases: readonly CaseDefinition<OrderedClaimStore>[] = [
  {
    name: 'a claim without a letter of its source and key is a claim like any other',
    async run({ store }) {
      await store.deadLetters.add(letterOf(1, { source: 'webhook' }));
      await store.deadLetters.add(letterOf(2, { orderKey: 'order-2' }));
      await store.deadLetters.add(letterOf(3, { orderKey: undefined }));
      assert.equal(await store.claimInOrder(orderedClaim()), 'claimed');
      await store.state.complete(ID, 0, 'processed');
      assert.equal(await store.state.statusOf(ID), 'processed');
    },
  },
  {
    name: 'a letter that another instance has added is seen, and its removal as well',
    async run(bench) {
      const { store } = bench;
      const { deadLetters } = await bench.second();
      for (let round = 0; round < 20; round++) {
        await deadLetters.add(letterOf(round));
        assert.equal(await store.claimInOrder(orderedClaim()), 'claimed-behind', `round ${round}`);
        await store.state.release(ID);
        await deadLetters.remove(letterOf(round).eventId);
        assert.equal(await store.claimInOrder(orderedClaim()), 'claimed', `round ${round}`);
        await store.state.release(ID);
      }
    },
  },
  {
    name: 'claims that are made at once are answered each for its own key',
    async run({ store }) {
      const keys = Array.from({ length: 40 }, (_, number) => `order-${number}`);
      for (const [number, orderKey] of keys.entries())
        if (number % 3 === 0) await store.deadLetters.add(letterOf(number, { orderKey }));
      const claims = keys.map((orderKey, number) =>
        store.claimInOrder(orderedClaim({ eventId: eventIdOf(number), orderKey })),
      );
      assert.deepEqual(
        await Promise.all(claims),
        keys.map((_, number) => (number % 3 === 0 ? 'claimed-behind' : 'claimed')),
      );
    },
  },
  {
    name: 'an event that has ended is not claimed, whatever is before it',
    async run({ store }) {
      const assertAnswer = async (expected: Answer, fields: Partial<OrderedClaim> = {}) =>
        assert.equal(await store.claimInOrder(orderedClaim(fields)), expected, JSON.stringify(fields));
      await store.deadLetters.add(letterOf(1));
      await store.state.complete(ID, 0, 'dead-lettered');
      await assertAnswer('dead-lettered');
      await assertAnswer('claimed-behind', { purpose: 'replay' });
      await store.state.complete(ID, 0, 'processed');
      await assertAnswer('processed');
      await assertAnswer('processed', { purpose: 'replay' });
      await assertAnswer('claimed-behind', { generation: 1 });
    },
  },
  {
    name: 'a claim behind a letter is held until it ends',
    async run(bench) {
      const { store } = bench;
      const second = await bench.second();
      await store.deadLetters.add(letterOf(1));
      assert.equal(await store.claimInOrder(orderedClaim()), 'claimed-behind');
      const waiting = watch(second.claimInOrder(orderedClaim()));
      await assertWaits(waiting, 'the second claim', () => second.state.statusOf(eventIdOf(2)));
      await store.state.release(ID);
      assert.equal(await waiting.promise, 'claimed-behind');
    },
  },
  {
    name: 'odd and long keys are told apart as in the letters',
    async run({ store }) {
      const keys = ODD_STRINGS.filter((_, at) => at % 2 === 0);
      for (const [at, orderKey] of keys.entries()) await store.deadLetters.add(letterOf(at, { orderKey }));
      for (const orderKey of ODD_STRINGS) {
        const isBehind = (await store.deadLetters.blockerOf(SOURCE, orderKey)) !== undefined;
        const claim = await store.claimInOrder(orderedClaim({ orderKey }));
        assert.equal(claim, isBehind ? 'claimed-behind' : 'claimed', JSON.stringify(orderKey));
        await store.state.release(ID);
      }
    },
  },
];
