import { isRecord } from '../event/event-shape.util.js';
import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import type { Authorization } from './authorization.js';
import type { DedicatedTenantResolver } from './dedicated-tenant.resolver.js';
import type { EventPage, EventPageQuery, EventSource } from './event-source.interface.js';
import type { HttpTransport } from './http-transport.js';
import type { PlatformAnswer } from './platform-answer.js';
import { locate } from './platform-url.util.js';
import type { ResourcesClient } from './resources.client.js';
import { invalidResponse, stringListField } from './response-shape.util.js';

/** The documented page size of bucket lists (protocol §4.1). */
const BUCKET_PAGE_SIZE = 10_000;

/** Reads stored events from the platform (protocol §4). */
export class EventSourceClient implements EventSource {
  private readonly headers: Record<string, string>;

  constructor(
    private readonly transport: HttpTransport,
    private readonly dedicated: DedicatedTenantResolver,
    private readonly resources: ResourcesClient,
    private readonly host: string,
    authorization: Authorization,
  ) {
    this.headers = { authorization: authorization.rest };
  }

  async resolveEventTypeIds(
    flowType: string,
    eventTypes: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly string[]> {
    try {
      return await this.resources.eventTypeIds(flowType, eventTypes, signal);
    } catch (error) {
      // A remembered data core or flow type may have been deleted and made anew.
      if (error instanceof PlatformNotFoundError) this.resources.forget();
      throw error;
    }
  }

  async listTimeBuckets(
    eventTypeIds: readonly string[],
    range: { from?: string; to?: string },
    signal?: AbortSignal,
  ): Promise<readonly string[]> {
    const buckets = new Set<string>();
    let cursor: number | undefined;
    do {
      const query = new URLSearchParams(eventTypeIds.map((id): [string, string] => ['eventTypeId', id]));
      if (range.from !== undefined) query.set('fromTimeBucket', range.from);
      if (range.to !== undefined) query.set('toTimeBucket', range.to);
      query.set('pageSize', String(BUCKET_PAGE_SIZE));
      if (cursor !== undefined) query.set('cursor', String(cursor));
      const { url, answer } = await this.get('/api/v1/time-buckets', query, 'time-bucket-list', signal);
      const page = stringListField(answer.body, 'timeBuckets');
      if (page === undefined)
        throw invalidResponse('GET', url, answer.status, answer.body, 'timeBuckets is not a list of strings');
      for (const bucket of page) buckets.add(bucket);
      const next = isRecord(answer.body) ? answer.body.nextCursor : undefined;
      cursor = typeof next === 'number' && next !== cursor ? next : undefined;
    } while (cursor !== undefined);
    return [...buckets].sort();
  }

  async fetchEvents(query: EventPageQuery, signal?: AbortSignal): Promise<EventPage> {
    const parameters = new URLSearchParams(
      query.eventTypeIds.map((id): [string, string] => ['eventTypeId', id]),
    );
    parameters.set('timeBucket', query.timeBucket);
    parameters.set('pageSize', String(query.pageSize));
    for (const name of ['cursor', 'fromEventId', 'afterEventId', 'toEventId'] as const) {
      const value = query[name];
      if (value !== undefined) parameters.set(name, value);
    }
    const { url, answer } = await this.get('/api/v1/events', parameters, 'event-list', signal);
    const { body, status, bytes } = answer;
    if (!isRecord(body) || !Array.isArray(body.events))
      throw invalidResponse('GET', url, status, body, 'events is not a list');
    const { events, nextCursor } = body;
    return { events, bytes, ...(typeof nextCursor === 'string' ? { nextCursor } : {}) };
  }

  private async get(
    path: string,
    query: URLSearchParams,
    operation: string,
    signal: AbortSignal | undefined,
  ): Promise<{ url: string; answer: PlatformAnswer }> {
    const base = await this.dedicated.hostOf('event-source', this.host, signal);
    const url = `${base}${path}?${query}`;
    return {
      url,
      answer: await this.transport.request(
        { method: 'GET', ...locate(url), headers: this.headers, operation },
        signal,
      ),
    };
  }
}
