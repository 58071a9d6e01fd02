import type { FlowcoreEvent, PathwayEvent } from '../event/flowcore-event.interface.js';
import type { EventClaim } from '../state/pathway-state.interface.js';
import type { EventOutcome } from './event-delivery.interface.js';

/** One event on its way through a batch. */
export class BatchedEvent {
  /** How it ended. */
  outcome: EventOutcome | undefined;
  /** With its payload as the handler gets it; set when the event is admitted. */
  handled: PathwayEvent | undefined;
  isObserved = false;
  /** Its claim is held, outside a transaction. */
  isClaimed = false;
  /** A claim that somebody else keeps waiting. */
  pendingClaim: Promise<EventClaim> | undefined;
  private onEnded: (() => void) | undefined;

  constructor(
    readonly event: FlowcoreEvent,
    readonly claimId: string,
    readonly orderKey: string,
    private readonly report: (outcome: EventOutcome) => void,
  ) {}

  end(outcome: EventOutcome): void {
    this.outcome = outcome;
    this.report(outcome);
    this.onEnded?.();
  }

  /** Resolves when it has ended. */
  whenEnded(): Promise<void> {
    return this.outcome ? Promise.resolve() : new Promise((resolve) => (this.onEnded = resolve));
  }
}

/** The events of every key, in their order. */
export function byOrderKey(events: readonly BatchedEvent[]): BatchedEvent[][] {
  const keys = new Map<string, BatchedEvent[]>();
  for (const event of events) {
    const sameKey = keys.get(event.orderKey);
    if (sameKey) sameKey.push(event);
    else keys.set(event.orderKey, [event]);
  }
  return [...keys.values()];
}

/** Waits for all of them, also when one fails, so that nothing goes on behind the caller's back. */
export async function settleAll(work: readonly Promise<unknown>[]): Promise<void> {
  const ends = await Promise.allSettled(work);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
