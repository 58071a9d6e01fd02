import { EventMalformedError } from '../errors/event-malformed.error.js';
import { isPayload, isRecord, kindOf } from '../event/event-shape.util.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import { unstorableBecause } from '../event/storable-id.util.js';
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
    unstorableBecause(eventId) === undefined &&
    isName(flowType) &&
    isName(eventType) &&
    isPayload(payload, metadata) &&
    (metadata === undefined || isRecord(metadata));
  if (!isWellFormed || hasReservedKey(body) || hasReservedKeyWithin(metadata))
    throw new EventMalformedError([
      ...problemsOf({ eventId, flowType, eventType }, payload, metadata),
      ...(hasReservedKey(body) ? [`the event has ${RESERVED}`] : []),
      ...(hasReservedKeyWithin(metadata) ? [`metadata has ${RESERVED}`] : []),
    ]);
  // What the platform sends today lacks nothing, and the processor never changes what it gets: no need to copy it.
  const isComplete =
    flowType === body.flowType &&
    metadata !== undefined &&
    isName(body.timeBucket) &&
    isName(body.tenant) &&
    isName(body.dataCoreId) &&
    isName(body.validTime);
  if (isComplete) return body as unknown as FlowcoreEvent;
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
  const unstorable = typeof names['eventId'] === 'string' ? unstorableBecause(names['eventId']) : undefined;
  if (unstorable !== undefined) problems.push(`eventId ${unstorable}`);
  if (!isPayload(payload, metadata)) problems.push(`payload is ${kindOf(payload)}, not an object`);
  if (metadata !== undefined && !isRecord(metadata)) {
    problems.push(`metadata is ${kindOf(metadata)}, not an object`);
  }
  return problems;
}

const RESERVED =
  'a key __proto__ or constructor, which is taken only inside the payload: a copy of the object could turn it into a prototype';

/** The envelope and the metadata are spread and copied all over, by users too; of the payload a safe copy is made. */
function hasReservedKey(value: object): boolean {
  return Object.hasOwn(value, '__proto__') || Object.hasOwn(value, 'constructor');
}

function hasReservedKeyWithin(value: unknown): boolean {
  const pending = [value];
  // Not recursive: a sender decides how deep it goes.
  for (const next of pending) {
    if (typeof next !== 'object' || next === null) continue;
    if (hasReservedKey(next)) return true;
    pending.push(...nestedIn(next));
  }
  return false;
}

/** Metadata are texts nearly always: nothing is made for those. */
function nestedIn(value: object): unknown[] {
  return Object.values(value).filter((item) => typeof item === 'object');
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
