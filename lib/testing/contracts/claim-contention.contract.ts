import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { EventClaim, PathwayState } from '../../state/pathway-state.interface.js';
import { assertWaits, watch, type CaseDefinition, type ContractBench } from './contract-bench.js';
import { eventIdOf, eventIds } from './odd-strings.js';

const ID = eventIdOf(1);
const OTHER = eventIdOf(2);

/** Two deliveries of one event: the second asks while the first holds it, and is answered when that one ends. */
async function assertAnswer(
  bench: ContractBench<PathwayState>,
  expected: EventClaim,
  ask: (state: PathwayState) => EventClaim | Promise<EventClaim>,
  endFirst: (state: PathwayState) => void | Promise<void>,
): Promise<void> {
  const { store } = bench;
  const second = await bench.second();
  assert.equal(await store.claim(ID, 0), 'claimed');
  const waiting = watch(ask(second));
  await assertWaits(waiting, 'the second claim', () => second.statusOf(OTHER));
  await endFirst(store);
  assert.equal(await waiting.promise, expected);
}

/** The part of the state contract where deliveries of one event, or many events, meet. */
export const claimContentionCases: readonly CaseDefinition<PathwayState>[] = [
  {
    name: 'a second claim waits, and is told that the event was processed',
    run: (bench) =>
      assertAnswer(
        bench,
        'processed',
        (state) => state.claim(ID, 0),
        (state) => state.complete(ID, 0, 'processed'),
      ),
  },
  {
    name: 'a second claim waits, and is told that the event is a dead letter',
    run: (bench) =>
      assertAnswer(
        bench,
        'dead-lettered',
        (state) => state.claim(ID, 0),
        (state) => state.complete(ID, 0, 'dead-lettered'),
      ),
  },
  {
    name: 'a second claim waits, and gets the event that was given up',
    run: (bench) =>
      assertAnswer(
        bench,
        'claimed',
        (state) => state.claim(ID, 0),
        (state) => state.release(ID),
      ),
  },
  {
    name: 'a waiting claim of a newer generation gets the event that was processed',
    run: (bench) =>
      assertAnswer(
        bench,
        'claimed',
        (state) => state.claim(ID, 1),
        (state) => state.complete(ID, 0, 'processed'),
      ),
  },
  {
    name: 'a waiting replay gets the event that became a dead letter',
    run: (bench) =>
      assertAnswer(
        bench,
        'claimed',
        (state) => state.claim(ID, 0, 'replay'),
        (state) => state.complete(ID, 0, 'dead-lettered'),
      ),
  },
  {
    name: 'deliveries of one instance wait for each other as well',
    needs: 'second',
    async run({ store }) {
      assert.equal(await store.claim(ID, 0), 'claimed');
      const waiting = [watch(store.claim(ID, 0)), watch(store.claim(ID, 0))] as const;
      for (const claim of waiting) await assertWaits(claim, 'another claim', () => store.statusOf(OTHER));
      await store.release(ID);
      const given = await Promise.race(waiting.map(({ promise }) => promise));
      assert.equal(given, 'claimed');
      await store.complete(ID, 0, 'processed');
      const answers = await Promise.all(waiting.map(({ promise }) => promise));
      assert.deepEqual(answers.sort(), ['claimed', 'processed']);
    },
  },
  {
    name: 'the claim of one event does not hold up another',
    async run(bench) {
      assert.equal(await bench.store.claim(ID, 0), 'claimed');
      const second = await bench.second();
      assert.equal(await second.claim(OTHER, 0), 'claimed');
      await second.complete(OTHER, 0, 'processed');
      assert.equal(await second.statusOf(OTHER), 'processed');
    },
  },
  {
    name: 'of 200 claims of one event at once one is granted',
    async run(bench) {
      const states = [bench.store, await bench.second()];
      const deliver = async (_: unknown, index: number) => {
        const state = states[index % 2] as PathwayState;
        const claim = await state.claim(ID, 0);
        if (claim === 'claimed') await state.complete(ID, 0, 'processed');
        return claim;
      };
      const claims = await Promise.all(Array.from({ length: 200 }, deliver));
      assert.equal(claims.filter((claim) => claim === 'claimed').length, 1, 'granted');
      assert.equal(claims.filter((claim) => claim === 'processed').length, 199, 'told that it is processed');
    },
  },
  {
    name: 'an event that is given up again and again has one holder at a time',
    async run(bench) {
      const states = [bench.store, await bench.second()];
      let holders = 0;
      const deliver = async (_: unknown, index: number) => {
        const state = states[index % 2] as PathwayState;
        assert.equal(await state.claim(ID, 0), 'claimed');
        holders += 1;
        await turn();
        assert.equal(holders, 1, 'holders at a time');
        holders -= 1;
        await state.release(ID);
      };
      await Promise.all(Array.from({ length: 20 }, deliver));
    },
  },
  {
    name: '300 events are claimed and marked at once',
    async run(bench) {
      const states = [bench.store, await bench.second()];
      const ids = eventIds(300);
      const deliver = async (id: string, index: number) => {
        const state = states[index % 2] as PathwayState;
        const claim = await state.claim(id, 0);
        if (claim === 'claimed') await state.complete(id, 0, index % 3 === 0 ? 'dead-lettered' : 'processed');
        return claim;
      };
      assert.deepEqual(new Set(await Promise.all(ids.map(deliver))), new Set(['claimed']));
      const again = await Promise.all(ids.map(deliver));
      assert.deepEqual(
        again,
        ids.map((_, index) => (index % 3 === 0 ? 'dead-lettered' : 'processed')),
      );
    },
  },
];
