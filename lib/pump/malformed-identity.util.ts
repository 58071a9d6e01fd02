import { createHash } from 'node:crypto';
import { isRecord } from '../event/event-shape.util.js';
import { isTimeUuid } from '../event/time-uuid.util.js';

/** What an unchecked thing from the source is known by: its id, or its content when it has no usable one. */
export function identityOf(raw: unknown): { readonly key: string | undefined; readonly contentKey: string } {
  const eventId = isRecord(raw) ? raw.eventId : undefined;
  if (isTimeUuid(eventId)) return { key: eventId, contentKey: '' };
  const text = JSON.stringify(raw) ?? '';
  return { key: undefined, contentKey: createHash('sha256').update(text).digest('hex') };
}
