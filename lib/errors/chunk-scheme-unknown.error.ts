import { PathwaysError } from './pathways.error.js';

/** A large event was split in a way this release does not know. Never retried. */
export class ChunkSchemeUnknownError extends PathwaysError {
  static override readonly code = 'PATHWAYS_CHUNK_SCHEME_UNKNOWN';

  constructor(
    readonly eventId: string,
    readonly scheme: string,
  ) {
    super(
      `Event ${eventId} is a part of a large event that was split by the scheme "${scheme}", which this release does not know. Update nestjs-pathways, then replay the dead letters of all its parts.`,
    );
  }
}
