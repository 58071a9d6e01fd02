import assert from 'node:assert/strict';
import type { EventClaim } from '../../state/pathway-state.interface.js';
import type { BatchClaimAnswer, TransactionBatchClaim } from '../../state/transaction-runner.interface.js';
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
import { eventIdOf, eventIds } from './odd-strings.js';

const THIRD = eventIdOf(3);
const IDS = [ID, OTHER, THIRD];

/** Runs a batch, through the method that a store may leave out. */
function runBatch(
  { transactions }: TransactionalStore,
  claim: Partial<TransactionBatchClaim>,
  work: (transaction: unknown, claimed: ReadonlySet<string>) => Promise<void>,
): Promise<ReadonlyMap<string, BatchClaimAnswer>> {
  assert.ok(
    transactions.runBatch,
    'This case needs `runBatch`: let the runner have it, or declare `{ batches: false }`.',
  );
  return transactions.runBatch({ eventIds: IDS, generation: 0, purpose: 'delivery', ...claim }, work);
}

/** A batch that writes an effect for each event it is given. Returns the answers, and what it was given. */
async function batch({ store, subject }: RunnerBench, claim: Partial<TransactionBatchClaim> = {}) {
  let given: readonly string[] | undefined;
  const answers = await runBatch(store, claim, async (transaction, claimed) => {
    given = [...claimed].sort();
    for (const eventId of claimed) await subject.effects.apply(transaction, eventId);
  });
  return { answers: Object.fromEntries(answers), given };
}

async function assertStatuses({ store }: RunnerBench, expected: readonly (EventClaim | undefined)[]) {
  const statuses = await Promise.all(IDS.map(async (eventId) => store.state.statusOf(eventId)));
  assert.deepEqual(statuses, expected, 'statuses');
}

const all = (answer: BatchClaimAnswer) => Object.fromEntries(IDS.map((eventId) => [eventId, answer]));

/** The part of the runner contract that is about batches. */
export const attemptBatchCases: readonly RunnerCase[] = [
  {
    name: 'a batch that ends well leaves effects and marks of all its events',
    async run(bench) {
      assert.deepEqual(await batch(bench), { answers: all('claimed'), given: IDS });
      await assertStatuses(bench, ['processed', 'processed', 'processed']);
      assert.deepEqual([...(await bench.subject.effects.committed())].sort(), IDS);
    },
  },
  {
    name: 'a batch that fails leaves nothing of any event, and its own error comes back',
    async run(bench) {
      const failure = new Error('the handler failed');
      const running = runBatch(bench.store, {}, async (transaction) => {
        for (const eventId of IDS) await bench.subject.effects.apply(transaction, eventId);
        throw failure;
      });
      await assert.rejects(running, (error) => error === failure, 'the very error of the attempt comes back');
      await assertStatuses(bench, [undefined, undefined, undefined]);
      await assertEffects(bench, 0);
      assert.deepEqual((await batch(bench)).answers, all('claimed'));
      await assertEffects(bench, 3);
    },
  },
  {
    name: 'nothing is seen of a batch while it runs',
    async run(bench) {
      await runBatch(bench.store, {}, async (transaction) => {
        for (const eventId of IDS) await bench.subject.effects.apply(transaction, eventId);
        await assertStatuses(bench, [undefined, undefined, undefined]);
        await assertEffects(bench, 0);
      });
      await assertEffects(bench, 3);
    },
  },
  {
    name: 'a batch gets the events that have not ended, and says how the others did',
    async run(bench) {
      await attempt(bench);
      await bench.store.state.complete(OTHER, 0, 'dead-lettered');
      assert.deepEqual(await batch(bench), {
        answers: { [ID]: 'processed', [OTHER]: 'dead-lettered', [THIRD]: 'claimed' },
        given: [THIRD],
      });
      assert.deepEqual([...(await bench.subject.effects.committed())].sort(), [ID, THIRD]);
    },
  },
  {
    name: 'a batch of nothing but ended events is not run',
    async run(bench) {
      await batch(bench);
      assert.deepEqual(await batch(bench), { answers: all('processed'), given: undefined });
      await assertEffects(bench, 3);
    },
  },
  {
    name: 'a batch of a newer generation runs again, and of a replay takes dead letters as well',
    async run(bench) {
      await batch(bench, { generation: 1 });
      assert.deepEqual((await batch(bench, { generation: 2 })).given, IDS);
      assert.equal((await batch(bench, { generation: 1 })).given, undefined);
      for (const id of IDS)
        await bench.store.state.complete(id, 3, id === OTHER ? 'dead-lettered' : 'processed');
      assert.deepEqual((await batch(bench, { generation: 3, purpose: 'replay' })).given, [OTHER]);
      await assertStatuses(bench, ['processed', 'processed', 'processed']);
    },
  },
  {
    name: 'a batch with an event that another delivery holds is not run, and holds up none of the others',
    async run(bench) {
      const other = await bench.second();
      assert.equal(await other.state.claim(OTHER, 0), 'claimed');
      const { answers, given } = await batch(bench);
      assert.equal(answers[OTHER], 'held');
      assert.equal(given, undefined, 'events of a batch that must not run');
      await assertEffects(bench, 0);
      // The others may be had by anybody.
      assert.equal(await attempt(bench), 'claimed');
      assert.equal(await other.state.claim(THIRD, 0), 'claimed');
    },
  },
  {
    name: 'a delivery of one event of a running batch waits, and is told that it was processed',
    async run(bench) {
      const second = await bench.second();
      let waiting: Watched<EventClaim> | undefined;
      await runBatch(bench.store, {}, async (transaction) => {
        waiting = watch(
          second.transactions.run({ ...CLAIM, eventId: OTHER }, (own) =>
            bench.subject.effects.apply(own, OTHER),
          ),
        );
        const roundTrip = () => bench.subject.effects.committed();
        await assertWaits(waiting, 'the delivery', roundTrip);
        for (const eventId of IDS) await bench.subject.effects.apply(transaction, eventId);
      });
      assert.equal(await waiting?.promise, 'processed');
      await assertEffects(bench, 3);
    },
  },
  {
    name: 'batches of the same events in opposite orders, at once: each effect once',
    async run(bench) {
      const ids = eventIds(40);
      const stores = [bench.store, await bench.second()];
      const deliver = async (store: TransactionalStore, order: readonly string[]) => {
        let open = order;
        await bench.until(
          () => open.length === 0,
          async () => {
            let done: ReadonlySet<string> = new Set();
            const answers = await runBatch(store, { eventIds: open }, async (transaction, claimed) => {
              for (const eventId of claimed) await bench.subject.effects.apply(transaction, eventId);
              done = claimed;
            });
            const hasEnded = (eventId: string) => done.has(eventId) || answers.get(eventId) === 'processed';
            open = open.filter((eventId) => !hasEnded(eventId));
          },
        );
      };
      const orders = [ids, ids.toReversed(), [...ids.slice(20), ...ids.slice(0, 20)]];
      await Promise.all(orders.map((order, at) => deliver(stores[at % 2] as TransactionalStore, order)));
      assert.deepEqual([...(await bench.subject.effects.committed())].sort(), ids);
    },
  },
];
