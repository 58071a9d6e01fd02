import { DataSource, type DataSourceOptions } from 'typeorm';
import { afterAll } from 'vitest';
import { silentLogger } from '../../lib/event/logger.interface.js';
import { Database } from '../../lib/typeorm/database.js';
import { TableNames, type TableNamesOptions } from '../../lib/typeorm/schema/table-names.js';
import type { SpecDatabase } from './postgres.js';

type Extra = Partial<Extract<DataSourceOptions, { type: 'postgres' }>>;

/** DataSources of a spec file, closed after its last test. Call it after `usePostgres()`: hooks run in reverse. */
export function useDataSources(postgres: SpecDatabase) {
  const open: DataSource[] = [];
  afterAll(() => Promise.all(open.map((each) => each.isInitialized && each.destroy())));

  const dataSource = async (extra: Extra = {}): Promise<DataSource> => {
    const made = new DataSource({ type: 'postgres', url: postgres.url, ...extra });
    open.push(made);
    return made.initialize();
  };
  const database = async (names: TableNamesOptions = {}, extra: Extra = {}): Promise<Database> =>
    new Database(await dataSource(extra), new TableNames(names), silentLogger);
  return { dataSource, database };
}
