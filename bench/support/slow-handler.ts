import { inParallel } from './drive.js';
import type { BenchCase, Contender, Goal } from './suite.js';

const SLOW_MS = 5;

/** A handler that only waits: what is measured is whether as many of them run at once as there may be. */
export const slowHandler = () => new Promise<void>((resolve) => setTimeout(resolve, SLOW_MS));

const ours = (concurrency: number) => `ours, ${concurrency} at once`;

/** The handler called by hand: timers fire late, and no library can be faster than they. */
const byHand = (concurrency: number): Contender => ({
  name: `limit: the handler by hand, ${concurrency} at once`,
  role: 'limit',
  make: () => ({
    run: (count) => inParallel(Array.from({ length: count }), concurrency, slowHandler),
  }),
});

/** A pump with that handler, 16 and 64 at once, beside the handler alone. */
export function slowHandlerCase(make: (concurrency: number) => Contender): BenchCase {
  const both = [16, 64];
  return {
    name: 'slow-handler',
    title: `handler that waits ${SLOW_MS} ms, distinct keys`,
    measures: 'rate',
    // Long enough for the start of the pump not to be what is measured.
    count: 2_000,
    fixed: true,
    contenders: both.flatMap((concurrency) => [make(concurrency), byHand(concurrency)]),
    goals: both.map((concurrency): Goal => ({
      what: `share of ${concurrency} ÷ ${SLOW_MS} ms`,
      atLeast: 0.9,
      value: (result) => result(ours(concurrency)).rate / (concurrency / (SLOW_MS / 1_000)),
    })),
  };
}
