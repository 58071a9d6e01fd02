import { PathwaysError } from './pathways.error.js';

/** What was given as the transaction of an outbox write is none that the write could be part of. */
export class OutboxTransactionInvalidError extends PathwaysError {
  static override readonly code = 'PATHWAYS_OUTBOX_TRANSACTION_INVALID';

  constructor(why: string) {
    super(
      `The outbox write cannot be part of the given transaction: ${why}. Nothing was written. Pass the EntityManager that dataSource.transaction() hands to its callback, of the DataSource that typeOrmStore() works on.`,
    );
  }
}
