import { PathwaysError } from './pathways.error.js';

/** `@flowcore/data-pump` did not hand out an event that is stored. It is started again before that event. */
export class DataPumpEventWithheldError extends PathwaysError {
  static override readonly code = 'PATHWAYS_DATA_PUMP_EVENT_WITHHELD';
  static override readonly httpStatus = 503;

  constructor(
    readonly pump: string,
    readonly eventId: string,
    what: string,
  ) {
    super(
      `@flowcore/data-pump ${what} the event ${eventId} of the pump ${pump}, which is stored. It is started again before that event; if it stays so, look at the event itself (the package reads no page with a payload that is no object), and leave out pump.reader to have the pump read by this library.`,
    );
  }
}
