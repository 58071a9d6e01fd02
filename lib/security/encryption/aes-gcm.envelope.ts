import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { PayloadUndecryptableError } from '../../errors/payload-undecryptable.error.js';
import type { CipherKey } from './encryption-key.util.js';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const TAG = { authTagLength: TAG_BYTES } as const;

/**
 * `nonce.ciphertext.tag`, each in standard Base64 (protocol §10.4).
 *
 * @param nonce never the same twice for one key: two such payloads betray each other and the key. Given by tests alone.
 */
export function sealEnvelope(key: CipherKey, text: string, nonce: Buffer = randomBytes(NONCE_BYTES)): string {
  const cipher = createCipheriv(ALGORITHM, key.aes, nonce, TAG);
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return [nonce, ciphertext, cipher.getAuthTag()].map((part) => part.toString('base64')).join('.');
}

/** @throws PayloadUndecryptableError */
export function openEnvelope(key: CipherKey, envelope: string): string {
  const [nonce, ciphertext, tag, ...rest] = envelope.split('.').map(bytesOf);
  const isWellFormed =
    nonce?.length === NONCE_BYTES && ciphertext && tag?.length === TAG_BYTES && rest.length === 0;
  if (!isWellFormed) throw new PayloadUndecryptableError('malformed', key.id);
  const decipher = createDecipheriv(ALGORITHM, key.aes, nonce, TAG).setAuthTag(tag);
  const text = decipher.update(ciphertext);
  try {
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  } catch {
    throw new PayloadUndecryptableError('not-opened', key.id);
  }
}

/** Node drops what is not Base64 and the last unused bits, so a changed text could still be opened. */
function bytesOf(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64');
  return bytes.toString('base64') === part ? bytes : undefined;
}
