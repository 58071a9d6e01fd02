import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process in the operating system's list. */
export interface ListedProcess {
  readonly program: string;
  readonly parentPid: number;
  /** It has ended, but its parent has not asked how. In a container without an init process it stays listed for ever. */
  readonly hasEnded: boolean;
}

/** `undefined` when it is not in the list, or the list cannot be read. */
export function findProcess(pid: number): ListedProcess | undefined {
  try {
    const [, program, state, parent] = PATTERN.exec(lineOf(pid)) ?? [];
    if (program === undefined || state === undefined) return undefined;
    return { program, parentPid: Number(parent), hasEnded: state === 'Z' };
  } catch {
    return undefined;
  }
}

/** Name in brackets (it may hold brackets too), state, parent. */
const PATTERN = /\((.*)\) (\w)\S* +(\d+)/s;

function lineOf(pid: number): string {
  // Small images have no `ps`.
  if (process.platform === 'linux') return readFileSync(`/proc/${pid}/stat`, 'utf8');
  const read = (field: string) =>
    execFileSync('ps', ['-p', String(pid), '-o', `${field}=`], { encoding: 'utf8', stdio: 'pipe' }).trim();
  return `(${read('comm')}) ${read('stat')} ${read('ppid')}`;
}
