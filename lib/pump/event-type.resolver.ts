import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import type { EventSource } from '../platform/event-source.interface.js';

/** An event type that exists on the platform. */
export interface KnownEventType {
  readonly name: string;
  readonly id: string;
}

/** The ids of a pump's event types. One that nobody has written yet does not exist on the platform, and may come later. */
export class EventTypeResolver {
  private missing: readonly string[] = [];

  constructor(
    private readonly source: EventSource,
    private readonly flowType: string,
    private readonly eventTypes: readonly string[],
  ) {}

  /** Those that exist. @throws PlatformNotFoundError when none does. */
  async resolveExisting(signal: AbortSignal): Promise<KnownEventType[]> {
    const found: KnownEventType[] = [];
    const missing: string[] = [];
    let notFound: unknown;
    for (const eventType of this.eventTypes) {
      try {
        found.push(...(await this.find(eventType, signal)));
      } catch (error) {
        if (!(error instanceof PlatformNotFoundError)) throw error;
        notFound = error;
        missing.push(eventType);
      }
    }
    if (found.length === 0) throw notFound;
    this.missing = missing;
    return found;
  }

  /** Looks again for those that did not exist. */
  async adoptNew(
    adopt: (eventTypes: readonly KnownEventType[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    for (const eventType of this.missing) {
      try {
        const found = await this.find(eventType, signal);
        this.missing = this.missing.filter((name) => name !== eventType);
        await adopt(found);
      } catch (error) {
        if (!(error instanceof PlatformNotFoundError)) throw error;
      }
    }
  }

  private async find(eventType: string, signal: AbortSignal): Promise<KnownEventType[]> {
    const ids = await this.source.resolveEventTypeIds(this.flowType, [eventType], signal);
    return ids.map((id) => ({ name: eventType, id }));
  }
}
