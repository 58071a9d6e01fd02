import type { DeadLetter, DeadLetterStore } from '../state/dead-letter-store.interface.js';
import type {
  DeadLetterReplay,
  DeliveredLetter,
  FailedLetter,
  ReplayedLetter,
  SkippedLetter,
} from './dead-letter-replay.interface.js';

/** What one replay has done so far. */
export class ReplayRecord implements DeadLetterReplay {
  readonly replayed: DeliveredLetter[] = [];
  readonly failed: FailedLetter[] = [];
  readonly skipped: SkippedLetter[] = [];

  constructor(private readonly store: DeadLetterStore) {}

  done(letter: DeadLetter, outcome: DeliveredLetter['outcome']): void {
    this.replayed.push({ ...named(letter), outcome });
  }

  async fail(letter: DeadLetter, error: Error): Promise<void> {
    this.failed.push({ ...named(letter), error, waiting: await lettersBehind(this.store, letter) });
  }

  async skip(letter: DeadLetter, why: SkippedLetter['why'], behind?: string): Promise<void> {
    const waiting = await lettersBehind(this.store, letter);
    this.skipped.push({ ...named(letter), why, behind, waiting });
  }
}

/** How many letters of its key stand behind a letter. */
export async function lettersBehind(
  store: DeadLetterStore,
  { source, orderKey, sequence }: DeadLetter,
): Promise<number> {
  return orderKey === undefined ? 0 : store.count({ source, orderKey }, sequence);
}

function named({ eventId, pathway, source, orderKey }: DeadLetter): ReplayedLetter {
  return { eventId, pathway, source, orderKey };
}
