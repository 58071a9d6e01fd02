import { setImmediate as turn } from 'node:timers/promises';

/** Waits for a condition; the test's own time limit ends a condition that never comes. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}
