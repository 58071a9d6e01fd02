import type { FlowcoreEvent } from './flowcore-event.interface.js';
import { isMarkedEncrypted } from './encryption-marker.util.js';
import { isTimeUuid } from './time-uuid.util.js';

/** A checked event, or what keeps it from being one. */
export type EventShape =
  | { readonly event: FlowcoreEvent; readonly problems?: undefined }
  | { readonly event?: undefined; readonly problems: readonly string[] };

/**
 * Checks what the event source handed out (protocol §4.4). A well-formed event is returned as it is, not copied: this
 * runs for every event a pump reads.
 */
export function checkStoredEvent(raw: unknown): EventShape {
  if (!isRecord(raw)) return { problems: [`it is ${kindOf(raw)}, not an object`] };
  const { eventId, flowType, eventType, timeBucket, payload, metadata } = raw;
  const isWellFormed =
    isTimeUuid(eventId) &&
    typeof flowType === 'string' &&
    typeof eventType === 'string' &&
    typeof timeBucket === 'string' &&
    isRecord(metadata) &&
    isPayload(payload, metadata);
  if (isWellFormed) return { event: raw as unknown as FlowcoreEvent };

  const problems: string[] = [];
  if (!isTimeUuid(eventId)) problems.push(`eventId is ${kindOf(eventId)}, not a version-1 UUID`);
  for (const [name, value] of Object.entries({ flowType, eventType, timeBucket })) {
    if (typeof value !== 'string') problems.push(`${name} is ${kindOf(value)}, not a string`);
  }
  if (!isPayload(payload, metadata)) problems.push(`payload is ${kindOf(payload)}, not an object`);
  if (metadata !== undefined && !isRecord(metadata))
    problems.push(`metadata is ${kindOf(metadata)}, not an object`);
  return problems.length > 0
    ? { problems }
    : { event: { ...(raw as unknown as FlowcoreEvent), metadata: {} } };
}

/** An object, or the bare envelope text that some writers of encrypted payloads store (protocol §10.4). */
export function isPayload(payload: unknown, metadata: unknown): boolean {
  return (
    isRecord(payload) || (typeof payload === 'string' && isRecord(metadata) && isMarkedEncrypted(metadata))
  );
}

/** A JSON object: neither null nor an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `null`, `missing`, `an array`, `a string` … for messages. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
