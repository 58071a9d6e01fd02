import { AsyncLocalStorage } from 'node:async_hooks';
import type { EntityManager } from 'typeorm';

/** The transaction of the handler that runs in this chain of asynchronous calls. Nothing is shared between chains. */
export const currentTransaction = new AsyncLocalStorage<EntityManager>();
