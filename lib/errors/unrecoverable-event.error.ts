import { PathwaysError } from './pathways.error.js';

/** Thrown by a handler to say that trying again cannot help: the event is dead-lettered at once. */
export class UnrecoverableEventError extends PathwaysError {
  static override readonly code = 'PATHWAYS_EVENT_UNRECOVERABLE';
}
