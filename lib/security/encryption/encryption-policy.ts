import type { Clock } from '../../event/clock.interface.js';
import { ConfiguredKeys } from './configured.keys.js';
import type { EncryptionOptions } from './encryption.options.js';
import { PayloadEncryption } from './payload-encryption.js';
import { ProvidedKeys } from './provided.keys.js';

/** What was decided about encryption. Safe to print. */
export class EncryptionPolicy {
  /** `undefined`: there is no key. */
  readonly cipher: PayloadEncryption | undefined;
  /** Whether encrypted pathways may do without a key. */
  readonly allowPlaintext: boolean;

  /** The options have been checked. */
  constructor(options: EncryptionOptions, clock: Clock) {
    this.allowPlaintext = options.allowPlaintext ?? false;
    this.cipher = cipherOf(options, clock);
  }
}

function cipherOf(options: EncryptionOptions, clock: Clock): PayloadEncryption | undefined {
  const { mode, key, keyring, provider, keyLifetimeMs = 300_000, keyTimeoutMs = 10_000 } = options;
  if (mode === 'none') return undefined;
  if (provider)
    return new PayloadEncryption(new ProvidedKeys(provider, { clock, keyLifetimeMs, keyTimeoutMs }));
  return key !== undefined || keyring ? new PayloadEncryption(new ConfiguredKeys(options)) : undefined;
}
