import type { EntityManager } from 'typeorm';
import { EventTransactionMissingError } from '../../errors/event-transaction-missing.error.js';
import { currentTransaction } from './current-transaction.js';

/**
 * The transaction of the handler that is running, for code far below it that gets no parameters from it. Needs no
 * container: `new PathwayTransaction()` sees the same as an injected one.
 */
export class PathwayTransaction {
  /** True inside a handler that runs in a transaction, and in everything it calls and awaits. */
  get isActive(): boolean {
    return currentTransaction.getStore() !== undefined;
  }

  /**
   * What is written through it commits together with the event's processed mark.
   *
   * @throws EventTransactionMissingError outside of a transactional handler.
   */
  get manager(): EntityManager {
    const manager = currentTransaction.getStore();
    if (!manager) throw new EventTransactionMissingError('the code that asks');
    return manager;
  }
}
