/**
 * Who runs the server. PostgreSQL refuses to run as root, and containers run everything as root, so root hands the
 * server to an account without rights. That account must be able to reach the data and the binaries.
 */
import { chmodSync, chownSync, cpSync, existsSync, lstatSync, mkdtempSync, readdirSync } from 'node:fs';
import { readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LocalPostgresStartError } from '../../errors/local-postgres-start.error.js';
import { executable, type PostgresBinaries } from './postgres.finder.js';

/** `nobody`, on Debian, Fedora and Alpine alike. */
const UNPRIVILEGED_ID = 65_534;

export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Absent = the account of this process.
 *
 * @param cluster the data directory; the server must own it
 * @param data the folder around it
 */
export function serverAccountFor(cluster: string, data: string): ServerAccount | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const { uid, gid } = statSync(existsSync(cluster) ? cluster : data);
  // An ordinary user's folder must stay useful to that user. To make a data directory, PostgreSQL must know the user.
  const isUsable = uid !== 0 && (existsSync(cluster) || isKnownUser(uid));
  return isUsable ? { uid, gid } : { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID };
}

/** Gives an empty folder to the account. */
export function giveFolder(folder: string, account: ServerAccount | undefined): void {
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
}

/** @throws LocalPostgresStartError when a folder above is closed to the account */
export function assertReachable(folder: string, account: ServerAccount | undefined): void {
  const closed = account === undefined ? undefined : closedAbove(folder, account);
  if (closed === undefined || account === undefined) return;
  throw new LocalPostgresStartError(
    `Local Postgres cannot use the folder "${folder}": PostgreSQL refuses to run as root, so it runs as the user ${account.uid}, and "${closed}" is closed to that user. Choose a folder elsewhere, open that one (chmod o+x), or run as an ordinary user.`,
  );
}

/**
 * The binaries where the account can run them: as they are, or as a copy in a temporary folder when the project lies in
 * a closed one, as root's home is. Delete `copy` after the stop.
 */
export function reachableBinaries(
  binaries: PostgresBinaries,
  account: ServerAccount | undefined,
): { bin: string; copy?: string } {
  const { bin, portableRoot } = binaries;
  if (account === undefined || isOpen(join(bin, executable('postgres')), account)) return { bin };
  if (portableRoot === undefined) {
    throw new LocalPostgresStartError(
      `Local Postgres cannot use the binaries in "${bin}": PostgreSQL refuses to run as root, so it runs as the user ${account.uid}, and that user may not read them. Open the folder (chmod -R o+rX), or run as an ordinary user.`,
    );
  }
  const copy = mkdtempSync(join(tmpdir(), 'pathways-postgres-bin-'));
  cpSync(portableRoot, copy, { recursive: true, verbatimSymlinks: true });
  openToEverybody(copy);
  assertReachable(copy, account);
  return { bin: join(copy, 'bin'), copy };
}

function isKnownUser(uid: number): boolean {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .some((line) => line.split(':')[2] === String(uid));
  } catch {
    return false;
  }
}

function isOpen(file: string, account: ServerAccount): boolean {
  return mayUse(file, account, 0o5) && closedAbove(file, account) === undefined;
}

function closedAbove(path: string, account: ServerAccount): string | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (!mayUse(folder, account, 0o1)) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

function mayUse(path: string, { uid, gid }: ServerAccount, bits: number): boolean {
  const { mode, uid: owner, gid: group } = statSync(path);
  const shift = owner === uid ? 6 : group === gid ? 3 : 0;
  return ((mode >> shift) & bits) === bits;
}

function openToEverybody(path: string): void {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return;
  chmodSync(path, stats.mode | 0o444 | (stats.isDirectory() || stats.mode & 0o100 ? 0o111 : 0));
  if (stats.isDirectory()) for (const name of readdirSync(path)) openToEverybody(join(path, name));
}
