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
  /** What its mark is kept under, where that is not its id: its write has an idempotency id. */
  readonly claimId?: string;
  readonly pathway: PathwayKey;
  /** The event exactly as it was delivered, so a replay sees what the failed attempt saw. */
  readonly event: FlowcoreEvent;
  /** The pump (or `webhook`) it came through. */
  readonly source: string;
  /**
   * The `orderBy` key whose later events wait behind this letter; `undefined` when none do: the pathway declares no key, or
   * says `onExhausted: 'continue'`.
   */
  readonly orderKey: string | undefined;
  /** `failed`: its own handler failed. `parked`: an earlier event of its key is a dead letter. `invalid`: it never reached a handler. */
  readonly reason: 'failed' | 'parked' | 'invalid';
  readonly error: string;
  /** Error class and first frame outside node_modules: equal for failures with one cause. */
  readonly fingerprint: string;
  readonly attempts: readonly DeadLetterAttempt[];
  readonly deadLetteredAt: Date;
  /** Generation of the delivery that ended here; a replay keeps it. Absent is 0. */
  readonly generation?: number;
  /** Its place in the order of adding, and where the next page begins. Given by the store; absent until it is added. */
  readonly sequence?: number;
}

/** What the mark of a letter's event is kept under. */
export function claimIdOfLetter({ claimId, eventId }: Pick<DeadLetter, 'claimId' | 'eventId'>): string {
  return claimId ?? eventId;
}

/** Which dead letters are meant. All given conditions must hold. */
export interface DeadLetterFilter {
  readonly pathway?: string;
  /** The pump (`flowType::group`) or `webhook`. */
  readonly source?: string;
  readonly orderKey?: string;
  readonly reason?: DeadLetter['reason'];
  readonly fingerprint?: string;
}

/** How many dead letters have one cause. */
export interface FingerprintCount {
  readonly fingerprint: string;
  readonly count: number;
}

/** Keeps dead letters until somebody replays or discards them. */
export interface DeadLetterStore {
  /** Adds a letter; the same event again replaces it and keeps its place. Must be durable when it returns. */
  add(letter: DeadLetter): MaybePromise<void>;

  /**
   * Adds a letter only while another one of its source and key is there; otherwise `false`, and the event may run. A letter
   * of the same event is not another one. The look and the addition must be one step: else a letter could be left behind
   * the last one of a replay for ever.
   */
  park(letter: DeadLetter): MaybePromise<boolean>;

  /** @param eventId or a `claimId`: another copy of its write asks by that. */
  get(eventId: string): MaybePromise<DeadLetter | undefined>;
  /**
   * In the order they were added.
   *
   * @param after a `sequence`: only letters behind it.
   */
  list(filter?: DeadLetterFilter, limit?: number, after?: number): MaybePromise<readonly DeadLetter[]>;
  /** @param after a `sequence`: only letters behind it. */
  count(filter?: DeadLetterFilter, after?: number): MaybePromise<number>;
  /** The most frequent first. */
  countByFingerprint(filter?: DeadLetterFilter): MaybePromise<readonly FingerprintCount[]>;
  /** @param generation remove it only while it is a letter of this generation: a later delivery may have replaced it. */
  remove(eventId: string, generation?: number): MaybePromise<void>;
  /** The first dead letter that holds back later events of this key, if any. */
  blockerOf(source: string, orderKey: string): MaybePromise<string | undefined>;
  /**
   * Those of the keys that have such a dead letter, in one look.
   *
   * @default without it every event of a batch costs a `blockerOf`
   */
  blockedKeys?(source: string, orderKeys: readonly string[]): MaybePromise<readonly string[]>;
}
