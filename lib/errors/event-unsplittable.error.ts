import { PathwaysError } from './pathways.error.js';

/** A large event cannot be cut into parts within the budget. Nothing was sent. */
export class EventUnsplittableError extends PathwaysError {
  static override readonly code = 'PATHWAYS_EVENT_UNSPLITTABLE';
  static override readonly httpStatus = 413;

  constructor(
    readonly key: string,
    readonly bytes: number,
    readonly partBudgetBytes: number,
    why: string,
  ) {
    super(
      `An event of ${key} with ${bytes} bytes cannot be split into parts of at most ${partBudgetBytes} bytes: ${why}. Nothing was sent. Raise chunking.partBudgetBytes, or write less in one event.`,
    );
  }
}
