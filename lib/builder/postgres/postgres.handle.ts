import type { DataSource } from 'typeorm';
import { consoleLogger } from '../../event/console.logger.js';
import { systemClock } from '../../event/clock.interface.js';
import type { PathwaysStore, StoreContext } from '../../state/pathways-store.interface.js';
import { assertConnection, connectionKeyOf, PostgresDatabase } from './postgres.database.js';
import type { PostgresConnectionOptions, PostgresTableOptions } from './postgres.options.js';

/** What a handle adds to the tables it shares with others. */
export interface PostgresHandleOptions extends PostgresConnectionOptions, PostgresTableOptions {
  readonly tableName?: string;
}

/** The store's tables that have a factory of their own. */
export type HandleTable = 'state' | 'pumpState' | 'chunks' | 'deliveryState';

/** How long marks and parts are kept. */
export interface HandleLifetimes {
  readonly ttlMs?: number | undefined;
  readonly chunkTtlMs?: number | undefined;
}

/** A store on its way: with its database, which is opened and closed with it. */
export interface PostgresStore {
  readonly store: PathwaysStore;
  /** Of its database, while it is open. */
  query<TRow>(sql: string, parameters: readonly unknown[]): Promise<TRow[]>;
  /** The table's name for SQL. */
  nameOf(table: HandleTable): string;
  open(context: StoreContext): Promise<void>;
  close(): Promise<void>;
}

/** What `createPostgres…` returned, for the builder that joins several to one store. */
export class PostgresHandle {
  readonly database: PostgresDatabase;
  private alone: Promise<PostgresStore> | undefined;

  /** Does no I/O. @throws PathwaysConfigurationError */
  constructor(
    readonly table: HandleTable,
    readonly options: PostgresHandleOptions,
    readonly lifetimes: HandleLifetimes,
    subject: string,
  ) {
    assertConnection(options, subject);
    this.database = new PostgresDatabase(options);
  }

  /** Handles of one key may share a store. */
  get key(): string {
    const { statePrefix, schema } = this.options;
    return JSON.stringify([connectionKeyOf(this.options), statePrefix, schema]);
  }

  /** The store by itself, for whoever calls its methods outside of a builder. */
  opened(): Promise<PostgresStore> {
    this.alone ??= this.openAlone().catch((error: unknown) => {
      // The next call tries again: a database that was away once is no reason to fail for ever.
      this.alone = undefined;
      throw error;
    });
    return this.alone;
  }

  async close(): Promise<void> {
    const { alone } = this;
    this.alone = undefined;
    await (await alone?.catch(() => undefined))?.close();
  }

  private async openAlone(): Promise<PostgresStore> {
    const postgres = await createPostgresStore([this]);
    await postgres.open({
      tenant: '',
      dataCore: '',
      clock: systemClock,
      logger: consoleLogger,
      pumps: () => [],
      pathways: () => [],
      longestRedeliveryMs: () => 0,
      onEnded: () => {},
      resolve: () => undefined,
    });
    return postgres;
  }
}

/**
 * One store for handles of one key: their tables' names together.
 *
 * @throws OptionalPackageMissingError, PathwaysConfigurationError for a table name that is no plain identifier
 */
export async function createPostgresStore(handles: readonly PostgresHandle[]): Promise<PostgresStore> {
  const [first] = handles as readonly [PostgresHandle, ...PostgresHandle[]];
  const { database } = first;
  const { typeOrmStore } = await import('../../typeorm/typeorm.store.js');
  const { TableNames } = await import('../../typeorm/schema/table-names.js');
  const { statePrefix, schema } = first.options;
  const named = handles.flatMap(({ table, options }) =>
    options.tableName === undefined ? [] : [[table, options.tableName] as const],
  );
  const lifetimes = Object.assign({}, ...handles.map((handle) => withoutUndefined(handle.lifetimes)));
  const names = {
    ...(statePrefix !== undefined && { statePrefix }),
    ...(schema !== undefined && { schema }),
    ...(named.length > 0 && { tableNames: Object.fromEntries(named) }),
  };
  const tables = new TableNames(names);
  const dataSource = (await database.source()) as DataSource;
  const { createStore } = typeOrmStore({
    ...lifetimes,
    ...names,
    dataSource,
    // Nobody else has repositories of this DataSource.
    joinRepositories: false,
  });
  const store = createStore();
  return {
    store,
    query: (sql, parameters) => dataSource.query(sql, [...parameters]),
    nameOf: (table) => tables.sql(table),
    async open(context) {
      await database.acquire();
      try {
        await store.open?.(context);
      } catch (error) {
        await database.release();
        throw error;
      }
    },
    async close() {
      await store.close?.();
      await database.release();
    },
  };
}

function withoutUndefined(lifetimes: HandleLifetimes): HandleLifetimes {
  return Object.fromEntries(Object.entries(lifetimes).filter(([, value]) => value !== undefined));
}
