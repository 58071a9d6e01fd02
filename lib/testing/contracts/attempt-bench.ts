import assert from 'node:assert/strict';
import type { MaybePromise } from '../../event/maybe-promise.type.js';
import type { EventClaim } from '../../state/pathway-state.interface.js';
import type { PathwaysStore } from '../../state/pathways-store.interface.js';
import type { TransactionClaim } from '../../state/transaction-runner.interface.js';
import type { CaseDefinition, ContractBench } from './contract-bench.js';
import type { StoreTraits } from './contract-case.interface.js';
import { eventIdOf } from './odd-strings.js';

/** A store whose attempts run inside transactions. */
export type TransactionalStore = Pick<PathwaysStore, 'state'> & Required<Pick<PathwaysStore, 'transactions'>>;

/** Something a handler would write, in the same database as the marks. */
export interface TransactionEffects {
  /** Writes the effect of an event through the transaction that an attempt was given. */
  apply(transaction: unknown, eventId: string): Promise<void>;
  /** What is committed: one id for each effect, in any order. */
  committed(): MaybePromise<readonly string[]>;
}

/** What `create` gives beside the store. */
export interface WithEffects {
  readonly effects: TransactionEffects;
}

/** What a runner is, as far as its contract has to know. */
export interface TransactionRunnerTraits extends StoreTraits {
  /**
   * `false`: it has no `runBatch`, and every event of a batch gets a transaction of its own.
   *
   * @default true
   */
  readonly batches?: boolean;
}

export type RunnerBench = ContractBench<TransactionalStore, WithEffects>;
export type RunnerCase = CaseDefinition<TransactionalStore, WithEffects>;

export const ID = eventIdOf(1);
export const OTHER = eventIdOf(2);
export const CLAIM: TransactionClaim = { eventId: ID, generation: 0, purpose: 'delivery' };

export async function assertEffects({ subject }: RunnerBench, count: number): Promise<void> {
  assert.equal((await subject.effects.committed()).length, count, 'committed effects');
}

/** One attempt that writes its effect. */
export function attempt(
  { store, subject }: RunnerBench,
  claim: Partial<TransactionClaim> = {},
): Promise<EventClaim> {
  const { eventId = ID } = claim;
  return store.transactions.run({ ...CLAIM, ...claim }, (transaction) =>
    subject.effects.apply(transaction, eventId),
  );
}
