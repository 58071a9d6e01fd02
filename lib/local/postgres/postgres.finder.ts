/**
 * Finds a PostgreSQL to run, in this order:
 *
 *   1. a folder somebody named (option `bin`, or PATHWAYS_POSTGRES_BIN): this one or none, because running another
 *      server than the one asked for would be a surprise
 *   2. the newest of `/usr/lib/postgresql/<version>/bin` (Debian, Ubuntu)
 *   3. the npm package of this platform
 *
 * Each is asked for its version first: a binary for another C library or processor is there and still cannot run.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { LocalPostgresMissingError } from '../../errors/local-postgres-missing.error.js';
import { completePackageLinks, packageNames, resolvePostgresPackage } from './postgres.package.js';
import { serverEnvironment } from './server-environment.util.js';

export const POSTGRES_BIN_VARIABLE = 'PATHWAYS_POSTGRES_BIN';

export interface PostgresBinaries {
  /** Folder with `initdb` and `postgres`. */
  readonly bin: string;
  /** What has to move together when the binaries move: the folder with `bin`, `lib` and `share`, if it stands alone. */
  readonly portableRoot?: string;
  /** For example `18.4`. */
  readonly version: string;
}

/** Where to look. The defaults are this machine's. */
export interface PostgresPlaces {
  readonly bin?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
  readonly systemFolder?: string;
  readonly packageRoot?: () => string | undefined;
}

interface Candidate {
  readonly what: string;
  readonly bin: string;
  readonly portableRoot?: string;
}

/** @throws LocalPostgresMissingError */
export async function findPostgres(places: PostgresPlaces = {}): Promise<PostgresBinaries> {
  const attempts: string[] = [];
  for (const candidate of candidatesOf(places, attempts)) {
    const { what, bin, portableRoot } = candidate;
    const missing = ['initdb', 'postgres'].filter((name) => !existsSync(join(bin, executable(name))));
    if (missing.length > 0) {
      attempts.push(`${what}: ${bin} does not hold ${missing.join(' and ')}`);
      continue;
    }
    try {
      if (portableRoot !== undefined) completePackageLinks(portableRoot);
      const version = await versionOf(bin);
      return { bin, version, ...(portableRoot === undefined ? {} : { portableRoot }) };
    } catch (error) {
      attempts.push(`${what}: ${bin} does not run here (${firstLine((error as Error).message)})`);
    }
  }
  throw new LocalPostgresMissingError(attempts);
}

export function executable(name: string): string {
  return process.platform === 'win32' ? `${name}.exe` : name;
}

function candidatesOf(places: PostgresPlaces, attempts: string[]): Candidate[] {
  const {
    bin,
    env = process.env,
    systemFolder = '/usr/lib/postgresql',
    packageRoot = resolvePostgresPackage,
  } = places;
  if (bin !== undefined) return [{ what: 'option "bin"', bin: resolve(bin) }];
  const named = env[POSTGRES_BIN_VARIABLE];
  if (named) return [{ what: POSTGRES_BIN_VARIABLE, bin: resolve(named) }];
  attempts.push(`${POSTGRES_BIN_VARIABLE} is not set`);

  const system = systemVersions(systemFolder).map((version) => ({
    what: `PostgreSQL ${version} of the system`,
    bin: join(systemFolder, version, 'bin'),
  }));
  if (system.length === 0) attempts.push(`${systemFolder} holds no version`);

  const root = packageRoot();
  if (root === undefined)
    attempts.push(`npm package: ${packageNames().join(' is not installed, ')} is not installed`);
  const portable =
    root === undefined ? [] : [{ what: 'npm package', bin: join(root, 'bin'), portableRoot: root }];
  return [...system, ...portable];
}

function systemVersions(folder: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  // As numbers: "9.6" is older than "15".
  return names.filter((name) => /^\d+(\.\d+)?$/.test(name)).sort((a, b) => Number(b) - Number(a));
}

async function versionOf(bin: string): Promise<string> {
  const { stdout } = await promisify(execFile)(join(bin, executable('postgres')), ['-V'], {
    env: serverEnvironment(),
  });
  const version = /\(PostgreSQL\) (\S+)/.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`its version is unreadable: ${stdout.trim()}`);
  return version;
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? '';
}
