import { kindOf } from '../event/event-shape.util.js';
import { isPromiseLike, type MaybePromise } from '../event/maybe-promise.type.js';
import { untilAborted } from './abortable.util.js';
import type { Authorization } from './authorization.js';
import { parseBaseUrl } from './base-url.util.js';
import type { EventPage, EventPageQuery, EventSource } from './event-source.interface.js';
import type { HttpTransport } from './http-transport.js';
import type { PlatformAnswer } from './platform-answer.js';
import type { PlatformRequest } from './platform-request.interface.js';
import type { ResourceIds } from './resource-ids.js';

/** The platform's documented page size, and the largest other clients ask for. */
const BUCKET_PAGE_SIZE = 10_000;

export interface EventSourceClientOptions {
  readonly transport: HttpTransport;
  readonly authorization: Authorization;
  readonly ids: ResourceIds;
  /** Base URL to read from (protocol §2.3). */
  readonly host: () => MaybePromise<string>;
}

/** Reads stored events from the platform (protocol §4). */
export class EventSourceClient implements EventSource {
  constructor(private readonly options: EventSourceClientOptions) {}

  resolveEventTypeIds(
    flowType: string,
    eventTypes: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly string[]> {
    return this.options.ids.ofEventTypes(flowType, eventTypes, signal);
  }

  async listTimeBuckets(
    eventTypeIds: readonly string[],
    range: { from?: string; to?: string } = {},
    signal?: AbortSignal,
  ): Promise<readonly string[]> {
    if (eventTypeIds.length === 0) return [];
    const buckets = new Set<string>();
    const cursors = new Set<string>();
    for (let cursor: string | undefined; ;) {
      const query = new URLSearchParams({ pageSize: String(BUCKET_PAGE_SIZE) });
      for (const id of eventTypeIds) query.append('eventTypeId', id);
      if (range.from !== undefined) query.set('fromTimeBucket', range.from);
      if (range.to !== undefined) query.set('toTimeBucket', range.to);
      if (cursor !== undefined) query.set('cursor', cursor);

      const answer = await this.get('event-source.buckets', '/api/v1/time-buckets', query, signal);
      const { timeBuckets, nextCursor } = answer.object();
      for (const bucket of answer.strings(timeBuckets, '$.timeBuckets')) buckets.add(bucket);
      cursor = cursorOf(answer, nextCursor);
      if (cursor === undefined) break;
      // The same cursor twice would turn the pages in a circle for ever.
      if (cursors.has(cursor)) throw answer.invalid('$.nextCursor', 'a new cursor', 'one seen before');
      cursors.add(cursor);
    }
    // Digits of one width: text order is time order. Not every service promises the union over all types sorted.
    return [...buckets].sort();
  }

  async fetchEvents(page: EventPageQuery, signal?: AbortSignal): Promise<EventPage> {
    const query = new URLSearchParams();
    for (const id of page.eventTypeIds) query.append('eventTypeId', id);
    query.set('timeBucket', page.timeBucket);
    query.set('pageSize', String(page.pageSize));
    if (page.toEventId !== undefined) query.set('toEventId', page.toEventId);
    if (page.cursor !== undefined) query.set('cursor', page.cursor);
    else if (page.fromEventId !== undefined) query.set('fromEventId', page.fromEventId);
    else if (page.afterEventId !== undefined) query.set('afterEventId', page.afterEventId);

    const answer = await this.get('event-source.events', '/api/v1/events', query, signal);
    const { events, nextCursor } = answer.object();
    const cursor = cursorOf(answer, nextCursor);
    return {
      events: answer.array(events, '$.events'),
      ...(cursor === undefined ? {} : { nextCursor: cursor }),
      bytes: answer.bytes,
    };
  }

  private async get(
    operation: string,
    path: string,
    query: URLSearchParams,
    signal: AbortSignal | undefined,
  ): Promise<PlatformAnswer> {
    const { transport, authorization, host } = this.options;
    const url = host();
    const { origin, prefix } = parseBaseUrl(isPromiseLike(url) ? await untilAborted(url, signal) : url);
    const request: PlatformRequest = {
      operation,
      method: 'GET',
      origin,
      path: `${prefix}${path}?${query.toString()}`,
      authorization: authorization.rest,
      headers: {},
    };
    return transport.request(request, signal);
  }
}

/** A number for bucket pages, a string for event pages. `null` and an empty one mean the end, as absent does. */
function cursorOf(answer: PlatformAnswer, value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw answer.invalid('$.nextCursor', 'a string or a number', kindOf(value));
  }
  return String(value);
}
