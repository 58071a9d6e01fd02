import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { EncryptionPolicy } from '../security/encryption/encryption-policy.js';
import type { PayloadCipher } from '../security/payload-cipher.interface.js';

/** Sees at the start that encrypted pathways have their key: the alternative is plaintext nobody knows of. */
export class EncryptionGuard {
  private readonly warnedAbout = new Set<string>();

  constructor(
    private readonly policy: EncryptionPolicy,
    private readonly logger: PathwaysLogger,
  ) {}

  /**
   * @throws PathwaysConfigurationError naming every encrypted pathway when there is no key; EncryptionKeyUnavailableError
   * when the key to write with cannot be had.
   */
  async check(pathways: readonly PathwayContract[]): Promise<void> {
    const encrypted = pathways.filter((pathway) => pathway.encrypted);
    if (encrypted.length === 0) return;
    const { cipher, allowPlaintext } = this.policy;
    if (cipher) {
      // Who only reads need not be able to write.
      if (encrypted.some(({ writable }) => writable)) await cipher.warmUp();
      return;
    }
    if (!allowPlaintext)
      throw new PathwaysConfigurationError(encrypted.map(missingKeyProblem), 'Encrypted pathways');
    this.warn(encrypted.map(({ key }) => key));
  }

  /**
   * What seals the payloads of a pathway; `undefined` when they are written as they are.
   *
   * @throws PathwaysConfigurationError for a write before the start, which would have refused it.
   */
  cipherOf(pathway: PathwayContract): PayloadCipher | undefined {
    if (!pathway.encrypted) return undefined;
    const { cipher, allowPlaintext } = this.policy;
    if (!cipher && !allowPlaintext)
      throw new PathwaysConfigurationError([missingKeyProblem(pathway)], 'Encrypted pathways');
    return cipher;
  }

  /** Once for every pathway of a start: it is looked at when the store opens, at the start, and when modules are added. */
  private warn(keys: readonly string[]): void {
    const added = keys.filter((key) => !this.warnedAbout.has(key));
    if (added.length === 0) return;
    for (const key of added) this.warnedAbout.add(key);
    this.logger.warn(
      `Encryption is off: encryption.allowPlaintext is true and no key is configured, so payloads of ${added.join(', ')} are written in PLAINTEXT, and encrypted ones cannot be read. Never run a service with real data like this.`,
    );
  }
}

/** Why an encrypted pathway cannot be written or read here. */
function missingKeyProblem({ key, declaredBy }: PathwayContract): { path: string; message: string } {
  return {
    path: `${key} (${declaredBy})`,
    message:
      'has encrypted: true, and no key is configured (or encryption.mode is none): set encryption.key, encryption.keyring or encryption.provider. For development without secrets, encryption.allowPlaintext: true writes it readable',
  };
}
