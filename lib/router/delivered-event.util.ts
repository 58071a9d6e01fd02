import { EventMalformedError } from '../errors/event-malformed.error.js';
import { isRecord, kindOf } from '../event/event-shape.util.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import { timeBucketOf } from '../event/time-bucket.util.js';
import { isTimeUuid, timeOfTimeUuid } from '../event/time-uuid.util.js';

/**
 * Reads a delivered body as an event (protocol §8.2). A legacy `aggregator` names the flow type and stays on the event.
 * Of the fields that older senders leave out, the times are read from the event id; the others get
 * neutral values. The body itself is not changed.
 *
 * @throws EventMalformedError listing every problem.
 */
export function readDeliveredEvent(body: unknown): FlowcoreEvent {
  if (!isRecord(body)) throw new EventMalformedError([`the body is ${kindOf(body)}, not an object`]);
  const { eventId, eventType, payload, metadata } = body;
  const flowType =
    typeof body.aggregator === 'string' && body.aggregator !== '' ? body.aggregator : body.flowType;
  const problems: string[] = [];
  for (const [name, value] of Object.entries({ eventId, flowType, eventType })) {
    if (typeof value !== 'string') problems.push(`${name} is ${kindOf(value)}, not a string`);
    else if (value === '') problems.push(`${name} is empty`);
  }
  if (!isRecord(payload)) problems.push(`payload is ${kindOf(payload)}, not an object`);
  if (metadata !== undefined && !isRecord(metadata))
    problems.push(`metadata is ${kindOf(metadata)}, not an object`);
  if (problems.length > 0) throw new EventMalformedError(problems);

  const id = eventId as string;
  const storedMs = isTimeUuid(id) ? timeOfTimeUuid(id).unixMs : undefined;
  return {
    ...body,
    eventId: id,
    flowType: flowType as string,
    eventType: eventType as string,
    payload,
    metadata: (metadata ?? {}) as FlowcoreEvent['metadata'],
    timeBucket: textOr(body.timeBucket, storedMs === undefined ? '' : timeBucketOf(storedMs)),
    tenant: textOr(body.tenant, ''),
    dataCoreId: textOr(body.dataCoreId, ''),
    validTime: textOr(body.validTime, storedMs === undefined ? '' : new Date(storedMs).toISOString()),
  };
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback;
}
