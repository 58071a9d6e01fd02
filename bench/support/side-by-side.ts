/** One thing to measure. `run` does the work once and says how many operations it was. */
export interface Contender {
  readonly name: string;
  /** Work before the clock starts. */
  prepare?(): unknown;
  run(): Promise<number>;
}

/** Operations per second of one contender over all rounds. */
export interface Measurement {
  readonly name: string;
  readonly rates: readonly number[];
  readonly median: number;
}

/**
 * Runs the contenders in turn, round after round, so that a machine that slows down slows all of them. The first round
 * warms up and is not counted.
 */
export async function sideBySide(contenders: readonly Contender[], rounds = 5): Promise<Measurement[]> {
  const rates = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const contender of contenders) {
      contender.prepare?.();
      globalThis.gc?.();
      const startedAt = process.hrtime.bigint();
      const operations = await contender.run();
      const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
      if (round > 0) rates.get(contender.name)?.push(operations / seconds);
      process.stderr.write(`\r  round ${round}/${rounds}  ${contender.name.padEnd(40)}`);
    }
  }
  process.stderr.write('\r\x1b[K');
  return [...rates].map(([name, all]) => ({ name, rates: all, median: median(all) }));
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** `216 k`, `1.9 k`, `12`. */
export function short(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 1e5) return `${Math.round(value / 1e3)} k`;
  if (value >= 1e3) return `${(value / 1e3).toFixed(1)} k`;
  return value >= 10 ? String(Math.round(value)) : value.toFixed(2);
}
