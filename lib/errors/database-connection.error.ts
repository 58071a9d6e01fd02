import { PathwaysError } from './pathways.error.js';

/**
 * The command line found no usable database.
 *
 * @remarks Check that it runs, and the host, user, password and name in `--url` or `DATABASE_URL`.
 */
export class DatabaseConnectionError extends PathwaysError {
  static override readonly code = 'PATHWAYS_DATABASE_CONNECTION';
  static override readonly httpStatus = 503;
}
