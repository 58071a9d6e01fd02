import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { PathwaysNotReadyError } from '../errors/pathways-not-ready.error.js';
import { systemClock, type Clock } from '../event/clock.interface.js';
import { errorFields, silentLogger, type PathwaysLogger } from '../event/logger.interface.js';
import { claimIdOfLetter, type DeadLetter } from '../state/dead-letter-store.interface.js';
import { isIdempotentClaim } from '../state/idempotent-claim.util.js';
import type { EventClaim } from '../state/pathway-state.interface.js';
import type {
  OrderedClaim,
  PathwaysStore,
  PathwaysStoreFactory,
  StoreContext,
} from '../state/pathways-store.interface.js';
import { findDataSource } from './data-source.lookup.js';
import { Database } from './database.js';
import { DeploymentWatch } from './housekeeping/deployment.watch.js';
import { Housekeeper } from './housekeeping/housekeeper.js';
import { MarkCleaner } from './housekeeping/mark.cleaner.js';
import { guardPool } from './pool.guard.js';
import { SchemaMigrator } from './schema/schema.migrator.js';
import { TableNames } from './schema/table-names.js';
import { Listeners } from './signals/listeners.js';
import {
  askMessage,
  channelOf,
  OUTBOX_MESSAGE,
  pausesMessage,
  releaseMessage,
  TypeOrmEventSignals,
} from './signals/typeorm-event.signals.js';
import { InstanceLiveness } from './stores/instance-liveness.js';
import { TypeOrmChunkStore } from './stores/typeorm-chunk.store.js';
import { TypeOrmCommandStore } from './stores/typeorm-command.store.js';
import { TypeOrmDeliveryStore } from './stores/typeorm-delivery.store.js';
import { TypeOrmFilePartStore } from './stores/typeorm-file-part.store.js';
import { TypeOrmCursorStore } from './stores/typeorm-cursor.store.js';
import { TypeOrmDeadLetterStore } from './stores/typeorm-dead-letter.store.js';
import { TypeOrmLeaseStore } from './stores/typeorm-lease.store.js';
import { TypeOrmOutboxStore } from './stores/typeorm-outbox.store.js';
import { CLAIM_MS, TypeOrmPathwayState } from './stores/typeorm-pathway.state.js';
import { TypeOrmWriteLedger } from './stores/typeorm-write.ledger.js';
import { clsTransactionOpener } from './transactions/cls-transaction.opener.js';
import { ConnectionGate } from './transactions/connection.gate.js';
import { PathwayTransaction } from './transactions/pathway-transaction.js';
import { queryRunnerTransactionOpener } from './transactions/query-runner-transaction.opener.js';
import { transactionFor } from './transactions/joined-transaction.js';
import type { TransactionOpener } from './transactions/transaction-opener.interface.js';
import { joinRepositories } from './transactions/repository.joiner.js';
import { TypeOrmTransactionRunner } from './transactions/typeorm-transaction.runner.js';
import {
  resolveTypeOrmStoreOptions,
  type ResolvedTypeOrmStoreOptions,
  type TypeOrmStoreOptions,
} from './typeorm-store.options.js';

/**
 * Durable state in Postgres through the application's own TypeORM DataSource: handlers run in a transaction that also
 * holds their event's mark, so their effects are applied exactly once.
 *
 * @throws PathwaysConfigurationError listing every problem of the options.
 */
export function typeOrmStore(options: TypeOrmStoreOptions = {}): PathwaysStoreFactory {
  const resolved = resolveTypeOrmStoreOptions(options);
  const createStore = () => new TypeOrmStore(resolved);
  createStore(); // Bad names are refused here, where they stand in the caller's code.
  return { createStore, providers: [PathwayTransaction] };
}

/** Rows the cleanup deletes in one statement. */
const CLEANUP_BATCH = 1_000;

const WATCH_MS = 30_000;

/** The store of one instance. States: *created* → *open* → *closed*. */
class TypeOrmStore implements PathwaysStore {
  readonly state: TypeOrmPathwayState;
  readonly cursors: TypeOrmCursorStore;
  readonly deadLetters: TypeOrmDeadLetterStore;
  readonly leases: TypeOrmLeaseStore;
  readonly chunks: TypeOrmChunkStore;
  readonly fileParts: TypeOrmFilePartStore;
  readonly transactions: TypeOrmTransactionRunner;
  readonly signals: TypeOrmEventSignals;
  readonly outbox: TypeOrmOutboxStore;
  readonly writes: TypeOrmWriteLedger;
  readonly delivery: TypeOrmDeliveryStore;
  readonly commands: TypeOrmCommandStore;

