/**
 * A value now, or later. Contracts on the hot path use it so that a memory store costs no microtask
 * while a database store may still be asynchronous.
 */
export type MaybePromise<T> = T | Promise<T>;

/** True when waiting is needed. Foreign thenables count: users return them from handlers and stores. */
export function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';
}
