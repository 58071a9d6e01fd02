import { PathwaysError } from './pathways.error.js';

/**
 * A key could not be looked up just now: nothing is known about whether it exists, so an event that needs it is delivered
 * again. Has neither the cause nor its text: what a key service throws may quote a secret.
 */
export class EncryptionKeyUnavailableError extends PathwaysError {
  static override readonly code = 'PATHWAYS_ENCRYPTION_KEY_UNAVAILABLE';
  static override readonly httpStatus = 503;

  constructor(
    /** `undefined`: the active key, or the one without an id. */
    readonly keyId: string | undefined,
    why: string,
  ) {
    const key = keyId === undefined ? 'the active key' : `key ID: ${keyId}`;
    super(
      `Failed to resolve pathway encryption ${key} (${why}). Nothing was sent or skipped: events are delivered again, writes can be repeated. Check the key provider.`,
    );
  }
}
