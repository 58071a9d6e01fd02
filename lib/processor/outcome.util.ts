import { PathwaysNotReadyError } from '../errors/pathways-not-ready.error.js';
import type { EventOutcome } from './event-delivery.interface.js';

/**
 * For deliverers that tell their caller by an error.
 *
 * @throws the error of a dead letter; PathwaysNotReadyError when the event was given up
 */
export function throwUnlessFinished(outcome: EventOutcome): void {
  switch (outcome.status) {
    case 'processed':
    case 'skipped':
      return;
    case 'aborted':
      throw new PathwaysNotReadyError('shutting down');
    default:
      throw outcome.error;
  }
}
