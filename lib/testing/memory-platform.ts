import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import type { Clock } from '../event/clock.interface.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import { compareTimeUuids, timeBucketOfTimeUuid, timeUuid } from '../event/time-uuid.util.js';
import type { EventPage, EventPageQuery, EventSource } from '../platform/event-source.interface.js';
import type {
  NotificationListener,
  NotificationSource,
  NotificationSubscription,
} from '../platform/notification-source.interface.js';

/** What to store. Everything left out is made up. */
export interface StoredEventInput {
  /** @default 'order.0' */
  readonly flowType?: string;
  /** @default 'order.placed.0' */
  readonly eventType?: string;
  readonly payload?: unknown;
  readonly metadata?: unknown;
  /** Time of the event in Unix milliseconds. @default the clock's now */
  readonly at?: number;
  /** A given id decides the time. */
  readonly eventId?: string;
  /** Bytes the event counts for. @default the length of its JSON */
  readonly bytes?: number;
  /** Stored in place of an event, to see what becomes of things that are none. Sorted by the id or time given. */
  readonly raw?: unknown;
}

/** How it appears. */
export interface StoreBehaviour {
  /** Nobody is told. */
  readonly silent?: boolean;
  /** Not readable before `reveal`. */
  readonly hidden?: boolean;
}

/** The requests a pump makes. */
export type MemoryPlatformRequest =
  | { readonly operation: 'resolve'; readonly eventTypes: readonly string[] }
  | { readonly operation: 'buckets'; readonly from: string | undefined }
  | { readonly operation: 'events'; readonly query: EventPageQuery };

interface StoredItem {
  readonly id: string;
  readonly typeId: string;
  readonly value: unknown;
  readonly bytes: number;
  hidden: boolean;
}

/**
 * Stored events in memory, behind the contracts the pump reads through. Visibility, announcements and failures are in the
 * hands of the test.
 */
export class MemoryPlatform implements EventSource, NotificationSource {
  /** Every request so far. */
  readonly requests: MemoryPlatformRequest[] = [];
  /** Called before every answer: throw to fail the request, return a promise to hold it. */
  beforeAnswer: ((request: MemoryPlatformRequest) => void | Promise<void>) | undefined;
  /** Called when an events request was answered but has not reached the reader: what happens now is not in the page. */
  afterAnswer: ((query: EventPageQuery) => void | Promise<void>) | undefined;

  private readonly buckets = new Map<string, StoredItem[]>();
  private readonly types = new Set<string>();
  private readonly listeners = new Map<string, Set<NotificationListener>>();
  private readonly cut = new Set<string>();
  private sequence = 0;

  constructor(private readonly clock: Clock) {}

  /** Makes event types known without an event. */
  createEventTypes(flowType: string, ...eventTypes: string[]): void {
    for (const eventType of eventTypes) this.types.add(`${flowType}/${eventType}`);
  }

  /** Stores one event and returns its id. */
  store(input: StoredEventInput = {}, { silent = false, hidden = false }: StoreBehaviour = {}): string {
    const { flowType = 'order.0', eventType = 'order.placed.0' } = input;
    const id = input.eventId ?? this.nextId(input.at ?? this.clock.now());
    const timeBucket = timeBucketOfTimeUuid(id);
    const event: FlowcoreEvent = {
      eventId: id,
      timeBucket,
      tenant: 'acme',
      dataCoreId: 'data-core',
      flowType,
      eventType,
      metadata: (input.metadata ?? {}) as FlowcoreEvent['metadata'],
      payload: input.payload ?? {},
      validTime: new Date(input.at ?? this.clock.now()).toISOString(),
    };
    const value = 'raw' in input ? input.raw : event;
    const bytes = input.bytes ?? JSON.stringify(value).length;
    this.createEventTypes(flowType, eventType);
    this.insert(timeBucket, { id, typeId: `${flowType}/${eventType}`, value, bytes, hidden });
    if (!silent) this.announce(id, flowType, eventType);
    return id;
  }

  /** Makes a hidden event readable. */
  reveal(eventId: string): void {
    const item = this.buckets.get(timeBucketOfTimeUuid(eventId))?.find(({ id }) => id === eventId);
    if (item) item.hidden = false;
  }

  /** Tells subscribers that an event was stored (again, or although it was not). */
  announce(eventId: string, flowType = 'order.0', eventType = 'order.placed.0'): void {
    if (this.cut.has(flowType)) return;
    for (const listener of this.listeners.get(flowType) ?? [])
      listener.onStored({ eventId, flowType, eventType });
  }

