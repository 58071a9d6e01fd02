import type { MaybePromise } from '../../event/maybe-promise.type.js';

/** A secret and its name. */
export interface EncryptionKey {
  /** Written beside every payload, so that readers find the key. Not blank. */
  readonly id: string;
  /** At least 32 characters. The AES key is its SHA-256 (protocol §10.4), so it must be random, not a password. */
  readonly secret: string;
}

/**
 * Where keys come from when the configuration does not hold them: a KMS, a vault. Answers are kept for `keyLifetimeMs`, and
 * several who ask for one key at the same time share one look-up. Throw only when the answer cannot be had just now:
 * the event is then delivered again.
 */
export interface KeyProvider {
  /** The key to write with. */
  activeKey(signal: AbortSignal): MaybePromise<EncryptionKey>;
  /**
   * The secret of a key.
   *
   * @param id as the event names it; `undefined` for events that name none.
   * @returns `undefined` when there is no such key: the event becomes a dead letter.
   */
  key(id: string | undefined, signal: AbortSignal): MaybePromise<string | undefined>;
}
