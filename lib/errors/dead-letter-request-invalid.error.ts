import { PathwaysError } from './pathways.error.js';

/**
 * A call to DeadLetters that cannot be what was meant. Nothing was changed.
 *
 * @remarks Correct the call: the message names the argument and what it may be.
 */
export class DeadLetterRequestInvalidError extends PathwaysError {
  static override readonly code = 'PATHWAYS_DEAD_LETTER_REQUEST_INVALID';
  static override readonly httpStatus = 400;
}
