import { PathwaysError } from './pathways.error.js';

/** Why a payload cannot be read. */
export type UndecryptableReason =
  | 'no-key'
  | 'key-id-missing'
  | 'unknown-key'
  | 'unusable-key'
  | 'no-envelope'
  | 'malformed'
  | 'not-opened'
  | 'not-json';

/**
 * An encrypted payload cannot be read, now or later: trying again does not help, a change of the configuration may. Never
 * carries key material, plaintext or a cause, which could quote either.
 */
export class PayloadUndecryptableError extends PathwaysError {
  static override readonly code = 'PATHWAYS_PAYLOAD_UNDECRYPTABLE';

  constructor(
    readonly reason: UndecryptableReason,
    /** As the event names it. */
    readonly keyId?: string,
  ) {
    super(`The encrypted payload cannot be read: ${EXPLANATIONS[reason](nameOf(keyId))}`);
  }
}

const REPLAY = 'then replay the dead letter.';
const DAMAGED = 'Find out who wrote it; the plaintext is only to be had from there.';

const EXPLANATIONS: Record<UndecryptableReason, (key: string) => string> = {
  'no-key': () =>
    `no symmetric encryption key is configured. Set encryption.key, encryption.keyring or encryption.provider, ${REPLAY}`,
  'key-id-missing': () =>
    `the event is missing its encryption key ID, and there is no key without an id here. Set encryption.key to the secret of that time (or let the key provider answer for it), ${REPLAY}`,
  'unknown-key': (key) =>
    `Unknown encryption key ID ${key}. Add that key to encryption.keyring (or to the key provider), ${REPLAY}`,
  'unusable-key': (key) =>
    `what resolveKey or the key provider gave for ${key} is not a text of at least 32 characters. Correct it, ${REPLAY}`,
  'no-envelope': () =>
    `the event is marked as encrypted, but its payload is neither a text nor an object with the text encryptedPayload. ${DAMAGED}`,
  malformed: () =>
    `Invalid AES-256-GCM payload format: three standard Base64 parts joined by dots are expected, a nonce of 12 bytes, the ciphertext and a tag of 16 bytes. ${DAMAGED}`,
  'not-opened': (key) =>
    `AES-256-GCM decryption failed with ${key}: it was sealed with another secret, or changed since. Configure the secret it was written with, ${REPLAY}`,
  'not-json': (key) =>
    `what ${key} decrypted is invalid JSON. Correct the program that wrote it, and write the event again.`,
};

/** Metadata is the sender's text: a long one must not fill the log. */
function nameOf(keyId: string | undefined): string {
  if (keyId === undefined) return 'the key without an id';
  return JSON.stringify(keyId.length > MOST_SHOWN ? `${keyId.slice(0, MOST_SHOWN)}…` : keyId);
}

const MOST_SHOWN = 80;
