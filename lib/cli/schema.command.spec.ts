import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { usePostgres } from '../../test/support/postgres.js';
import { SchemaMigrator } from '../typeorm/schema/schema.migrator.js';
import { TableNames } from '../typeorm/schema/table-names.js';

// Every run is a process that compiles TypeScript at its start: on a busy machine several take longer than the default.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const postgres = usePostgres();

function run(args: string[], environment: Record<string, string> = {}) {
  const { DATABASE_URL: _inherited, ...env } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, 'schema', ...args], {
    env: { ...env, ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('pathways schema print', () => {
  it('writes nothing but the script, without any database', async () => {
    const { code, stdout, stderr } = await run(['print', '--prefix', 'svc', '--schema', 'shop']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toBe(SchemaMigrator.print(new TableNames({ statePrefix: 'svc', schema: 'shop' })));
  });

  it.each([
    ['--prefix', 'x"; DROP TABLE users; --'],
    ['--schema', 'no-hyphens'],
  ])('refuses the %s %s, and prints no SQL', async (option, name) => {
    const { code, stdout, stderr } = await run(['print', option, name]);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('letters, digits and underscores');
    expect(stderr).not.toContain('    at ');
  });
});

describe('pathways schema migrate', () => {
  it('creates the tables, and says so the second time too', async () => {
    const args = ['migrate', '--url', postgres.url, '--prefix', 'cli', '--schema', 'by_cli'];
    expect(await run(args)).toEqual({
      code: 0,
      stdout: 'The tables of prefix "cli" in schema by_cli are at version 4 now (applied: 1, 2, 3, 4).\n',
      stderr: '',
    });
    const [found] = await postgres.query(`SELECT to_regclass('by_cli.cli_pathway_state') AS state`);
    expect(found).toEqual({ state: 'by_cli.cli_pathway_state' });
    expect(await run(args)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing was changed'),
    });
  });

  it('takes the database from DATABASE_URL', async () => {
    const { code } = await run(['migrate', '--prefix', 'env'], { DATABASE_URL: postgres.url });
    expect(code).toBe(0);
    expect(await postgres.query('SELECT version FROM env_pathway_migrations')).toEqual([
      { version: 1 },
      { version: 2 },
      { version: 3 },
      { version: 4 },
    ]);
  });

  it.each([
    ['no database', [], /Name one: --url/],
    ['a URL of another kind', ['--url', 'mysql://root:geheim@localhost/x'], /must look like postgres:\/\//],
    ['what is no URL', ['--url', 'geheim'], /must look like postgres:\/\//],
    [
      'a server that does not answer',
      ['--url', 'postgres://app:geheim@127.0.0.1:1/shop?sslpassword=geheim'],
      /app:\*\*\*@127\.0\.0\.1:1\/shop could not be used: .*ECONNREFUSED.*Check that it runs/,
    ],
  ])('tells about %s in one line and without a password', async (_what, args, message) => {
    const { code, stdout, stderr } = await run(['migrate', ...args]);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).not.toContain('geheim');
  });

  it('tells that the database does not exist', async () => {
    const missing = new URL(postgres.url);
    missing.pathname = 'no_such_database';
    const { code, stderr } = await run(['migrate', '--url', missing.href]);
    expect(code).toBe(1);
    expect(stderr).toContain('database "no_such_database" does not exist');
  });
});
