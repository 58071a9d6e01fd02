import { PathwaysError } from './pathways.error.js';

/** A dead letter was to be replayed alone although an earlier one of its key is still there. Nothing ran. */
export class DeadLetterOutOfOrderError extends PathwaysError {
  static override readonly code = 'PATHWAYS_DEAD_LETTER_OUT_OF_ORDER';
  static override readonly httpStatus = 409;

  constructor(
    readonly eventId: string,
    readonly orderKey: string,
    /** The first dead letter of the key. */
    readonly earlierEventId: string,
  ) {
    super(
      `The dead letter of event ${eventId} cannot be replayed alone: ${earlierEventId} with the same key "${orderKey}" comes before it, and the order would be broken. Replay the key in order (replay({ orderKey })), or replay or discard ${earlierEventId} first.`,
    );
  }
}
