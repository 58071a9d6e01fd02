import { PlatformRequestError } from './platform-request.error.js';

/** The platform answered with success, but the body is not what the protocol says. */
export class PlatformResponseInvalidError extends PlatformRequestError {
  static override readonly code = 'PATHWAYS_PLATFORM_RESPONSE_INVALID';
}
