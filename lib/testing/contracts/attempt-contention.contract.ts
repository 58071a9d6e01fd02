import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { EventClaim } from '../../state/pathway-state.interface.js';
import {
  assertEffects,
  attempt,
  CLAIM,
  ID,
  OTHER,
  type RunnerBench,
  type RunnerCase,
  type TransactionalStore,
} from './attempt-bench.js';
import { assertWaits, watch, type Watched } from './contract-bench.js';
import { eventIds } from './odd-strings.js';

/** Two deliveries of one event: the second comes while the first runs, and is answered when that one ends. */
async function assertAnswer(
  bench: RunnerBench,
  expected: EventClaim,
  ask: (store: TransactionalStore) => EventClaim | Promise<EventClaim>,
  failure?: Error,
): Promise<void> {
  const second = await bench.second();
  let waiting: Watched<EventClaim> | undefined;
  const first = bench.store.transactions.run(CLAIM, async (transaction) => {
    await bench.subject.effects.apply(transaction, ID);
    waiting = watch(ask(second));
    await assertWaits(waiting, 'the second delivery', () => second.state.statusOf(OTHER));
    if (failure) throw failure;
  });
  if (failure) await assert.rejects(first, (error) => error === failure);
  else assert.equal(await first, 'claimed');
  assert.equal(await waiting?.promise, expected);
}

/** An attempt comes while a delivery outside of a transaction holds the event. */
async function assertAttemptWaits(bench: RunnerBench, { state }: TransactionalStore): Promise<void> {
  assert.equal(await state.claim(ID, 0), 'claimed');
  const waiting = watch(attempt(bench));
  // Takes as long as the attempt would take that does not wait.
  const another = () => bench.store.transactions.run({ ...CLAIM, eventId: OTHER }, async () => {});
  await assertWaits(waiting, 'the attempt', another);
  await state.complete(ID, 0, 'processed');
  assert.equal(await waiting.promise, 'processed');
  await assertEffects(bench, 0);
}

/** The part of the runner contract where deliveries of one event, or many events, meet. */
export const attemptContentionCases: readonly RunnerCase[] = [
  {
    name: 'a second delivery waits, and is told that the event was processed',
    async run(bench) {
      const again = (store: TransactionalStore) =>
        store.transactions.run(CLAIM, (transaction) => bench.subject.effects.apply(transaction, ID));
      await assertAnswer(bench, 'processed', again);
      await assertEffects(bench, 1);
    },
  },
  {
    name: 'a second delivery waits, and runs when the first failed',
    async run(bench) {
      const again = (store: TransactionalStore) =>
        store.transactions.run(CLAIM, (transaction) => bench.subject.effects.apply(transaction, ID));
      await assertAnswer(bench, 'claimed', again, new Error('the first failed'));
      assert.equal(await bench.store.state.statusOf(ID), 'processed');
      await assertEffects(bench, 1);
    },
  },
  {
    name: 'a claim outside of a transaction waits for the attempt that runs',
    async run(bench) {
      await assertAnswer(bench, 'processed', ({ state }) => state.claim(ID, 0));
    },
  },
  {
    name: 'a claim outside of a transaction gets the event whose attempt failed',
    async run(bench) {
      const claim = ({ state }: TransactionalStore) => state.claim(ID, 0);
      await assertAnswer(bench, 'claimed', claim, new Error('the attempt failed'));
    },
  },
  {
    name: 'an attempt waits for the claim of a delivery outside of a transaction',
    run: async (bench) => assertAttemptWaits(bench, await bench.second()),
  },
  {
    // What is written about an event outside of its transaction (a dead letter) must not meet an attempt of the same
    // instance either.
    name: 'an attempt waits for a claim of its own instance as well',
    needs: 'second',
    run: (bench) => assertAttemptWaits(bench, bench.store),
  },
  {
    name: 'two attempts of one instance wait for each other as well',
    needs: 'second',
    async run(bench) {
      const elsewhere = await bench.second();
      let waiting: Watched<EventClaim> | undefined;
      const first = bench.store.transactions.run(CLAIM, async (transaction) => {
        waiting = watch(attempt(bench));
        // Through the other instance: the connections of this one may all be in use.
        await assertWaits(waiting, 'the second attempt', () => elsewhere.state.statusOf(OTHER));
        await bench.subject.effects.apply(transaction, ID);
      });
      assert.equal(await first, 'claimed');
      assert.equal(await waiting?.promise, 'processed');
      await assertEffects(bench, 1);
    },
  },
  {
    name: 'of 100 deliveries of one event at once one runs',
    async run(bench) {
      const stores = [bench.store, await bench.second()];
      const deliver = (_: unknown, index: number) =>
        (stores[index % 2] as TransactionalStore).transactions.run(CLAIM, async (transaction) => {
          await turn();
          await bench.subject.effects.apply(transaction, ID);
        });
      const answers = await Promise.all(Array.from({ length: 100 }, deliver));
      assert.equal(answers.filter((answer) => answer === 'claimed').length, 1, 'deliveries that ran');
      assert.equal(
        answers.filter((answer) => answer === 'processed').length,
        99,
        'deliveries that were told',
      );
      await assertEffects(bench, 1);
    },
  },
  {
    name: '200 events at once, some of which fail, leave an effect and a mark where they end well',
    async run(bench) {
      const stores = [bench.store, await bench.second()];
      const deliver = (eventId: string, index: number) =>
        (stores[index % 2] as TransactionalStore).transactions.run(
          { ...CLAIM, eventId },
          async (transaction) => {
            await bench.subject.effects.apply(transaction, eventId);
            if (index % 5 === 0) throw new Error('the handler failed');
          },
        );
      const ids = eventIds(200);
      await Promise.allSettled(ids.map(deliver));
      const good = ids.filter((_, index) => index % 5 !== 0);
      assert.deepEqual([...(await bench.subject.effects.committed())].sort(), good);
      const statuses = await Promise.all(ids.map(async (id) => bench.store.state.statusOf(id)));
      assert.deepEqual(
        ids.filter((_, index) => statuses[index] === 'processed'),
        good,
      );
    },
  },
];
