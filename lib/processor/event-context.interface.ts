import type { PathwayKey } from '../event/pathway-key.util.js';

/** What a handler can know about the attempt it is running in; injected by `@EventContext()`. */
export interface EventContext {
  readonly pathway: PathwayKey;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** The pump's key (`flowType::group`) or `webhook`. */
  readonly source: string;
  /** Aborts when the attempt's time limit is over or the application gives up waiting at shutdown. */
  readonly signal: AbortSignal;
  /**
   * What the store's transaction is reached through; `undefined` when the handler does not run in one. The TypeORM store
   * puts its `EntityManager` here; `@EventTransaction()` injects it with its type.
   */
  readonly transaction: unknown;
}
