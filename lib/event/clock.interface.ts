/** A running timer. */
export interface ClockTimer {
  cancel(): void;
}

/**
 * Where time comes from. Loops, limits and retries take a clock instead of calling `Date.now` and `setTimeout`, so a
 * test can pass an hour without waiting for it (`./testing` has a controllable one).
 */
export interface Clock {
  /** Unix time in milliseconds. */
  now(): number;
  /** Calls back once after `delayMs`. Never keeps the process alive by itself. */
  startTimer(delayMs: number, callback: () => void): ClockTimer;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  startTimer(delayMs, callback) {
    const handle = setTimeout(callback, Math.min(delayMs, MAX_TIMEOUT_MS));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** `setTimeout` fires at once above this. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/** Waits; returns early, without error, when the signal aborts. Check `signal.aborted` afterwards. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = () => {
      timer.cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.startTimer(delayMs, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}

/** Waits for the work, but not longer than the time; the work goes on. Rejects as the work does, within the time. */
export async function within(clock: Clock, timeoutMs: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  try {
    await Promise.race([work, sleep(clock, timeoutMs, over.signal)]);
  } finally {
    over.abort();
  }
}

/** Spreads a delay by ± `ratio`, so that many instances do not retry in step. */
export function withJitter(delayMs: number, ratio: number, random: () => number = Math.random): number {
  return Math.max(0, Math.round(delayMs * (1 + ratio * (2 * random() - 1))));
}
