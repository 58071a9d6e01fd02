import type { PathwayKey } from '../event/pathway-key.util.js';

/** Which letter a line of a replay's result is about. */
export interface ReplayedLetter {
  readonly eventId: string;
  readonly pathway: PathwayKey;
  readonly source: string;
  readonly orderKey: string | undefined;
}

/** A letter that is gone now. */
export interface DeliveredLetter extends ReplayedLetter {
  /** `already-processed`: the event had been processed before, and its handler did not run again. */
  readonly outcome: 'processed' | 'already-processed';
}

/**
 * A letter whose event failed again; it kept its place, and its new attempts are added to the earlier ones. With a
 * `ChunkPartsMissingError` it is a part of a large event that did not become whole, and nothing about it changed.
 */
export interface FailedLetter extends ReplayedLetter {
  readonly error: Error;
  /** Letters of the same key that still wait behind it. */
  readonly waiting: number;
}

/** A letter that was not delivered; nothing about it changed. */
export interface SkippedLetter extends ReplayedLetter {
  /**
   * - `malformed`: what is kept is no event, so nothing can handle it. Discard it.
   * - `not-handled`: nothing in this instance handles its pathway. Replay it where its handler runs.
   * - `behind-another`: `behind` comes before it in its key and was not asked for.
   * - `aborted`: the replay was given up (its signal, or the shutdown).
   */
  readonly why: 'malformed' | 'not-handled' | 'behind-another' | 'aborted';
  /** The event it waits behind; only for `behind-another`. */
  readonly behind: string | undefined;
  /** Letters of the same key that still wait behind it. */
  readonly waiting: number;
}

/** What a replay did, in the order it was done. Letters that wait behind one that stayed are counted there. */
export interface DeadLetterReplay {
  readonly replayed: readonly DeliveredLetter[];
  readonly failed: readonly FailedLetter[];
  readonly skipped: readonly SkippedLetter[];
}

/** What became of a letter that was to be discarded. */
export interface DeadLetterDiscard {
  readonly eventId: string;
  /** `already-processed`: its event was processed meanwhile, so there was nothing left to discard. */
  readonly outcome: 'discarded' | 'already-processed';
  /** Letters of its key that waited behind it. They stay until `replay({ orderKey, source })`. */
  readonly waiting: number;
}
