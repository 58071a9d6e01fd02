import { PathwaysError } from './pathways.error.js';

/** A statement came after its handler had failed, from a branch of it that went on. */
export class TransactionOverError extends PathwaysError {
  static override readonly code = 'PATHWAYS_TRANSACTION_OVER';
  static override readonly httpStatus = 500;

  constructor(readonly eventId: string) {
    super(
      `A statement for event ${eventId} was not run: the attempt it belongs to has failed or ran out of time, and its transaction is rolled back. Stop when the handler's signal aborts, and await all branches (Promise.allSettled) before it throws.`,
    );
  }
}
