import type { PathwayEvent } from '../event/flowcore-event.interface.js';
import type { EventContext } from './event-context.interface.js';

/** One event of a batch that was not handled. */
export interface BatchFailure {
  readonly eventId: string;
  /** Why. An `UnrecoverableEventError` is not retried. */
  readonly error: unknown;
}

/**
 * What a batch handler answers: nothing when all events are handled, else the ones that failed. The others count as
 * handled, except those behind a failed one of the same key: they are given again when it has ended.
 */
export type BatchAnswer = readonly BatchFailure[] | void;

/** How many events a batch takes, and how long it waits for them. */
export interface BatchLimits {
  readonly size: number;
  /** Milliseconds; 0 takes what is ready. */
  readonly waitMs: number;
}

/** What makes a handler one of batches. */
export interface BatchBinding extends BatchLimits {
  /** Events of one pathway, in their order. */
  invoke(events: readonly PathwayEvent[], context: EventContext): unknown;
}
