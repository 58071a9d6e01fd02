import { PathwaysError } from './pathways.error.js';

/** A caller gave metadata under names that the library fills in itself. */
export class WriteMetadataReservedError extends PathwaysError {
  static override readonly code = 'PATHWAYS_WRITE_METADATA_RESERVED';

  constructor(
    readonly key: string,
    /** The names that are not the caller's. */
    readonly reserved: readonly string[],
  ) {
    super(
      `The metadata of a write to ${key} has reserved keys: ${reserved.join(', ')}. Names beginning with "audit/" or "pathways/" are set by the library alone, or anybody could claim to be another user; nothing was sent. Leave them out (also when you pass on the metadata of another event): the user comes from audit.userResolver, the session from options.sessionId.`,
    );
  }
}
