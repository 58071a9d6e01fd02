import { PathwaysError } from './pathways.error.js';

/** A `stopAt` for a pump is not a time bucket, event id or date. */
export class PumpStopInvalidError extends PathwaysError {
  static override readonly code = 'PATHWAYS_PUMP_STOP_INVALID';

  constructor(readonly stopAt: unknown) {
    super(
      `${JSON.stringify(stopAt)} is not a place where a pump can stop. Give a Date, an event id (version-1 UUID), or { timeBucket: '20260501100000', eventId? }; leave stopAt out to go on for ever.`,
    );
  }
}
