import { PathwaysError } from './pathways.error.js';

/** The database ended a handler's transaction. Nothing of it was kept, and the event is delivered again. */
export class TransactionLostError extends PathwaysError {
  static override readonly code = 'PATHWAYS_TRANSACTION_LOST';
  static override readonly httpStatus = 503;

  constructor(
    readonly eventId: string,
    cause: unknown,
  ) {
    super(
      `The transaction of event ${eventId} was lost: ${cause instanceof Error ? cause.message : String(cause)}. Nothing of it was kept; the event is delivered again when the database answers.`,
      { cause },
    );
  }
}
