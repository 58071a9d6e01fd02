/**
 * Delivers dead letters again.
 *
 * Letters of one key (source and order key) go strictly in the order they were added, and for each of them:
 *
 * *first of its key* → *delivered* → processed: *removed*, then the next first one, until the key has none;
 *                                  → failed, not deliverable, aborted: it stays, and so does everything behind it.
 *
 * The first letter is read anew for every step: an event of the key that arrives meanwhile parks behind (the store looks
 * and adds in one step), and the loop finds it. Letters without a key stand alone. Replays of one letter at the same time,
 * also in different instances, meet at the event's claim: the second finds it processed and only removes the letter.
 */
import { ChunkPartsMissingError } from '../errors/chunk-parts-missing.error.js';
import { PathwaysNotReadyError } from '../errors/pathways-not-ready.error.js';
import { within, type Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import { matchesFilter } from '../state/dead-letter-filter.util.js';
import type { DeadLetter, DeadLetterFilter } from '../state/dead-letter-store.interface.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import type { DeadLetterReplay, DeliveredLetter, SkippedLetter } from './dead-letter-replay.interface.js';
import { isMalformedLetter } from './dead-letter.office.js';
import type { PumpProcessor } from './pump-processor.interface.js';
import { ReplayRecord } from './replay.record.js';
import { withStoreRetry } from './store-retry.util.js';

/** The parts the replayer works with. */
export interface DeadLetterReplayerDependencies {
  readonly store: Pick<PathwaysStore, 'deadLetters'>;
  readonly processor: Pick<PumpProcessor, 'process'>;
  /** Whether anything in this instance runs for the pathway of these names. */
  handles(flowType: string, eventType: string): boolean;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
}

type Step =
  | { readonly status: DeliveredLetter['outcome'] }
  | { readonly status: 'failed'; readonly error: Error }
  | { readonly status: 'skipped'; readonly why: SkippedLetter['why'] };

const ABORTED: Step = { status: 'skipped', why: 'aborted' };

/** Letters read at once. */
const PAGE = 200;

export class DeadLetterReplayer {
  private readonly running = new Set<Promise<unknown>>();
  private readonly aborting = new AbortController();
  private isStopping = false;

  constructor(private readonly deps: DeadLetterReplayerDependencies) {}

  /** Replays one letter. It must be the first of its key. */
  replayLetter(letter: DeadLetter, signal: AbortSignal | undefined): Promise<DeadLetterReplay> {
    return this.track(signal, async (record, over) => void (await this.step(letter, record, over)));
  }

  /** Replays the letters of a filter, and what is parked behind them. */
  replayWhere(filter: DeadLetterFilter, signal: AbortSignal | undefined): Promise<DeadLetterReplay> {
    return this.track(signal, (record, over) => this.walk(filter, record, over));
  }

  /** Lets deliveries in flight finish within the time, then gives them up. Nothing new starts. */
  async stop(timeoutMs: number): Promise<void> {
    this.isStopping = true;
    if (this.running.size === 0) return;
    const all = Promise.allSettled(this.running);
    await within(this.deps.clock, timeoutMs, all);
    this.aborting.abort(new PathwaysNotReadyError('shutting down'));
    await all;
  }

  private track(
    given: AbortSignal | undefined,
    work: (record: ReplayRecord, over: AbortSignal) => Promise<void>,
  ): Promise<DeadLetterReplay> {
    if (this.isStopping) return Promise.reject(new PathwaysNotReadyError('shutting down'));
    const { signal: own } = this.aborting;
    const record = new ReplayRecord(this.deps.store.deadLetters);
    const replay = work(record, given ? AbortSignal.any([given, own]) : own).then(() => {
      const { replayed, failed, skipped } = record;
      this.deps.logger.info(
        `Replay of dead letters: ${replayed.length} done, ${failed.length} failed again, ${skipped.length} skipped`,
      );
      return { replayed, failed, skipped };
    });
    this.running.add(replay);
    const forget = () => void this.running.delete(replay);
    replay.then(forget, forget);
    return replay;
  }

  private async walk(filter: DeadLetterFilter, record: ReplayRecord, over: AbortSignal): Promise<void> {
    const parts: DeadLetter[] = [];
    await this.pages(filter, record, over, parts);
    // Letters of parts of one large event: with the last of them it was whole, and the others are done with it.
    for (const part of parts) await this.single(part, record, over);
  }

  private async pages(
    filter: DeadLetterFilter,
    record: ReplayRecord,
    over: AbortSignal,
    parts: DeadLetter[],
  ): Promise<void> {
    const { deadLetters } = this.deps.store;
    const seenKeys = new Set<string>();
    // Events that become dead letters meanwhile are not meant: with a steady inflow the replay would never end.
    let left = await deadLetters.count(filter);
    let after = 0;
    while (left > 0) {
      const letters = await deadLetters.list(filter, Math.min(PAGE, left), after);
      for (const letter of letters) {
        if (letter.orderKey === undefined) await this.single(letter, record, over, parts);
        else {
          const key = JSON.stringify([letter.source, letter.orderKey]);
          if (seenKeys.has(key)) continue;
          seenKeys.add(key);
          await this.key(letter.source, letter.orderKey, filter, record, over);
        }
        if (this.isOver(over)) return;
      }
      const next = letters.at(-1)?.sequence ?? 0;
      // A store that keeps no places shows its first page only; reading it again would repeat it for ever.
      if (next <= after) return;
      after = next;
      left -= letters.length;
    }
  }

  /** @param parts takes the letter in when it is a part whose others are not there yet. */
  private async single(
    listed: DeadLetter,
    record: ReplayRecord,
    over: AbortSignal,
    parts?: DeadLetter[],
  ): Promise<void> {
    // Read anew: on a long page it may have been discarded since.
    const letter = await this.deps.store.deadLetters.get(listed.eventId);
    if (letter) await this.step(letter, record, over, parts);
  }

  private async key(
    source: string,
    orderKey: string,
    filter: DeadLetterFilter,
    record: ReplayRecord,
    over: AbortSignal,
  ): Promise<void> {
    const { deadLetters } = this.deps.store;
    for (let hasDelivered = false; ; hasDelivered = true) {
      const [first] = await deadLetters.list({ source, orderKey }, 1);
      if (!first) return;
      // What is parked waited for the letter before it and for nothing else.
      const isMeant = matchesFilter(first, filter) || (hasDelivered && first.reason === 'parked');
      if (!isMeant) {
        const [asked] = await deadLetters.list({ ...filter, source, orderKey }, 1);
        if (asked) await record.skip(asked, 'behind-another', first.eventId);
        return;
      }
      if (!(await this.step(first, record, over))) return;
    }
  }

  /** Delivers one letter and writes down what came of it; `true` when the letter is gone. */
  private async step(
    letter: DeadLetter,
    record: ReplayRecord,
    over: AbortSignal,
    parts?: DeadLetter[],
  ): Promise<boolean> {
    const step = this.isOver(over) ? ABORTED : await this.deliver(letter, over);
    if (parts && step.status === 'failed' && step.error instanceof ChunkPartsMissingError) parts.push(letter);
    else if (step.status === 'skipped') await record.skip(letter, step.why);
    else if (step.status === 'failed') await record.fail(letter, step.error);
    else record.done(letter, step.status);
    return step.status === 'processed' || step.status === 'already-processed';
  }

  private async deliver(letter: DeadLetter, signal: AbortSignal): Promise<Step> {
    const { event, source, eventId, generation = 0 } = letter;
    if (isMalformedLetter(letter)) return { status: 'skipped', why: 'malformed' };
    // The processor would count an event that nobody handles here as processed, and the letter would be lost.
    if (!this.deps.handles(event.flowType, event.eventType)) return { status: 'skipped', why: 'not-handled' };
    const delivery = { source, generation, purpose: 'replay', signal } as const;
    const outcome = await this.deps.processor.process(event, delivery);
    if (outcome.status === 'aborted') return ABORTED;
    if (outcome.status === 'dead-lettered' || outcome.status === 'halted') {
      return { status: 'failed', error: outcome.error };
    }
    // Only now: a crash before this line leaves a letter whose event is marked, and the next replay just removes it.
    await withStoreRetry(this.deps.clock, signal, () =>
      this.deps.store.deadLetters.remove(eventId, generation),
    );
    return { status: outcome.status === 'processed' ? 'processed' : 'already-processed' };
  }

  private isOver(signal: AbortSignal): boolean {
    return this.isStopping || signal.aborted;
  }
}
