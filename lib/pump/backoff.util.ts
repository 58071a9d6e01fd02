import { withJitter } from '../event/clock.interface.js';

/** Milliseconds before the next try: 1 s doubling to 30 s, spread by ± 20 %. */
export function backoffDelay(failures: number): number {
  return withJitter(Math.min(1_000 * 2 ** (failures - 1), 30_000), 0.2);
}
