/** Options of every method decorator. */
export interface HandlerDecoratorOptions {
  /**
   * Name of the PathwaysModule instance whose events are meant.
   *
   * @default 'default'
   */
  instance?: string;
}

/** Options of `@OnEvent`. */
export interface OnEventOptions extends HandlerDecoratorOptions {
  /**
   * Whether the handler runs inside the store's transaction, which makes its effects and the processed mark one: applied
   * exactly once, whatever crashes. `false` runs it outside: at least once, deduplicated, and without a connection held
   * meanwhile. `true` refuses a store without transactions at start.
   *
   * @default true when the store has transactions (`typeOrmStore`), false otherwise
   */
  transaction?: boolean;
}

/** Options of `@OnEvents`. */
export interface OnEventsOptions extends OnEventOptions {
  /**
   * Most events of one call. The pump never has more in flight than its `concurrency`, so a batch does not grow beyond
   * that either.
   *
   * @default 100
   */
  size?: number;

  /**
   * Milliseconds to wait for more events when there are fewer than `size`. 0 takes what is ready. A router does not wait:
   * its batches are the events of one delivery.
   *
   * @default 0
   */
  waitMs?: number;
}
