import { PathwaysError } from './pathways.error.js';

/** A pump was to stop at or before the place it was to begin at. */
export class PumpStopBehindError extends PathwaysError {
  static override readonly code = 'PATHWAYS_PUMP_STOP_BEHIND';

  /** Both as they were given. */
  constructor(
    readonly position: unknown,
    readonly stopAt: unknown,
  ) {
    super(
      `stopAt ${JSON.stringify(stopAt)} lies at or before the position ${JSON.stringify(position)}: nothing would be delivered, so nothing was reset. Give a stopAt after the position.`,
    );
  }
}
