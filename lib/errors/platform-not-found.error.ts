import { PlatformRequestError } from './platform-request.error.js';

/**
 * The platform does not know the named tenant, data core, flow type or event type.
 *
 * @remarks Check the configured names for spelling, or create what is missing (see `autoProvision`).
 */
export class PlatformNotFoundError extends PlatformRequestError {
  static override readonly code = 'PATHWAYS_PLATFORM_NOT_FOUND';
  static override readonly httpStatus = 404;
}
