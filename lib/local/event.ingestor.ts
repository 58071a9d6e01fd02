import type { Clock } from '../event/clock.interface.js';
import type { StoredEventNotification } from '../event/stored-event-notification.interface.js';
import type { EventIdGenerator } from './event-id.generator.js';
import type { EventLog, LogEntry } from './event-log.interface.js';
import type { ResolvedEventType } from './resource.catalog.js';
import { HttpRefusal } from './http-refusal.js';

/** Largest event the platform takes: UTF-8 bytes of its payload as compact JSON. */
export const MAX_EVENT_BYTES = 64_000;

/** What a write says about one event. */
export interface NewEvent {
  /** Compact JSON. */
  readonly payloadText: string;
  readonly metadataText: string;
  /** Unix time; absent = now. */
  readonly eventTimeMs?: number | undefined;
  /** Unix time; absent = the event time. */
  readonly validTimeMs?: number | undefined;
  /** JSON served instead of what was stored, for tests of how a client takes it. */
  readonly servedAs?: ((event: Record<string, unknown>) => Record<string, unknown>) | undefined;
}

/** Announced after the event became readable. */
export interface StoredEvent extends StoredEventNotification {
  readonly resource: ResolvedEventType;
  readonly validTime: string;
  readonly timeBucket: string;
  readonly sortKey: string;
}

/** Gives events their ids, stores them, and announces them once they can be read. */
export class EventIngestor {
  /** Events stored since the start. */
  stored = 0;

  constructor(
    private readonly log: EventLog,
    private readonly ids: EventIdGenerator,
    private readonly clock: Clock,
    private readonly announce: (events: readonly StoredEvent[]) => void,
    /** Called before the announcement, also of events that are not announced. */
    private readonly deliver: (events: readonly StoredEvent[]) => void = () => {},
  ) {}

  /** Stores all or none; the ids are in the order of the events. */
  async store(
    resource: ResolvedEventType,
    events: readonly NewEvent[],
    isAnnounced = true,
  ): Promise<string[]> {
    const nowMs = this.clock.now();
    const names = namesText(resource);
    const entries: LogEntry[] = [];
    const stored: StoredEvent[] = [];
    for (const event of events) {
      const { eventTimeMs } = event;
      const id = eventTimeMs === undefined ? this.ids.nextLive(nowMs) : this.ids.nextAt(eventTimeMs);
      const validTime = new Date(event.validTimeMs ?? eventTimeMs ?? nowMs).toISOString();
      entries.push({
        eventTypeId: resource.eventType.id,
        timeBucket: id.timeBucket,
        sortKey: id.sortKey,
        text: textOf(names, event, id.eventId, id.timeBucket, validTime),
        live: eventTimeMs === undefined,
      });
      const { name: flowType } = resource.flowType;
      const { name: eventType } = resource.eventType;
      const { eventId, timeBucket, sortKey } = id;
      stored.push({ eventId, flowType, eventType, resource, validTime, timeBucket, sortKey });
    }
    if (entries.length > 0) await this.log.append(entries);
    this.stored += entries.length;
    this.deliver(stored);
    if (isAnnounced) this.announce(stored);
    return stored.map(({ eventId }) => eventId);
  }
}

/** @throws HttpRefusal 400 when the payload is no JSON object, or too large */
export function payloadTextOf(payload: unknown): string {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw new HttpRefusal(400, 'Event payload must be a JSON object: clients cannot read anything else.');
  }
  const text = JSON.stringify(payload);
  // Bytes only matter when the characters alone do not decide: one UTF-16 unit is at most three bytes.
  if (text.length * 3 > MAX_EVENT_BYTES && Buffer.byteLength(text) > MAX_EVENT_BYTES) {
    throw new HttpRefusal(400, `Event size exceeds maximum limit of ${MAX_EVENT_BYTES} bytes`);
  }
  return text;
}

function namesText({ tenant, dataCore, flowType, eventType }: ResolvedEventType): string {
  return `"tenant":${JSON.stringify(tenant.name)},"dataCoreId":"${dataCore.id}","flowType":${JSON.stringify(flowType.name)},"eventType":${JSON.stringify(eventType.name)}`;
}

function textOf(
  names: string,
  { payloadText, metadataText, servedAs }: NewEvent,
  eventId: string,
  timeBucket: string,
  validTime: string,
): string {
  const text = `{"eventId":"${eventId}","timeBucket":"${timeBucket}",${names},"metadata":${metadataText},"payload":${payloadText},"validTime":"${validTime}"}`;
  return servedAs ? JSON.stringify(servedAs(JSON.parse(text) as Record<string, unknown>)) : text;
}
