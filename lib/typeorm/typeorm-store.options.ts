import type { DataSource } from 'typeorm';
import {
  PathwaysConfigurationError,
  type ConfigurationProblem,
} from '../errors/pathways-configuration.error.js';
import type { TableName } from './schema/table-names.js';
import { IDEMPOTENCY_TTL_MS } from '../state/idempotent-claim.util.js';

/** Options of `typeOrmStore`. None is required in a Nest application with one DataSource. */
export interface TypeOrmStoreOptions {
  /**
   * The DataSource itself, or the name it has in `TypeOrmModule.forRoot({ name })`. Must be a Postgres one.
   *
   * @default the application's unnamed DataSource
   */
  dataSource?: DataSource | string;

  /**
   * Put before every table name, with an underscore: letters, digits, underscores, at most 40 characters. Give each
   * application its own when several share a database.
   *
   * @default '' (the names existing deployments have)
   */
  statePrefix?: string;

  /**
   * Schema of the tables. Letters, digits, underscores.
   *
   * @default `schema` of the DataSource; without one, the first of the connection's search path
   */
  schema?: string;

  /**
   * Names of single tables, where a deployment has its own. They win over `statePrefix`. Letters, digits, underscores; not
   * together with `migrations: 'manual'`.
   *
   * @default the names existing deployments have, behind `statePrefix`
   */
  tableNames?: Readonly<Partial<Record<TableName, string>>>;

  /**
   * `auto` creates and changes the tables at start, under an advisory lock, so that any number of instances may start at
   * once. `manual` only checks: run `npx pathways schema migrate`, or what `npx pathways schema print` prints.
   *
   * @default 'auto'
   */
  migrations?: 'auto' | 'manual';

  /**
   * Milliseconds the mark of a finished event is kept at least. A redelivery later than that runs its handler again, so
   * keep it above the longest redelivery: all attempts of an event, and the pump's `lookBackMs`. Marks that a pump may
   * still need are kept longer by themselves.
   *
   * @default 300_000 (five minutes)
   */
  ttlMs?: number;

  /**
   * Milliseconds the idempotency keys of writes are kept, and the marks of events that came through the outbox or with a
   * key. A copy of such an event that is stored later than that is handled again.
   *
   * @default 86_400_000 (a day)
   */
  idempotencyTtlMs?: number;

  /**
   * Milliseconds between two rounds of the background cleanup of old marks, ± 20 %; 0 switches it off.
   *
   * @default 60_000
   */
  cleanupIntervalMs?: number;

  /**
   * Milliseconds the parts of a large event are kept after the last of them arrived. Parts that are incomplete by then are
   * reported at warn level and removed: an outage longer than this, between two requests of one event, loses it. The parts
   * of events that were handled stay for this time too.
   *
   * @default 86_400_000 (a day)
   */
  chunkTtlMs?: number;

  /**
   * `connectionName` of `ClsPluginTransactional`, when the application has several. Its transactions must be those of this
   * store's DataSource.
   *
   * @default the unnamed one, if there is any
   */
  clsConnectionName?: string;

  /**
   * Repositories that the DataSource hands out, also through `@InjectRepository`, work in the transaction of the handler
   * that is running; those made with `extend`, or as a class of your own, do not. `false` leaves them outside of it: what they write then commits by itself, whatever becomes of the handler.
   *
   * @default true
   */
  joinRepositories?: boolean;
}

/** {@link TypeOrmStoreOptions} with their defaults. */
export interface ResolvedTypeOrmStoreOptions {
  readonly dataSource: DataSource | string | undefined;
  readonly statePrefix: string | undefined;
  readonly schema: string | undefined;
  readonly tableNames: Readonly<Partial<Record<TableName, string>>> | undefined;
  readonly migrations: 'auto' | 'manual';
  readonly ttlMs: number;
  readonly idempotencyTtlMs: number;
  readonly cleanupIntervalMs: number;
  readonly chunkTtlMs: number;
  readonly clsConnectionName: string | undefined;
  readonly joinRepositories: boolean;
}

const KNOWN: Record<keyof TypeOrmStoreOptions, true> = {
  dataSource: true,
  statePrefix: true,
  schema: true,
  tableNames: true,
  migrations: true,
  ttlMs: true,
  idempotencyTtlMs: true,
  cleanupIntervalMs: true,
  chunkTtlMs: true,
  clsConnectionName: true,
  joinRepositories: true,
};

/** The only place that knows the defaults. @throws PathwaysConfigurationError listing every problem. */
export function resolveTypeOrmStoreOptions(options: TypeOrmStoreOptions): ResolvedTypeOrmStoreOptions {
  const problems: ConfigurationProblem[] = [];
  const refuse = (path: string, message: string) => problems.push({ path, message });
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(KNOWN, key)) refuse(key, `is not an option. Known: ${Object.keys(KNOWN).join(', ')}`);
  }
  const {
    migrations = 'auto',
    ttlMs = 300_000,
    cleanupIntervalMs = 60_000,
    chunkTtlMs = 86_400_000,
    idempotencyTtlMs = IDEMPOTENCY_TTL_MS,
  } = options;
  if (migrations !== 'auto' && migrations !== 'manual') refuse('migrations', "must be 'auto' or 'manual'");
  if (migrations === 'manual' && options.tableNames !== undefined) {
    refuse('tableNames', "needs migrations: 'auto': the command line knows statePrefix and schema only");
  }
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 1_000) {
    refuse('ttlMs', 'must be a whole number of milliseconds, at least 1000');
  }
  if (!Number.isSafeInteger(idempotencyTtlMs) || idempotencyTtlMs < 1_000) {
    refuse('idempotencyTtlMs', 'must be a whole number of milliseconds, at least 1000');
  }
  if (!Number.isSafeInteger(cleanupIntervalMs) || cleanupIntervalMs < 0) {
    refuse('cleanupIntervalMs', 'must be a whole number of milliseconds, or 0 for no cleanup');
  }
  if (!Number.isSafeInteger(chunkTtlMs) || chunkTtlMs < 1_000) {
    refuse('chunkTtlMs', 'must be a whole number of milliseconds, at least 1000');
  }
  for (const name of ['clsConnectionName'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && (typeof value !== 'string' || value === '')) refuse(name, 'must be a name');
  }
  const { joinRepositories = true } = options;
  if (typeof joinRepositories !== 'boolean') refuse('joinRepositories', 'must be true or false');
  const source: unknown = options.dataSource;
  const isDataSource = typeof (source as Partial<DataSource> | undefined)?.createQueryRunner === 'function';
  if (source !== undefined && !isDataSource && (typeof source !== 'string' || source === '')) {
    refuse('dataSource', 'must be a TypeORM DataSource or the name of one');
  }
  if (problems.length > 0) throw new PathwaysConfigurationError(problems, 'The options of typeOrmStore');
  return {
    dataSource: options.dataSource,
    statePrefix: options.statePrefix,
    schema: options.schema,
    tableNames: options.tableNames,
    migrations,
    ttlMs,
    idempotencyTtlMs,
    cleanupIntervalMs,
    chunkTtlMs,
    clsConnectionName: options.clsConnectionName,
    joinRepositories,
  };
}
