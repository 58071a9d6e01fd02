import { EventPayloadInvalidError } from '../errors/event-payload-invalid.error.js';
import { PathwayHandlerFailedError } from '../errors/pathway-handler-failed.error.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import type { EventDelivery, EventOutcome } from '../processor/event-delivery.interface.js';
import { PathwayRouter, type RouterProcessor } from './pathway.router.js';

export const SECRET = 's3cret';
export const KEY = 'order.0/order.placed.0';
export const EVENT_ID = 'bde7ac07-4548-11f1-9234-0123456789ab';

export const event = (fields: object = {}) => ({
  eventId: EVENT_ID,
  flowType: 'order.0',
  eventType: 'order.placed.0',
  timeBucket: '20260501100000',
  tenant: 'acme',
  dataCoreId: 'core',
  metadata: { source: 'test' },
  payload: { id: 1 },
  validTime: '2026-05-01T10:30:15.123Z',
  ...fields,
});

/** Knows one pathway; answers with what the test wants and remembers what it got. */
export class RecordingProcessor implements RouterProcessor {
  readonly received: { event: FlowcoreEvent; delivery: EventDelivery }[] = [];

  constructor(private readonly outcomeOf: (event: FlowcoreEvent) => EventOutcome | Promise<EventOutcome>) {}

  has(flowType: string, eventType: string): boolean {
    return `${flowType}/${eventType}` === KEY;
  }

  async process(event: FlowcoreEvent, delivery: EventDelivery): Promise<EventOutcome> {
    this.received.push({ event, delivery });
    return this.outcomeOf(event);
  }
}

export function setUp(
  outcome: EventOutcome | Error = { status: 'processed' },
  secrets: string | string[] = SECRET,
) {
  const processor = new RecordingProcessor(() => {
    if (outcome instanceof Error) throw outcome;
    return outcome;
  });
  return { processor, router: new PathwayRouter(processor, secrets) };
}

export const failed = new PathwayHandlerFailedError(KEY, EVENT_ID, 4, new Error('no stock'));
export const invalid = new EventPayloadInvalidError(KEY, [{ path: 'id', message: 'must be a string' }]);
export const halted = new PathwayHandlerFailedError(KEY, EVENT_ID, 4, new Error('no stock'), 'halted');
