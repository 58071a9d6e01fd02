import type { EntityManager } from 'typeorm';
import { TransactionLostError } from '../../errors/transaction-lost.error.js';
import { sleep, type Clock } from '../../event/clock.interface.js';
import type { EventClaim, EventStatus } from '../../state/pathway-state.interface.js';
import type { OrderedClaim } from '../../state/pathways-store.interface.js';
import type {
  BatchClaimAnswer,
  TransactionBatchClaim,
  TransactionClaim,
  TransactionRunner,
} from '../../state/transaction-runner.interface.js';
import type { Database, StatementRunner } from '../database.js';
import { isConnectionError } from '../postgres-error.util.js';
import { answerOf, GONE_AFTER_MS, HELD_LOOK_MS } from '../stores/claim-rules.util.js';
import { storableText } from '../stores/dead-letter.row.js';
import { transactionLock, type InstanceLiveness } from '../stores/instance-liveness.js';
import { isIdempotentClaim } from '../../state/idempotent-claim.util.js';
import {
  CLAIM_TYPES,
  claimBatchInTransactionSql,
  claimInTransactionSql,
  holdersSql,
  type HolderRow,
} from '../stores/state.sql.js';
import { CLAIM_MS } from '../stores/typeorm-pathway.state.js';
import type { ConnectionGate } from './connection.gate.js';
import { ConnectionWatch } from './connection.watch.js';
import { currentTransaction } from './current-transaction.js';
import { literalOf, type SqlValue } from './sql-literal.util.js';
import { TransactionGuard } from './transaction.guard.js';
import type { TransactionOpener } from './transaction-opener.interface.js';

/** What the runner works with. */
export interface TypeOrmTransactionRunnerOptions {
  readonly database: Database;
  readonly gate: ConnectionGate;
  readonly liveness: InstanceLiveness;
  readonly instanceId: string;
  readonly markTtlMs: number;
  /** The same for marks of events with an idempotency id. */
  readonly idempotencyTtlMs: number;
  readonly clock: () => Clock;
  readonly opener: () => TransactionOpener;
  /** Waits until this process's own mark of the event, if there is one, can be seen by others. */
  markWritten(eventId: string): Promise<void>;
  /** Waits until no delivery of this process outside of a transaction has the event, and gives back a claim it has forgotten. */
  freed(eventId: string): Promise<void>;
}

/** A claim, with the key whose dead letters are looked for, if any. */
type Claim = TransactionClaim & Partial<OrderedClaim>;

/** What is done in a transaction; `rows` of a claim that came with its BEGIN. */
type Work = (manager: EntityManager, rows: readonly unknown[] | undefined) => Promise<void>;

/** Thrown inside a transaction to end it without an effect. */
class NotClaimed {
  constructor(
    readonly holder: HolderRow | undefined,
    /** It was claimed, and is behind a dead letter. */
    readonly isBehind = false,
  ) {}
}

/**
 * Runs attempts in transactions that begin with the event's processed mark: it is claim and mark at once. Another
 * delivery waits at that row until this transaction ends, and a crash rolls both back together.
 */
export class TypeOrmTransactionRunner implements TransactionRunner {
  private readonly gone = new Set<string>();
  private claimText: string | undefined;
  private claimBatchText: string | undefined;

  constructor(private readonly options: TypeOrmTransactionRunnerOptions) {}

  async run(claim: TransactionClaim, attempt: (transaction: unknown) => Promise<void>): Promise<EventClaim> {
    const { eventId, generation, purpose } = claim;
    const end = await this.runWith({ eventId, generation, purpose }, attempt);
    return end === 'behind' ? 'claimed' : end; // Without a key, there is nothing to be behind.
  }

  /** The same, unless a dead letter of the key is there. */
  runInOrder(
    claim: OrderedClaim,
    attempt: (transaction: unknown) => Promise<void>,
  ): Promise<EventClaim | 'behind'> {
    return this.runWith(claim, attempt);
  }

