import { PathwaysError } from './pathways.error.js';

/** A position for a pump is not a time bucket, event id, date, 'live' or 'beginning'. */
export class PumpPositionInvalidError extends PathwaysError {
  static override readonly code = 'PATHWAYS_PUMP_POSITION_INVALID';

  constructor(readonly position: unknown) {
    super(
      `${JSON.stringify(position)} is not a pump position. Give 'live', 'beginning', a Date, an event id (version-1 UUID), or { timeBucket: '20260501100000', eventId? }.`,
    );
  }
}
