import { PathwaysError } from './pathways.error.js';

/** An outbox write without a store that could keep it. */
export class OutboxMissingError extends PathwaysError {
  static override readonly code = 'PATHWAYS_OUTBOX_MISSING';

  constructor(readonly key: string) {
    super(
      `${key} was to be written through the outbox, and the store has none. Nothing was written. Use store: typeOrmStore(), or write without outbox.`,
    );
  }
}
