import type { MaybePromise } from '../event/maybe-promise.type.js';

/** How an event ended. */
export type EventStatus = 'processed' | 'dead-lettered';

/** The answer to a claim: go ahead, or how the event already ended. */
export type EventClaim = 'claimed' | EventStatus;

/**
 * Remembers, per event, that it ended, so a redelivery is skipped; and serialises concurrent deliveries of one event.
 *
 * Marks carry the generation they were made in: a claim of a newer generation succeeds, which is how a replay runs
 * every handler again while a redelivery inside one generation is skipped.
 */
export interface PathwayState {
  /**
   * Asks for the right to handle an event. While somebody else holds it, waits for them to finish or give up.
   */
  claim(eventId: string, generation: number): MaybePromise<EventClaim>;

  /** Ends a claim with a mark. */
  complete(eventId: string, generation: number, status: EventStatus): MaybePromise<void>;

  /** Ends a claim without a mark: the next delivery may try. */
  release(eventId: string): MaybePromise<void>;

  /** How an event ended, if it is known here. What waiting writes look up. */
  statusOf(eventId: string): MaybePromise<EventStatus | undefined>;

  /** How long marks are kept, in milliseconds. The pump looks back no further when it sweeps for late events. */
  readonly markTtlMs: number;
}
