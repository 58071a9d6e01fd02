import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { DataSource } from 'typeorm';

/** A database of one process, with the durability a real one has. */
export interface BenchDatabase {
  readonly url: string;
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** A DataSource as an application has it. */
  connect(poolSize: number): Promise<DataSource>;
  /** Forgets what was counted. */
  resetStatements(): Promise<void>;
  /** Statements of everybody but this object since then, BEGIN and COMMIT included. */
  countStatements(): Promise<number>;
  close(): Promise<void>;
}

const COUNT = `SELECT query, sum(calls)::int AS calls
  FROM pg_stat_statements JOIN pg_database AS d ON d.oid = dbid AND d.datname = current_database()
  WHERE query NOT LIKE '%pg_stat_statements%' GROUP BY query ORDER BY 2 DESC`;

/** Set to see on stderr which statements were counted. */
const isVerbose = process.env['BENCH_STATEMENTS'] !== undefined;

export async function connectBenchPostgres(server: string): Promise<BenchDatabase> {
  const name = `bench_${randomBytes(6).toString('hex')}`;
  const admin = new Client({ connectionString: server });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  await admin.end();

  const own = new URL(server);
  own.pathname = name;
  const client = new Client({ connectionString: own.href });
  await client.connect();
  await client.query('CREATE EXTENSION pg_stat_statements');
  const query = async (sql: string) => (await client.query<Record<string, unknown>>(sql)).rows;
  return {
    url: own.href,
    query,
    connect: (poolSize) => new DataSource({ type: 'postgres', url: own.href, poolSize }).initialize(),
    resetStatements: async () => void (await query('SELECT pg_stat_statements_reset()')),
    async countStatements() {
      const rows = (await query(COUNT)) as { query: string; calls: number }[];
      if (isVerbose) {
        for (const { query: sql, calls } of rows.slice(0, 8)) {
          console.error(`  ${calls} × ${sql.replace(/\s+/g, ' ').slice(0, 110)}`);
        }
      }
      return rows.reduce((sum, { calls }) => sum + calls, 0);
    },
    close: () => client.end(),
  };
}
