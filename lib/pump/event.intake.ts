import type { Clock } from '../event/clock.interface.js';
import { checkStoredEvent } from '../event/event-shape.util.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import type { EventPage } from '../platform/event-source.interface.js';
import type { PumpProcessor } from '../processor/pump-processor.interface.js';
import type { AnnouncedEvents } from './announced-events.js';
import type { FetchBuffer } from './fetch-buffer.js';
import type { FetchPosition } from './fetch-position.js';
import { identityOf } from './malformed-identity.util.js';
import type { PumpItem } from './pump-item.interface.js';
import { RecentIds } from './recent-ids.js';

/** What the intake works with. */
export interface EventIntakeOptions {
  readonly position: FetchPosition;
  readonly buffer: FetchBuffer;
  readonly announced: AnnouncedEvents;
  readonly processor: PumpProcessor;
  readonly clock: Clock;
  readonly pumpKey: string;
  readonly generation: number;
  accept(item: PumpItem): void;
}

const REMEMBERED_IDS = 20_000;

/** Takes what was read, once each, however often it is read. */
export class EventIntake {
  private readonly recent = new RecentIds(REMEMBERED_IDS);

  constructor(private readonly options: EventIntakeOptions) {}

  /** Whether the event was taken lately. */
  has(eventId: string): boolean {
    return this.recent.has(eventId);
  }

  /** Whether an announced event was taken already; it is then forgotten. */
  isSettled(eventId: string): boolean {
    if (!this.recent.has(eventId)) return false;
    this.options.announced.delete(eventId);
    return true;
  }

  async takeAll(page: EventPage, signal: AbortSignal): Promise<void> {
    const bytes = bytesPerEvent(page);
    for (const raw of page.events) {
      if (signal.aborted) throw signal.reason;
      const kept = this.take(raw, bytes, signal);
      if (kept) await kept;
    }
  }

  /** A promise only for what is no event, or has to be decrypted with a key that is not at hand. */
  take(raw: unknown, bytes: number, signal: AbortSignal): Promise<void> | undefined {
    const { processor } = this.options;
    const { event, problems } = checkStoredEvent(raw);
    if (!event) return this.takeMalformed(raw, problems, signal);
    const preparing = processor.prepare?.(event);
    if (preparing) return preparing.then(() => this.accept(event, bytes));
    this.accept(event, bytes);
    return;
  }

  private accept(event: FlowcoreEvent, bytes: number): void {
    const { announced, position, buffer, processor, clock, accept } = this.options;
    const { eventId } = event;
    if (position.isBeyondStop(eventId)) return;
    if (announced.size > 0) announced.delete(eventId);
    if (this.recent.has(eventId)) return;
    this.recent.add(eventId);
    const movesCursor = position.moveTo(eventId);
    buffer.add(bytes);
    accept({
      event,
      orderKey: processor.orderKey(event),
      bytes,
      fetchedAt: clock.now(),
      movesCursor,
      finished: false,
      inFlight: false,
      claimedAt: undefined,
      next: undefined,
    });
  }

  /** Kept as a dead letter before anything behind it is read: the cursor may then pass it. */
  private async takeMalformed(raw: unknown, problems: readonly string[], signal: AbortSignal): Promise<void> {
    const { announced, position, processor, pumpKey, generation } = this.options;
    const { key, contentKey } = identityOf(raw);
    const known = key ?? contentKey;
    if (key !== undefined && position.isBeyondStop(key)) return;
    if (key !== undefined) announced.delete(key);
    // At the end of the stream it is read again at every look.
    if (this.recent.has(known)) return;
    await processor.deadLetterMalformed(raw, problems, { source: pumpKey, generation, signal });
    this.recent.add(known);
    if (key !== undefined) position.moveTo(key);
  }
}

/** The share of one event in a page. */
export function bytesPerEvent({ events, bytes }: EventPage): number {
  return events.length > 0 ? Math.ceil(bytes / events.length) : 0;
}
