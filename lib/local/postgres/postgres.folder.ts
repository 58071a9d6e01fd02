/**
 * The folder of the data: `<data>/cluster` is what PostgreSQL calls its data directory.
 *
 * It is made under another name and renamed when complete, so a start that is killed half-way leaves nothing that looks
 * like data. It lies one level below, because a mounted volume cannot be renamed, and because root gives only this
 * folder away.
 */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { LocalPostgresStartError } from '../../errors/local-postgres-start.error.js';
import { assertReachable, giveFolder, type ServerAccount, serverAccountFor } from './postgres.account.js';
import { executable, type PostgresBinaries } from './postgres.finder.js';
import { serverEnvironment } from './server-environment.util.js';

const CLUSTER = 'cluster';
const UNFINISHED = 'initializing-';
/** From here on PostgreSQL brings its own Unicode rules: the same on every platform. */
const BUILTIN_LOCALE_SINCE = 17;

export interface PostgresFolder {
  readonly path: string;
  readonly cluster: string;
  readonly isTemporary: boolean;
  readonly account: ServerAccount | undefined;
}

/** @throws LocalPostgresStartError when the folder cannot be used */
export function openFolder(data: string | undefined): PostgresFolder {
  const path = data === undefined ? mkdtempSync(join(tmpdir(), 'pathways-postgres-')) : resolve(data);
  const isTemporary = data === undefined;
  try {
    if (existsSync(join(path, 'PG_VERSION'))) {
      throw new Error('it is the data directory of another PostgreSQL, and Local Postgres makes its own');
    }
    mkdirSync(path, { recursive: true });
    const cluster = join(path, CLUSTER);
    const account = serverAccountFor(cluster, path);
    // What is inside stays closed; the account only has to get there. A folder with other things in it is not ours to
    // open.
    if (account && readdirSync(path).every(isOurs)) chmodSync(path, statSync(path).mode | 0o011);
    assertReachable(cluster, account);
    return { path, cluster, isTemporary, account };
  } catch (cause) {
    if (isTemporary) removeFolder(path);
    if (cause instanceof LocalPostgresStartError) throw cause;
    throw new LocalPostgresStartError(
      `Local Postgres cannot use the folder "${path}": ${(cause as Error).message}. Name a folder that can be created or written.`,
      { cause },
    );
  }
}

/** Makes the data directory unless there is one. Two processes may try: the first one done wins. */
export async function initialize(folder: PostgresFolder, bin: string, version: string): Promise<void> {
  if (existsSync(folder.cluster)) return;
  removeAbandoned(folder.path);
  const unfinished = mkdtempSync(join(folder.path, `${UNFINISHED}${process.pid}-`));
  try {
    giveFolder(unfinished, folder.account);
    await promisify(execFile)(join(bin, executable('initdb')), initdbArguments(unfinished, folder, version), {
      cwd: unfinished,
      env: serverEnvironment(),
      ...folder.account,
    });
    renameSync(unfinished, folder.cluster);
  } catch (cause) {
    removeFolder(unfinished);
    if (existsSync(folder.cluster)) return;
    const said = (cause as { stderr?: string }).stderr?.trim() || (cause as Error).message;
    throw new LocalPostgresStartError(
      `Local Postgres could not make a database in "${folder.path}": ${said}. Check the space and the rights of that folder.`,
      { cause },
    );
  }
}

export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

function isOurs(name: string): boolean {
  return name === CLUSTER || name.startsWith(UNFINISHED);
}

function initdbArguments(
  target: string,
  { isTemporary }: PostgresFolder,
  version: PostgresBinaries['version'],
): string[] {
  const hasBuiltinLocale = Number.parseInt(version, 10) >= BUILTIN_LOCALE_SINCE;
  return [
    ...[`--pgdata=${target}`, '--username=postgres', '--encoding=UTF8', '--no-locale'],
    ...(hasBuiltinLocale ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : []),
    // No password: whoever can connect from this machine can read the folder's owner's files anyway.
    '--auth=trust',
    ...(isTemporary ? ['--no-sync'] : []),
  ];
}

/** What starts that were killed left behind; one that is still at work is spared. */
function removeAbandoned(path: string): void {
  for (const name of readdirSync(path)) {
    const pid = name.startsWith(UNFINISHED) ? Number.parseInt(name.slice(UNFINISHED.length), 10) : Number.NaN;
    if (!Number.isNaN(pid) && !isAlive(pid)) removeFolder(join(path, name));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Alive, but another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
