/** How long and how often everything is measured. */
export interface BenchSettings {
  /** Fresh processes of a case. */
  readonly processes: number;
  /** Measured rounds of each, after one that warms up. */
  readonly rounds: number;
  /** Wanted length of a round whose size is not fixed, in milliseconds. */
  readonly roundMs: number;
  /** What fixed sizes are multiplied by. */
  readonly scale: number;
  /** After that a process is killed and its case has failed. Milliseconds. */
  readonly processTimeoutMs: number;
}

export const FULL: BenchSettings = {
  processes: 2,
  rounds: 2,
  roundMs: 150,
  scale: 1,
  processTimeoutMs: 120_000,
};

/** Shows that everything runs; its figures mean nothing. */
export const QUICK: BenchSettings = {
  processes: 1,
  rounds: 1,
  roundMs: 20,
  scale: 0.02,
  processTimeoutMs: 120_000,
};

/** Operations of a round whose size is fixed. */
export function scaled(count: number, { scale }: BenchSettings): number {
  return Math.max(Math.min(count, 20), Math.round(count * scale));
}
