import { PathwaysError } from './pathways.error.js';

/** Two methods want to handle one pathway. */
export class PathwayHandlerDuplicateError extends PathwaysError {
  static override readonly code = 'PATHWAYS_HANDLER_DUPLICATE';

  constructor(
    readonly key: string,
    readonly first: string,
    readonly second: string,
  ) {
    super(
      `Pathway ${key} has two handlers: ${first} and ${second}. A pathway has one handler per instance, because the event counts as processed only once. Keep one @OnEvent, and use @OnPathwayObserved for the other.`,
    );
  }
}
