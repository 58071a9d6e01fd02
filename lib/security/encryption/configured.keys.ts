import { EncryptionKeyUnavailableError } from '../../errors/encryption-key-unavailable.error.js';
import { PayloadUndecryptableError } from '../../errors/payload-undecryptable.error.js';
import type { CipherKeys } from './cipher-keys.interface.js';
import { cipherKeyOf, secretProblem, type CipherKey } from './encryption-key.util.js';
import type { EncryptionOptions, KeyringOptions } from './encryption.options.js';

/** Keys that stand in the configuration. The options have been checked. */
export class ConfiguredKeys implements CipherKeys {
  // Truly private: nothing that prints this object shows them.
  readonly #withoutId: CipherKey | undefined;
  readonly #byId = new Map<string, CipherKey>();
  readonly #resolve: KeyringOptions['resolveKey'];
  readonly #active: CipherKey;

  constructor({ key, keyId, keyring }: EncryptionOptions) {
    const id = keyId?.trim();
    // Beside the ids, not among them: no id of a keyring can displace the key of the events that name none.
    this.#withoutId = key === undefined ? undefined : cipherKeyOf(undefined, key);
    if (key !== undefined && id !== undefined) this.#byId.set(id, cipherKeyOf(id, key));
    for (const [name, secret] of Object.entries(keyring?.keys ?? {}))
      this.#byId.set(name, cipherKeyOf(name, secret));
    this.#resolve = keyring?.resolveKey;
    this.#active = this.byId(keyring ? keyring.activeKeyId.trim() : id);
    // Resolved once: what is written does not change its key without a restart.
    if (this.#active.id !== undefined) this.#byId.set(this.#active.id, this.#active);
  }

  active(): CipherKey {
    return this.#active;
  }

  byId(id: string | undefined): CipherKey {
    if (id === undefined) {
      if (this.#withoutId) return this.#withoutId;
      throw new PayloadUndecryptableError('key-id-missing');
    }
    return this.#byId.get(id) ?? this.resolved(id);
  }

  private resolved(id: string): CipherKey {
    const secret = resolveSafely(this.#resolve, id);
    if (secret === undefined) throw new PayloadUndecryptableError('unknown-key', id);
    if (typeof secret !== 'string' || secretProblem(secret) !== undefined)
      throw new PayloadUndecryptableError('unusable-key', id);
    return cipherKeyOf(id, secret);
  }
}

/** @throws EncryptionKeyUnavailableError in place of whatever the resolver throws, which may quote the secret. */
export function resolveSafely(resolve: KeyringOptions['resolveKey'], id: string): unknown {
  try {
    return resolve?.(id);
  } catch {
    throw new EncryptionKeyUnavailableError(id, 'keyring.resolveKey threw');
  }
}
