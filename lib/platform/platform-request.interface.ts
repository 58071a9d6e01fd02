import type { AuthorizationHeader } from './authorization.js';
import type { ExchangeRequest } from './http-exchange.js';

/** A request to the platform, as the clients of its services describe it. */
export interface PlatformRequest extends ExchangeRequest {
  /** Short stable name for metrics and logs, for example `events.fetch`. */
  readonly operation: string;
  /** What the request is about, for messages: `flow type "order.0"`. */
  readonly subject?: string;
  /** Asked before every attempt: a key that was rotated meanwhile counts for the next one. @default none is sent */
  readonly authorization?: AuthorizationHeader;
  /** @default the transport's */
  readonly maxAttempts?: number;
  /** @default 250 ms, doubling up to 5 s, ± 20 % */
  readonly backoff?: RetryBackoffPolicy;
}

/** How the waits between the attempts of a request grow. */
export interface RetryBackoffPolicy {
  /** Milliseconds before the first retry; every further one doubles. */
  readonly baseDelayMs: number;
  /** Milliseconds. */
  readonly maxDelayMs: number;
  /** Share of the wait by which it is spread, 0 to 1. */
  readonly jitterRatio: number;
}
