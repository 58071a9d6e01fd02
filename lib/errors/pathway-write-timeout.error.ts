import { PathwaysError } from './pathways.error.js';

/** The event is stored, but nobody finished handling it in time. Do not write it again. */
export class PathwayWriteTimeoutError extends PathwaysError {
  static override readonly code = 'PATHWAYS_WRITE_TIMEOUT';
  static override readonly httpStatus = 504;

  /** The platform has the event; writing it again would create a second one. */
  readonly stored = true;

  constructor(
    readonly key: string,
    readonly eventId: string,
    readonly timeoutMs: number,
  ) {
    super(
      `Event ${eventId} of ${key} is stored, but was not processed within ${timeoutMs} ms. Do not write it again. It will be handled when its pump reaches it; raise pathwayTimeoutMs, or write with fireAndForget if you need not wait.`,
    );
  }
}
