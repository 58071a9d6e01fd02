import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import type { BatchLimits } from './batch-binding.interface.js';
import type { EventDelivery, EventOutcome } from './event-delivery.interface.js';

/**
 * Order key of an event whose real one is not known yet: it is handled alone, after everything before it and before
 * everything behind it.
 */
export const EVERY_KEY = '\0every';

/** Is told how the event at a place of the batch ended. */
export type BatchListener = (index: number, outcome: EventOutcome) => void;

/** What a pump needs of the processor. */
export interface PumpProcessor {
  /**
   * Makes ready what `orderKey` needs to look at the event; to be awaited before it. Nothing in the common case. Rejects
   * when that failed and may succeed later.
   */
  prepare?(event: FlowcoreEvent): Promise<unknown> | undefined;
  /** Key that orders this event within its pump; `''` is the pump itself, {@link EVERY_KEY} all of its keys. Never throws. */
  orderKey(event: FlowcoreEvent): string;
  /** Rejects only when a store failed: the event is then not finished and must be delivered again. */
  process(event: FlowcoreEvent, delivery: EventDelivery): Promise<EventOutcome>;
  /**
   * Begins the claim of an event that waits for its turn and is the next of its key: `process` goes on with it. False where
   * there is nothing to gain. What does not get its turn must be given back.
   */
  claimAhead?(event: FlowcoreEvent, delivery: EventDelivery): boolean;
  /** Gives up what `claimAhead` began. Never rejects. */
  giveBack?(events: readonly FlowcoreEvent[]): Promise<void>;
  /**
   * The limits of the batches this event may be handed over in, the same object for all events that may be together.
   * `undefined`: by itself.
   */
  batchOf?(event: FlowcoreEvent): BatchLimits | undefined;
  /**
   * Hands over several events of one batch, in their order; those of one key end in that order.
   *
   * @param onEnd told of each event as it ends. Rejects, like `process`, when a store failed: the events that have not
   * ended must be delivered again, in their order.
   */
  processBatch?(
    events: readonly FlowcoreEvent[],
    delivery: EventDelivery,
    onEnd: BatchListener,
  ): Promise<void>;
  /** Keeps what is stored but no event. Resolves when that is durable. */
  deadLetterMalformed(raw: unknown, problems: readonly string[], delivery: EventDelivery): Promise<void>;
}
