import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { LocalPostgresStartError } from '../../errors/local-postgres-start.error.js';
import { PathwaysConfigurationError } from '../../errors/pathways-configuration.error.js';
import { silentLogger } from '../../event/logger.interface.js';
import type { LocalPostgres } from './local-postgres.interface.js';
import { isAlive, PostgresBench, query, TEST_TIMEOUT_MS } from '../../../test/support/postgres-bench.js';
import { serverAccountFor } from './postgres.account.js';

const setting = async ({ url }: LocalPostgres, name: string) =>
  (await query<Record<string, string>>(url, `SHOW ${name}`))[0]?.[name];

describe('Local Postgres', { timeout: TEST_TIMEOUT_MS }, () => {
  const bench = new PostgresBench();

  it('runs in a temporary folder that is gone after the stop, and says so once', async () => {
    const lines: string[] = [];
    const postgres = await bench.start({
      logger: { ...silentLogger, info: (message) => lines.push(message) },
    });
    expect(lines).toEqual([expect.stringContaining('development tool')]);
    expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await setting(postgres, 'server_encoding')).toBe('UTF8');
    expect(await setting(postgres, 'fsync')).toBe('off');
    expect(await setting(postgres, 'listen_addresses')).toBe('127.0.0.1');
    expect(await setting(postgres, 'server_version')).toContain(postgres.version);
    expect(existsSync(postgres.data)).toBe(true);
    await postgres.stop();
    await postgres.stop();
    await postgres.exited;
    expect(existsSync(postgres.data)).toBe(false);
    expect(isAlive(postgres.pid)).toBe(false);
  });

  it('stops although a session is open and in the middle of a statement', async () => {
    const postgres = await bench.start({ data: bench.prepared() });
    const client = new Client(postgres.url);
    client.on('error', () => undefined);
    await client.connect();
    const ended = client.query('SELECT pg_sleep(3600)').catch((error: Error) => error.message);
    await postgres.stop();
    expect(await ended).toMatch(/terminat/);
  });

  it('keeps a folder over a restart, and writes it durably', async () => {
    const data = join(bench.folder, 'deep', 'data');
    const first = await bench.start({ data });
    expect(await setting(first, 'fsync')).toBe('on');
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS n');
    await first.stop();
    const second = await bench.start({ data });
    expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
    expect(second.data).toBe(data);
  });

  it('passes settings on, except those it must keep', async () => {
    const settings = { max_connections: '17', listen_addresses: '*', lc_messages: 'nonsense' };
    const postgres = await bench.start({ settings, data: bench.prepared() });
    expect(await setting(postgres, 'max_connections')).toBe('17');
    expect(await setting(postgres, 'listen_addresses')).toBe('127.0.0.1');
  });

  it('starts two at once in two folders', async () => {
    const both = await Promise.all(['a', 'b'].map((name) => bench.start({ data: join(bench.folder, name) })));
    for (const { url, port } of both) await query(url, `CREATE TABLE of_${port} (n int)`);
    const [first, second] = both as [LocalPostgres, LocalPostgres];
    expect(first.port).not.toBe(second.port);
    await expect(query(first.url, `SELECT * FROM of_${second.port}`)).rejects.toThrow('does not exist');
  });

  it('names a taken port', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const failing = bench.start({ port, data: bench.prepared() });
    await expect(failing).rejects.toBeInstanceOf(LocalPostgresStartError);
    await expect(failing).rejects.toThrow(
      new RegExp(`127.0.0.1:${port}: another program does.*another port`),
    );
    other.close();
  });

  it('shows what the server says when it does not start', async () => {
    const failing = bench.start({ settings: { max_connections: 'many' }, data: bench.prepared() });
    await expect(failing).rejects.toBeInstanceOf(LocalPostgresStartError);
    await expect(failing).rejects.toThrow(/invalid value for parameter "max_connections"/);
  });

  it('gives up after the time it was given', async () => {
    await expect(bench.start({ startTimeoutMs: 1 })).rejects.toThrow(/did not start \(not within 1 ms\)/);
  });

  it.each([
    ['a folder that cannot be made', () => '/dev/null/folder', /cannot use the folder "\/dev\/null\/folder"/],
    ['a data directory of another server', () => withFile('PG_VERSION', '15'), /data directory of another/],
    ['data of another version', () => withFile('cluster/PG_VERSION', '9.6'), /written by PostgreSQL 9\.6/],
  ])('refuses %s', async (_what, data, message) => {
    const failing = bench.start({ data: data() });
    await expect(failing).rejects.toBeInstanceOf(LocalPostgresStartError);
    await expect(failing).rejects.toThrow(message);
  });

  it('reaches its folder whoever runs it, and names one that is closed', async () => {
    chmodSync(bench.folder, 0o700);
    const inside = bench.start({ data: join(bench.folder, 'inside') });
    if (process.getuid?.() !== 0) {
      await inside;
      return;
    }
    await expect(inside).rejects.toThrow(new RegExp(`"${bench.folder}" is closed.*chmod o\\+x`));
    rmSync(join(bench.folder, 'inside'), { recursive: true });
    await (await bench.start({ data: bench.folder })).stop();
    expect(statSync(bench.folder).mode & 0o777).toBe(0o711);
    expect(statSync(join(bench.folder, 'cluster'))).toMatchObject({ uid: 65_534, gid: 65_534 });
    // One that an ordinary user made stays theirs; initdb refuses users it does not know.
    for (const [uid, owner] of [
      [1, 1],
      [12_345, 65_534],
    ] as const) {
      const theirs = join(bench.folder, `of-${uid}`);
      mkdirSync(theirs);
      chownSync(theirs, uid, uid);
      expect(serverAccountFor(join(theirs, 'cluster'), theirs)).toEqual({ uid: owner, gid: owner });
    }
  });

  it('lists every option with a wrong value', async () => {
    const options = { data: '', bin: '', port: 70_000, startTimeoutMs: 0, stopTimeoutMs: Number.NaN };
    const failing = bench.start({ ...options, settings: { 'a b': 'c' } });
    await expect(failing).rejects.toBeInstanceOf(PathwaysConfigurationError);
    const { problems } = (await failing.catch((error: unknown) => error)) as PathwaysConfigurationError;
    expect(problems.map(({ path }) => path).sort()).toEqual([...Object.keys(options), 'settings'].sort());
  });

  function withFile(name: string, text: string): string {
    mkdirSync(join(bench.folder, name, '..'), { recursive: true });
    writeFileSync(join(bench.folder, name), text);
    return bench.folder;
  }
});
