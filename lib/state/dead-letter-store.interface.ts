import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import type { MaybePromise } from '../event/maybe-promise.type.js';
import type { PathwayKey } from '../event/pathway-key.util.js';

/** One failed attempt, kept with the dead letter. */
export interface DeadLetterAttempt {
  readonly at: Date;
  readonly errorName: string;
  readonly message: string;
  readonly stack?: string;
}

/** An event whose handler finally failed, or that waits behind one. */
export interface DeadLetter {
  /** The event's id. */
  readonly eventId: string;
  readonly pathway: PathwayKey;
  /** The event exactly as it was delivered, so a replay sees what the failed attempt saw. */
  readonly event: FlowcoreEvent;
  /** The pump (or `webhook`) it came through. */
  readonly source: string;
  /** The `orderBy` key; `undefined` when the pathway declares none. */
  readonly orderKey: string | undefined;
  /** `failed`: its own handler failed. `parked`: an earlier event of its key is a dead letter. `invalid`: it never reached a handler. */
  readonly reason: 'failed' | 'parked' | 'invalid';
  readonly error: string;
  /** Error class and first frame outside node_modules: equal for failures with one cause. */
  readonly fingerprint: string;
  readonly attempts: readonly DeadLetterAttempt[];
  readonly deadLetteredAt: Date;
}

/** Which dead letters are meant. All given conditions must hold. */
export interface DeadLetterFilter {
  readonly pathway?: string;
  readonly orderKey?: string;
  readonly reason?: DeadLetter['reason'];
  readonly fingerprint?: string;
}

/** Keeps dead letters until somebody replays or discards them. */
export interface DeadLetterStore {
  /** Adds a letter; the same event again replaces it. Must be durable when it returns. */
  add(letter: DeadLetter): MaybePromise<void>;
  get(eventId: string): MaybePromise<DeadLetter | undefined>;
  /** In the order they were added. */
  list(filter?: DeadLetterFilter, limit?: number): MaybePromise<readonly DeadLetter[]>;
  count(filter?: DeadLetterFilter): MaybePromise<number>;
  remove(eventId: string): MaybePromise<void>;
  /** The first dead letter that holds back later events of this key, if any. */
  blockerOf(source: string, orderKey: string): MaybePromise<string | undefined>;
}
