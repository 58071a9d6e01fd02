import { setImmediate as turn } from 'node:timers/promises';
import type { EventClaim, PathwayState } from '../../state/pathway-state.interface.js';
import type {
  BatchClaimAnswer,
  TransactionBatchClaim,
  TransactionClaim,
  TransactionRunner,
} from '../../state/transaction-runner.interface.js';
import type { TransactionEffects } from './attempt-bench.js';

/** Effects in memory: those of a transaction are seen when it commits. */
export class Effects implements TransactionEffects {
  readonly rows: string[] = [];

  async apply(transaction: unknown, eventId: string): Promise<void> {
    await turn();
    (transaction as string[]).push(eventId);
  }

  committed(): readonly string[] {
    return this.rows;
  }
}

/** Transactions in memory. What mutants change is in methods of its own. */
export class MemoryTransactions implements TransactionRunner {
  constructor(
    protected readonly state: PathwayState,
    protected readonly effects: Effects,
  ) {}

  async run(claim: TransactionClaim, attempt: (transaction: unknown) => Promise<void>): Promise<EventClaim> {
    const answer = await this.claim(claim);
    if (answer !== 'claimed') return answer;
    const transaction = this.begin();
    try {
      await attempt(transaction);
    } catch (error) {
      await this.rollBack(claim, transaction);
      return this.failed(error);
    }
    await this.commit(claim, transaction);
    return 'claimed';
  }

  async runBatch(
    { eventIds, generation, purpose }: TransactionBatchClaim,
    attempt: (transaction: unknown, claimed: ReadonlySet<string>) => Promise<void>,
  ): Promise<ReadonlyMap<string, BatchClaimAnswer>> {
    const answers = new Map<string, BatchClaimAnswer>();
    for (const eventId of eventIds.toSorted()) {
      answers.set(eventId, await this.claimNow({ eventId, generation, purpose }));
    }
    const claims = eventIds
      .filter((eventId) => answers.get(eventId) === 'claimed')
      .map((eventId) => ({ eventId, generation, purpose }));
    if (!this.mayRun(answers, claims)) {
      await this.abandon(claims);
      return answers;
    }
    const transaction = this.begin();
    try {
      await attempt(transaction, this.given(eventIds, claims));
    } catch (error) {
      for (const claim of claims) await this.rollBack(claim, transaction);
      this.failed(error);
      return answers;
    }
    await this.commitAll(claims, transaction);
    return answers;
  }

  /** `held` when it would have to wait. */
  protected async claimNow(claim: TransactionClaim): Promise<BatchClaimAnswer> {
    const claiming = Promise.resolve(this.claim(claim));
    const answer = await Promise.race([claiming, turn().then(() => 'held' as const)]);
    if (answer === 'held') {
      void claiming.then((late) => (late === 'claimed' ? this.state.release(claim.eventId) : undefined));
    }
    return answer;
  }

  protected mayRun(
    answers: ReadonlyMap<string, BatchClaimAnswer>,
    claims: readonly TransactionClaim[],
  ): boolean {
    return claims.length > 0 && ![...answers.values()].includes('held');
  }

  protected async abandon(claims: readonly TransactionClaim[]): Promise<void> {
    for (const { eventId } of claims) await this.state.release(eventId);
  }

  protected given(_eventIds: readonly string[], claims: readonly TransactionClaim[]): ReadonlySet<string> {
    return new Set(claims.map(({ eventId }) => eventId));
  }

  protected async commitAll(claims: readonly TransactionClaim[], transaction: string[]): Promise<void> {
    // All effects with the first mark; nothing is between the others but turns.
    for (const [at, claim] of claims.entries()) await this.commit(claim, at === 0 ? transaction : []);
  }

  protected claim({ eventId, generation, purpose }: TransactionClaim): Promise<EventClaim> | EventClaim {
    return this.state.claim(eventId, generation, purpose);
  }

  protected begin(): string[] {
    return [];
  }

  protected async rollBack({ eventId }: TransactionClaim, _transaction: string[]): Promise<void> {
    await this.state.release(eventId);
  }

  protected async commit({ eventId, generation }: TransactionClaim, transaction: string[]): Promise<void> {
    this.effects.rows.push(...transaction);
    await this.state.complete(eventId, generation, 'processed');
  }

  protected failed(error: unknown): EventClaim {
    throw error;
  }
}

export type Runner = new (state: PathwayState, effects: Effects) => TransactionRunner;
