import { PathwaysError } from './pathways.error.js';

/** A batch larger than the platform's limit is sent in parts; an early part was stored and a later one was not. */
export class PathwayBatchIncompleteError extends PathwaysError {
  static override readonly code = 'PATHWAYS_BATCH_INCOMPLETE';
  static override readonly httpStatus = 502;

  constructor(
    readonly key: string,
    /** Ids of the stored events: those of the first `eventIds.length` items of the batch. */
    readonly eventIds: readonly string[],
    readonly total: number,
    cause: unknown,
  ) {
    super(
      `Only the first ${eventIds.length} of ${total} events of ${key} are stored; then a request failed: ${
        cause instanceof Error ? cause.message : String(cause)
      } Write the remaining ${total - eventIds.length} again (data.slice(${eventIds.length})), not the whole batch.`,
      { cause },
    );
  }
}
