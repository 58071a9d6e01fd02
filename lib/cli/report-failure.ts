import { PathwaysError } from '../errors/pathways.error.js';

/** One line for what a user can act on; the stack only for what must be a defect of ours. */
export function reportFailure(error: unknown): void {
  const text = error instanceof PathwaysError ? error.message : (error as Error).stack;
  process.stderr.write(`${text ?? String(error)}\n`);
  process.exitCode = 1;
}
