import { isRecord } from '../event/event-shape.util.js';
import type { StoredEventNotification } from '../event/stored-event-notification.interface.js';

/**
 * Subject of everything announced about a flow type (protocol §6.3). Dots inside names are left as they are, so a flow
 * type `order` is also told of what is stored in `order.0`; event type and payload tell them apart.
 */
export function subjectOf(dataCoreId: string, flowType: string): string {
  return `${prefixOf(dataCoreId, flowType)}>`;
}

/** What a message announces. */
export type NatsAnnouncement =
  | { readonly kind: 'stored'; readonly notification: StoredEventNotification }
  /** The protocol does not promise a payload; the subject alone says that something was stored. */
  | { readonly kind: 'unspecified'; readonly eventType: string };

/** Reads a message that came for a flow type; never throws, because one odd message must not end the subscription. */
export function readNatsMessage(
  message: { readonly subject: string; readonly text: string },
  scope: { readonly dataCoreId: string; readonly flowType: string },
): NatsAnnouncement {
  const eventType = message.subject.slice(prefixOf(scope.dataCoreId, scope.flowType).length);
  const frame = parse(message.text);
  const data = isRecord(frame) ? frame['data'] : undefined;
  if (!isRecord(data)) return { kind: 'unspecified', eventType };
  const { eventId, eventType: toldType } = data;
  const flowType = data['flowType'] ?? data['aggregator'];
  if (typeof eventId !== 'string' || typeof flowType !== 'string' || typeof toldType !== 'string') {
    return { kind: 'unspecified', eventType };
  }
  return { kind: 'stored', notification: { eventId, flowType, eventType: toldType } };
}

function prefixOf(dataCoreId: string, flowType: string): string {
  return `stored.event.notify.0.${dataCoreId}.${flowType}.`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