  private async runWith(
    claim: Claim,
    attempt: (transaction: unknown) => Promise<void>,
  ): Promise<EventClaim | 'behind'> {
    const { eventId } = claim;
    await ofTheStore(eventId, this.options.markWritten(eventId));
    for (let looks = 0; ; looks++) {
      const refused = await this.runOnce(claim, attempt);
      if (!refused) return 'claimed';
      if (refused.isBehind) return 'behind';
      const { holder } = refused;
      const end = holder && this.endOf(holder, claim.generation, claim.purpose);
      if (end) return end;
      // Held by a delivery that runs without a transaction: waiting for it must not cost a connection.
      if (holder?.claimed_by === this.options.instanceId) {
        await ofTheStore(eventId, this.options.freed(eventId));
        continue;
      }
      if (holder && this.isHeld(holder)) await ofTheStore(eventId, this.noticeIfGone(holder));
      await sleep(this.options.clock(), Math.min(HELD_LOOK_MS.first * 2 ** looks, HELD_LOOK_MS.longest));
    }
  }

  async runBatch(
    claim: TransactionBatchClaim,
    attempt: (transaction: unknown, claimed: ReadonlySet<string>) => Promise<void>,
  ): Promise<ReadonlyMap<string, BatchClaimAnswer>> {
    const { eventIds, generation, purpose } = claim;
    const [named = ''] = eventIds;
    for (const eventId of eventIds) await ofTheStore(eventId, this.options.markWritten(eventId));
    const answers = new Map<string, BatchClaimAnswer>();
    await this.transact(
      named,
      (work) => this.options.opener().open((manager) => work(manager, undefined)),
      async (client) => {
        const claimed = await this.claimBatch(claim, client);
        const others = eventIds.filter((eventId) => !claimed.has(eventId));
        for (const holder of await this.holdersOf(others, client)) {
          answers.set(holder.event_id, this.endOf(holder, generation, purpose) ?? 'held');
        }
        for (const eventId of eventIds) {
          // One without a row was given up just now; whoever takes it alone asks again.
          if (!answers.has(eventId)) answers.set(eventId, claimed.has(eventId) ? 'claimed' : 'held');
        }
        const isHeld = others.some((eventId) => answers.get(eventId) === 'held');
        if (isHeld || claimed.size === 0) throw new NotClaimed(undefined);
        return claimed;
      },
      attempt,
    );
    return answers;
  }

  private runOnce(
    claim: Claim,
    attempt: (transaction: unknown) => Promise<void>,
  ): Promise<NotClaimed | undefined> {
    return this.transact(
      claim.eventId,
      (work) => this.open(claim, work),
      (client, rows) => this.mustBeClaimed(claim, client, rows),
      attempt,
    );
  }

  /** @param claim throws NotClaimed to end the transaction before the attempt. */
  private async transact<T>(
    eventId: string,
    open: (work: Work) => Promise<void>,
    claim: (client: StatementRunner, rows: readonly unknown[] | undefined) => Promise<T>,
    attempt: (transaction: unknown, claimed: T) => Promise<void>,
  ): Promise<NotClaimed | undefined> {
    const { database, gate } = this.options;
    const leave = await gate.enter();
    let watch: ConnectionWatch | undefined;
    let isAttempted = false;
    let hasFailed = false;
    try {
      await open(async (manager, rows) => {
        watch = await ConnectionWatch.of(manager, database);
        const claimed = await claim(watch.client, rows);
        isAttempted = true;
        const guard = new TransactionGuard(eventId, manager, watch.client);
        try {
          await currentTransaction.run(manager, () => attempt(manager, claimed));
          await guard.assertCommittable();
        } catch (error) {
          hasFailed = true;
          // TypeORM gives a runner up when its connection breaks, also before anybody watched it.
          if (manager.queryRunner?.isReleased === true) watch.isLost = true;
          watch.rollingBack();
          const isRolledBack = await guard.rollBack();
          if (!isRolledBack && guard.hasSeenConnectionError) watch.isLost = true;
          throw error;
        }
      });
      return undefined;
    } catch (error) {
      if (error instanceof NotClaimed) return error;
      // Before the attempt, or with the connection gone, nothing that failed was the handler. What a handler throws says
      // nothing of this connection, whatever its code: it may come from another database, and would be believed for ever.
      const isCommitLost = !hasFailed && (isRunnerReleased(error) || isConnectionError(error));
      if (!isAttempted || watch?.isLost === true || isCommitLost) {
        throw new TransactionLostError(eventId, error);
      }
      throw error;
    } finally {
      watch?.stop();
      leave();
    }
  }

