import { PathwaysError } from './pathways.error.js';

/** A handler returned as if all were well, and its transaction cannot be committed. */
export class TransactionAbortedError extends PathwaysError {
  static override readonly code = 'PATHWAYS_TRANSACTION_ABORTED';
  static override readonly httpStatus = 500;

  constructor(
    readonly eventId: string,
    why: string,
    cause?: unknown,
  ) {
    super(
      `The handler of event ${eventId} succeeded, and its transaction cannot be committed: ${why}`,
      cause === undefined ? {} : { cause },
    );
  }
}