  /** Cuts the subscription of a flow type: what is stored now is announced to nobody. */
  disconnect(flowType = 'order.0'): void {
    this.cut.add(flowType);
    for (const listener of this.listeners.get(flowType) ?? [])
      listener.onDisconnected(new Error('The connection was cut'));
  }

  reconnect(flowType = 'order.0'): void {
    this.cut.delete(flowType);
    for (const listener of this.listeners.get(flowType) ?? []) listener.onConnected();
  }

  /** Open subscriptions. */
  get subscriptions(): number {
    let count = 0;
    for (const listeners of this.listeners.values()) count += listeners.size;
    return count;
  }

  async resolveEventTypeIds(flowType: string, eventTypes: readonly string[]): Promise<readonly string[]> {
    await this.answer({ operation: 'resolve', eventTypes });
    return eventTypes.map((eventType) => {
      const id = `${flowType}/${eventType}`;
      if (this.types.has(id)) return id;
      const request = { method: 'GET', url: 'memory://event-types', attempts: 1 };
      throw new PlatformNotFoundError(`Event type ${id} does not exist.`, request, 404);
    });
  }

  async listTimeBuckets(
    eventTypeIds: readonly string[],
    { from, to }: { from?: string; to?: string },
  ): Promise<readonly string[]> {
    await this.answer({ operation: 'buckets', from });
    return [...this.buckets]
      .filter(([bucket]) => (from === undefined || bucket >= from) && (to === undefined || bucket <= to))
      .filter(([, items]) => items.some((item) => !item.hidden && eventTypeIds.includes(item.typeId)))
      .map(([bucket]) => bucket)
      .sort();
  }

  async fetchEvents(query: EventPageQuery): Promise<EventPage> {
    await this.answer({ operation: 'events', query });
    const { eventTypeIds, timeBucket, pageSize, cursor, afterEventId, fromEventId, toEventId } = query;
    const items = this.buckets.get(timeBucket) ?? [];
    const after = cursor ?? (fromEventId === undefined ? afterEventId : undefined);
    let at = 0;
    if (after !== undefined) at = firstWhere(items, (id) => compareTimeUuids(id, after) > 0);
    else if (fromEventId !== undefined)
      at = firstWhere(items, (id) => compareTimeUuids(id, fromEventId) >= 0);

    const page: StoredItem[] = [];
    let more = false;
    for (; at < items.length; at++) {
      const item = items[at] as StoredItem;
      if (toEventId !== undefined && compareTimeUuids(item.id, toEventId) > 0) break;
      if (item.hidden || !eventTypeIds.includes(item.typeId)) continue;
      more = page.length === pageSize;
      if (more) break;
      page.push(item);
    }
    const held = this.afterAnswer?.(query);
    if (held) await held;
    return {
      events: page.map(({ value }) => value),
      bytes: page.reduce((sum, { bytes }) => sum + bytes, 0),
      ...(more ? { nextCursor: page[page.length - 1]?.id ?? '' } : {}),
    };
  }

  subscribe(flowType: string, listener: NotificationListener): NotificationSubscription {
    const listeners = this.listeners.get(flowType) ?? new Set();
    this.listeners.set(flowType, listeners.add(listener));
    queueMicrotask(() => {
      if (listeners.has(listener) && !this.cut.has(flowType)) listener.onConnected();
    });
    return { close: async () => void listeners.delete(listener) };
  }

  private async answer(request: MemoryPlatformRequest): Promise<void> {
    this.requests.push(request);
    const held = this.beforeAnswer?.(request);
    if (held) await held;
  }

  /** Later calls within one millisecond get later ticks, as on the platform. */
  private nextId(at: number): string {
    const tail = (0x9000_0000_0000_0000n + BigInt(this.sequence)).toString(16);
    return timeUuid(at, this.sequence++ % 10_000, `${tail.slice(0, 4)}-${tail.slice(4)}`);
  }

  private insert(timeBucket: string, item: StoredItem): void {
    const items = this.buckets.get(timeBucket) ?? [];
    this.buckets.set(timeBucket, items);
    const last = items[items.length - 1];
    if (!last || compareTimeUuids(last.id, item.id) < 0) items.push(item);
    else
      items.splice(
        firstWhere(items, (id) => compareTimeUuids(id, item.id) > 0),
        0,
        item,
      );
  }
}

/** Index of the first item whose id passes; ids that pass come after those that do not. */
function firstWhere(items: readonly StoredItem[], passes: (id: string) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (passes((items[middle] as StoredItem).id)) high = middle;
    else low = middle + 1;
  }
  return low;
}
