import { PathwaysError } from './pathways.error.js';

/** Local Flowcore could not start. */
export class LocalFlowcoreStartError extends PathwaysError {
  static override readonly code = 'PATHWAYS_LOCAL_FLOWCORE_START';
}
