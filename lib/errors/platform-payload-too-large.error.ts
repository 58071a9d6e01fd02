import { PlatformRequestError } from './platform-request.error.js';

/**
 * The request is larger than the platform, or a gateway before it, takes (413). Never retried.
 *
 * @remarks Write smaller payloads or batches (`maxBatchSize`), or keep the content elsewhere and write a reference to it.
 */
export class PlatformPayloadTooLargeError extends PlatformRequestError {
  static override readonly code = 'PATHWAYS_PLATFORM_PAYLOAD_TOO_LARGE';
  static override readonly httpStatus = 413;
}
