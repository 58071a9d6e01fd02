import { PathwaysError } from './pathways.error.js';

/** The library's tables are older than this version needs, and nobody told it to migrate them. */
export class SchemaOutdatedError extends PathwaysError {
  static override readonly code = 'PATHWAYS_SCHEMA_OUTDATED';
  static override readonly httpStatus = 503;

  /**
   * @param tables which tables are meant, in words
   * @param version the newest step that was applied; 0 without tables
   * @param missing tables and columns that are not there although their step was applied
   */
  constructor(
    tables: string,
    readonly version: number,
    readonly neededVersion: number,
    readonly missing: readonly string[],
    command: string,
  ) {
    const found =
      version === 0
        ? `The ${tables} do not exist yet, this version of nestjs-pathways needs them at version ${neededVersion}`
        : version < neededVersion || missing.length === 0
          ? `The ${tables} are at version ${version}, this version of nestjs-pathways needs ${neededVersion}`
          : `The ${tables} are at version ${version} but lack ${missing.join(', ')}`;
    super(
      `${found}: run \`${command}\` (or \`… schema print\` for the SQL) before the application starts, or set \`migrations: 'auto'\`.`,
    );
  }
}
