import { PlatformRequestError } from './platform-request.error.js';

/**
 * The platform could not be reached, did not answer in time, or kept answering that it is overloaded or broken.
 *
 * @remarks Check the base URL, the network and the platform's health. The message says whether a write may have been stored
 * all the same: with an `idempotencyKey` it can be repeated in any case.
 */
export class PlatformUnavailableError extends PlatformRequestError {
  static override readonly code: `PATHWAYS_${string}` = 'PATHWAYS_PLATFORM_UNAVAILABLE';
  static override readonly httpStatus = 503;
}
