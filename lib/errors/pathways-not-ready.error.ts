import { PathwaysError } from './pathways.error.js';

/** The application is starting or shutting down and takes no work. */
export class PathwaysNotReadyError extends PathwaysError {
  static override readonly code = 'PATHWAYS_NOT_READY';
  static override readonly httpStatus = 503;

  constructor(readonly state: string) {
    super(`This instance is ${state} and takes no events now. Deliver again later; nothing was processed.`);
  }
}
