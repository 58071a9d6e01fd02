import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CaseMessage } from './case.child.js';
import type { BenchSettings } from './settings.js';

/** What one measuring process is to do. */
export interface CaseOrder {
  readonly suite: string;
  readonly name: string;
  readonly settings: BenchSettings;
  /** `rounds` with the contender's name, or `profile` with a file. */
  readonly mode: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const CHILD = fileURLToPath(new URL('case.child.js', import.meta.url));
const STDERR_KEPT = 2_000;

/** Runs a measuring process to its end. Resolves with the reason when it did not get there. */
export async function runCase(
  order: CaseOrder,
  listener: (message: CaseMessage) => void,
): Promise<string | undefined> {
  const { suite, name, settings, mode, environment } = order;
  const child = fork(CHILD, [suite, name, JSON.stringify(settings), ...mode], {
    execArgv: ['--expose-gc'],
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    // JSON has no NaN, and what was not measured would be 0.
    serialization: 'advanced',
  });
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    if (process.env['BENCH_DEBUG'] !== undefined || process.env['BENCH_STATEMENTS'] !== undefined)
      process.stderr.write(chunk);
    errors = (errors + chunk.toString()).slice(-STDERR_KEPT);
  });
  child.on('message', (message) => listener(message as CaseMessage));
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, settings.processTimeoutMs);
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  clearTimeout(limit);
  if (code === 0) return undefined;
  if (isLate) return `was not done after ${settings.processTimeoutMs / 1_000} s`;
  const lines = errors.trim().split('\n');
  const telling = lines.find((line) => /Error/.test(line)) ?? lines.at(-1);
  return `its process ended with ${signal ?? code}: ${telling}`;
}
