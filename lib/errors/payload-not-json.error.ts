import type { PayloadIssue } from './event-payload-invalid.error.js';
import { PathwaysError } from './pathways.error.js';

/** A payload holds what JSON cannot carry, so readers would get something else than was written. Nothing was sent. */
export class PayloadNotJsonError extends PathwaysError {
  static override readonly code = 'PATHWAYS_PAYLOAD_NOT_JSON';
  static override readonly httpStatus = 400;

  constructor(
    readonly key: string,
    readonly issues: readonly PayloadIssue[],
  ) {
    const list = issues.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ');
    super(
      `The payload for ${key} cannot be stored as JSON: ${list}. Nothing was sent; correct the data and write again.`,
    );
  }
}
