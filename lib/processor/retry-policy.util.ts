import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { withJitter } from '../event/clock.interface.js';

/** Instances that failed together must not retry together. */
const JITTER_RATIO = 0.2;

const LONGEST_EXPONENTIAL_WAIT_MS = 60_000;

/** Milliseconds to wait after the `attempt`-th failure. */
export function retryDelayOf(pathway: PathwayContract, attempt: number, random?: () => number): number {
  const { retryDelayMs, backoff } = pathway;
  const delay =
    backoff === 'linear'
      ? retryDelayMs * attempt
      : Math.min(retryDelayMs * 2 ** (attempt - 1), LONGEST_EXPONENTIAL_WAIT_MS);
  return withJitter(delay, JITTER_RATIO, random);
}
