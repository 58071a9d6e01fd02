import { createHash } from 'node:crypto';
import { PathwaysConfigurationError } from '../../errors/pathways-configuration.error.js';
import { identifierProblems, normalisePrefix } from './identifier.util.js';

/** Tables of the store, by what they hold. */
export type TableName =
  | 'state'
  | 'pumpState'
  | 'deadLetter'
  | 'leases'
  | 'instances'
  | 'deliveryState'
  | 'chunks'
  | 'outbox'
  | 'writes'
  | 'deployments'
  | 'migrations';

const BASE_NAMES: Record<TableName, string> = {
  state: 'pathway_state',
  pumpState: 'pathway_pump_state',
  deadLetter: 'pathway_dead_letter',
  leases: 'pathway_leases',
  instances: 'pathway_instances',
  deliveryState: 'pathway_delivery_state',
  chunks: 'pathway_chunks',
  outbox: 'pathway_outbox',
  writes: 'pathway_writes',
  deployments: 'pathway_deployments',
  migrations: 'pathway_migrations',
};

/** Where the tables are, for `pathwaysEntities`: as `typeOrmStore` is told. */
export interface TableNamesOptions {
  /**
   * Put before every table name, with an underscore.
   *
   * @default '' (the names existing deployments have)
   */
  readonly statePrefix?: string | undefined;
  /**
   * Schema of the tables.
   *
   * @default the first of the connection's search path
   */
  readonly schema?: string | undefined;
  /**
   * Whole names of single tables; they win over the prefix.
   *
   * @default {}
   */
  readonly tableNames?: Readonly<Partial<Record<TableName, string>>> | undefined;
}

/** The names of all tables of one store. Checked once: they become part of SQL. */
export class TableNames {
  /** `''`, or the prefix with its underscore. */
  readonly prefix: string;
  private readonly own: Readonly<Partial<Record<TableName, string>>>;
  private ownSchema: string | undefined;

  /** @throws PathwaysConfigurationError for a name, prefix or schema that is no plain identifier. */
  constructor({ statePrefix, schema, tableNames = {} }: TableNamesOptions = {}) {
    this.prefix = normalisePrefix(statePrefix);
    this.own = withOwnMigrations(checked(tableNames), this.prefix);
    this.useSchema(schema);
  }

  /** `undefined`: wherever the connection's search path leads. */
  get schema(): string | undefined {
    return this.ownSchema;
  }

  /**
   * For a schema that is only known when the DataSource is. Does nothing once there is one.
   *
   * @throws PathwaysConfigurationError for a schema that is no plain identifier.
   */
  useSchema(schema: string | undefined): void {
    if (schema === undefined) return;
    const problems = identifierProblems('schema', schema);
    if (problems.length > 0) throw new PathwaysConfigurationError(problems, 'The options of typeOrmStore');
    this.ownSchema ??= schema;
  }

  /** The bare name, as it stands in the catalogue. */
  nameOf(table: TableName): string {
    // The reference puts names into SQL unquoted, so Postgres has folded them (protocol §11).
    return (this.own[table] ?? `${this.prefix}${BASE_NAMES[table]}`).toLowerCase();
  }

  /** The quoted name for SQL, with the schema where one is given. */
  sql(table: TableName): string {
    const name = `"${this.nameOf(table)}"`;
    return this.schema === undefined ? name : `"${this.schema}".${name}`;
  }
}

type OwnNames = Readonly<Partial<Record<TableName, string>>>;

function checked(names: OwnNames): OwnNames {
  const problems = Object.entries(names).flatMap(([table, name]) => {
    const path = `tableNames.${table}`;
    if (Object.hasOwn(BASE_NAMES, table)) return name === undefined ? [] : identifierProblems(path, name);
    return [{ path, message: `is no table of the store. Known: ${Object.keys(BASE_NAMES).join(', ')}` }];
  });
  if (problems.length > 0) throw new PathwaysConfigurationError(problems, 'The options of typeOrmStore');
  return names;
}

/** The record of another set of tables would say that these exist. */
function withOwnMigrations(names: OwnNames, prefix: string): OwnNames {
  const given = Object.entries(names).filter(([, name]) => name !== undefined);
  if (given.length === 0 || names.migrations !== undefined) return names;
  const which = createHash('sha256').update(JSON.stringify(given.toSorted())).digest('hex').slice(0, 8);
  return { ...names, migrations: `${prefix}${BASE_NAMES.migrations}_${which}` };
}
