import type { Paid, Placed } from './order.schemas.js';
import type { OrderBook } from './order.book.js';

/** What every step of the service is given: none brings a platform or a database of its own. */
export interface Surroundings {
  readonly flowcoreUrl: string;
  readonly database: DatabaseAddress;
  /** Where the platform posts events to, and the secret it proves itself with. */
  readonly webhook: { readonly port: number; readonly secret: string };
  /** The effects: one row for each time a handler ran. */
  readonly book: OrderBook;
}

/** As both clients take it. */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** The service, whatever it is made of. Both resolve with the event's id when the event was handled. */
export interface OrderService {
  place(order: Placed): Promise<string>;
  pay(payment: Paid): Promise<string>;
  /** Resolves when everything stored so far was handled. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/** How long the marks of handled events are kept: for longer than the service takes to be replaced. */
export const MARKS_KEPT_MS = 60 * 60_000;
