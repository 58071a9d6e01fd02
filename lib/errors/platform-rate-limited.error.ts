import type { PlatformRequestInfo } from './platform-request.error.js';
import { PlatformUnavailableError } from './platform-unavailable.error.js';

/**
 * The platform kept answering that it gets too many requests (429). It carried none of them out.
 *
 * @remarks Wait `retryAfterMs`, write in batches, or lower the number of writes at once.
 */
export class PlatformRateLimitedError extends PlatformUnavailableError {
  static override readonly code = 'PATHWAYS_PLATFORM_RATE_LIMITED';

  constructor(
    message: string,
    request: PlatformRequestInfo,
    body: unknown,
    /** Milliseconds the platform asks to wait (`Retry-After`), when it does. */
    readonly retryAfterMs: number | undefined,
  ) {
    super(message, request, 429, body);
  }
}
