import type { Clock } from '../event/clock.interface.js';
import type { EventPage, EventPageQuery, EventSource } from '../platform/event-source.interface.js';

/** A source that knows when it last had an answer: whether this instance still reaches the platform. */
export class AnsweredSource implements EventSource {
  /** Clock time. */
  answeredAt = -Infinity;

  constructor(
    private readonly source: EventSource,
    private readonly clock: Clock,
  ) {}

  resolveEventTypeIds(
    flowType: string,
    eventTypes: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly string[]> {
    return this.noted(this.source.resolveEventTypeIds(flowType, eventTypes, signal));
  }

  listTimeBuckets(
    eventTypeIds: readonly string[],
    range: { from?: string; to?: string },
    signal?: AbortSignal,
  ): Promise<readonly string[]> {
    return this.noted(this.source.listTimeBuckets(eventTypeIds, range, signal));
  }

  fetchEvents(query: EventPageQuery, signal?: AbortSignal): Promise<EventPage> {
    return this.noted(this.source.fetchEvents(query, signal));
  }

  private async noted<T>(asked: Promise<T>): Promise<T> {
    const answer = await asked;
    this.answeredAt = this.clock.now();
    return answer;
  }
}
