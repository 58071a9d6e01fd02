import type { BatchClaimAnswer, TransactionClaim } from '../../state/transaction-runner.interface.js';
import { MemoryTransactions } from './memory-transactions.spec-util.js';

/** The cases about batches. */
export const BATCH = {
  well: 'a batch that ends well leaves effects and marks of all its events',
  failed: 'a batch that fails leaves nothing of any event, and its own error comes back',
  unseen: 'nothing is seen of a batch while it runs',
  ended: 'a batch gets the events that have not ended, and says how the others did',
  allEnded: 'a batch of nothing but ended events is not run',
  generations: 'a batch of a newer generation runs again, and of a replay takes dead letters as well',
  held: 'a batch with an event that another delivery holds is not run, and holds up none of the others',
  waits: 'a delivery of one event of a running batch waits, and is told that it was processed',
  opposite: 'batches of the same events in opposite orders, at once: each effect once',
};
export class MarksTheFirst extends MemoryTransactions {
  protected override async commitAll(claims: readonly TransactionClaim[], transaction: string[]) {
    const [first, ...others] = claims;
    if (first) await this.commit(first, transaction);
    await this.abandon(others);
  }
}

export class GivesEverything extends MemoryTransactions {
  protected override given(eventIds: readonly string[]): ReadonlySet<string> {
    return new Set(eventIds);
  }
}

export class RunsNothing extends MemoryTransactions {
  protected override mayRun(answers: ReadonlyMap<string, BatchClaimAnswer>): boolean {
    return ![...answers.values()].includes('held');
  }
}

export class RunsTheRest extends MemoryTransactions {
  protected override mayRun(_answers: unknown, claims: readonly TransactionClaim[]): boolean {
    return claims.length > 0;
  }
}

export class WaitsForHeld extends MemoryTransactions {
  protected override async claimNow(claim: TransactionClaim): Promise<BatchClaimAnswer> {
    return this.claim(claim);
  }
}

export class KeepsTheRest extends MemoryTransactions {
  protected override async abandon(): Promise<void> {}
}

export class ReleasesEarly extends MemoryTransactions {
  protected override given(eventIds: readonly string[], claims: readonly TransactionClaim[]) {
    for (const { eventId } of claims) void this.state.release(eventId);
    return super.given(eventIds, claims);
  }
}

export class HasNoBatches extends MemoryTransactions {
  override runBatch = undefined as never;
}
