import type { EntitySchema } from 'typeorm';
import { loadTypeOrm } from '../load-typeorm.js';
import type { PathwaysRows } from './rows.interface.js';
import { TABLE_COLUMNS, type TableColumn } from './table-columns.js';
import { TableNames, type TableName, type TableNamesOptions } from './table-names.js';

/** The entities of one store's tables. */
export type PathwaysEntities = { readonly [T in TableName]: EntitySchema<PathwaysRows[T]> };

const ENTITY_NAMES: Record<TableName, string> = {
  state: 'PathwayState',
  pumpState: 'PathwayPumpState',
  deadLetter: 'PathwayDeadLetter',
  leases: 'PathwayLease',
  instances: 'PathwayInstance',
  deliveryState: 'PathwayDeliveryState',
  chunks: 'PathwayChunk',
  outbox: 'PathwayOutbox',
  writes: 'PathwayWrite',
  deployments: 'PathwayDeployment',
  migrations: 'PathwayMigration',
};

/**
 * The library's tables for an application that wants to query them. The library itself needs no registration:
 *
 * ```ts
 * const pathways = pathwaysEntities({ statePrefix: 'orders' });
 * const dataSource = new DataSource({ …, entities: [Order, ...Object.values(pathways)] });
 * await dataSource.getRepository(pathways.deadLetter).find({ order: { sequence: 'ASC' } });
 * ```
 *
 * They never take part in `synchronize` or `migration:generate`: the library migrates its tables itself.
 *
 * @throws PathwaysConfigurationError for a prefix or schema that is no plain identifier
 * @throws OptionalPackageMissingError
 */
export function pathwaysEntities(options: TableNamesOptions = {}): PathwaysEntities {
  const tables = new TableNames(options);
  const { EntitySchema } = loadTypeOrm('pathwaysEntities()');
  const entries = (Object.keys(TABLE_COLUMNS) as TableName[]).map((table) => [
    table,
    new EntitySchema({
      // With the prefix: two stores in one DataSource would otherwise be one entity.
      name: tables.prefix + ENTITY_NAMES[table],
      tableName: tables.nameOf(table),
      ...(tables.schema !== undefined && { schema: tables.schema }),
      synchronize: false,
      columns: TABLE_COLUMNS[table] as Record<string, TableColumn>,
    }),
  ]);
  return Object.fromEntries(entries) as PathwaysEntities;
}
