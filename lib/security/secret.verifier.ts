import { hash, timingSafeEqual } from 'node:crypto';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';

/** Compares secrets without telling an attacker, by the time it takes, how much of a guess was right. */
export class SecretVerifier {
  private readonly digests: readonly Buffer[];

  /**
   * @param secrets one secret, or several while one replaces the other.
   * @throws PathwaysConfigurationError when there is none or one is blank.
   */
  constructor(secrets: string | readonly string[], option = 'secrets') {
    const list: readonly unknown[] = Array.isArray(secrets) ? secrets : [secrets];
    if (list.length === 0 || !list.every(isSecret)) {
      throw new PathwaysConfigurationError(
        [
          {
            path: option,
            message: 'must be a non-blank secret, or a list of them: anyone could post events otherwise',
          },
        ],
        'The router options',
      );
    }
    this.digests = list.map(digestOf);
  }

  verify(candidate: unknown): boolean {
    if (typeof candidate !== 'string') return false;
    // Digests have one length, so a longer guess takes no other path; and every secret is compared, also after a match.
    const digest = digestOf(candidate);
    let matches = 0;
    for (const known of this.digests) matches |= Number(timingSafeEqual(known, digest));
    return matches === 1;
  }
}

/** An unset environment variable arrives as `undefined`, whatever the types say. */
function isSecret(secret: unknown): secret is string {
  return typeof secret === 'string' && secret.trim() !== '';
}

function digestOf(secret: string): Buffer {
  // One call instead of a stream object: this runs for every delivered event.
  return hash('sha256', secret, 'buffer');
}
