import assert from 'node:assert/strict';
import type { PathwaysStore } from '../../state/pathways-store.interface.js';
import { assertWaits, makeCases, watch, type CaseDefinition } from './contract-bench.js';
import type { ContractCase, KnownTraits, StoreCreator, StoreTraits } from './contract-case.interface.js';
import { assertListed, assertSameLetter, letterOf } from './dead-letter-samples.js';

/** A store that keeps a dead letter and marks its event in one step. */
export type DeadLetterEndingStore = Pick<PathwaysStore, 'state' | 'deadLetters'> &
  Required<Pick<PathwaysStore, 'endAsDeadLetter'>>;

/** What the `endAsDeadLetter` of a store must do. */
export function deadLetterEndingContract<const TTraits extends StoreTraits = StoreTraits>(
  create: StoreCreator<DeadLetterEndingStore, TTraits>,
  traits?: KnownTraits<TTraits>,
): ContractCase[] {
  return makeCases(endingCases, create, traits);
}

const LETTER = letterOf(1, { generation: 2 });
const ID = LETTER.eventId;

const endingCases: readonly CaseDefinition<DeadLetterEndingStore>[] = [
  {
    name: 'the letter is kept, and its event marked in the generation given',
    async run({ store }) {
      assert.equal(await store.state.claim(ID, 2), 'claimed');
      await store.endAsDeadLetter(LETTER, 2);
      assertSameLetter(await store.deadLetters.get(ID), LETTER);
      assert.equal(await store.state.statusOf(ID), 'dead-lettered');
      assert.equal(await store.state.claim(ID, 2), 'dead-lettered');
      assert.equal(await store.state.claim(ID, 3), 'claimed');
    },
  },
  {
    name: 'a letter that ends again replaces the earlier one and keeps its place',
    async run({ store }) {
      await store.endAsDeadLetter(LETTER, 2);
      await store.endAsDeadLetter(letterOf(2), 0);
      const again = { ...LETTER, error: 'It failed again' };
      assert.equal(await store.state.claim(ID, 2, 'replay'), 'claimed');
      await store.endAsDeadLetter(again, 2);
      await assertListed(store.deadLetters, 1, 2);
      assertSameLetter(await store.deadLetters.get(ID), again);
      assert.equal(await store.state.statusOf(ID), 'dead-lettered');
    },
  },
  {
    name: 'a second delivery waits, and is told that the event is a dead letter',
    async run(bench) {
      const { state } = await bench.second();
      assert.equal(await bench.store.state.claim(ID, 2), 'claimed');
      const waiting = watch(state.claim(ID, 2));
      await assertWaits(waiting, 'the second claim', () => state.statusOf(letterOf(2).eventId));
      await bench.store.endAsDeadLetter(LETTER, 2);
      assert.equal(await waiting.promise, 'dead-lettered');
    },
  },
  {
    // A waiting write that sees the mark looks for the letter, to say why the handler failed.
    name: 'whoever sees the mark finds the letter',
    async run(bench) {
      const second = await bench.second();
      for (let number = 1; number <= 20; number++) {
        const letter = letterOf(number);
        const ending = watch(bench.store.endAsDeadLetter(letter, 0));
        let isMarked = false;
        await bench.until(
          () => isMarked,
          async () => {
            isMarked = (await second.state.statusOf(letter.eventId)) !== undefined;
            if (isMarked) assertSameLetter(await second.deadLetters.get(letter.eventId), letter);
          },
        );
        await ending.promise;
      }
    },
  },
];
