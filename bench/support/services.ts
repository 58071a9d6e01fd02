import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalPostgres } from 'nestjs-pathways/local';
import { ENVIRONMENT } from './bench.js';
import { startChild } from './child.js';
import type { Service } from './suite.js';

/** What the processes of one suite share. */
export interface RunningServices {
  readonly environment: Record<string, string>;
  stop(): Promise<void>;
}

/** Starts the services of a suite. A fresh set for each: none measures what another has left behind. */
export async function startServices(wanted: readonly Service[] = []): Promise<RunningServices> {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-'));
  const ends: (() => unknown)[] = [() => rmSync(scratch, { recursive: true, force: true })];
  const environment: Record<string, string> = { [ENVIRONMENT.scratch]: scratch };
  const stop = async () => {
    for (const end of ends.reverse()) await end();
  };
  try {
    if (wanted.includes('postgres')) {
      // A folder of its own: without one, Local Postgres does not wait for the disk, and commits would be too cheap.
      const data = mkdtempSync(join(tmpdir(), 'bench-postgres-'));
      ends.push(() => rmSync(data, { recursive: true, force: true }));
      const settings = { shared_preload_libraries: 'pg_stat_statements', shared_buffers: '256MB' };
      const server = await startLocalPostgres({ data, settings });
      ends.push(() => server.stop());
      environment[ENVIRONMENT.postgres] = server.url;
    }
    if (wanted.includes('local-flowcore')) {
      const local = await startChild('local-flowcore.child.js');
      ends.push(() => local.process.disconnect());
      environment[ENVIRONMENT.localFlowcore] = local.answer;
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { environment, stop };
}
