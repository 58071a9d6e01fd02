import { PathwaysError } from './pathways.error.js';

/** Local Flowcore cannot queue a command: nobody would take it. */
export class LocalCommandRefusedError extends PathwaysError {
  static override readonly code = 'PATHWAYS_LOCAL_COMMAND_REFUSED';

  constructor(
    readonly pathwayId: string,
    reason: string,
  ) {
    super(
      `Local Flowcore did not queue the command: ${reason} Register a virtual pathway first, and use the id that the registration gave.`,
    );
  }
}
