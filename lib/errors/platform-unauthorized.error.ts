import { PlatformRequestError } from './platform-request.error.js';

/**
 * The platform refused the API key (401), or the key may not do this (403). Never retried.
 *
 * @remarks Check `apiKey`, that it belongs to this tenant and platform, and what it has been granted.
 */
export class PlatformUnauthorizedError extends PlatformRequestError {
  static override readonly code = 'PATHWAYS_PLATFORM_UNAUTHORIZED';
}
