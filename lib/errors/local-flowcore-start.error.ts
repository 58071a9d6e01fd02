import { PathwaysError } from './pathways.error.js';

/**
 * Local Flowcore could not start.
 *
 * @remarks The message says why: mostly a port that is taken, or a data folder that another process uses.
 */
export class LocalFlowcoreStartError extends PathwaysError {
  static override readonly code = 'PATHWAYS_LOCAL_FLOWCORE_START';
}
