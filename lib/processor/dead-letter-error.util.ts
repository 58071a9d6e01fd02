import { PathwayEventDeadLetteredError } from '../errors/pathway-event-dead-lettered.error.js';
import { PathwayHandlerFailedError } from '../errors/pathway-handler-failed.error.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { DeadLetter } from '../state/dead-letter-store.interface.js';

/**
 * Why an event is a dead letter, for a waiting write that learns of it after the fact or from another process: the
 * handler's own error is made again from what was kept of it. It names the event the letter is kept under, which may be
 * another copy of the one waited for.
 */
export function errorOfDeadLetter(
  pathway: PathwayKey,
  eventId: string,
  letter: DeadLetter | undefined,
): Error {
  const last = letter?.attempts.at(-1);
  if (letter?.reason !== 'failed' || !last) return redeliveredError(pathway, eventId, letter);
  const cause = new Error(last.message);
  cause.name = last.errorName;
  if (last.stack !== undefined) cause.stack = last.stack;
  return new PathwayHandlerFailedError(pathway, letter.eventId, letter.attempts.length, cause);
}

/** The answer to another delivery of an event that is a dead letter. */
export function redeliveredError(
  pathway: PathwayKey,
  eventId: string,
  letter: DeadLetter | undefined,
): Error {
  const why = letter?.error ?? 'its cause is no longer known.';
  return new PathwayEventDeadLetteredError(pathway, letter?.eventId ?? eventId, why);
}
