import { EventPayloadInvalidError, type PayloadIssue } from '../errors/event-payload-invalid.error.js';
import type { PathwaysError } from '../errors/pathways.error.js';

/** What a sender learns of a failure: code and message, never a stack. */
export interface ErrorBody {
  readonly statusCode: number;
  readonly code: string;
  readonly message: string;
  readonly issues?: readonly PayloadIssue[];
}

export function errorBody(error: PathwaysError): ErrorBody {
  const { httpStatus: statusCode, code, message } = error;
  const issues = error instanceof EventPayloadInvalidError ? { issues: error.issues } : {};
  return { statusCode, code, message, ...issues };
}
