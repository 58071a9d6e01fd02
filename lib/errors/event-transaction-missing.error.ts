import { UnrecoverableEventError } from './unrecoverable-event.error.js';

/** A handler asked for its transaction and runs in none. Trying again would not give it one. */
export class EventTransactionMissingError extends UnrecoverableEventError {
  static override readonly code = 'PATHWAYS_EVENT_TRANSACTION_MISSING';

  constructor(readonly key: string) {
    super(
      `The handler of ${key} asks for its transaction and runs in none: its store has no transactions, or it says transaction: false. Use store: typeOrmStore(), and leave transaction out or set it to true.`,
    );
  }
}
