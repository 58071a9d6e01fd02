/** The file in which a server notes that it uses its data directory. PostgreSQL makes it, checks it and removes it. */
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findProcess } from './process-list.util.js';

const LOCK = 'postmaster.pid';

/** Counted from 0: the process, and since PostgreSQL 10 what it is doing. */
const PID_LINE = 0;
const STATUS_LINE = 7;

/** Process id of the server that uses the directory, or of one that was killed. */
export function lockOwner(cluster: string): number | undefined {
  const pid = Math.abs(Number.parseInt(lineOf(cluster, PID_LINE) ?? '', 10));
  return Number.isNaN(pid) ? undefined : pid;
}

/** Whether the server is on its way out. Also when it is out already, and its file with it. */
export function isStopping(cluster: string): boolean {
  const status = lineOf(cluster, STATUS_LINE);
  return status === undefined ? lockOwner(cluster) === undefined : status.trim() === 'stopping';
}

/**
 * Removes the file a killed server left, when its process id belongs to another program now, or to nothing that runs:
 * PostgreSQL only sees that the id exists and would refuse for ever. In containers ids are small and come again at every
 * start.
 *
 * @returns whether it was removed
 */
export function removeForeignLock(cluster: string): boolean {
  const pid = lockOwner(cluster);
  const owner = pid === undefined ? undefined : findProcess(pid);
  // Unknown is not foreign: a server's data must never be opened by a second one.
  if (owner === undefined || (!owner.hasEnded && /postgres|postmaster/.test(owner.program))) return false;
  return removeLockOf(pid, cluster);
}

/** Taken aside first: another start may have judged the same, and the file may be its server's by now. */
function removeLockOf(pid: number | undefined, cluster: string): boolean {
  const lock = join(cluster, LOCK);
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch {
    return false;
  }
  const isJudged = Math.abs(Number.parseInt(readFileSync(aside, 'utf8'), 10)) === pid;
  if (isJudged) rmSync(aside);
  else renameSync(aside, lock);
  return isJudged;
}

function lineOf(cluster: string, line: number): string | undefined {
  try {
    return readFileSync(join(cluster, LOCK), 'utf8').split('\n')[line];
  } catch {
    return undefined;
  }
}
