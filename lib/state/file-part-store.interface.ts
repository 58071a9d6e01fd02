import type { MaybePromise } from '../event/maybe-promise.type.js';

/** One part of a file, as it is kept until the others are there. */
export interface StoredFilePart {
  /** Number of the part, from 0 or 1. */
  readonly part: number;
  readonly eventId: string;
  /** The event as delivered, as JSON. */
  readonly data: string;
}

/** A part to keep, and the file it belongs to. */
export interface FilePartEntry extends StoredFilePart {
  readonly groupId: string;
  readonly totalParts: number;
  /** SHA-256 of `data`, hex. */
  readonly digest: string;
}

/**
 * `stored`: kept, and others are missing. `duplicate`: the group has a part of this number already, the given one was not
 * kept, and others are missing. `complete`: nothing is missing, whether the given part was new or not; `parts` are in
 * the order of their numbers.
 */
export type FilePartOutcome =
  | { readonly status: 'stored' | 'duplicate' }
  | { readonly status: 'complete'; readonly parts: readonly StoredFilePart[] };

/** Keeps the parts of files until the last one is there and the file is handled. */
export interface FilePartStore {
  /** Durable when it resolves: the event of the part is then taken for finished. Of two parts stored at once, at least one sees the complete group. */
  storePart(entry: FilePartEntry): MaybePromise<FilePartOutcome>;
  /** Forgets a file that was handled. */
  discard(groupId: string): MaybePromise<void>;
}
