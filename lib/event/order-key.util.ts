import { createHash } from 'node:crypto';

/** An index of Postgres holds about 2,700 bytes of one value, and those of order keys hold more than the key. */
const LONGEST_KEY_BYTES = 1_000;
const KEPT_CHARACTERS = 100;

/** No text of Postgres holds U+0000, and half of a surrogate pair becomes U+FFFD on its way there. */
const UNSTORABLE = /[\0\p{Surrogate}]/gu;

/**
 * An order key as every part of the library names it, so that what a store gives back is the key that was given. A long one
 * is its beginning and a digest: a store could not keep the dead letter of an event whose key is too long for its index, and
 * the event could neither be handled nor set aside.
 */
export function storableOrderKey(key: string): string {
  // A code unit has three bytes at most: only what may be too long is counted.
  if (key.length * 3 <= LONGEST_KEY_BYTES || Buffer.byteLength(key) <= LONGEST_KEY_BYTES) {
    return key.replace(UNSTORABLE, '\uFFFD');
  }
  const digest = createHash('sha256').update(key).digest('hex');
  return `${key.slice(0, KEPT_CHARACTERS)}…sha256:${digest}`.replace(UNSTORABLE, '\uFFFD');
}
