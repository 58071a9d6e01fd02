import type { MaybePromise } from '../event/maybe-promise.type.js';

/** One part of a large event, as it was on the wire: what was encrypted there is encrypted here. */
export interface ChunkPart {
  /** Shared by all parts of one event. At most 200 characters, without U+0000. */
  readonly chunkId: string;
  /** From 1 to `totalParts`. */
  readonly part: number;
  readonly totalParts: number;
  /** Of the whole event; the same in all parts. */
  readonly digest: string;
  readonly data: string;
  /** Id of the event that carried the part. */
  readonly eventId: string;
}

/**
 * How far an event is, now that the part is kept.
 *
 * - `stored`, `duplicate`: some parts are still missing. The part is new, or was there already with the same data.
 * - `complete`: all parts are there; by this one, or since an earlier one.
 * - `conflict`: the part is there with other data; `inconsistent`: the parts that are there belong to another digest or
 *   number of parts. The part is not kept, and what is there is unharmed.
 */
export type ChunkProgress =
  | { readonly status: 'stored' | 'duplicate' | 'conflict' | 'inconsistent' }
  | {
      readonly status: 'complete';
      /** Event id of part 1: the id of the whole event. */
      readonly firstEventId: string;
    };

/** An event whose time was over before all of its parts were there. */
export interface ExpiredChunk {
  readonly chunkId: string;
  readonly totalParts: number;
  /** What is there, in the order of the parts. */
  readonly parts: readonly { readonly part: number; readonly eventId: string }[];
}

/**
 * Collects the parts of large events. Must be durable where cursors are: a pump goes on behind a part once it is kept.
 *
 * A chunk's time begins anew with every part, also a repeated one. Nothing is taken away but by `takeExpired`: what
 * completes late is better than what is lost.
 */
export interface ChunkStore {
  /**
   * Keeps a part. Of callers that store the last parts at the same time at least one is told that the event is complete;
   * several may be.
   */
  storePart(part: ChunkPart): MaybePromise<ChunkProgress>;

  /** The data of all parts, in order; `undefined` unless all are there. */
  load(chunkId: string): MaybePromise<readonly string[] | undefined>;

  /** The event has ended. Its parts stay until their time is over, for deliveries that come late. */
  finish(chunkId: string): MaybePromise<void>;

  /**
   * Removes the chunks whose time is over, and returns those that never were complete, each to one caller only. One that is
   * complete and not finished stays: its event is still to be handled, however long its pump has been halted.
   */
  takeExpired(): MaybePromise<readonly ExpiredChunk[]>;
}
