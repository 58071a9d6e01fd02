import { PathwaysError } from './pathways.error.js';

/** The dead letter of a part of a large event was replayed, and other parts of the event are not here. The letter stays. */
export class ChunkPartsMissingError extends PathwaysError {
  static override readonly code = 'PATHWAYS_CHUNK_PARTS_MISSING';

  constructor(
    readonly eventId: string,
    readonly chunkId: string,
    readonly part: number,
    readonly totalParts: number,
  ) {
    super(
      `Event ${eventId} is part ${part} of ${totalParts} of the large event ${chunkId}, and not all of the others are here: they are dead letters too, or their time was over. Replay the dead letters of the pathway together; if that is not enough, reset the pump to before the first part and replay again. If the event was handled since, discard this letter.`,
    );
  }
}
