import { setImmediate as turn } from 'node:timers/promises';
import type { ControllableClock } from 'nestjs-pathways/testing';

/** Waits for a condition; the test's own time limit ends a condition that never comes. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await turn();
}

/** The same under a clock of the test's own, which goes on meanwhile: retries, polls and reconnects wait for it. */
export async function untilIn(clock: ControllableClock, condition: () => boolean): Promise<void> {
  for (; !condition(); clock.advance(10)) await turn();
}
