import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { startLocalPostgres } from '../../lib/local/postgres/local-postgres.js';
import type { LocalPostgres } from '../../lib/local/postgres/local-postgres.interface.js';
import type { LocalPostgresOptions } from '../../lib/local/postgres/local-postgres.options.js';
import { findProcess } from '../../lib/local/postgres/process-list.util.js';

/** A machine that is busy otherwise needs many times the usual to make a database. Milliseconds. */
export const TEST_TIMEOUT_MS = 90_000;

/** A fresh folder per test, and an end for whatever the test started. */
export class PostgresBench {
  folder = '';
  readonly running: LocalPostgres[] = [];
  private template = '';
  private readonly children: ChildProcess[] = [];

  constructor() {
    beforeAll(async () => {
      this.template = mkdtempSync(join(tmpdir(), 'local-postgres-template-'));
      await (await startLocalPostgres({ data: this.template })).stop();
    }, TEST_TIMEOUT_MS);
    afterAll(() => rmSync(this.template, { recursive: true, force: true }));
    beforeEach(() => {
      this.folder = mkdtempSync(join(tmpdir(), 'local-postgres-'));
      // Run by root, the server has another account, which must get to folders in here.
      chmodSync(this.folder, 0o755);
    });
    afterEach(async () => {
      for (const child of this.children.splice(0)) child.kill('SIGKILL');
      await Promise.all(this.running.splice(0).map((postgres) => postgres.stop()));
      rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    }, TEST_TIMEOUT_MS);
  }

  async start(options: LocalPostgresOptions = {}): Promise<LocalPostgres> {
    const postgres = await startLocalPostgres(options);
    this.running.push(postgres);
    return postgres;
  }

  /** A folder with an empty database. Making one takes most of a start; a copy does not. */
  prepared(): string {
    const data = join(this.folder, 'prepared');
    execFileSync('cp', ['-a', this.template, data]);
    return data;
  }

  track(child: ChildProcess): void {
    this.children.push(child);
  }

  /** Runs `code` after a start in a process of its own. `postgres` is what was started there. */
  runElsewhere(options: LocalPostgresOptions, code: string): ChildProcess {
    const module = JSON.stringify(
      new URL('../../lib/local/postgres/local-postgres.ts', import.meta.url).href,
    );
    const script = `
      import { startLocalPostgres } from ${module};
      const postgres = await startLocalPostgres(${JSON.stringify(options)});
      ${code}`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.track(child);
    return child;
  }

  /** Starts one in a process that lives until it is killed. */
  async startElsewhere(options: LocalPostgresOptions) {
    const child = this.runElsewhere(
      options,
      'console.log(JSON.stringify(postgres)); setInterval(() => {}, 60_000);',
    );
    const line = await Promise.race([
      once(child.stdout as Readable, 'data').then(String),
      once(child, 'exit').then(() => Promise.reject(new Error('The process ended before its Postgres ran.'))),
    ]);
    return { child, ...(JSON.parse(line) as Pick<LocalPostgres, 'url' | 'pid' | 'data'>) };
  }
}

export async function query<T extends object>(url: string, sql: string): Promise<T[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows as T[];
  } finally {
    await client.end();
  }
}

/** A process nobody collects is still in the list. */
export function isAlive(pid: number): boolean {
  return findProcess(pid)?.hasEnded === false;
}
