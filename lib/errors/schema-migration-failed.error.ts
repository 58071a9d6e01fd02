import { PathwaysError } from './pathways.error.js';

/** The library's tables could not be created or brought up to date. Nothing was changed. */
export class SchemaMigrationFailedError extends PathwaysError {
  static override readonly code = 'PATHWAYS_SCHEMA_MIGRATION_FAILED';
  static override readonly httpStatus = 503;

  constructor(
    tables: string,
    readonly neededVersion: number,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `The ${tables} could not be migrated to version ${neededVersion}; nothing was changed. ${reason}`,
      options,
    );
  }
}
