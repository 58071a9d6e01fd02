import { PlatformUnavailableError } from './platform-unavailable.error.js';

/**
 * `apiKey` is a function, and it gave no key: it failed, returned something else, or took too long. Nothing was sent by that
 * attempt. `cause` has its own error.
 *
 * @remarks See that the function returns a key, `fc_<id>_<secret>`, within `requestTimeoutMs`: keep the last one it read, say,
 * when its source may be away. It is asked again for the next request; pumps, the outbox and reconnects do so by themselves.
 */
export class PlatformApiKeyUnavailableError extends PlatformUnavailableError {
  static override readonly code = 'PATHWAYS_PLATFORM_API_KEY_UNAVAILABLE';
}
