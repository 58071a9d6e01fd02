/** A body that is read while it is sent, so that it never lies in memory as a whole. */
export interface BodySource {
  /** Bytes; `undefined` when nobody knows before the end. */
  readonly contentLength: number | undefined;
  /** The bytes from the beginning, for one attempt. */
  open(): AsyncIterable<Uint8Array>;
  /** False when the bytes are gone: they came from a stream, and an attempt has begun to read it. */
  canOpen(): boolean;
}
