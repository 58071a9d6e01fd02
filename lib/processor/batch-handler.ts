import { PathwayBatchAnswerInvalidError } from '../errors/pathway-batch-answer-invalid.error.js';
import type { PathwayEvent } from '../event/flowcore-event.interface.js';
import { isPromiseLike } from '../event/maybe-promise.type.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { BatchBinding, BatchFailure } from './batch-binding.interface.js';
import type { HandlerBinding } from './handler-binding.interface.js';

/** A handler of batches, as it is registered. */
export interface BatchHandler extends BatchBinding {
  readonly pathway: PathwayKey;
  readonly where: string;
  /** See HandlerBinding. */
  readonly transaction?: boolean | undefined;
}

/** The binding of a batch handler. An event that is handled alone is a batch of one. */
export function batchHandlerBinding(handler: BatchHandler): HandlerBinding {
  const { pathway, where, transaction } = handler;
  return {
    pathway,
    where,
    transaction,
    batch: handler,
    invoke: (event, context) => {
      const events = [event];
      const answer = handler.invoke(events, context);
      return isPromiseLike(answer)
        ? answer.then((settled) => throwFailure(settled, events, where))
        : throwFailure(answer, events, where);
    },
  };
}

/**
 * What a batch handler reports as failed, by event id.
 *
 * @throws PathwayBatchAnswerInvalidError: to ignore an answer that cannot be read might lose a failed event.
 */
export function readBatchAnswer(
  answer: unknown,
  events: readonly PathwayEvent[],
  where: string,
): ReadonlyMap<string, unknown> {
  const failures = new Map<string, unknown>();
  if (answer === undefined || answer === null) return failures;
  if (!Array.isArray(answer))
    throw new PathwayBatchAnswerInvalidError(where, `a value of type ${typeof answer}`);
  const ids = new Set(events.map(({ eventId }) => eventId));
  for (const entry of answer as unknown[]) {
    const failure = entry as Partial<BatchFailure> | null | undefined;
    if (typeof failure !== 'object' || failure === null || !('error' in failure) || !failure.eventId) {
      throw new PathwayBatchAnswerInvalidError(where, 'an array with an entry that is no { eventId, error }');
    }
    if (!ids.has(failure.eventId)) {
      throw new PathwayBatchAnswerInvalidError(
        where,
        `a failure of ${failure.eventId}, which is not in the batch`,
      );
    }
    failures.set(failure.eventId, failure.error);
  }
  return failures;
}

function throwFailure(answer: unknown, events: readonly PathwayEvent[], where: string): void {
  const failures = readBatchAnswer(answer, events, where);
  for (const error of failures.values()) throw error;
}
