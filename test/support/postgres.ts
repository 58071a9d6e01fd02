import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';
import { type LocalPostgres, type LocalPostgresOptions, startLocalPostgres } from '../../lib/local/index.js';

type Row = Record<string, any>;

/** A database of one spec file. */
export interface SpecDatabase {
  /** Connection URL. Throws before `beforeAll` ran. */
  readonly url: string;
  /** Name of the database. */
  readonly name: string;
  /** Runs one statement on a connection of its own. */
  query<T extends Row = Row>(sql: string, parameters?: readonly unknown[]): Promise<T[]>;
}

/**
 * A fresh, empty database for the spec file (or `describe` block) that calls this, on the run's one Postgres; dropped
 * after the last test. Call it before other hooks: what they open is then closed first.
 */
export function usePostgres(): SpecDatabase {
  const name = `spec_${randomBytes(6).toString('hex')}`;
  let server: string | undefined;
  let url: string | undefined;

  beforeAll(async () => {
    const answer = await fetch(inject('postgresBroker'));
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    server = text;
    // From template0: template1 cannot be copied while another spec is connected to it.
    await runOnce(server, `CREATE DATABASE ${name} TEMPLATE template0`);
    const own = new URL(server);
    own.pathname = name;
    url = own.href;
  });
  afterAll(async () => {
    // FORCE: a connection a spec forgot must not turn into a failure of the next one.
    if (url !== undefined && server !== undefined) {
      await runOnce(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    }
  });

  const ready = () => {
    if (url === undefined) throw new Error('The database of usePostgres() exists from beforeAll on.');
    return url;
  };
  return {
    name,
    get url() {
      return ready();
    },
    query: (sql, parameters) => runOnce(ready(), sql, parameters),
  };
}

/** A Postgres of one test, to be mistreated. Data and port stay the same over every restart. */
export interface OwnPostgres {
  readonly url: string;
  readonly port: number;
  /** Process id of the server that runs now. */
  readonly pid: number;
  query<T extends Row = Row>(sql: string, parameters?: readonly unknown[]): Promise<T[]>;
  /** Orderly stop. Does nothing when it does not run. */
  stop(): Promise<void>;
  /** Starts it again after `stop()` or `crash()`. Does nothing when it runs. */
  start(): Promise<void>;
  /** Kills the server (`kill -9`) and waits until it is gone. */
  crash(): Promise<void>;
  /** Ends every session of clients, as a failing network or an administrator does; returns how many. */
  cutConnections(): Promise<number>;
  /** Stops it and deletes the data. Call it in `afterEach`. */
  remove(): Promise<void>;
}

/** Starts a Postgres that only the caller uses. */
export async function startOwnPostgres(options: LocalPostgresOptions = {}): Promise<OwnPostgres> {
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'own-postgres-'));
  // A killed process loses nothing that the operating system has, so tests need not wait for the disk.
  const settings = { fsync: 'off', ...options.settings };
  const launch = (port = options.port) =>
    startLocalPostgres({ ...options, data, settings, ...(port === undefined ? {} : { port }) });
  let current: LocalPostgres = await launch();
  let isRunning = true;
  const { url, port } = current;

  const own: OwnPostgres = {
    url,
    port,
    get pid() {
      return current.pid;
    },
    query: (sql, parameters) => runOnce(url, sql, parameters),
    async stop() {
      isRunning = false;
      await current.stop();
    },
    async start() {
      if (isRunning) return;
      current = await launch(port);
      isRunning = true;
    },
    async crash() {
      isRunning = false;
      process.kill(current.pid, 'SIGKILL');
      await current.exited;
    },
    async cutConnections() {
      const cut = await runOnce(
        url,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
      );
      return cut.length;
    },
    async remove() {
      await own.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
  return own;
}

async function runOnce<T extends Row>(
  connectionString: string,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<T[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<T>(sql, [...parameters])).rows;
  } finally {
    await client.end();
  }
}
