import type { ExchangeRequest } from './http-exchange.js';

/** A request to the platform, as the clients of its services describe it. */
export interface PlatformRequest extends ExchangeRequest {
  /** Short stable name for metrics and logs, for example `events.fetch`. */
  readonly operation: string;
  /** What the request is about, for messages: `flow type "order.0"`. */
  readonly subject?: string;
  /** @default the transport's */
  readonly maxAttempts?: number;
}
