import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { LocalPostgresStartError } from '../../errors/local-postgres-start.error.js';
import { silentLogger } from '../../event/logger.interface.js';
import type { LocalPostgres } from './local-postgres.interface.js';
import { isAlive, PostgresBench, query, TEST_TIMEOUT_MS } from '../../../test/support/postgres-bench.js';
import { findProcess } from './process-list.util.js';

describe('Local Postgres among processes that end and start', { timeout: TEST_TIMEOUT_MS }, () => {
  const bench = new PostgresBench();

  it('kills a server that does not stop in time', async () => {
    const postgres = await bench.start({ stopTimeoutMs: 50 });
    process.kill(postgres.pid, 'SIGSTOP');
    await postgres.stop();
    expect(isAlive(postgres.pid)).toBe(false);
    expect(existsSync(postgres.data)).toBe(false);
  });

  it('lets one of two that start at once in one new folder have it, and names the folder to the other', async () => {
    const results = await Promise.allSettled([
      bench.start({ data: bench.folder }),
      bench.start({ data: bench.folder }),
    ]);
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(refused[0]?.reason).toBeInstanceOf(LocalPostgresStartError);
    expect(String(refused[0]?.reason)).toContain(bench.folder);
    const [winner] = bench.running as [LocalPostgres];
    expect(await query(winner.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(readdirSync(bench.folder)).toEqual(['cluster']);
  });

  it('refuses a folder that a running server uses, and leaves that server alone', async () => {
    const data = bench.prepared();
    const { pid, url } = await bench.start({ data });
    const second = bench.start({ data });
    await expect(second).rejects.toBeInstanceOf(LocalPostgresStartError);
    await expect(second).rejects.toThrow(new RegExp(`process ${pid}\\).*folder of its own`));
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('opens a folder again after the server was killed', async () => {
    const data = bench.prepared();
    const first = await bench.start({ data });
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS n');
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    expect(existsSync(join(data, 'cluster', 'postmaster.pid'))).toBe(true);
    const second = await bench.start({ data });
    expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
  });

  it('opens a folder again when the id of its killed server belongs to another program now', async () => {
    const data = bench.prepared();
    const first = await bench.start({ data });
    await first.stop();
    // Of the server's own user: PostgreSQL takes any other for a dead one by itself.
    const account = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const stranger = spawn('sleep', ['600'], { ...account, stdio: 'ignore' });
    bench.track(stranger);
    await once(stranger, 'spawn');
    const cluster = join(data, 'cluster');
    writeFileSync(
      join(cluster, 'postmaster.pid'),
      `${stranger.pid}\n${cluster}\n1700000000\n5432\n\n\n\nready   \n`,
    );
    await bench.start({ data });
    expect(stranger.exitCode).toBeNull();
  });

  it('begins anew where a start was killed while it made the folder', async () => {
    const gone = spawn('true', { stdio: 'ignore' });
    await once(gone, 'exit');
    mkdirSync(join(bench.folder, `initializing-${gone.pid}-x`));
    mkdirSync(join(bench.folder, `initializing-${process.pid}-x`));
    const postgres = await bench.start({ data: bench.folder });
    expect(readdirSync(bench.folder).sort()).toEqual(['cluster', `initializing-${process.pid}-x`]);
    expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('ends with its process, also one that is killed, and deletes what is temporary', async () => {
    const { child, pid, data } = await bench.startElsewhere({});
    expect(isAlive(pid)).toBe(true);
    child.kill('SIGKILL');
    await vi.waitUntil(() => !isAlive(pid) && !existsSync(data), { timeout: 60_000 });
  });

  it('takes the folder over from a process that was killed a moment ago', async () => {
    const data = bench.prepared();
    const { child, pid, url } = await bench.startElsewhere({ data });
    await query(url, 'CREATE TABLE kept AS SELECT 1 AS n');
    // Its supervisor gets no time to notice before the second start found the folder in use.
    const supervisor = findProcess(pid)?.parentPid ?? 0;
    expect(supervisor).toBeGreaterThan(1);
    process.kill(supervisor, 'SIGSTOP');
    child.kill('SIGKILL');
    const debug = vi.fn(() => void process.kill(supervisor, 'SIGCONT'));
    const second = await bench.start({ data, logger: { ...silentLogger, debug } });
    expect(debug).toHaveBeenCalled();
    expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
  });

  it('keeps no process alive', async () => {
    const child = bench.runElsewhere({}, '');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('stops the server when its supervisor is killed', async () => {
    const errors: string[] = [];
    const postgres = await bench.start({
      logger: { ...silentLogger, error: (message) => errors.push(message) },
    });
    const supervisor = findProcess(postgres.pid)?.parentPid;
    expect(supervisor).toBeGreaterThan(1);
    process.kill(supervisor as number, 'SIGKILL');
    await postgres.exited;
    expect(isAlive(postgres.pid)).toBe(false);
    expect(existsSync(postgres.data)).toBe(false);
    expect(errors).toEqual([expect.stringContaining('unexpectedly')]);
  });

  it('reports a server that ends by itself, and deletes what is temporary', async () => {
    const errors: string[] = [];
    const postgres = await bench.start({
      logger: { ...silentLogger, error: (message) => errors.push(message) },
    });
    process.kill(postgres.pid, 'SIGKILL');
    await postgres.exited;
    expect(errors).toEqual([expect.stringContaining('unexpectedly')]);
    expect(existsSync(postgres.data)).toBe(false);
    await postgres.stop();
  });
});
