import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import type { EventDelivery, EventOutcome } from './event-delivery.interface.js';

/** What a pump needs of the processor. */
export interface PumpProcessor {
  /** Key that orders this event within its pump; `''` is the pump itself. Never throws. */
  orderKey(event: FlowcoreEvent): string;
  /** Rejects only when a store failed: the event is then not finished and must be delivered again. */
  process(event: FlowcoreEvent, delivery: EventDelivery): Promise<EventOutcome>;
  /** Keeps what is stored but no event. Resolves when that is durable. */
  deadLetterMalformed(raw: unknown, problems: readonly string[], delivery: EventDelivery): Promise<void>;
}
