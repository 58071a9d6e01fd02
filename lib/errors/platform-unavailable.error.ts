import { PlatformRequestError } from './platform-request.error.js';

/** The platform could not be reached, did not answer in time, or kept answering that it is overloaded or broken. */
export class PlatformUnavailableError extends PlatformRequestError {
  static override readonly code = 'PATHWAYS_PLATFORM_UNAVAILABLE';
  static override readonly httpStatus = 503;
}
