import type { DataSource } from 'typeorm';
import { DatabaseConnectionError } from '../../errors/database-connection.error.js';
import { OptionalPackageMissingError } from '../../errors/optional-package-missing.error.js';
import {
  PathwaysConfigurationError,
  type ConfigurationProblem,
} from '../../errors/pathways-configuration.error.js';
import type { PostgresConnectionOptions } from './postgres.options.js';

const DEFAULT_PORT = 5_432;

/** One pool of connections, opened by its first user and closed by its last. */
export class PostgresDatabase {
  private dataSource: DataSource | undefined;
  private opening: Promise<DataSource> | undefined;
  private users = 0;

  constructor(private readonly options: PostgresConnectionOptions) {}

  /**
   * The DataSource, not connected yet. Its type is not named: declarations are also read where TypeORM is not installed.
   *
   * @throws OptionalPackageMissingError
   */
  source(): Promise<object> {
    return this.own();
  }

  private async own(): Promise<DataSource> {
    if (this.dataSource) return this.dataSource;
    const { DataSource: Source } = await loadDrivers();
    this.dataSource ??= new Source({ type: 'postgres', ...settingsOf(this.options) });
    return this.dataSource;
  }

  /** @throws DatabaseConnectionError, OptionalPackageMissingError */
  async acquire(): Promise<void> {
    const source = await this.own();
    try {
      if (!source.isInitialized) await (this.opening ??= source.initialize());
    } catch (cause) {
      throw new DatabaseConnectionError(
        `The database ${describe(this.options)} could not be used: ${messageOf(cause)}. Check that it runs, and host, user, password and database.`,
        { cause },
      );
    } finally {
      // A failed one must not be all that is ever tried.
      this.opening = undefined;
    }
    this.users++;
  }

  async release(): Promise<void> {
    if (this.users === 0 || --this.users > 0) return;
    if (this.dataSource?.isInitialized) await this.dataSource.destroy();
  }
}

/** Two of the same key are one pool. */
export function connectionKeyOf(options: PostgresConnectionOptions): string {
  const { connectionString, host, port, user, password, database, ssl, poolSize } = options;
  return JSON.stringify([connectionString, host, port, user, password, database, ssl, poolSize]);
}

/** @throws PathwaysConfigurationError listing every problem. */
export function assertConnection(options: PostgresConnectionOptions, subject: string): void {
  const problems: ConfigurationProblem[] = [];
  const { connectionString, port } = options;
  if (connectionString !== undefined && !/^postgres(?:ql)?:\/\/\S+$/.test(connectionString))
    // Not repeated: it may hold a password.
    problems.push({
      path: 'connectionString',
      message: 'must look like postgres://user:password@host:5432/name',
    });
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536))
    problems.push({ path: 'port', message: `must be a port number, not ${String(port)}` });
  if (problems.length > 0) throw new PathwaysConfigurationError(problems, subject);
}

function settingsOf(options: PostgresConnectionOptions) {
  const { connectionString, host = 'localhost', port = DEFAULT_PORT, user, password, database } = options;
  const target =
    connectionString !== undefined
      ? { url: connectionString }
      : {
          host,
          port,
          ...(user !== undefined && { username: user }),
          ...(password !== undefined && { password }),
          ...(database !== undefined && { database }),
        };
  return {
    ...target,
    ssl: options.ssl ?? false,
    applicationName: 'pathways',
    poolSize: options.poolSize ?? 10,
  };
}

/** Without user and password. */
function describe({
  connectionString,
  host = 'localhost',
  port = DEFAULT_PORT,
  database,
}: PostgresConnectionOptions) {
  if (connectionString === undefined) return `${host}:${port}/${database ?? ''}`;
  return URL.canParse(connectionString) ? new URL(connectionString).host : 'of the connection string';
}

async function loadDrivers(): Promise<typeof import('typeorm')> {
  const feature = 'A Postgres store of PathwaysBuilder';
  for (const name of ['pg', 'typeorm']) {
    try {
      await import(name);
    } catch (cause) {
      throw new OptionalPackageMissingError(name, feature, cause);
    }
  }
  return import('typeorm');
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
