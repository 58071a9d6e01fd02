import type { Migration } from './migration.interface.js';
import type { TableNames } from './table-names.js';

/**
 * The statements of these steps, to be run in one transaction: what `migrate()` does and what `print()` prints. Names are
 * checked by TableNames, so none of them can end its quotes.
 */
export function schemaStatements(tables: TableNames, migrations: readonly Migration[]): string[] {
  return [
    lockStatement(tables),
    ...(tables.schema === undefined ? [] : [schemaStatement(tables.schema)]),
    // First of all tables: its presence is what every later look at the version begins with.
    `CREATE TABLE IF NOT EXISTS ${tables.sql('migrations')} (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  breaking BOOLEAN NOT NULL DEFAULT false,
  applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
)`,
    ...migrations.flatMap((migration) => [
      ...migration.statements(tables),
      `INSERT INTO ${tables.sql('migrations')} (version, name, breaking)
VALUES (${migration.version}, '${migration.name}', ${migration.breaking}) ON CONFLICT (version) DO NOTHING`,
    ]),
  ];
}

/** The same as a script for psql and its like. */
export function schemaScript(tables: TableNames, migrations: readonly Migration[]): string {
  const statements = schemaStatements(tables, migrations).map((statement) => `${statement};\n`);
  return [
    '-- The tables of nestjs-pathways. May be run again, and on tables that the reference client has filled.\n',
    '-- With psql: psql --set ON_ERROR_STOP=1 --file <this file> <database>\n',
    ['BEGIN;\n', ...statements, 'COMMIT;\n'].join('\n'),
  ].join('');
}

/** Instances that start together migrate one after the other: all but the first find it done. */
export function lockStatement(tables: TableNames): string {
  const schema = tables.schema === undefined ? 'current_schema()' : `'${tables.schema}'`;
  return `SELECT pg_advisory_xact_lock(hashtextextended(concat('nestjs-pathways ', ${schema}, '.${tables.nameOf('migrations')}'), 0))`;
}

/** Asked first: `CREATE SCHEMA IF NOT EXISTS` needs the right to create one even when it is there. */
function schemaStatement(schema: string): string {
  return `DO $pathways$
BEGIN
  IF to_regnamespace('"${schema}"') IS NULL THEN
    CREATE SCHEMA "${schema}";
  END IF;
END
$pathways$`;
}
