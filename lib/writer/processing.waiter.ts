import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { PathwayWriteTimeoutError } from '../errors/pathway-write-timeout.error.js';
import { PathwayWriteUnawaitableError } from '../errors/pathway-write-unawaitable.error.js';
import { sleep, withJitter, type Clock } from '../event/clock.interface.js';
import type { MaybePromise } from '../event/maybe-promise.type.js';
import { errorOfDeadLetter } from '../processor/dead-letter-error.util.js';
import type { EventWaiters, EventWait } from '../state/event-waiters.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';

/** The parts the waiter works with. */
export interface ProcessingWaiterDependencies {
  readonly store: Pick<PathwaysStore, 'state' | 'deadLetters' | 'signals'>;
  readonly waiters: EventWaiters;
  readonly clock: Clock;
  /** Why nobody will end a wait that has begun, as far as this process knows; `undefined` when somebody may. */
  whyInVain(pathway: PathwayContract): string | undefined;
  /** The same, as the store knows it; a handler in another instance may still run. */
  whyAtRest(pathway: PathwayContract): MaybePromise<string | undefined>;
}

/** What an event may end under: its id, and its claim id where that is another. */
type EventNames = readonly [eventId: string] | readonly [eventId: string, claimId: string];

/** Between two looks for events that end in other instances, should a signal get lost. */
const POLL_MS = 1_000;

/** Waits until stored events are processed, woken by the processor itself. */
export class ProcessingWaiter {
  /** One for each wait: looks whether it has come to be in vain. */
  private readonly looks = new Set<() => void>();

  constructor(private readonly deps: ProcessingWaiterDependencies) {}

  /** Pumps have come to rest: waits that they would have ended are ended now. */
  reconsider(): void {
    for (const look of this.looks) look();
  }

  /**
   * @param claimIds what the events are marked under, where that is not their ids (see claimIdOf): an event has ended when
   * any copy of it has, whoever handled it.
   * @throws PathwayHandlerFailedError (or the other dead-letter errors) when an event became a dead letter.
   * @throws PathwayWriteUnawaitableError when nobody will end it any more: the event is stored all the same.
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
    const over = new AbortController();
    const pending = new Set(names);
    waits.forEach(({ end }, index) => void end.then(() => pending.delete(names[index] as EventNames)));
    const limit = this.limit(pathway, pending, timeoutMs, signal);
    const inVain = this.endInVain(pathway, pending);
    const stopListening = this.listenElsewhere(pathway, pending, inVain.giveUp, over.signal);
    try {
      await Promise.race([limit.reached, inVain.reached, this.everyEnd(pathway, names, waits)]);
    } finally {
      limit.cancel();
      inVain.cancel();
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

  /** A pump that comes to rest while somebody waits, also between the check of the write and its wait, ends the wait. */
  private endInVain(pathway: PathwayContract, pending: ReadonlySet<EventNames>) {
    let giveUp!: (why: string | undefined) => void;
    const reached = new Promise<never>((_, reject) => {
      giveUp = (why) => {
        const [first] = pending;
        if (why && first) reject(new PathwayWriteUnawaitableError(pathway.key, why, first[0]));
      };
    });
    reached.catch(() => {}); // Losing the race must not become an unhandled rejection.
    const look = async () => {
      if (this.deps.whyInVain(pathway) === undefined) return;
      // What has ended by now must not be told to be unfinished, nor what somebody lets go on meanwhile.
      for (const each of pending) await this.wakeIfEnded(pathway, each);
      giveUp(this.deps.whyInVain(pathway));
    };
    this.looks.add(look);
    void look();
    return { reached, giveUp, cancel: () => void this.looks.delete(look) };
  }

  /** Where other instances may end the event: they are told that somebody waits, and a slow poll is the net below. */
  private listenElsewhere(
    pathway: PathwayContract,
    pending: ReadonlySet<EventNames>,
    giveUp: (why: string | undefined) => void,
    over: AbortSignal,
  ): () => void {
    const { store, clock, whyAtRest } = this.deps;
    if (!store.signals) return () => {};
    const poll = async () => {
      for (let wasAtRest = false; !over.aborted;) {
        await sleep(clock, withJitter(POLL_MS, 0.2), over);
        if (over.aborted) return;
        const why = await whyAtRest(pathway);
        for (const each of pending) await this.wakeIfEnded(pathway, each);
        // Twice: handlers that ran when the pause began get a moment to end.
        if (wasAtRest) giveUp(why);
        wasAtRest = why !== undefined;
      }
    };
    void poll();
    return store.signals.waitFor([...pending].flat());
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
    pending: ReadonlySet<EventNames>,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): { reached: Promise<never>; cancel(): void } {
    let abort = () => {};
    let cancelTimer = () => {};
    const reached = new Promise<never>((_, reject) => {
      const timer = this.deps.clock.startTimer(timeoutMs, () => {
        const [first] = pending;
        // None: the last one has ended in this moment, and is about to be told.
        if (first) reject(new PathwayWriteTimeoutError(pathway.key, first[0], timeoutMs));
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
