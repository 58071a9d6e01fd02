import { PathwaysError } from './pathways.error.js';

/** The handler of an event finally failed and the event is a dead letter. `cause` is the handler's own error. */
export class PathwayHandlerFailedError extends PathwaysError {
  static override readonly code = 'PATHWAYS_HANDLER_FAILED';

  constructor(
    readonly key: string,
    readonly eventId: string,
    readonly attempts: number,
    cause: unknown,
  ) {
    const text = cause instanceof Error ? cause.message : String(cause);
    super(
      `The handler of ${key} failed for event ${eventId} after ${attempts} attempt${attempts === 1 ? '' : 's'}: ${text}. The event is kept as a dead letter; fix the cause and replay it.`,
      { cause },
    );
  }
}
