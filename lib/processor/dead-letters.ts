import { DeadLetterOutOfOrderError } from '../errors/dead-letter-out-of-order.error.js';
import { DeadLetterRequestInvalidError } from '../errors/dead-letter-request-invalid.error.js';
import { DeadLetterUnknownError } from '../errors/dead-letter-unknown.error.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import {
  claimIdOfLetter,
  type DeadLetter,
  type DeadLetterFilter,
  type FingerprintCount,
} from '../state/dead-letter-store.interface.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import type { DeadLetterDiscard, DeadLetterReplay } from './dead-letter-replay.interface.js';
import { checkedFilter } from './dead-letter-request.util.js';
import type { DeadLetterReplayer } from './dead-letter.replayer.js';
import { lettersBehind } from './replay.record.js';

/** The parts the service works with. */
export interface DeadLettersDependencies {
  readonly store: PathwaysStore;
  readonly replayer: DeadLetterReplayer;
  readonly logger: PathwaysLogger;
}

/** Which part of a list is wanted. */
export interface DeadLetterPageRequest {
  /**
   * Most letters of the page.
   *
   * @default 100
   */
  readonly limit?: number;
  /** `next` of the page before. Absent: from the oldest letter on. */
  readonly after?: number;
}

/** Dead letters in the order they were added. */
export interface DeadLetterPage {
  readonly letters: readonly DeadLetter[];
  /** What to give as `after` for the page behind this one; `undefined` when this is the last. */
  readonly next: number | undefined;
}

/** How a replay may be given up. */
export interface DeadLetterReplayOptions {
  /** Aborted: no further letter is delivered, and the one in flight is given up; it stays. @default none */
  readonly signal?: AbortSignal;
}

const PAGE = 100;

/** The events that could not be handled: look at them, replay them in order, or discard them. */
export class DeadLetters {
  constructor(private readonly deps: DeadLettersDependencies) {}

  /** @throws DeadLetterRequestInvalidError, as every method with a filter, for one that is mistyped. */
  async list(filter: DeadLetterFilter = {}, page: DeadLetterPageRequest = {}): Promise<DeadLetterPage> {
    const { limit = PAGE, after } = page;
    if (!Number.isInteger(limit) || limit < 1) {
      throw new DeadLetterRequestInvalidError(
        `A page of dead letters cannot have the limit ${String(limit)}. Give a whole number from 1 on, or leave it out for ${PAGE}.`,
      );
    }
    // One more than asked for tells whether there is another page.
    const found = await this.deps.store.deadLetters.list(checkedFilter(filter), limit + 1, after);
    const letters = found.slice(0, limit);
    return { letters, next: found.length > limit ? letters.at(-1)?.sequence : undefined };
  }

  async count(filter: DeadLetterFilter = {}): Promise<number> {
    return this.deps.store.deadLetters.count(checkedFilter(filter));
  }

  /** How many letters have one cause, the most frequent cause first. */
  async countByFingerprint(filter: DeadLetterFilter = {}): Promise<readonly FingerprintCount[]> {
    return this.deps.store.deadLetters.countByFingerprint(checkedFilter(filter));
  }

  async get(eventId: string): Promise<DeadLetter | undefined> {
    return this.deps.store.deadLetters.get(eventId);
  }

  /**
   * Delivers dead letters again, through the whole pipeline. Letters of one key go in the order they were added, until one
   * fails again; other keys go on. Events of a key that arrive meanwhile wait behind and are delivered too, so that none is
   * left behind. `{}` means every letter.
   *
   * A filter brings the events that are parked behind its letters along. It does not pass a failed letter it does not mean.
   *
   * @throws DeadLetterUnknownError for an id that is no dead letter, and DeadLetterOutOfOrderError for one that is not the
   * first of its key. Rejects with the store's own error when the store fails; what was delivered so far stays delivered.
   */
  async replay(
    what: string | DeadLetterFilter,
    { signal }: DeadLetterReplayOptions = {},
  ): Promise<DeadLetterReplay> {
    const { replayer, store } = this.deps;
    if (typeof what !== 'string') return replayer.replayWhere(checkedFilter(what), signal);
    const letter = await this.mustGet(what);
    if (letter.orderKey !== undefined) {
      const first = await store.deadLetters.blockerOf(letter.source, letter.orderKey);
      if (first !== undefined && first !== what) {
        throw new DeadLetterOutOfOrderError(what, letter.orderKey, first);
      }
    }
    return replayer.replayLetter(letter, signal);
  }

  /**
   * Gives an event up: its letter is removed, and its mark stays, so that a redelivery is not handled. Waits for a replay of
   * it that is running. Letters behind it stay parked until their key is replayed.
   *
   * @param reason goes into the log, at warn level.
   * @throws DeadLetterUnknownError for an id that is no dead letter, DeadLetterRequestInvalidError for a blank reason.
   */
  async discard(eventId: string, reason: string): Promise<DeadLetterDiscard> {
    if (typeof reason !== 'string' || reason.trim() === '') {
      throw new DeadLetterRequestInvalidError(
        `The dead letter of event ${eventId} is not discarded without a reason: say why the event may be lost; the log keeps it.`,
      );
    }
    const { state, deadLetters } = this.deps.store;
    const found = await this.mustGet(eventId);
    const { generation = 0 } = found;
    const claimId = claimIdOfLetter(found);
    const claim = await state.claim(claimId, generation, 'replay');
    if (claim === 'processed') {
      const letter = await this.mustGet(eventId);
      await deadLetters.remove(eventId, generation);
      return { eventId, outcome: 'already-processed', waiting: await lettersBehind(deadLetters, letter) };
    }
    let letter: DeadLetter;
    try {
      // Again, now that nobody else has the event: a replay may have ended it while this waited.
      letter = await this.mustGet(eventId);
      await deadLetters.remove(eventId);
      await state.complete(claimId, letter.generation ?? 0, 'dead-lettered');
    } catch (error) {
      await state.release(claimId);
      throw error;
    }
    const waiting = await lettersBehind(deadLetters, letter);
    this.report(letter, reason, waiting);
    return { eventId, outcome: 'discarded', waiting };
  }

  private async mustGet(eventId: string): Promise<DeadLetter> {
    const letter = await this.deps.store.deadLetters.get(eventId);
    if (!letter) throw new DeadLetterUnknownError(eventId);
    return letter;
  }

  private report(letter: DeadLetter, reason: string, waiting: number): void {
    const { eventId, pathway, source, orderKey, fingerprint } = letter;
    this.deps.logger.warn(`The dead letter of event ${eventId} of ${pathway} was discarded: ${reason}`, {
      eventId,
      pathway,
      source,
      orderKey,
      fingerprint,
      reason,
      waiting,
    });
  }
}
