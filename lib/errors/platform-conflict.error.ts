import { PlatformRequestError } from './platform-request.error.js';

/**
 * What the request is about changed meanwhile, or exists already (409). Never retried.
 *
 * @remarks Read the current state, then decide whether to repeat the request.
 */
export class PlatformConflictError extends PlatformRequestError {
  static override readonly code = 'PATHWAYS_PLATFORM_CONFLICT';
  static override readonly httpStatus = 409;
}
