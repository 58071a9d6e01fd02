import { PathwaysError } from './pathways.error.js';

/** There is no connection to NATS at the moment. Pumps go on at their poll interval; it is connected again by itself. */
export class NatsUnavailableError extends PathwaysError {
  static override readonly code = 'PATHWAYS_NATS_UNAVAILABLE';
  static override readonly httpStatus = 503;

  constructor(
    readonly server: string,
    what: string,
    cause?: unknown,
  ) {
    super(
      `The NATS server ${server} ${what}. It is connected again by itself; check the servers of the notifier, their credentials and the network if it stays so.`,
      { cause },
    );
  }
}
