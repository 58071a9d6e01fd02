import type { KeyProvider } from './key-provider.interface.js';

/** Several keys, so that one can replace the other while events of both exist. */
export interface KeyringOptions {
  /** Id of the key to write with. Give every reader a new key before you name it here. */
  activeKeyId: string;

  /**
   * Secrets by key id, at least 32 characters each. Keep old ones as long as their events can be read.
   *
   * @default none; then `resolveKey` is required
   */
  keys?: Record<string, string>;

  /**
   * Asked for ids that are not in `keys`; `undefined` means that there is no such key. Asked again for every event but for
   * the active key, so a key taken away is gone at once. Must answer at once: see `provider` for anything slower.
   *
   * @default none; only the ids in `keys` are known
   */
  resolveKey?: (id: string) => string | undefined;
}

/** Keys for the pathways with `encrypted: true`. Secrets never appear in logs or errors. */
export interface EncryptionOptions {
  /**
   * `none` ignores the keys.
   *
   * @default 'symmetric' when `key`, `keyring` or `provider` is given, otherwise 'none'
   */
  mode?: 'none' | 'symmetric';

  /**
   * One secret of at least 32 characters; beside a keyring it opens the events that name no key.
   *
   * @default none
   */
  key?: string;

  /**
   * Id of `key`, written beside payloads when there is no keyring.
   *
   * @default none: payloads name no key
   */
  keyId?: string;

  /**
   * Several secrets, one of which is written with.
   *
   * @default none
   */
  keyring?: KeyringOptions;

  /**
   * Asked for keys instead of the three above: a key service, or anything that takes time.
   *
   * @default none
   */
  provider?: KeyProvider;

  /**
   * Milliseconds for which an answer of `provider` counts. A key taken away there opens events that much longer; 0 asks for
   * every payload.
   *
   * @default 300_000
   */
  keyLifetimeMs?: number;

  /**
   * Milliseconds one look-up at `provider` may take; then the event is delivered again, and a write fails.
   *
   * @default 10_000
   */
  keyTimeoutMs?: number;

  /**
   * `true` writes the payloads of encrypted pathways in plaintext where no key is configured, with a warning at every start:
   * what the reference client does silently. For development without secrets.
   *
   * @default false: such an application does not start
   */
  allowPlaintext?: boolean;
}
