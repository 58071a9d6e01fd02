import { isRecord } from '../event/event-shape.util.js';
import type { StoredEventNotification } from '../event/stored-event-notification.interface.js';

/** What a frame of the notification service says (protocol §6.1). */
export type NotificationFrame =
  | { readonly kind: 'stored'; readonly notification: StoredEventNotification }
  | { readonly kind: 'rejection'; readonly message: string }
  | { readonly kind: 'unusable'; readonly problem: string };

/** Reads a frame; never throws, because one odd frame must not end the subscription. */
export function readNotificationFrame(text: string): NotificationFrame {
  const frame = parse(text);
  if (!isRecord(frame)) return unusable('it is not a JSON object');
  if (frame['type'] === 'validation') return { kind: 'rejection', message: rejectionText(frame) };
  if (typeof frame['message'] !== 'string') return unusable('it has no message');

  const inner = parse(frame['message']);
  const data = isRecord(inner) ? inner['data'] : undefined;
  if (!isRecord(data)) return unusable('its message has no data');
  const { eventId, aggregator, eventType } = data;
  if (typeof eventId !== 'string' || typeof aggregator !== 'string' || typeof eventType !== 'string') {
    return unusable('eventId, aggregator or eventType is not a string');
  }
  return { kind: 'stored', notification: { eventId, flowType: aggregator, eventType } };
}

function unusable(problem: string): NotificationFrame {
  return { kind: 'unusable', problem };
}

function rejectionText({ summary, message }: Record<string, unknown>): string {
  const texts = [summary, message].filter((text) => typeof text === 'string' && text !== '');
  return texts.length > 0 ? texts.join(': ').slice(0, 300) : 'no reason given';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
