import { PathwaysError } from './pathways.error.js';

/** An event waits as a dead letter because an earlier event of the same key is one. */
export class PathwayEventParkedError extends PathwaysError {
  static override readonly code = 'PATHWAYS_EVENT_PARKED';

  constructor(
    readonly key: string,
    readonly eventId: string,
    readonly orderKey: string,
    readonly behindEventId: string,
  ) {
    super(
      `Event ${eventId} of ${key} is parked: event ${behindEventId} with the same key "${orderKey}" failed before it, and running this one first would break the order. Replay the dead letters of that key in order.`,
    );
  }
}
