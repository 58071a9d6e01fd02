import { PathwaysError } from './pathways.error.js';

/** A handler did not settle within its time limit; its `AbortSignal` was aborted. */
export class PathwayHandlerTimeoutError extends PathwaysError {
  static override readonly code = 'PATHWAYS_HANDLER_TIMEOUT';

  constructor(
    readonly key: string,
    readonly eventId: string,
    readonly timeoutMs: number,
    /** More than 1 for a batch, whose first event is named. */
    readonly events = 1,
  ) {
    const others = events > 1 ? ` and the ${events - 1} others of its batch` : '';
    super(
      `The handler of ${key} did not finish event ${eventId}${others} within ${timeoutMs} ms. Pass the signal of @EventContext() to what it waits for, or raise handlerTimeoutMs.`,
    );
  }
}
