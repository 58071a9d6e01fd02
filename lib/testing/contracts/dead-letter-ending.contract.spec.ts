import { setImmediate as turn } from 'node:timers/promises';
import type { DeadLetter } from '../../state/dead-letter-store.interface.js';
import { MemoryDeadLetterStore } from '../../state/memory-dead-letter.store.js';
import { MemoryPathwayState } from '../../state/memory-pathway.state.js';
import { describeMutants } from './contract-mutants.spec-util.js';
import { deadLetterEndingContract, type DeadLetterEndingStore } from './dead-letter-ending.contract.js';

interface Parts {
  readonly state: MemoryPathwayState;
  readonly deadLetters: MemoryDeadLetterStore;
}

/** A store in memory that ends dead letters in the way given. */
const ending =
  (end: (parts: Parts, letter: DeadLetter, generation: number) => void | Promise<void>) => () => {
    const parts: Parts = { state: new MemoryPathwayState(), deadLetters: new MemoryDeadLetterStore() };
    const store: DeadLetterEndingStore = {
      ...parts,
      endAsDeadLetter: (letter, generation) => end(parts, letter, generation),
    };
    return { store, openSecond: () => store };
  };

const MARKED = 'the letter is kept, and its event marked in the generation given';
const AGAIN = 'a letter that ends again replaces the earlier one and keeps its place';
const WAITS = 'a second delivery waits, and is told that the event is a dead letter';
const SEES = 'whoever sees the mark finds the letter';

describeMutants(
  'deadLetterEndingContract',
  (create, limitMs) => deadLetterEndingContract(create, { limitMs }),
  ending(({ state, deadLetters }, letter, generation) => {
    deadLetters.add(letter);
    state.complete(letter.eventId, generation, 'dead-lettered');
  }),
  [
    {
      name: 'keeps without a mark',
      create: ending(({ deadLetters }, letter) => deadLetters.add(letter)),
      reportedBy: [MARKED, WAITS, SEES],
    },
    {
      name: 'marks without keeping',
      create: ending(({ state }, { eventId }, generation) =>
        state.complete(eventId, generation, 'dead-lettered'),
      ),
      reportedBy: [MARKED, AGAIN, SEES],
    },
    {
      name: 'drops the generation of the mark',
      create: ending(({ state, deadLetters }, letter) => {
        deadLetters.add(letter);
        state.complete(letter.eventId, 0, 'dead-lettered');
      }),
      reportedBy: [MARKED],
    },
    {
      name: 'marks before it keeps',
      create: ending(async ({ state, deadLetters }, letter, generation) => {
        state.complete(letter.eventId, generation, 'dead-lettered');
        await turn();
        deadLetters.add(letter);
      }),
      reportedBy: [SEES],
    },
  ],
);
