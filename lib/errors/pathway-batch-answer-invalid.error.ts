import { PathwaysError } from './pathways.error.js';

/** A batch handler answered with something that says neither that all events are handled nor which failed. */
export class PathwayBatchAnswerInvalidError extends PathwaysError {
  static override readonly code = 'PATHWAYS_BATCH_ANSWER_INVALID';

  constructor(
    readonly where: string,
    readonly answer: string,
  ) {
    super(
      `${where} answered with ${answer}, so the library cannot tell which events were handled, and none counts as handled. Return nothing when all were, or an array of { eventId, error } with those that failed.`,
    );
  }
}
