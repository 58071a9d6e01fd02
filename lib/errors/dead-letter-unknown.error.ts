import { PathwaysError } from './pathways.error.js';

/** There is no dead letter of this event: it was replayed or discarded, or never was one. */
export class DeadLetterUnknownError extends PathwaysError {
  static override readonly code = 'PATHWAYS_DEAD_LETTER_UNKNOWN';
  static override readonly httpStatus = 404;

  constructor(readonly eventId: string) {
    super(
      `There is no dead letter of event ${eventId}: it was replayed or discarded meanwhile, or the id is wrong. List the dead letters again.`,
    );
  }
}
