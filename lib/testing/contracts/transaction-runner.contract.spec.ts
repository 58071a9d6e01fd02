import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { MemoryPathwayState } from '../../state/memory-pathway.state.js';
import type { EventClaim, PathwayState } from '../../state/pathway-state.interface.js';
import type { TransactionClaim, TransactionRunner } from '../../state/transaction-runner.interface.js';
import { describeMutants, failuresOf } from './contract-mutants.spec-util.js';
import {
  BATCH,
  GivesEverything,
  HasNoBatches,
  KeepsTheRest,
  MarksTheFirst,
  ReleasesEarly,
  RunsNothing,
  RunsTheRest,
  WaitsForHeld,
} from './attempt-batch.mutants.spec-util.js';
import { Effects, MemoryTransactions, type Runner } from './memory-transactions.spec-util.js';
import { transactionRunnerContract } from './transaction-runner.contract.js';

class WritesAtOnce extends MemoryTransactions {
  protected override begin(): string[] {
    return this.effects.rows;
  }
  protected override async commit({ eventId, generation }: TransactionClaim): Promise<void> {
    await this.state.complete(eventId, generation, 'processed');
  }
}

class KeepsFailedEffects extends MemoryTransactions {
  protected override async rollBack(claim: TransactionClaim, transaction: string[]): Promise<void> {
    this.effects.rows.push(...transaction);
    await super.rollBack(claim, transaction);
  }
}

class DropsEffects extends MemoryTransactions {
  protected override commit(claim: TransactionClaim): Promise<void> {
    return super.commit(claim, []);
  }
}

class MarksNothing extends MemoryTransactions {
  protected override async commit({ eventId }: TransactionClaim, transaction: string[]): Promise<void> {
    this.effects.rows.push(...transaction);
    await this.state.release(eventId);
  }
}

class MarksFailures extends MemoryTransactions {
  protected override async rollBack({ eventId, generation }: TransactionClaim): Promise<void> {
    await this.state.complete(eventId, generation, 'processed');
  }
}

class WrapsErrors extends MemoryTransactions {
  protected override failed(error: unknown): EventClaim {
    throw new Error('The transaction failed', { cause: error });
  }
}

class WrapsWhatIsNoError extends MemoryTransactions {
  protected override failed(error: unknown): EventClaim {
    throw error instanceof Error ? error : new Error(String(error));
  }
}

class SwallowsErrors extends MemoryTransactions {
  protected override failed(): EventClaim {
    return 'claimed';
  }
}

class KeepsItsClaim extends MemoryTransactions {
  protected override async rollBack(): Promise<void> {}
}

class ClaimsNothing extends MemoryTransactions {
  protected override claim(): EventClaim {
    return 'claimed';
  }
}

class KnowsNoGeneration extends MemoryTransactions {
  protected override claim(claim: TransactionClaim) {
    return super.claim({ ...claim, generation: 0 });
  }
}

class KnowsNoReplay extends MemoryTransactions {
  protected override claim(claim: TransactionClaim) {
    return super.claim({ ...claim, purpose: 'delivery' });
  }
}

class ForgetsWhatItClaimedOver extends MemoryTransactions {
  private readonly forgotten = new Set<string>();
  protected override claim(claim: TransactionClaim) {
    const isForgotten = this.forgotten.delete(claim.eventId);
    return super.claim(isForgotten ? { ...claim, generation: 1_000_000 } : claim);
  }
  protected override rollBack(claim: TransactionClaim, transaction: string[]): Promise<void> {
    this.forgotten.add(claim.eventId);
    return super.rollBack(claim, transaction);
  }
}

/** Its transactions know of each other, but not of claims outside of them until they commit. */
class LocksBesideTheState extends MemoryTransactions {
  private readonly locks = new MemoryPathwayState();
  protected override async claim({ eventId, generation, purpose }: TransactionClaim): Promise<EventClaim> {
    const mine = await this.locks.claim(eventId, generation, purpose);
    return mine === 'claimed' ? ((await this.state.statusOf(eventId)) ?? mine) : mine;
  }
  protected override async rollBack({ eventId }: TransactionClaim): Promise<void> {
    this.locks.release(eventId);
  }
  protected override async commit(claim: TransactionClaim, transaction: string[]): Promise<void> {
    await super.commit(claim, transaction);
    this.locks.complete(claim.eventId, claim.generation, 'processed');
  }
}

class AnswersBeforeTheEnd extends MemoryTransactions {
  protected override async claim(claim: TransactionClaim): Promise<EventClaim> {
    return Promise.race([super.claim(claim), turn().then((): EventClaim => 'processed')]);
  }
}

const shared = (Faulty: Runner) => () => {
  const state: PathwayState = new MemoryPathwayState();
  const effects = new Effects();
  const store = { state, transactions: new Faulty(state, effects) as TransactionRunner };
  return { store, effects, openSecond: () => store };
};