  private readonly instanceId = randomUUID();
  private readonly database: Database;
  private context: StoreContext | undefined;
  private dataSource: DataSource | undefined;
  private opener: TransactionOpener | undefined;
  private housekeeper: Housekeeper | undefined;
  /** Also where somebody has put a runner of their own in the place of `transactions`. */
  private readonly runner: TypeOrmTransactionRunner;
  private readonly additions = new Listeners<[]>();
  private readonly releases = new Listeners<[rowKey: string]>();
  private readonly requests = new Listeners<[rowKey: string]>();
  private readonly pauses = new Listeners<[application?: string]>();
  private unguard: (() => void) | undefined;
  private deployments: DeploymentWatch | undefined;

  constructor(private readonly options: ResolvedTypeOrmStoreOptions) {
    const database = new Database(
      () => this.opened(this.dataSource),
      new TableNames(options),
      () => this.logger,
      () => this.clock,
    );
    this.database = database;
    const { instanceId } = this;
    const { ttlMs: markTtlMs, idempotencyTtlMs } = options;
    const scope = () => this.opened(this.context);
    const clock = () => this.clock;
    const liveness = new InstanceLiveness(database);
    this.state = new TypeOrmPathwayState({
      database,
      liveness,
      instanceId,
      markTtlMs,
      idempotencyTtlMs,
      clock,
    });
    this.cursors = new TypeOrmCursorStore(database, () => this.state.flush());
    this.deadLetters = new TypeOrmDeadLetterStore(database);
    const message = (payload: string) => ({ channel: channelOf(database), payload });
    this.leases = new TypeOrmLeaseStore({
      database,
      liveness,
      instanceId,
      scope,
      announcement: (rowKey) => message(releaseMessage(instanceId, rowKey)),
      onAnnounced: (wake) => this.releases.add(wake),
      request: (rowKey) => message(askMessage(instanceId, rowKey)),
      onRequested: (give) => this.requests.add(give),
    });
    this.delivery = new TypeOrmDeliveryStore({
      database,
      announcement: (application) => message(pausesMessage(instanceId, application)),
      onAnnounced: (look) => this.pauses.add(look),
    });
    this.commands = new TypeOrmCommandStore(database);
    this.chunks = new TypeOrmChunkStore(database, options.chunkTtlMs);
    this.fileParts = new TypeOrmFilePartStore(database, options.chunkTtlMs);
    this.runner = new TypeOrmTransactionRunner({
      database,
      liveness,
      instanceId,
      markTtlMs,
      idempotencyTtlMs,
      clock,
      gate: new ConnectionGate(database),
      opener: () => this.opened(this.opener),
      markWritten: (eventId) => this.state.written(eventId),
      freed: (eventId) => this.state.freed(eventId),
    });
    this.transactions = this.runner;
    this.signals = new TypeOrmEventSignals({
      database,
      instanceId,
      clock,
      onEnded: (eventId, status) => this.context?.onEnded(eventId, status),
      onOutbox: () => this.additions.tell(),
      onReleased: (rowKey) => this.releases.tell(rowKey),
      onAsked: (rowKey) => this.requests.tell(rowKey),
      onPauses: (application) => this.pauses.tell(application),
    });
    this.writes = new TypeOrmWriteLedger({ database, scope, idempotencyTtlMs });
    this.outbox = new TypeOrmOutboxStore({
      database,
      scope,
      idempotencyTtlMs,
      transactionFor: (given) => transactionFor(given, database, this.opener),
      announcement: () => message(OUTBOX_MESSAGE),
      onAnnounced: (wake) => this.additions.add(wake),
    });
  }

  async endAsDeadLetter(letter: DeadLetter, generation: number): Promise<void> {
    const claimId = claimIdOfLetter(letter);
    const { ttlMs, idempotencyTtlMs } = this.options;
    await this.deadLetters.addAndMark(letter, {
      generation,
      isClaimed: this.state.isHeld(claimId),
      instanceId: this.instanceId,
      ttlMs: isIdempotentClaim(claimId) ? idempotencyTtlMs : ttlMs,
    });
    this.state.settled(claimId);
  }

