import type { Run } from './suite.js';

/** A clock read costs as much as a cheap operation: those are timed a hundred at a time. */
const SERIES = 100;

/** Runs `work` for every item, one after the other, and times them a hundred at a time. */
export async function oneByOne<T>(items: readonly T[], work: (item: T) => unknown): Promise<Run> {
  const times: number[] = [];
  let started = performance.now();
  let left = SERIES;
  for (const item of items) {
    await work(item);
    if (--left > 0) continue;
    const now = performance.now();
    times.push((now - started) / SERIES);
    started = now;
    left = SERIES;
  }
  return { operations: items.length, times };
}

/** Runs `work` for every item, `concurrency` at once, and times each. */
export async function inParallel<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<unknown>,
): Promise<Run> {
  const times: number[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const item = items[next++] as T;
      const started = performance.now();
      await work(item);
      times.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { operations: items.length, times };
}

/** Resolves when `count` was called that many times. */
export class Countdown {
  readonly done: Promise<void>;
  private finish: () => void = () => {};

  constructor(private left: number) {
    this.done = new Promise((resolve) => (this.finish = resolve));
    if (left <= 0) this.finish();
  }

  readonly count = (): void => {
    if (--this.left === 0) this.finish();
  };
}
