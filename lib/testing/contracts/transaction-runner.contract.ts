import assert from 'node:assert/strict';
import type { EventStatus } from '../../state/pathway-state.interface.js';
import type { TransactionClaim } from '../../state/transaction-runner.interface.js';
import {
  assertEffects,
  attempt,
  CLAIM,
  ID,
  type RunnerBench,
  type RunnerCase,
  type TransactionalStore,
  type TransactionRunnerTraits,
  type WithEffects,
} from './attempt-bench.js';
import { attemptBatchCases } from './attempt-batch.contract.js';
import { attemptContentionCases } from './attempt-contention.contract.js';
import { makeCases } from './contract-bench.js';
import type { ContractCase, KnownTraits, StoreCreator } from './contract-case.interface.js';

/** What the `transactions` of a store must do, together with its `state`. */
export function transactionRunnerContract<
  const TTraits extends TransactionRunnerTraits = TransactionRunnerTraits,
>(
  create: StoreCreator<TransactionalStore, TTraits, WithEffects>,
  traits?: KnownTraits<TTraits, TransactionRunnerTraits>,
): ContractCase[] {
  const given: TransactionRunnerTraits = traits ?? {};
  const { batches = true } = given;
  const cases = [
    ...attemptCases,
    ...claimCases,
    ...attemptContentionCases,
    ...(batches ? attemptBatchCases : []),
  ];
  return makeCases(cases, create, given);
}

/** One attempt that writes its effect and then fails. */
async function failedAttempt({ store, subject }: RunnerBench, claim: Partial<TransactionClaim> = {}) {
  const failure = new Error('the handler failed');
  const running = store.transactions.run({ ...CLAIM, ...claim }, async (transaction) => {
    await subject.effects.apply(transaction, ID);
    throw failure;
  });
  await assert.rejects(running, (error) => error === failure, 'the very error of the attempt comes back');
}

async function assertStatus({ store }: RunnerBench, expected: EventStatus | undefined): Promise<void> {
  assert.equal(await store.state.statusOf(ID), expected, 'status');
}

const attemptCases: readonly RunnerCase[] = [
  {
    name: 'an attempt that ends well leaves effect and mark',
    async run(bench) {
      assert.equal(await attempt(bench), 'claimed');
      await assertStatus(bench, 'processed');
      assert.deepEqual(await bench.subject.effects.committed(), [ID]);
      assert.equal(await bench.store.state.claim(ID, 0), 'processed');
    },
  },
  {
    name: 'an attempt that fails leaves neither, and its own error comes back',
    async run(bench) {
      await failedAttempt(bench);
      await assertStatus(bench, undefined);
      await assertEffects(bench, 0);
    },
  },
  {
    name: 'what is thrown comes back as it is, also when it is no error',
    async run({ store }) {
      for (const thrown of ['a text', undefined, Object.freeze(new Error('frozen'))]) {
        const running = store.transactions.run(CLAIM, () => Promise.reject(thrown));
        const [end] = await Promise.allSettled([running]);
        assert.ok(end.status === 'rejected', 'the attempt is rejected');
        assert.ok(end.reason === thrown, `${String(end.reason)} in place of ${String(thrown)}`);
      }
    },
  },
  {
    name: 'after an attempt that failed the next one runs',
    async run(bench) {
      await failedAttempt(bench);
      await failedAttempt(bench);
      assert.equal(await attempt(bench), 'claimed');
      await assertStatus(bench, 'processed');
      await assertEffects(bench, 1);
    },
  },
  {
    name: 'nothing is seen of an attempt while it runs',
    async run(bench) {
      await bench.store.transactions.run(CLAIM, async (transaction) => {
        await bench.subject.effects.apply(transaction, ID);
        await assertStatus(bench, undefined);
        await assertEffects(bench, 0);
      });
      await assertEffects(bench, 1);
    },
  },
];

/** The attempt must not run: its event has ended. */
async function assertEnded(
  { store }: RunnerBench,
  expected: EventStatus,
  claim: Partial<TransactionClaim> = {},
): Promise<void> {
  let runs = 0;
  const answer = await store.transactions.run({ ...CLAIM, ...claim }, async () => void (runs += 1));
  assert.equal(answer, expected);
  assert.equal(runs, 0, 'runs of an attempt whose event has ended');
}

const claimCases: readonly RunnerCase[] = [
  {
    name: 'a processed event is not run again, nor replayed',
    async run(bench) {
      await attempt(bench);
      await assertEnded(bench, 'processed');
      await assertEnded(bench, 'processed', { purpose: 'replay' });
      await assertEffects(bench, 1);
    },
  },
  {
    name: 'a newer generation runs again, an older one does not',
    async run(bench) {
      await attempt(bench, { generation: 1 });
      assert.equal(await attempt(bench, { generation: 2 }), 'claimed');
      await assertEnded(bench, 'processed', { generation: 2 });
      await assertEnded(bench, 'processed', { generation: 1 });
      await assertEffects(bench, 2);
    },
  },
  {
    name: 'a dead-lettered event is run by a replay alone, and processed from then on',
    async run(bench) {
      await bench.store.state.complete(ID, 0, 'dead-lettered');
      await assertEnded(bench, 'dead-lettered');
      assert.equal(await attempt(bench, { purpose: 'replay' }), 'claimed');
      await assertStatus(bench, 'processed');
      await assertEnded(bench, 'processed');
    },
  },
  {
    name: 'an attempt that fails leaves the mark it claimed over',
    async run(bench) {
      await bench.store.state.complete(ID, 3, 'dead-lettered');
      await failedAttempt(bench, { generation: 3, purpose: 'replay' });
      await failedAttempt(bench, { generation: 4 });
      await assertStatus(bench, 'dead-lettered');
      await assertEnded(bench, 'dead-lettered', { generation: 3 });
      await assertEffects(bench, 0);
    },
  },
];