  claimInOrder(claim: OrderedClaim): Promise<EventClaim | 'claimed-behind'> {
    return this.state.claimInOrder(claim);
  }

  runInOrder(
    claim: OrderedClaim,
    attempt: (transaction: unknown) => Promise<void>,
  ): Promise<EventClaim | 'behind'> {
    return this.runner.runInOrder(claim, attempt);
  }

  async open(context: StoreContext): Promise<void> {
    const { database, instanceId, options } = this;
    this.context = context;
    this.dataSource = findDataSource(options.dataSource, context);
    // TypeORM looks for the entities there, and so would whoever reads `pathwaysEntities()`.
    database.tables.useSchema((this.dataSource.options as { readonly schema?: string }).schema);
    this.unguard = guardPool(database.pool);
    const migrator = new SchemaMigrator(database);
    if (options.migrations === 'auto') await migrator.migrate();
    await migrator.check();
    const { clsConnectionName } = options;
    this.opener =
      (await clsTransactionOpener(database, context, clsConnectionName)) ??
      queryRunnerTransactionOpener(database);
    if (options.joinRepositories) joinRepositories(this.dataSource);
    await this.signals.open();
    this.warnOfShortTtl(context);
    const { tenant, dataCore } = context;
    const pathways = () => context.pathways();
    this.deployments = new DeploymentWatch({ database, instanceId, tenant, dataCore, pathways });
    await this.deployments.look();
    this.startHousekeeping(context, this.deployments);
  }

  /** Writes what is still to be written; then nothing uses the DataSource any more. */
  async close(): Promise<void> {
    if (!this.context) return;
    await this.housekeeper?.stop();
    const steps = [
      () => this.state.flush(),
      () => this.deployments?.leave(),
      () => this.signals.close(),
      () => this.unguard?.(),
    ];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        // The others still have to end: an open connection would keep the process.
        this.logger.warn('The store could not be closed in order', errorFields(error));
      }
    }
  }

  private startHousekeeping(context: StoreContext, deployments: DeploymentWatch): void {
    const cleaner = new MarkCleaner({
      database: this.database,
      pumps: () => context.pumps(),
      lookBackMs: this.options.ttlMs,
      batchSize: CLEANUP_BATCH,
    });
    this.housekeeper = new Housekeeper(context.clock, context.logger);
    this.housekeeper.start([
      {
        name: 'Cleaning up old marks',
        everyMs: this.options.cleanupIntervalMs,
        run: (signal) => cleaner.clean(signal),
      },
      {
        name: 'Cleaning up old idempotency keys',
        everyMs: this.options.cleanupIntervalMs,
        run: (signal) => this.cleanWrites(signal),
      },
      { name: 'Looking for other applications', everyMs: WATCH_MS, run: () => deployments.look() },
      { name: 'Renewing claims', everyMs: CLAIM_MS / 3, run: () => this.state.renewClaims() },
    ]);
  }

  /** All of them: more may run out between two rounds than one statement deletes. */
  private async cleanWrites(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (await this.writes.clean(CLEANUP_BATCH)) === CLEANUP_BATCH);
  }

  private warnOfShortTtl(context: StoreContext): void {
    const longest = context.longestRedeliveryMs();
    const { ttlMs } = this.options;
    if (ttlMs >= longest) return;
    const isUnlimited = longest === Infinity;
    const when = isUnlimited
      ? 'at any time later (a handler has no time limit, handlerTimeoutMs: 0)'
      : `after ${longest} ms (all attempts of its handler, or the pump's look back)`;
    const remedy = isUnlimited
      ? 'Give handlerTimeoutMs, or make ttlMs of typeOrmStore longer than any run of a handler can be and live with this word.'
      : 'Raise ttlMs of typeOrmStore, or lower lookBackMs, maxRetries or handlerTimeoutMs.';
    context.logger.warn(
      `Marks are kept for ${ttlMs} ms, and an event may be delivered again ${when}. It would be handled twice. ${remedy}`,
    );
  }

  private opened<T>(part: T | undefined): T {
    if (part === undefined) throw new PathwaysNotReadyError('the store is not open yet');
    return part;
  }

  private get clock(): Clock {
    return this.context?.clock ?? systemClock;
  }

  private get logger(): PathwaysLogger {
    return this.context?.logger ?? silentLogger;
  }
}
