import type { MaybePromise } from '../../event/maybe-promise.type.js';
import type { CipherKey } from './encryption-key.util.js';

/** The keys of a cipher, wherever they come from. Synchronous when the key is at hand. */
export interface CipherKeys {
  /** @throws EncryptionKeyUnavailableError */
  active(): MaybePromise<CipherKey>;
  /**
   * @throws PayloadUndecryptableError when there is no such key; EncryptionKeyUnavailableError when that cannot be told just
   * now.
   */
  byId(id: string | undefined): MaybePromise<CipherKey>;
}
