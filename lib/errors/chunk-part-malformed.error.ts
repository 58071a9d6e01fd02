import { PathwaysError } from './pathways.error.js';

/** An event says that it is a part of a large event, and is none. Never retried. */
export class ChunkPartMalformedError extends PathwaysError {
  static override readonly code = 'PATHWAYS_CHUNK_PART_MALFORMED';
  static override readonly httpStatus = 400;

  constructor(
    readonly eventId: string,
    readonly problem: string,
  ) {
    super(
      `Event ${eventId} is marked as a part of a large event, but ${problem}. It cannot be put together. Correct whoever wrote it, then write the whole event again.`,
    );
  }
}
