import { createSecretKey, hash, type KeyObject } from 'node:crypto';
import { kindOf } from '../../event/event-shape.util.js';

/** Characters, as JavaScript counts them (protocol §10.4). */
const LEAST_CHARACTERS = 32;

/** What keeps a value from being a secret; never shows it. */
export function secretProblem(secret: unknown): string | undefined {
  const rule = `must be a secret text of at least ${LEAST_CHARACTERS} characters`;
  if (typeof secret !== 'string') return `${rule}, not ${kindOf(secret)}`;
  return secret.length < LEAST_CHARACTERS ? `${rule}; this one has ${secret.length}` : undefined;
}

/** A key ready for use. Printing it shows no secret. */
export interface CipherKey {
  readonly id: string | undefined;
  readonly aes: KeyObject;
}

/** SHA-256 of the secret, once, without a salt: the scheme of protocol §10.4. */
export function cipherKeyOf(id: string | undefined, secret: string): CipherKey {
  return { id, aes: createSecretKey(hash('sha256', secret, 'buffer')) };
}
