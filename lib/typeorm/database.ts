import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { systemClock, type Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import { ConnectionWaits } from './connection.waits.js';
import { isPreparedStatementRefused } from './postgres-error.util.js';
import type { TableNames } from './schema/table-names.js';

/** A statement to run, as the driver takes it. */
interface Statement {
  readonly text: string;
  readonly values: unknown[];
  /** Parsed and planned once per connection under this name. */
  readonly name?: string;
}

/** What is used of a client, or of the pool, to run one. */
export interface StatementRunner {
  query(statement: Statement): Promise<{ readonly rows: unknown[] }>;
}

/** What the parts of the store share: the application's DataSource, and where the tables are. */
export class Database {
  /** Tells of long waits for a connection. Whoever asks the DataSource for one by himself tells it. */
  readonly waits: ConnectionWaits;
  private readonly names = new Map<string, string>();
  private canPrepare = true;

  /** @param source a function when the DataSource is only known later, as it is inside a container. */
  constructor(
    private readonly source: DataSource | (() => DataSource),
    readonly tables: TableNames,
    private readonly log: PathwaysLogger | (() => PathwaysLogger),
    clock: () => Clock = () => systemClock,
  ) {
    this.waits = new ConnectionWaits({ pool: () => this.pool, clock, logger: () => this.logger });
  }

  get dataSource(): DataSource {
    return typeof this.source === 'function' ? this.source() : this.source;
  }

  get logger(): PathwaysLogger {
    return typeof this.log === 'function' ? this.log() : this.log;
  }

  /** The DataSource's own pool, which says how many connections there are and how they are made. */
  get pool(): Pool {
    return (this.dataSource.driver as unknown as { readonly master: Pool }).master;
  }

  /** One statement on a connection of the pool, given back at once. Returns the rows. */
  async query<T>(sql: string, parameters: readonly unknown[] = []): Promise<T[]> {
    const runner = this.dataSource.createQueryRunner();
    const acquired = this.waits.acquiring();
    try {
      await runner.connect();
      acquired?.();
      // The structured result: for UPDATE and DELETE the plain one is rows or a count, by version.
      const { records } = (await runner.query(sql, [...parameters], true)) as { records: T[] };
      return records;
    } finally {
      acquired?.();
      await runner.release();
    }
  }

  /**
   * A statement that runs for every event, or for every few of them: prepared on each connection, and past TypeORM's query
   * runner, which costs as much as the statement.
   *
   * Its plan is kept, so it must reach its table by a way that stays right when the table grows.
   *
   * @param runner the connection of a transaction; by default, any of the pool.
   */
  async hotQuery<T>(text: string, values: unknown[], runner: StatementRunner = this.pool): Promise<T[]> {
    const { pool } = this;
    const run = (statement: Statement) =>
      runner === pool ? this.queryPool(statement) : runner.query(statement);
    if (!this.canPrepare) return (await run({ text, values })).rows as T[];
    try {
      return (await run({ name: this.nameOf(text), text, values })).rows as T[];
    } catch (error) {
      // A pooler between us and the server gave us a session that does not know the name. Nothing has been executed, but
      // a transaction is broken by it; its next attempt goes without.
      if (!this.stopPreparing(error) || runner !== pool) throw error;
      return this.hotQuery(text, values);
    }
  }

  /** As the pool itself does it, but that it can be told how long the connection took. */
  private async queryPool(statement: Statement): Promise<{ readonly rows: unknown[] }> {
    const acquired = this.waits.acquiring();
    if (!acquired) return this.pool.query(statement);
    const client = await this.pool.connect().finally(acquired);
    try {
      const result = await client.query(statement);
      client.release();
      return result;
    } catch (error) {
      client.release(error instanceof Error ? error : true);
      throw error;
    }
  }

  /** False when sessions turned out not to keep prepared statements. */
  get prepares(): boolean {
    return this.canPrepare;
  }

  /** Whether an error means that sessions do not keep prepared statements; from then on, none is used. */
  stopPreparing(error: unknown): boolean {
    if (!isPreparedStatementRefused(error)) return false;
    if (this.canPrepare) {
      this.logger.info(
        'Prepared statements do not work on this connection (a pooler?); going on without them',
      );
    }
    this.canPrepare = false;
    return true;
  }

  /** One name for one text: the driver refuses a name that comes with another. */
  nameOf(text: string): string {
    let name = this.names.get(text);
    if (name === undefined) {
      name = `pathways_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
      this.names.set(text, name);
    }
    return name;
  }
}
