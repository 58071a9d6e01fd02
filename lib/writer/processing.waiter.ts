import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { PathwayEventDeadLetteredError } from '../errors/pathway-event-dead-lettered.error.js';
import { PathwayWriteTimeoutError } from '../errors/pathway-write-timeout.error.js';
import type { Clock } from '../event/clock.interface.js';
import type { EventEnd, EventWaiters, EventWait } from '../state/event-waiters.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';

/** The parts the waiter works with. */
export interface ProcessingWaiterDependencies {
  readonly store: Pick<PathwaysStore, 'state' | 'deadLetters'>;
  readonly waiters: EventWaiters;
  readonly clock: Clock;
}

/** Waits until stored events are processed, woken by the processor itself. */
export class ProcessingWaiter {
  constructor(private readonly deps: ProcessingWaiterDependencies) {}

  /**
   * @throws PathwayHandlerFailedError (or the other dead-letter errors) when an event became a dead letter.
   * @throws PathwayWriteTimeoutError when the time is over first: the event is stored all the same.
   */
  async waitFor(
    pathway: PathwayContract,
    eventIds: readonly string[],
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const waits = eventIds.map((eventId) => this.deps.waiters.wait(eventId));
    const limit = this.limit(pathway, eventIds, waits, timeoutMs, signal);
    try {
      await Promise.race([limit.reached, this.everyEnd(pathway, eventIds, waits)]);
    } finally {
      limit.cancel();
      for (const wait of waits) wait.cancel();
    }
  }

  private async everyEnd(
    pathway: PathwayContract,
    eventIds: readonly string[],
    waits: readonly EventWait[],
  ): Promise<void> {
    // The pump may have been faster than the platform's answer: then the mark is there and nobody will wake us.
    await Promise.all(eventIds.map((eventId) => this.wakeIfEnded(pathway, eventId)));
    for (const { end } of waits) {
      const result = await end;
      if (result.status === 'dead-lettered') throw result.error;
    }
  }

  private async wakeIfEnded(pathway: PathwayContract, eventId: string): Promise<void> {
    const status = await this.deps.store.state.statusOf(eventId);
    if (status === undefined) return;
    const end: EventEnd =
      status === 'processed' ? { status } : { status, error: await this.errorOf(pathway, eventId) };
    this.deps.waiters.settle(eventId, end);
  }

  private async errorOf(pathway: PathwayContract, eventId: string): Promise<Error> {
    const letter = await this.deps.store.deadLetters.get(eventId);
    return new PathwayEventDeadLetteredError(
      pathway.key,
      eventId,
      letter?.error ?? 'its cause is no longer known.',
    );
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
