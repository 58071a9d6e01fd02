import { PathwaysError } from './pathways.error.js';

/** `@flowcore/data-pump` stopped reading for a pump. It is started again by itself. */
export class DataPumpEndedError extends PathwaysError {
  static override readonly code = 'PATHWAYS_DATA_PUMP_ENDED';
  static override readonly httpStatus = 503;

  constructor(
    readonly pump: string,
    reason: string,
    cause?: unknown,
  ) {
    super(
      `@flowcore/data-pump stopped reading for the pump ${pump}: ${reason} It is started again where it was; check the names, the API key and the notifier if it stays so.`,
      { cause },
    );
  }
}
