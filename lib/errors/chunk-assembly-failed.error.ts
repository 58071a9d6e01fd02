import { PathwaysError } from './pathways.error.js';

/** All parts of a large event are there, and do not make the event that was written. Never retried. */
export class ChunkAssemblyFailedError extends PathwaysError {
  static override readonly code = 'PATHWAYS_CHUNK_ASSEMBLY_FAILED';

  constructor(
    readonly eventId: string,
    readonly chunkId: string,
    readonly problem: string,
    cause?: unknown,
  ) {
    super(
      `All parts of the large event ${eventId} (chunk ${chunkId}) are there, but ${problem}. Its dead letter keeps all of them: replay it once the cause is gone, or write the event again and discard it.`,
      cause === undefined ? undefined : { cause },
    );
  }
}
