import { createHash, getHashes } from 'node:crypto';

const KNOWN_HASHES: ReadonlySet<string> = new Set(getHashes().map((name) => name.toLowerCase()));

/** Platforms write `sha256`, `SHA-256` or `sha_256`; the protocol does not say which (§9). */
function hashNameOf(hashType: string): string | undefined {
  const name = hashType.toLowerCase().replace(/[^a-z0-9]/g, '');
  return KNOWN_HASHES.has(name) ? name : undefined;
}

export function isSha256(hashType: string): boolean {
  return hashNameOf(hashType) === 'sha256';
}

/** The hash of the bytes; `undefined` for an algorithm nobody here knows. */
export function hashOf(hashType: string, chunks: Iterable<Uint8Array>): Buffer | undefined {
  const name = hashNameOf(hashType);
  if (name === undefined) return undefined;
  const hash = createHash(name);
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest();
}

/** Whether a checksum, written as hex or Base64, is this hash. */
export function isSameChecksum(checksum: string, hash: Buffer): boolean {
  return checksum.toLowerCase() === hash.toString('hex') || checksum === hash.toString('base64');
}
