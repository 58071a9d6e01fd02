import type { QueryRunner } from 'typeorm';
import { SchemaMigrationFailedError } from '../../errors/schema-migration-failed.error.js';
import { SchemaNewerError } from '../../errors/schema-newer.error.js';
import { SchemaOutdatedError } from '../../errors/schema-outdated.error.js';
import type { Database } from '../database.js';
import type { Migration } from './migration.interface.js';
import { MIGRATIONS } from './migrations.js';
import { describeTables, commandLineOf, whyItFailed } from './schema.messages.js';
import { lockStatement, schemaScript, schemaStatements } from './schema.script.js';
import { TABLE_COLUMNS } from './table-columns.js';
import type { TableName, TableNames } from './table-names.js';

/** What was found in the database. */
interface SchemaState {
  readonly applied: readonly {
    readonly version: number;
    readonly name: string;
    readonly breaking: boolean;
  }[];
  /** Tables and columns of this version that are not there. */
  readonly missing: readonly string[];
}

/** Asks the database through one connection: the pool's next free one, or the transaction's. */
type Ask = <T>(sql: string, parameters?: readonly unknown[]) => Promise<T[]>;

/**
 * Somebody else created the same thing in the same moment (another prefix the schema, the reference client a table), or
 * the database chose us as a victim: it works next time.
 */
const PASSING = ['23505', '42P06', '42P07', '42701', '40001', '40P01'];
const ATTEMPTS = 5;

/** Creates the library's tables and brings them up to date, or says that somebody has to. */
export class SchemaMigrator {
  private readonly tables: TableNames;

  /** @param migrations the steps, oldest first; the release's own unless a test brings others */
  constructor(
    private readonly database: Database,
    private readonly migrations: readonly Migration[] = MIGRATIONS,
  ) {
    this.tables = database.tables;
  }

  /** The SQL of every step, for whoever runs it by hand. Asks no database. */
  static print(tables: TableNames): string {
    return schemaScript(tables, MIGRATIONS);
  }

  /** The version this release needs. */
  get neededVersion(): number {
    return Math.max(...this.migrations.map(({ version }) => version));
  }

