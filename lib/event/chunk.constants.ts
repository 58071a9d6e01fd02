/** Metadata key of a request that carries parts of large events; its value is `"true"` (newer features §3.1). */
export const CHUNKED_KEY = 'pathways/chunked';

/** Payload field that makes an event with {@link CHUNKED_KEY} a part. */
export const CHUNK_FIELD = 'pathwaysChunk';

/** The only way to split there is so far. */
export const CHUNK_SCHEME = 'utf8-split-sha256-v1';

/** What every part of a large event says about the whole. */
export interface ChunkHeader {
  readonly id: string;
  /** From 1 on. */
  readonly part: number;
  readonly totalParts: number;
  /** SHA-256 of the whole plaintext, lower-case hex. */
  readonly digest: string;
  readonly scheme: string;
}
