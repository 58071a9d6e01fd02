import type { EntityManager } from 'typeorm';
import { OutboxTransactionInvalidError } from '../../errors/outbox-transaction-invalid.error.js';
import type { Database } from '../database.js';
import { currentTransaction } from './current-transaction.js';
import type { TransactionOpener } from './transaction-opener.interface.js';

/**
 * The transaction something is to be part of: the given one, else the handler's, else the one of `@nestjs-cls/transactional`;
 * `undefined` outside of any.
 *
 * @throws OutboxTransactionInvalidError for a given one in which it would not be part of anything.
 */
export function transactionFor(
  given: unknown,
  database: Database,
  opener: TransactionOpener | undefined,
): EntityManager | undefined {
  // The innermost first: an @Transactional() method inside a handler may have a transaction of its own.
  if (given === undefined) return opener?.current?.() ?? currentTransaction.getStore();
  const manager = given as Partial<EntityManager> | null;
  if (typeof manager?.query !== 'function' || !('queryRunner' in manager)) {
    throw new OutboxTransactionInvalidError('it is no EntityManager');
  }
  if (!manager.queryRunner?.isTransactionActive) {
    throw new OutboxTransactionInvalidError(
      'no transaction is open on it, so a rollback would not undo the write',
    );
  }
  if (manager.dataSource !== database.dataSource) {
    throw new OutboxTransactionInvalidError('it belongs to another DataSource');
  }
  return manager as EntityManager;
}
