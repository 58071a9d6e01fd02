import { PlatformRequestError } from './platform-request.error.js';

/**
 * The platform answered with success, but the body is not what the protocol says.
 *
 * @remarks Check that the base URL is the platform's and not a proxy's page; otherwise report it to the platform.
 */
export class PlatformResponseInvalidError extends PlatformRequestError {
  static override readonly code = 'PATHWAYS_PLATFORM_RESPONSE_INVALID';
}