const WELL = 'an attempt that ends well leaves effect and mark';
const FAILED = 'an attempt that fails leaves neither, and its own error comes back';
const THROWN = 'what is thrown comes back as it is, also when it is no error';
const NEXT = 'after an attempt that failed the next one runs';
const UNSEEN = 'nothing is seen of an attempt while it runs';
const NOT_AGAIN = 'a processed event is not run again, nor replayed';
const GENERATIONS = 'a newer generation runs again, an older one does not';
const DEAD_LETTERED = 'a dead-lettered event is run by a replay alone, and processed from then on';
const LEAVES_MARK = 'an attempt that fails leaves the mark it claimed over';
const WAITS = 'a second delivery waits, and is told that the event was processed';
const WAITS_FAILED = 'a second delivery waits, and runs when the first failed';
const CLAIM_WAITS = 'a claim outside of a transaction waits for the attempt that runs';
const CLAIM_GETS = 'a claim outside of a transaction gets the event whose attempt failed';
const ATTEMPT_WAITS = 'an attempt waits for the claim of a delivery outside of a transaction';
const OWN_CLAIM = 'an attempt waits for a claim of its own instance as well';
const OWN_ATTEMPT = 'two attempts of one instance wait for each other as well';
const ONE_RUNS = 'of 100 deliveries of one event at once one runs';
const MANY = '200 events at once, some of which fail, leave an effect and a mark where they end well';

describeMutants(
  'transactionRunnerContract',
  (create, limitMs) => transactionRunnerContract(create, { limitMs }),
  shared(MemoryTransactions),
  [
    {
      name: 'writes effects at once',
      create: shared(WritesAtOnce),
      reportedBy: [UNSEEN, FAILED, MANY, BATCH.unseen, BATCH.failed],
    },
    {
      name: 'keeps the effects of what failed',
      create: shared(KeepsFailedEffects),
      reportedBy: [FAILED, NEXT, LEAVES_MARK, MANY],
    },
    { name: 'drops effects', create: shared(DropsEffects), reportedBy: [WELL, UNSEEN, MANY, BATCH.well] },
    {
      name: 'marks nothing',
      create: shared(MarksNothing),
      reportedBy: [WELL, NOT_AGAIN, ONE_RUNS, MANY, BATCH.well, BATCH.allEnded],
    },
    { name: 'marks what failed', create: shared(MarksFailures), reportedBy: [FAILED, NEXT, WAITS_FAILED] },
    { name: 'wraps the errors of attempts', create: shared(WrapsErrors), reportedBy: [FAILED, THROWN] },
    { name: 'wraps what is no error', create: shared(WrapsWhatIsNoError), reportedBy: [THROWN] },
    { name: 'swallows the errors of attempts', create: shared(SwallowsErrors), reportedBy: [FAILED, THROWN] },
    {
      name: 'keeps the claim of what failed',
      create: shared(KeepsItsClaim),
      reportedBy: [NEXT, WAITS_FAILED, CLAIM_GETS],
    },
    {
      name: 'claims nothing',
      create: shared(ClaimsNothing),
      reportedBy: [NOT_AGAIN, DEAD_LETTERED, WAITS, ATTEMPT_WAITS, ONE_RUNS],
    },
    {
      name: 'knows no generations',
      create: shared(KnowsNoGeneration),
      reportedBy: [GENERATIONS, BATCH.generations],
    },
    {
      name: 'knows no replay',
      create: shared(KnowsNoReplay),
      reportedBy: [DEAD_LETTERED, BATCH.generations],
    },
    {
      name: 'forgets the mark under what failed',
      create: shared(ForgetsWhatItClaimedOver),
      reportedBy: [LEAVES_MARK],
    },
    {
      name: 'does not know of claims outside',
      create: shared(LocksBesideTheState),
      reportedBy: [CLAIM_WAITS, CLAIM_GETS, ATTEMPT_WAITS, OWN_CLAIM],
    },
    {
      name: 'answers before the end',
      create: shared(AnswersBeforeTheEnd),
      reportedBy: [WAITS, ATTEMPT_WAITS, OWN_ATTEMPT],
    },
    {
      name: 'marks the first event of a batch alone',
      create: shared(MarksTheFirst),
      reportedBy: [BATCH.well, BATCH.allEnded, BATCH.opposite],
    },
    {
      name: 'keeps the claims of a batch that failed',
      create: shared(KeepsItsClaim),
      reportedBy: [BATCH.failed],
    },
    {
      name: 'gives a batch events that have ended',
      create: shared(GivesEverything),
      reportedBy: [BATCH.ended, BATCH.generations],
    },
    { name: 'runs a batch of nothing', create: shared(RunsNothing), reportedBy: [BATCH.allEnded] },
    { name: 'runs what it holds of a batch', create: shared(RunsTheRest), reportedBy: [BATCH.held] },
    { name: 'waits for an event of a batch', create: shared(WaitsForHeld), reportedBy: [BATCH.held] },
    {
      name: 'keeps the claims of a batch that was not run',
      create: shared(KeepsTheRest),
      reportedBy: [BATCH.held],
    },
    {
      name: 'commits each event of a batch by itself',
      create: shared(ReleasesEarly),
      reportedBy: [BATCH.waits],
    },
    { name: 'has no batches', create: shared(HasNoBatches), reportedBy: Object.values(BATCH) },
  ],
);

it('a runner that says that it has no batches is not asked for any', async () => {
  const cases = transactionRunnerContract(shared(HasNoBatches), { batches: false, limitMs: 20_000 });
  expect(cases.filter(({ name }) => Object.values(BATCH).includes(name))).toEqual([]);
  expect(await failuresOf(cases)).toEqual([]);
});