  private async claimBatch(
    { eventIds, generation, purpose }: TransactionBatchClaim,
    client: StatementRunner,
  ): Promise<ReadonlySet<string>> {
    const { database, instanceId, markTtlMs, idempotencyTtlMs } = this.options;
    this.claimBatchText ??= claimBatchInTransactionSql(database.tables, transactionLock(instanceId));
    const terms = [generation, purpose === 'replay', [...this.gone], markTtlMs, idempotencyTtlMs];
    const rows = await database.hotQuery(this.claimBatchText, [eventIds, ...terms], client);
    return new Set((rows as readonly { event_id: string }[]).map(({ event_id: eventId }) => eventId));
  }

  private async holdersOf(eventIds: readonly string[], client: StatementRunner): Promise<HolderRow[]> {
    if (eventIds.length === 0) return [];
    const text = holdersSql(this.options.database.tables);
    return (await client.query({ text, values: [eventIds, CLAIM_MS] })).rows as HolderRow[];
  }

  /** How an event ended that could not be claimed; `undefined` while somebody holds it, or when it may be asked for again. */
  private endOf(
    holder: HolderRow,
    generation: number,
    purpose: TransactionClaim['purpose'],
  ): EventStatus | undefined {
    if (this.isHeld(holder) || holder.status === 'claimed') return undefined;
    const answer = answerOf({ status: holder.status, generation: holder.generation }, generation, purpose);
    return answer === 'claimed' ? undefined : answer;
  }

  private isHeld({ held, claimed_by: holder }: HolderRow): boolean {
    return held === true && holder !== null && !this.gone.has(holder);
  }

  private get claimSql(): string {
    const { database, instanceId } = this.options;
    return (this.claimText ??= claimInTransactionSql(database.tables, transactionLock(instanceId)));
  }

  /** Opens the transaction, with the claim in the same message where that can be. */
  private open(claim: Claim, work: Work): Promise<void> {
    const opener = this.options.opener();
    if (!opener.openWith) return opener.open((manager) => work(manager, undefined));
    const text = this.claimSql;
    const first = {
      name: this.options.database.nameOf(`transaction: ${text}`), // Not the name the driver prepares the same text under.
      text,
      types: CLAIM_TYPES,
      literals: this.valuesOf(claim).map(literalOf),
    };
    return opener.openWith(first, work);
  }

  /** @param rows of the claim, when it has been made with the BEGIN. @throws NotClaimed */
  private async mustBeClaimed(
    claim: Claim,
    client: StatementRunner,
    rows: readonly unknown[] | undefined,
  ): Promise<void> {
    const { database } = this.options;
    const claimed = rows ?? (await database.hotQuery(this.claimSql, this.valuesOf(claim), client));
    const [row] = claimed as readonly { is_behind: boolean }[];
    if (!row) throw new NotClaimed((await this.holdersOf([claim.eventId], client))[0]);
    if (row.is_behind) throw new NotClaimed(undefined, true);
  }

  /** The parameters of the claim's statement. */
  private valuesOf({ eventId, generation, purpose, source, orderKey }: Claim): SqlValue[] {
    return [
      eventId,
      generation,
      purpose === 'replay',
      [...this.gone],
      this.markMsOf(eventId),
      source ?? null,
      orderKey === undefined ? null : storableText(orderKey),
    ];
  }

  private markMsOf(eventId: string): number {
    return isIdempotentClaim(eventId) ? this.options.idempotencyTtlMs : this.options.markTtlMs;
  }

  private async noticeIfGone({ claimed_by: holder, held_for_ms: heldForMs }: HolderRow): Promise<void> {
    if (holder === null || Number(heldForMs ?? 0) < GONE_AFTER_MS) return;
    if (await this.options.liveness.isGone(holder)) this.gone.add(holder);
  }
}

/** What fails before the attempt is no failure of the handler. @throws TransactionLostError */
async function ofTheStore(eventId: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw new TransactionLostError(eventId, error);
  }
}

/** At the commit: the connection broke after the handler, and TypeORM has given its runner up. */
function isRunnerReleased(error: unknown): boolean {
  return error instanceof Error && /^QueryRunner(Provider)?AlreadyReleasedError$/.test(error.name);
}
