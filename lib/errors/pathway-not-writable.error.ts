import { PathwaysError } from './pathways.error.js';

/** The contract says this application only reads the pathway. */
export class PathwayNotWritableError extends PathwaysError {
  static override readonly code = 'PATHWAYS_PATHWAY_NOT_WRITABLE';

  constructor(readonly key: string) {
    super(
      `Pathway ${key} is not writable: its contract has writable: false. Remove that option if this service owns the event; nothing was sent.`,
    );
  }
}
