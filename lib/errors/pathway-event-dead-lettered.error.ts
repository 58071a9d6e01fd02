import { PathwaysError } from './pathways.error.js';

/** A delivery of an event that an earlier delivery already turned into a dead letter. Its handler did not run again. */
export class PathwayEventDeadLetteredError extends PathwaysError {
  static override readonly code = 'PATHWAYS_EVENT_DEAD_LETTERED';

  constructor(
    readonly key: string,
    readonly eventId: string,
    why: string,
  ) {
    super(
      `Event ${eventId} of ${key} is a dead letter since an earlier delivery: ${why} Delivering it again changes nothing; fix the cause and replay it.`,
    );
  }
}
