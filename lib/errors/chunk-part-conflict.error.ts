import { PathwaysError } from './pathways.error.js';

/** A part of a large event contradicts the parts that are there. Those are unharmed. Never retried. */
export class ChunkPartConflictError extends PathwaysError {
  static override readonly code = 'PATHWAYS_CHUNK_PART_CONFLICT';

  constructor(
    readonly eventId: string,
    readonly chunkId: string,
    readonly part: number,
    /** `data`: this part is there with other data. `header`: the parts there have another digest or number of parts. */
    readonly contradicts: 'data' | 'header',
  ) {
    const what =
      contradicts === 'data'
        ? 'the same part is already there with other data'
        : 'the parts that are there belong to an event of another digest or number of parts';
    super(
      `Event ${eventId} is part ${part} of the large event ${chunkId}, but ${what}. The parts there are kept, and this one is not. Look for a writer that uses the id of a chunk twice.`,
    );
  }
}
