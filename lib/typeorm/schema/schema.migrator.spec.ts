import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { catalogueOf } from '../../../test/support/catalogue.js';
import { useDataSources } from '../../../test/support/data-source.js';
import { usePostgres } from '../../../test/support/postgres.js';
import { SchemaMigrationFailedError } from '../../errors/schema-migration-failed.error.js';
import { SchemaNewerError } from '../../errors/schema-newer.error.js';
import { SchemaOutdatedError } from '../../errors/schema-outdated.error.js';
import type { Migration } from './migration.interface.js';
import { MIGRATIONS } from './migrations.js';
import { SchemaMigrator } from './schema.migrator.js';
import { TABLE_COLUMNS } from './table-columns.js';
import { TableNames, type TableName } from './table-names.js';

const postgres = usePostgres();
const { database } = useDataSources(postgres);
const NEWEST = MIGRATIONS.length;

/** A step that could come next. */
const next = (version: number, breaking: boolean, statements: Migration['statements']): Migration => ({
  version,
  name: `step ${version}`,
  breaking,
  statements,
});

async function migrated(schema: string): Promise<SchemaMigrator> {
  const migrator = new SchemaMigrator(await database({ schema }));
  await migrator.migrate();
  return migrator;
}

describe('the printed script', () => {
  it('is what is committed as schema.sql', async () => {
    const committed = await readFile(new URL('./schema.sql', import.meta.url), 'utf8');
    expect(committed).toBe(SchemaMigrator.print(new TableNames()));
  });

  it('makes the same tables as migrate, and may be run again', async () => {
    await migrated('by_migrate');
    const script = SchemaMigrator.print(new TableNames({ schema: 'by_print' }));
    await postgres.query(script);
    await postgres.query(script);
    const facts = await catalogueOf(postgres, 'by_print');
    expect(facts.length).toBeGreaterThan(80);
    expect(facts).toEqual(await catalogueOf(postgres, 'by_migrate'));
    const record = await postgres.query('SELECT version, name, breaking FROM by_print.pathway_migrations');
    expect(record).toEqual(
      await postgres.query('SELECT version, name, breaking FROM by_migrate.pathway_migrations'),
    );
  });
});

it('the migrated tables have exactly the columns this version works with', async () => {
  await migrated('columns');
  const found = await postgres.query<{ column: string }>(
    `SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, NULL) || CASE WHEN a.attnotnull THEN '' ELSE ' null' END AS "column"
     FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
     WHERE c.relnamespace = 'columns'::regnamespace AND c.relkind = 'r'`,
  );
  const tables = new TableNames();
  const known = (Object.keys(TABLE_COLUMNS) as TableName[]).flatMap((table) =>
    Object.values(TABLE_COLUMNS[table]).map(
      ({ name, type, array, nullable }) =>
        `${tables.nameOf(table)}.${name} ${String(type)}${array ? '[]' : ''}${nullable ? ' null' : ''}`,
    ),
  );
  expect(found.map(({ column }) => column).sort()).toEqual(known.sort());
});

it('ten instances start at once: one migrates, none fails', async () => {
  const migrators = await Promise.all(
    Array.from(
      { length: 10 },
      async () => new SchemaMigrator(await database({ schema: 'ten', statePrefix: 'svc' })),
    ),
  );
  const applied = await Promise.all(migrators.map((migrator) => migrator.migrate()));
  expect(applied.filter((versions) => versions.length > 0)).toEqual([MIGRATIONS.map((step) => step.version)]);
  await expect(migrators[0]!.check()).resolves.toBeUndefined();
});

it('two prefixes start at once in a schema that does not exist yet', async () => {
  const migrators = await Promise.all(
    ['a', 'b', 'c', 'd'].map(
      async (statePrefix) => new SchemaMigrator(await database({ schema: 'fresh', statePrefix })),
    ),
  );
  for (const applied of await Promise.all(migrators.map((each) => each.migrate())))
    expect(applied).toHaveLength(NEWEST);
});

it('a statement time limit of the application does not end a wait for the lock', async () => {
  await postgres.query('CREATE SCHEMA limited');
  const names = { schema: 'limited' };
  const slow = next(NEWEST + 1, false, () => ['SELECT pg_sleep(0.5)']);
  const options = { extra: { statement_timeout: 100 } };
  const steps = [...MIGRATIONS, slow];
  const first = new SchemaMigrator(await database(names, options), steps);
  const second = new SchemaMigrator(await database(names, options), steps);
  const applied = await Promise.all([first.migrate(), second.migrate()]);
  expect(applied.flat()).toEqual(steps.map(({ version }) => version));
});

it('a failing step changes nothing, and the next try begins where it was', async () => {
  await migrated('half');
  const broken = next(NEWEST + 1, false, (tables) => [
    `ALTER TABLE ${tables.sql('state')} ADD COLUMN IF NOT EXISTS half TEXT`,
    'SELECT 1 / 0',
  ]);
  const before = await catalogueOf(postgres, 'half');
  const migrator = new SchemaMigrator(await database({ schema: 'half' }), [...MIGRATIONS, broken]);
  await expect(migrator.migrate()).rejects.toThrow(SchemaMigrationFailedError);
  await expect(migrator.migrate()).rejects.toThrow(/division by zero/);
  expect(await catalogueOf(postgres, 'half')).toEqual(before);
});

