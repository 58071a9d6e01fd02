import { PathwaysError } from './pathways.error.js';

/** One mismatch between a payload and its schema. */
export interface PayloadIssue {
  /** Path inside the payload, for example `items[2].quantity`; empty for the payload itself. */
  readonly path: string;
  readonly message: string;
}

/** A payload does not match its pathway's schema. Lists every problem with its path. Never retried. */
export class EventPayloadInvalidError extends PathwaysError {
  static override readonly code = 'PATHWAYS_PAYLOAD_INVALID';
  static override readonly httpStatus = 400;

  constructor(
    readonly key: string,
    readonly issues: readonly PayloadIssue[],
  ) {
    const list = issues.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ');
    super(
      `The payload does not match the schema of ${key}: ${list}. Correct the data, or the schema if it is too strict for stored events.`,
    );
  }
}
