import { isPromiseLike, type MaybePromise } from '../../event/maybe-promise.type.js';
import type { PayloadCipher, SealedText } from '../payload-cipher.interface.js';
import { openEnvelope, sealEnvelope } from './aes-gcm.envelope.js';
import type { CipherKeys } from './cipher-keys.interface.js';
import type { CipherKey } from './encryption-key.util.js';

/** Seals and opens payloads with AES-256-GCM (protocol §10.4). */
export class PayloadEncryption implements PayloadCipher {
  readonly #keys: CipherKeys;

  constructor(keys: CipherKeys) {
    this.#keys = keys;
  }

  seal(text: string): MaybePromise<SealedText> {
    const key = this.#keys.active();
    return isPromiseLike(key) ? key.then((active) => sealed(active, text)) : sealed(key, text);
  }

  /** All with one key, also when the active key changes meanwhile: a request carries one key id for all its events. */
  sealAll(texts: readonly string[]): MaybePromise<SealedText[]> {
    const sealWith = (key: CipherKey) => texts.map((text) => sealed(key, text));
    const key = this.#keys.active();
    return isPromiseLike(key) ? key.then(sealWith) : sealWith(key);
  }

  /** @throws PayloadUndecryptableError, EncryptionKeyUnavailableError */
  open(text: string, keyId: string | undefined): MaybePromise<string> {
    const key = this.#keys.byId(keyId);
    return isPromiseLike(key) ? key.then((found) => openEnvelope(found, text)) : openEnvelope(key, text);
  }

  /**
   * Looks the active key up, so that a wrong configuration stops the start and not the first write.
   *
   * @throws EncryptionKeyUnavailableError
   */
  async warmUp(): Promise<void> {
    await this.#keys.active();
  }
}

function sealed(key: CipherKey, text: string): SealedText {
  return { text: sealEnvelope(key, text), keyId: key.id };
}
