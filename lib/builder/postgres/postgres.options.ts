/** How to reach the database. Either `connectionString` or the parts. */
export interface PostgresConnectionOptions {
  /** `postgres://user:password@host:5432/database`. @default built from the parts */
  connectionString?: string;
  /** Name or address of the server. @default 'localhost' */
  host?: string;
  /** Port of the server. @default 5432 */
  port?: number;
  /** Any characters; they need no encoding. @default the user of this process, as the driver finds it */
  user?: string;
  /** Any characters; never logged. @default none */
  password?: string;
  /** Name of the database. @default the user's name */
  database?: string;
  /** `true` insists on TLS with a certificate that is checked; an object is handed to Node's TLS. @default false */
  ssl?: boolean | Readonly<Record<string, unknown>>;
  /** Most connections. @default 10 */
  poolSize?: number;
}

/** Where the tables of one service are. */
export interface PostgresTableOptions {
  /**
   * Put before every table name, with an underscore. Give each application its own when several share a database.
   *
   * @default ''
   */
  statePrefix?: string;
  /** Schema of the tables. @default the first of the connection's search path */
  schema?: string;
}

/** Options of `createPostgresPathwayState`. */
export interface PostgresPathwayStateOptions extends PostgresConnectionOptions, PostgresTableOptions {
  /** Name of the table; wins over `statePrefix`. @default 'pathway_state' */
  tableName?: string;
  /** Milliseconds the mark of a finished event is kept at least; at least 1000. @default 300_000 */
  ttlMs?: number;
}

/** Options of `createPostgresPumpStateManagerFactory`. */
export interface PostgresPumpStateOptions extends PostgresConnectionOptions, PostgresTableOptions {
  /** Name of the table; wins over `statePrefix`. @default 'pathway_pump_state' */
  tableName?: string;
}

/** Options of `createPostgresPathwayChunkStore`. */
export interface PostgresChunkStoreOptions extends PostgresConnectionOptions, PostgresTableOptions {
  /** Name of the table; wins over `statePrefix`. @default 'pathway_chunks' */
  tableName?: string;
  /** Milliseconds the parts of a large event are kept after the last of them arrived. @default 86_400_000 */
  ttlMs?: number;
}

/** Options of `createPostgresPathwayDeliveryStore`. */
export interface PostgresDeliveryStoreOptions extends PostgresConnectionOptions, PostgresTableOptions {
  /** Name of the table; wins over `statePrefix`. @default 'pathway_delivery_state' */
  tableName?: string;
}
