import { sleep, type Clock } from '../event/clock.interface.js';
import { isPromiseLike, type MaybePromise } from '../event/maybe-promise.type.js';

/** Waits between tries: a store that blinks is survived, one that is down for longer is the deliverer's business. */
const WAITS_MS = [50, 200, 1_000, 2_000] as const;

/** Repeats a write to a store that failed. Synchronous stores stay synchronous while they succeed. */
export function withStoreRetry<T>(
  clock: Clock,
  signal: AbortSignal | undefined,
  write: () => MaybePromise<T>,
): MaybePromise<T> {
  try {
    const result = write();
    return isPromiseLike(result)
      ? result.catch((error: unknown) => retry(clock, signal, write, error))
      : result;
  } catch (error) {
    return retry(clock, signal, write, error);
  }
}

async function retry<T>(
  clock: Clock,
  signal: AbortSignal | undefined,
  write: () => MaybePromise<T>,
  firstError: unknown,
): Promise<T> {
  let lastError = firstError;
  for (const waitMs of WAITS_MS) {
    if (signal?.aborted) break;
    await sleep(clock, waitMs, signal);
    try {
      return await write();
    } catch (error) {
      lastError = error;
    }
  }
  throw lastError;
}
