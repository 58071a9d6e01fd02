import { PathwaysError } from './pathways.error.js';

/** What arrived is not an event: a field that processing needs is missing or has the wrong type. */
export class EventMalformedError extends PathwaysError {
  static override readonly code = 'PATHWAYS_EVENT_MALFORMED';
  static override readonly httpStatus = 400;

  constructor(readonly problems: readonly string[]) {
    super(
      `Not a Flowcore event: ${problems.join('; ')}. Send an object with the string fields eventId, flowType (or aggregator) and eventType, and an object payload.`,
    );
  }
}
