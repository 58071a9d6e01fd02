import { PathwaysError } from './pathways.error.js';

/** A handler did not settle within its time limit; its `AbortSignal` was aborted. */
export class PathwayHandlerTimeoutError extends PathwaysError {
  static override readonly code = 'PATHWAYS_HANDLER_TIMEOUT';

  constructor(
    readonly key: string,
    readonly eventId: string,
    readonly timeoutMs: number,
  ) {
    super(
      `The handler of ${key} did not finish event ${eventId} within ${timeoutMs} ms. Pass the signal of @EventContext() to what it waits for, or raise handlerTimeoutMs.`,
    );
  }
}
