import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { PathwayWriteTimeoutError } from '../errors/pathway-write-timeout.error.js';
import { sleep, withJitter, type Clock } from '../event/clock.interface.js';
import { errorOfDeadLetter } from '../processor/dead-letter-error.util.js';
import type { EventWaiters, EventWait } from '../state/event-waiters.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';

/** The parts the waiter works with. */
export interface ProcessingWaiterDependencies {
  readonly store: Pick<PathwaysStore, 'state' | 'deadLetters' | 'signals'>;
  readonly waiters: EventWaiters;
  readonly clock: Clock;
}

/** What an event may end under: its id, and its claim id where that is another. */
type EventNames = readonly [eventId: string] | readonly [eventId: string, claimId: string];

/** Between two looks for events that end in other instances, should a signal get lost. */
const POLL_MS = 1_000;

/** Waits until stored events are processed, woken by the processor itself. */
export class ProcessingWaiter {
  constructor(private readonly deps: ProcessingWaiterDependencies) {}

  /**
   * @param claimIds what the events are marked under, where that is not their ids (see claimIdOf): an event has ended when
   * any copy of it has, whoever handled it.
   * @throws PathwayHandlerFailedError (or the other dead-letter errors) when an event became a dead letter.
   * @throws PathwayWriteTimeoutError when the time is over first: the event is stored all the same.
   */
  async waitFor(
    pathway: PathwayContract,
    eventIds: readonly string[],
    timeoutMs: number,
    signal: AbortSignal | undefined,
    claimIds: readonly string[] = eventIds,
  ): Promise<void> {
    const names = eventIds.map((eventId, at) => namesOf(eventId, claimIds[at]));
    const waits = names.map((each) => this.deps.waiters.wait(...each));
    const limit = this.limit(pathway, eventIds, waits, timeoutMs, signal);
    const over = new AbortController();
    const stopListening = this.listenElsewhere(pathway, names, waits, over.signal);
    try {
      await Promise.race([limit.reached, this.everyEnd(pathway, names, waits)]);
    } finally {
      limit.cancel();
      over.abort();
      stopListening();
      for (const wait of waits) wait.cancel();
    }
  }

  private async everyEnd(
    pathway: PathwayContract,
    names: readonly EventNames[],
    waits: readonly EventWait[],
  ): Promise<void> {
    // The pump may have been faster than the platform's answer: then the mark is there and nobody will wake us.
    for (const each of names) void this.wakeIfEnded(pathway, each);
    const failIfDeadLettered = async ({ end }: EventWait) => {
      const result = await end;
      if (result.status === 'dead-lettered') throw result.error;
    };
    await Promise.all(waits.map(failIfDeadLettered));
  }

  /** Where other instances may end the event: they are told that somebody waits, and a slow poll is the net below. */
  private listenElsewhere(
    pathway: PathwayContract,
    names: readonly EventNames[],
    waits: readonly EventWait[],
    over: AbortSignal,
  ): () => void {
    const { store, clock } = this.deps;
    if (!store.signals) return () => {};
    const pending = new Set(names);
    waits.forEach(({ end }, index) => void end.then(() => pending.delete(names[index] as EventNames)));
    const poll = async () => {
      while (!over.aborted) {
        await sleep(clock, withJitter(POLL_MS, 0.2), over);
        if (over.aborted) return;
        for (const each of pending) await this.wakeIfEnded(pathway, each);
      }
    };
    void poll();
    return store.signals.waitFor(names.flat());
  }

  private async wakeIfEnded(
    pathway: PathwayContract,
    [eventId, claimId = eventId]: EventNames,
  ): Promise<void> {
    const { state, deadLetters } = this.deps.store;
    try {
      const status = await state.statusOf(claimId);
      if (status === undefined) return;
      if (status === 'processed') return this.deps.waiters.settle(eventId, { status });
      const error = errorOfDeadLetter(pathway.key, eventId, await deadLetters.get(claimId));
      this.deps.waiters.settle(eventId, { status, error });
    } catch {
      // The event is stored all the same: a store that does not answer must not make its writer write it again. The
      // wait goes on, and its time limit says what is known.
    }
  }

  private limit(
    pathway: PathwayContract,
    eventIds: readonly string[],
    waits: readonly EventWait[],
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): { reached: Promise<never>; cancel(): void } {
    const pending = new Set(eventIds);
    waits.forEach(({ end }, index) => void end.then(() => pending.delete(eventIds[index] as string)));
    let abort = () => {};
    let cancelTimer = () => {};
    const reached = new Promise<never>((_, reject) => {
      const timer = this.deps.clock.startTimer(timeoutMs, () => {
        const [first = eventIds[0] as string] = pending;
        reject(new PathwayWriteTimeoutError(pathway.key, first, timeoutMs));
      });
      cancelTimer = () => timer.cancel();
      abort = () => reject(signal?.reason as Error);
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
    reached.catch(() => {}); // Losing the race must not become an unhandled rejection.
    return {
      reached,
      cancel: () => {
        cancelTimer();
        signal?.removeEventListener('abort', abort);
      },
    };
  }
}

function namesOf(eventId: string, claimId: string | undefined): EventNames {
  return claimId === undefined || claimId === eventId ? [eventId] : [eventId, claimId];
}
