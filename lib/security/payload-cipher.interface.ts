import type { MaybePromise } from '../event/maybe-promise.type.js';

/** A text made unreadable, and the key that opens it. */
export interface SealedText {
  readonly text: string;
  /** `undefined`: the one key without an id. */
  readonly keyId?: string | undefined;
}

/** Turns texts into ciphertext and back. Synchronous when the key is at hand. */
export interface PayloadCipher {
  /** With the active key. */
  seal(text: string): MaybePromise<SealedText>;
  /** @param keyId as the event names it; `undefined` when it names none. */
  open(text: string, keyId: string | undefined): MaybePromise<string>;
}