describe('check', () => {
  it('says what to run on an empty database, and changes nothing', async () => {
    const names = { schema: 'manual', statePrefix: 'svc_' };
    const migrator = new SchemaMigrator(await database(names));
    const error = await migrator.check().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(SchemaOutdatedError);
    expect((error as Error).message).toMatch(
      /tables of prefix "svc" in schema manual do not exist yet.*npx pathways schema migrate --prefix svc --schema manual/,
    );
    expect(await postgres.query(`SELECT to_regnamespace('manual') AS made`)).toEqual([{ made: null }]);
  });

  it('names both versions when the tables are older', async () => {
    await migrated('older');
    const step = next(NEWEST + 1, false, () => []);
    const migrator = new SchemaMigrator(await database({ schema: 'older' }), [...MIGRATIONS, step]);
    await expect(migrator.check()).rejects.toThrow(
      `tables without a prefix in schema older are at version ${NEWEST}, this version of nestjs-pathways needs ${NEWEST + 1}`,
    );
    expect(await migrator.migrate()).toEqual([NEWEST + 1]);
    await expect(migrator.check()).resolves.toBeUndefined();
  });

  it('a column that another tool dropped is missed, and migrate brings it back', async () => {
    const migrator = await migrated('dropped');
    await postgres.query('ALTER TABLE dropped.pathway_pump_state DROP COLUMN generation');
    await expect(migrator.check()).rejects.toThrow(/lack .*pathway_pump_state.*generation/);
    await migrator.migrate();
    await expect(migrator.check()).resolves.toBeUndefined();
  });
});

describe('a database that a newer release has migrated', () => {
  const newer = async (schema: string, breaking: boolean) => {
    const older = await migrated(schema);
    const step = next(NEWEST + 7, breaking, () => []);
    await new SchemaMigrator(await database({ schema }), [...MIGRATIONS, step]).migrate();
    return older;
  };

  it('is accepted while no newer step is breaking', async () => {
    const older = await newer('newer', false);
    await expect(older.check()).resolves.toBeUndefined();
    expect(await older.migrate()).toEqual([]);
  });

  it('is refused when one is', async () => {
    const older = await newer('breaking', true);
    await expect(older.check()).rejects.toThrow(SchemaNewerError);
    await expect(older.migrate()).rejects.toThrow(`step ${NEWEST + 7} (step ${NEWEST + 7})`);
  });
});

describe('a database that holds other things', () => {
  it('a table of the same name that is not ours is not taken for it', async () => {
    await postgres.query('CREATE SCHEMA taken');
    await postgres.query('CREATE TABLE taken.pathway_deployments (sku TEXT PRIMARY KEY)');
    const migrator = new SchemaMigrator(await database({ schema: 'taken' }));
    await expect(migrator.migrate()).rejects.toThrow(/pathway_deployments".data_core.*not this library's/s);
    expect(await postgres.query(`SELECT to_regclass('taken.pathway_state') AS made`)).toEqual([
      { made: null },
    ]);
  });

  it('a user without the right to create tables is told what to do', async () => {
    await postgres.query('CREATE SCHEMA closed');
    const role = `${postgres.name}_reader`;
    await postgres.query(`CREATE ROLE ${role} LOGIN PASSWORD 'reader'`);
    try {
      const limited = new URL(postgres.url);
      limited.username = role;
      limited.password = 'reader';
      const reader = await database({ schema: 'closed' }, { url: limited.href });
      const migrator = new SchemaMigrator(reader);
      await expect(migrator.migrate()).rejects.toThrow(
        /database user may not.*npx pathways schema migrate.*manual/,
      );
      await migrated('closed');
      await postgres.query(`GRANT USAGE ON SCHEMA closed TO ${role}`);
      await postgres.query(`GRANT SELECT ON ALL TABLES IN SCHEMA closed TO ${role}`);
      // Nothing to do: then no right is needed either.
      expect(await migrator.migrate()).toEqual([]);
      await reader.dataSource.destroy();
    } finally {
      await postgres.query(`DROP OWNED BY ${role}`);
      await postgres.query(`DROP ROLE ${role}`);
    }
  });

  it('tables elsewhere on the search path are not hidden by new ones', async () => {
    await migrated('shared');
    await postgres.query('DROP TABLE shared.pathway_outbox');
    await postgres.query('CREATE SCHEMA own');
    const names = { extra: { options: '-c search_path=own,shared' } };
    const migrator = new SchemaMigrator(await database({}, names));
    await expect(migrator.migrate()).rejects.toThrow(/in schema shared.*made in own.*option `schema`/);
    expect(await catalogueOf(postgres, 'own')).toEqual([]);
  });

  it('a search path that leads nowhere is named as the cause', async () => {
    const names = { extra: { options: '-c search_path=nowhere' } };
    const migrator = new SchemaMigrator(await database({}, names));
    await expect(migrator.migrate()).rejects.toThrow(/search path .* leads to no schema/);
  });
});