  /**
   * Applies what is missing, in one transaction and one instance at a time. Without anything to do it costs two look-ups
   * and no lock.
   *
   * @returns the versions that were applied
   * @throws SchemaMigrationFailedError, SchemaNewerError
   */
  async migrate(): Promise<readonly number[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.migrateOnce();
      } catch (error) {
        if (error instanceof SchemaNewerError || error instanceof SchemaMigrationFailedError) throw error;
        if (attempt < ATTEMPTS && PASSING.includes(codeOf(error))) continue;
        throw this.failed(whyItFailed(error), error);
      }
    }
  }

  /** Changes nothing. @throws SchemaOutdatedError, SchemaNewerError */
  async check(): Promise<void> {
    const state = await this.read(this.askPool);
    this.refuseNewer(state);
    if (this.pendingOf(state).length === 0) return;
    throw new SchemaOutdatedError(
      describeTables(this.tables),
      versionOf(state),
      this.neededVersion,
      state.missing,
      commandLineOf('migrate', this.tables),
    );
  }

  private async migrateOnce(): Promise<readonly number[]> {
    const found = await this.read(this.askPool);
    this.refuseNewer(found);
    if (this.pendingOf(found).length === 0) return [];
    const runner = this.database.dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      const applied = await this.apply(runner);
      await runner.commitTransaction();
      return applied;
    } catch (error) {
      // A connection that broke has nothing to roll back, and its own error is the one to tell.
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => {});
      throw error;
    } finally {
      await runner.release();
    }
  }

  private async apply(runner: QueryRunner): Promise<readonly number[]> {
    const ask = askThrough(runner);
    // The application's own limit is made for its queries, and nine of ten instances only wait for the lock here.
    await ask('SET LOCAL statement_timeout = 0');
    await ask(lockStatement(this.tables));
    const found = await this.read(ask);
    this.refuseNewer(found);
    await this.refuseOtherSchema(ask);
    const pending = this.pendingOf(found);
    if (pending.length === 0) return [];
    for (const statement of schemaStatements(this.tables, pending)) await ask(statement);
    const { missing } = await this.read(ask);
    // `IF NOT EXISTS` is content with a table of that name, whatever it is.
    if (missing.length > 0)
      throw this.failed(
        `These are not there: ${missing.join(', ')}. A table of that name exists which is not this library's. Rename it, or set another \`statePrefix\` or \`schema\`.`,
      );
    return pending.map(({ version }) => version);
  }

  private async read(ask: Ask): Promise<SchemaState> {
    const wanted = (Object.keys(TABLE_COLUMNS) as TableName[]).flatMap((table) =>
      Object.values(TABLE_COLUMNS[table]).map(({ name }) => ({ table: this.tables.sql(table), name })),
    );
    const [catalogue] = await ask<{ is_migrated: boolean; missing: string[] }>(
      `SELECT to_regclass($3) IS NOT NULL AS is_migrated, COALESCE(array_agg(w.relation || '.' || w.attribute)
         FILTER (WHERE a.attname IS NULL), '{}') AS missing
       FROM unnest($1::text[], $2::text[]) AS w(relation, attribute)
       LEFT JOIN pg_attribute AS a ON a.attrelid = to_regclass(w.relation) AND a.attname = w.attribute
         AND a.attnum > 0 AND NOT a.attisdropped`,
      [wanted.map(({ table }) => table), wanted.map(({ name }) => name), this.tables.sql('migrations')],
    );
    if (!catalogue?.is_migrated) return { applied: [], missing: catalogue?.missing ?? [] };
    const applied = await ask<SchemaState['applied'][number]>(
      `SELECT version, name, breaking FROM ${this.tables.sql('migrations')} ORDER BY version`,
    );
    return { applied, missing: catalogue.missing };
  }

  /** All of them when something was taken away: tools that own the database drop columns they do not know. */
  private pendingOf({ applied, missing }: SchemaState): readonly Migration[] {
    const done = new Set(applied.map(({ version }) => version));
    const pending = this.migrations.filter(({ version }) => !done.has(version));
    return pending.length === 0 && missing.length > 0 ? this.migrations : pending;
  }

  private refuseNewer(state: SchemaState): void {
    const breaking = state.applied.find((step) => step.version > this.neededVersion && step.breaking);
    if (!breaking) return;
    const name = `${breaking.version} (${breaking.name})`;
    throw new SchemaNewerError(describeTables(this.tables), versionOf(state), this.neededVersion, name);
  }

  /**
   * Without a schema, tables are made in the first one of the search path, but found in any. Made beside existing ones
   * they would hide them, and every pump would begin anew.
   */
  private async refuseOtherSchema(ask: Ask): Promise<void> {
    if (this.tables.schema !== undefined) return;
    const names = (Object.keys(TABLE_COLUMNS) as TableName[]).map((table) => this.tables.sql(table));
    const [place] = await ask<{ target: string | null; found: string | null }>(
      `SELECT current_schema() AS target, (
         SELECT c.relnamespace::regnamespace::text FROM unnest($1::text[]) AS name JOIN pg_class AS c ON c.oid = to_regclass(name)
         WHERE c.relnamespace <> to_regnamespace(quote_ident(current_schema())) LIMIT 1
       ) AS found`,
      [names],
    );
    if (place?.target == null)
      throw this.failed(
        'The search path of the connection leads to no schema. Name one with the option `schema`.',
      );
    if (place.found == null) return;
    throw this.failed(
      `Some of them are in schema ${place.found}, but new ones would be made in ${place.target}. Say which is meant with the option \`schema\`.`,
    );
  }

  private failed(reason: string, cause?: unknown): SchemaMigrationFailedError {
    const tables = describeTables(this.tables);
    return new SchemaMigrationFailedError(tables, this.neededVersion, reason, { cause });
  }

  private readonly askPool: Ask = (sql, parameters) => this.database.query(sql, parameters);
}

function askThrough(runner: QueryRunner): Ask {
  return async <T>(sql: string, parameters: readonly unknown[] = []) =>
    ((await runner.query(sql, [...parameters], true)) as { records: T[] }).records;
}

function versionOf({ applied }: SchemaState): number {
  return applied.at(-1)?.version ?? 0;
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code);
}
