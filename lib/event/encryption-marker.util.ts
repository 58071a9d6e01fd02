import {
  ENCRYPTED_METADATA,
  ENCRYPTION_KEY_ID_METADATA,
  ENCRYPTION_SCHEME,
  ENCRYPTION_SCHEME_METADATA,
} from './metadata.constants.js';

/** Whether the writer of an event says that its payload is encrypted. */
export function isMarkedEncrypted(metadata: Readonly<Record<string, unknown>>): boolean {
  const marker = metadata[ENCRYPTED_METADATA];
  return marker === 'true' || marker === true;
}

/** What says that a payload is encrypted, and with which key. */
export function encryptionMetadata(keyId: string | undefined): Readonly<Record<string, string>> {
  return {
    [ENCRYPTED_METADATA]: 'true',
    [ENCRYPTION_SCHEME_METADATA]: ENCRYPTION_SCHEME,
    ...(keyId !== undefined && { [ENCRYPTION_KEY_ID_METADATA]: keyId }),
  };
}
