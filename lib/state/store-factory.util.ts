import type { PathwaysStoreFactory } from './pathways-store.interface.js';

/** True for what `typeOrmStore()` returns; false for a store or parts of one. */
export function isStoreFactory(value: unknown): value is PathwaysStoreFactory {
  return typeof (value as Partial<PathwaysStoreFactory> | null | undefined)?.createStore === 'function';
}
