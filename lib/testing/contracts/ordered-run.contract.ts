import assert from 'node:assert/strict';
import type { EventClaim } from '../../state/pathway-state.interface.js';
import type { OrderedClaim, PathwaysStore } from '../../state/pathways-store.interface.js';
import { makeCases, type CaseDefinition } from './contract-bench.js';
import type { ContractCase, KnownTraits, StoreCreator, StoreTraits } from './contract-case.interface.js';
import { letterOf, SOURCE } from './dead-letter-samples.js';
import { eventIdOf, ODD_STRINGS } from './odd-strings.js';
import { ID, orderedClaim } from './ordered-claim.contract.js';

/** A store whose transactions look for dead letters by the way. */
export type OrderedRunStore = Pick<PathwaysStore, 'state' | 'deadLetters'> &
  Required<Pick<PathwaysStore, 'runInOrder'>>;

/** What the `runInOrder` of a store must do, beside what the contract of its `transactions` says of `run`. */
export function orderedRunContract<const TTraits extends StoreTraits = StoreTraits>(
  create: StoreCreator<OrderedRunStore, TTraits>,
  traits?: KnownTraits<TTraits>,
): ContractCase[] {
  return makeCases(orderedRunCases, create, traits);
}

/** An attempt is made for `claimed`, and for nothing else. */
async function assertEnd(
  store: OrderedRunStore,
  expected: EventClaim | 'behind',
  fields: Partial<OrderedClaim> = {},
): Promise<void> {
  let attempts = 0;
  const end = await store.runInOrder(orderedClaim(fields), async () => void (attempts += 1));
  assert.equal(end, expected, JSON.stringify(fields));
  assert.equal(attempts, expected === 'claimed' ? 1 : 0, 'attempts');
}

const orderedRunCases: readonly CaseDefinition<OrderedRunStore>[] = [
  {
    name: 'an attempt without a letter of its source and key is made and marked',
    async run({ store }) {
      await store.deadLetters.add(letterOf(1, { source: 'webhook' }));
      await store.deadLetters.add(letterOf(2, { orderKey: 'order-2' }));
      await store.deadLetters.add(letterOf(3, { orderKey: undefined }));
      await assertEnd(store, 'claimed');
      assert.equal(await store.state.statusOf(ID), 'processed');
    },
  },
  {
    name: 'behind a letter, whoever has added it, no attempt is made, and everything is as before',
    async run(bench) {
      const { store } = bench;
      const { deadLetters } = await bench.second();
      for (let round = 0; round < 10; round++) {
        const eventId = eventIdOf(round);
        await deadLetters.add(letterOf(round));
        await assertEnd(store, 'behind', { eventId });
        assert.equal(await store.state.statusOf(eventId), undefined, 'status');
        await deadLetters.remove(letterOf(round).eventId);
        await assertEnd(store, 'claimed', { eventId });
      }
    },
  },
  {
    name: 'an event that has ended is not run, whatever is before it',
    async run({ store }) {
      await store.deadLetters.add(letterOf(1));
      await store.state.complete(ID, 0, 'dead-lettered');
      await assertEnd(store, 'dead-lettered');
      await assertEnd(store, 'behind', { purpose: 'replay' });
      await store.state.complete(ID, 0, 'processed');
      await assertEnd(store, 'processed');
      await assertEnd(store, 'behind', { generation: 1 });
    },
  },
  {
    name: 'odd and long keys are told apart as in the letters',
    async run({ store }) {
      const keys = ODD_STRINGS.filter((_, at) => at % 2 === 0);
      for (const [at, orderKey] of keys.entries()) await store.deadLetters.add(letterOf(at, { orderKey }));
      for (const [at, orderKey] of ODD_STRINGS.entries()) {
        const isBehind = (await store.deadLetters.blockerOf(SOURCE, orderKey)) !== undefined;
        await assertEnd(store, isBehind ? 'behind' : 'claimed', { eventId: eventIdOf(at), orderKey });
      }
    },
  },
];
