import { PathwaysError } from './pathways.error.js';

/** The handler of an event finally failed. `cause` is the handler's own error. */
export class PathwayHandlerFailedError extends PathwaysError {
  static override readonly code = 'PATHWAYS_HANDLER_FAILED';

  constructor(
    readonly key: string,
    readonly eventId: string,
    readonly attempts: number,
    cause: unknown,
    /** What became of the event: kept as a dead letter, or left in place with its pump halted before it. */
    readonly consequence: 'dead-lettered' | 'halted' = 'dead-lettered',
  ) {
    const text = cause instanceof Error ? cause.message : String(cause);
    super(
      `The handler of ${key} failed for event ${eventId} after ${attempts} attempt${attempts === 1 ? '' : 's'}: ${text}. ${CONSEQUENCES[consequence]}`,
      { cause },
    );
  }
}

const CONSEQUENCES = {
  'dead-lettered': 'The event is kept as a dead letter; fix the cause and replay it.',
  halted:
    'Its pump stands before the event, because the pathway says onExhausted: "halt"; fix the cause and resume it.',
} as const;
