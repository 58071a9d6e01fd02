import type { MaybePromise } from '../event/maybe-promise.type.js';

/** How an event ended. */
export type EventStatus = 'processed' | 'dead-lettered';

/** The answer to a claim: go ahead, or how the event already ended. */
export type EventClaim = 'claimed' | EventStatus;

/** Why an event is claimed. A `replay` may take an event that is a dead letter; a `delivery` may not. */
export type ClaimPurpose = 'delivery' | 'replay';

/**
 * Remembers, per event, that it ended, so a redelivery is skipped; and serialises concurrent deliveries of one event.
 *
 * Marks carry the generation they were made in: a claim of a newer generation succeeds, which is how a replay runs
 * every handler again while a redelivery inside one generation is skipped.
 */
export interface PathwayState {
  /**
   * Asks for the right to handle an event. While somebody else holds it, waits for them to finish or give up.
   *
   * @param purpose `delivery` by default.
   */
  claim(eventId: string, generation: number, purpose?: ClaimPurpose): MaybePromise<EventClaim>;

  /**
   * Ends a claim with a mark.
   *
   * What comes too late is refused, without an error: the mark of an older generation never takes the place of a newer one;
   * and where claims can be taken over, neither the claim of whoever did that nor the mark they made in the same generation
   * is replaced. A mark without a claim is made as well, but makes no dead letter of what was processed in its generation.
   */
  complete(eventId: string, generation: number, status: EventStatus): MaybePromise<void>;

  /** Ends a claim without a mark: the next delivery may try. */
  release(eventId: string): MaybePromise<void>;

  /** How an event ended, if it is known here. What waiting writes look up. */
  statusOf(eventId: string): MaybePromise<EventStatus | undefined>;

  /** Resolves when every mark up to now is durable. For states that write marks behind; a cursor is saved after it. */
  flush?(): MaybePromise<void>;

  /**
   * Whether a claim costs a round trip. Then a pump claims events while those before them run, and releases the claims of
   * those whose turn does not come.
   *
   * @default false
   */
  readonly isRemote?: boolean;

  /** How long marks are kept, in milliseconds. The pump looks back no further when it sweeps for late events. */
  readonly markTtlMs: number;
}
