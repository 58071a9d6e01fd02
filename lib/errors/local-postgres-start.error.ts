import { PathwaysError } from './pathways.error.js';

/**
 * Local Postgres could not start.
 *
 * @remarks The message carries what the server said: mostly a port that is taken, or a folder of another version.
 */
export class LocalPostgresStartError extends PathwaysError {
  static override readonly code = 'PATHWAYS_LOCAL_POSTGRES_START';
}
