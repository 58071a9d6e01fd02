import type { ClaimPurpose, EventClaim } from './pathway-state.interface.js';

/** What is claimed inside a transaction. */
export interface TransactionClaim {
  readonly eventId: string;
  readonly generation: number;
  readonly purpose: ClaimPurpose;
}

/** The events of a batch, claimed inside one transaction. No id is there twice. */
export interface TransactionBatchClaim {
  readonly eventIds: readonly string[];
  readonly generation: number;
  readonly purpose: ClaimPurpose;
}

/** The answer to one claim of a batch: `held` when another delivery runs the event at this moment. */
export type BatchClaimAnswer = EventClaim | 'held';

/** Runs attempts of handlers inside database transactions that hold the mark of their event as well. */
export interface TransactionRunner {
  /**
   * One attempt: begin, claim, run, mark as processed, commit. A concurrent delivery of the event waits for this one's
   * end.
   *
   * Resolves with `claimed` when the attempt is committed, and with how the event ended when it was not run because an
   * earlier delivery had finished it. Once everything is rolled back it rejects: with TransactionLostError when the
   * database, and not the attempt, is the cause; with the attempt's own error, or with what the commit was refused for,
   * otherwise.
   *
   * @param attempt gets what the handler's own statements must go through.
   */
  run(claim: TransactionClaim, attempt: (transaction: unknown) => Promise<void>): Promise<EventClaim>;

  /**
   * The same for a batch of events, in one transaction: all of their marks are committed, or none. Rejects as `run` does,
   * with TransactionLostError naming one of the events.
   *
   * The attempt gets the ids that are claimed, and is not made when there are none, or when one of the events is `held`:
   * to wait for it would hold the others up. Everything is then as before.
   *
   * @default without it every event has a transaction of its own
   */
  runBatch?(
    claim: TransactionBatchClaim,
    attempt: (transaction: unknown, claimed: ReadonlySet<string>) => Promise<void>,
  ): Promise<ReadonlyMap<string, BatchClaimAnswer>>;
}
