import { PathwaysError } from './pathways.error.js';

/** A pump cannot be reset or stopped from here: another instance holds its lease, and keeps it. */
export class PumpLeaseHeldError extends PathwaysError {
  static override readonly code = 'PATHWAYS_PUMP_LEASE_HELD';
  static override readonly httpStatus = 409;

  constructor(readonly pump: string) {
    super(
      `Pump ${pump} was not changed: another instance of the application holds its lease, and did not give it up in time. Try again, do it on that instance, or stop that instance first.`,
    );
  }
}
