import { PathwaysError } from './pathways.error.js';

/** A part of a large event arrived where nothing collects parts. Never retried. */
export class ChunkStoreMissingError extends PathwaysError {
  static override readonly code = 'PATHWAYS_CHUNK_STORE_MISSING';

  constructor(
    readonly eventId: string,
    readonly pathway: string,
  ) {
    super(
      `Event ${eventId} of ${pathway} is a part of a large event, and this application has no store for parts. Use store: typeOrmStore(), or give your store chunks; then replay the dead letters of ${pathway}.`,
    );
  }
}
