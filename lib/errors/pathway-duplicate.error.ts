import { PathwaysError } from './pathways.error.js';

/** Two different contracts claim one pathway key. */
export class PathwayDuplicateError extends PathwaysError {
  static override readonly code = 'PATHWAYS_PATHWAY_DUPLICATE';

  constructor(
    readonly key: string,
    readonly first: string,
    readonly second: string,
  ) {
    super(
      `Pathway ${key} is declared twice: by ${first} and by ${second}. Keep one contract; give a changed payload a new event type (for example a higher version suffix).`,
    );
  }
}
