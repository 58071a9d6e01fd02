import { withJitter } from '../event/clock.interface.js';
import type { ExchangeEnd, ExchangeRequest } from './http-exchange.js';
import type { RetryBackoffPolicy } from './platform-request.interface.js';

const DEFAULT_BACKOFF: RetryBackoffPolicy = { baseDelayMs: 250, maxDelayMs: 5_000, jitterRatio: 0.2 };

/** A server that asks for more than this is answered with an error instead: nobody waits that long for one request. */
export const MAX_RETRY_AFTER_MS = 60_000;

/** Other statuses say that the same request will fail again (protocol §0). */
const RETRIED_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

export function isRetriedStatus(status: number): boolean {
  return RETRIED_STATUSES.has(status);
}

/** Whether another attempt may succeed. */
export function isWorthRetrying(end: ExchangeEnd): boolean {
  if (end.kind === 'answer') return isRetriedStatus(end.status);
  return end.kind === 'failure' && !isUnsendable(end.error);
}

/** Its body came from a stream and is gone: there is nothing to send again. */
export function isSpent({ body }: ExchangeRequest): boolean {
  return typeof body === 'object' && !body.canOpen();
}

/** The request itself is impossible, for example a header with a line break; the network was not even tried. */
export function isUnsendable(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED';
}

/**
 * Milliseconds to wait after the given attempt (1 = the first). `retryAfterMs` is a lower bound, so jitter only
 * lengthens it.
 */
export function retryDelay(
  attempt: number,
  retryAfterMs: number | undefined,
  random: () => number,
  { baseDelayMs, maxDelayMs, jitterRatio }: RetryBackoffPolicy = DEFAULT_BACKOFF,
): number {
  const grown = Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1));
  const own = withJitter(grown, jitterRatio, random);
  if (retryAfterMs === undefined) return own;
  return Math.max(own, Math.round(retryAfterMs * (1 + jitterRatio * random())));
}

/** The wait a server asks for with `Retry-After`: seconds or an HTTP date. */
export function retryAfterOf(end: ExchangeEnd, nowMs: number): number | undefined {
  if (end.kind !== 'answer') return undefined;
  const header = end.headers['retry-after'];
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (!text) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
