import { Command, Option } from 'commander';
import { silentLogger } from '../event/logger.interface.js';
import { Database } from '../typeorm/database.js';
import { describeTables } from '../typeorm/schema/schema.messages.js';
import { SchemaMigrator } from '../typeorm/schema/schema.migrator.js';
import { TableNames } from '../typeorm/schema/table-names.js';
import { connect } from './database.connection.js';

interface SchemaCommandOptions {
  readonly prefix?: string;
  readonly schema?: string;
}

interface MigrateCommandOptions extends SchemaCommandOptions {
  readonly url?: string;
}

/** `pathways schema`: the library's tables, for whoever keeps the right to change a database from the application. */
export function schemaCommand(): Command {
  const migrate = tablesCommand('migrate')
    .description('create the tables in a database, or bring them up to date')
    .addOption(
      new Option('--url <url>', 'the database, postgres://user:password@host/name').env('DATABASE_URL'),
    )
    .action(runMigrate);
  const print = tablesCommand('print')
    .description('write the SQL that does it to the standard output; needs no database')
    .action(runPrint);
  return new Command('schema')
    .description('the tables of the TypeORM store in Postgres')
    .addCommand(migrate)
    .addCommand(print);
}

function tablesCommand(name: string): Command {
  return new Command(name)
    .option('--prefix <name>', 'the `statePrefix` of the application (default: none)')
    .option('--schema <name>', 'the schema of the tables (default: what the search path leads to)');
}

function runPrint(options: SchemaCommandOptions): void {
  process.stdout.write(SchemaMigrator.print(tablesOf(options)));
}

async function runMigrate({ url, ...options }: MigrateCommandOptions): Promise<void> {
  const tables = tablesOf(options);
  const dataSource = await connect(url);
  try {
    const migrator = new SchemaMigrator(new Database(dataSource, tables, silentLogger));
    const applied = await migrator.migrate();
    const outcome =
      applied.length === 0
        ? `were at version ${migrator.neededVersion} already; nothing was changed`
        : `are at version ${migrator.neededVersion} now (applied: ${applied.join(', ')})`;
    process.stdout.write(`The ${describeTables(tables)} ${outcome}.\n`);
  } finally {
    await dataSource.destroy();
  }
}

function tablesOf({ prefix, schema }: SchemaCommandOptions): TableNames {
  return new TableNames({ statePrefix: prefix, schema });
}
