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
  const isWellFormed =
    isName(eventId) &&
    isName(flowType) &&
    isName(eventType) &&
    isRecord(payload) &&
    (metadata === undefined || isRecord(metadata));
  if (!isWellFormed)
    throw new EventMalformedError(problemsOf({ eventId, flowType, eventType }, payload, metadata));
  return {
    ...body,
    eventId,
    flowType,
    eventType,
    payload,
    metadata: metadata ?? {},
    timeBucket: isName(body.timeBucket) ? body.timeBucket : readTime(eventId, timeBucketOf),
    tenant: isName(body.tenant) ? body.tenant : '',
    dataCoreId: isName(body.dataCoreId) ? body.dataCoreId : '',
    validTime: isName(body.validTime) ? body.validTime : readTime(eventId, isoOf),
  };
}

function problemsOf(names: Record<string, unknown>, payload: unknown, metadata: unknown): string[] {
  const problems: string[] = [];
  for (const [name, value] of Object.entries(names)) {
    if (typeof value !== 'string') problems.push(`${name} is ${kindOf(value)}, not a string`);
    else if (value === '') problems.push(`${name} is empty`);
  }
  if (!isRecord(payload)) problems.push(`payload is ${kindOf(payload)}, not an object`);
  if (metadata !== undefined && !isRecord(metadata)) {
    problems.push(`metadata is ${kindOf(metadata)}, not an object`);
  }
  return problems;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Taken apart only for a field that is missing: reading the id costs more than everything else here. */
function readTime(eventId: string, write: (unixMs: number) => string): string {
  return isTimeUuid(eventId) ? write(timeOfTimeUuid(eventId).unixMs) : '';
}

function isoOf(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
