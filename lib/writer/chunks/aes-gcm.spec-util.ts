import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { PayloadCipher } from '../../security/payload-cipher.interface.js';

/** The documented envelope (newer features §4), with keys by their ids. */
export class AesGcmCipher implements PayloadCipher {
  readonly opened: string[] = [];

  constructor(
    private readonly secrets: Readonly<Record<string, string>>,
    public activeKeyId: string,
    private readonly nextIv: () => Buffer = () => randomBytes(12),
  ) {}

  seal(text: string): { text: string; keyId: string } {
    const iv = this.nextIv();
    const cipher = createCipheriv('aes-256-gcm', this.keyOf(this.activeKeyId), iv);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    const parts = [iv, sealed, cipher.getAuthTag()].map((bytes) => bytes.toString('base64'));
    return { text: parts.join('.'), keyId: this.activeKeyId };
  }

  open(text: string, keyId: string | undefined): string {
    this.opened.push(text);
    const [iv, sealed, tag] = text.split('.').map((part) => Buffer.from(part, 'base64'));
    if (!iv || !sealed || !tag) throw new Error('Not three parts');
    const decipher = createDecipheriv('aes-256-gcm', this.keyOf(keyId ?? this.activeKeyId), iv);
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8');
  }

  private keyOf(keyId: string): Buffer {
    const secret = this.secrets[keyId];
    if (secret === undefined) throw new Error(`Unknown encryption key ID ${keyId}`);
    return createHash('sha256').update(secret).digest();
  }
}

export const SECRETS = {
  v1: 'example-keyring-v1-secret-at-least-32-chars',
  v2: 'example-keyring-v2-secret-at-least-32-chars',
};
