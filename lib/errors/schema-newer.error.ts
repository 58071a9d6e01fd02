import { PathwaysError } from './pathways.error.js';

/** A newer release has changed the library's tables in a way this one cannot work with. */
export class SchemaNewerError extends PathwaysError {
  static override readonly code = 'PATHWAYS_SCHEMA_NEWER';
  static override readonly httpStatus = 503;

  /** @param breaking the step this release must not ignore, as `version name` */
  constructor(
    tables: string,
    readonly version: number,
    readonly knownVersion: number,
    readonly breaking: string,
  ) {
    super(
      `The ${tables} are at version ${version}, this version of nestjs-pathways knows them up to ${knownVersion} and cannot work with step ${breaking}: a newer release of the library has migrated them. Update nestjs-pathways to that release, or give this application tables of its own with \`statePrefix\`.`,
    );
  }
}
