import { PathwaysError, type PathwaysErrorCode } from './pathways.error.js';

/**
 * Thrown by a handler to say that trying again cannot help: the event is dead-lettered at once.
 *
 * @remarks The message is the handler's. When the cause is gone, replay the dead letter; otherwise discard it with a reason.
 */
export class UnrecoverableEventError extends PathwaysError {
  static override readonly code: PathwaysErrorCode = 'PATHWAYS_EVENT_UNRECOVERABLE';
}
