import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import type { LocalFlowcore } from './local-flowcore.interface.js';

export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** Plain HTTP towards Local Flowcore, for its own specs. */
export class LocalTestClient {
  constructor(readonly url: string) {}

  static of(local: LocalFlowcore): LocalTestClient {
    return new LocalTestClient(local.url);
  }

  async request(
    method: string,
    path: string,
    options: { body?: unknown; raw?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<TestAnswer> {
    const { body, raw, headers, signal } = options;
    const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: 'fc_id_secret', 'content-type': 'application/json', ...headers },
      ...(text === undefined ? {} : { body: text }),
      ...(signal ? { signal } : {}),
    });
    const answer = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: JSON.parse(answer) as Record<string, unknown>,
    };
  }

  /** Writes one event, or a batch when given a list. @returns the ids */
  async write(eventType: string, body: unknown, headers: Record<string, string> = {}): Promise<string[]> {
    const route = Array.isArray(body) ? 'events' : 'event';
    const path = `/${route}/acme/shop/order.0/${eventType}`;
    const answer = await this.request('POST', path, { body, headers });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    return (answer.body['eventIds'] ?? [answer.body['eventId']]) as string[];
  }

  async json<T>(path: string): Promise<T> {
    return (await this.request('GET', path)).body as T;
  }

  async eventTypeId(eventType: string): Promise<string> {
    const [core] = await this.json<{ id: string }[]>('/api/v1/data-cores?tenant=acme&name=shop');
    const [flow] = await this.json<{ id: string }[]>(
      `/api/v1/flow-types?dataCoreId=${core?.id}&name=order.0`,
    );
    const [type] = await this.json<{ id: string }[]>(
      `/api/v1/event-types?flowTypeId=${flow?.id}&name=${eventType}`,
    );
    return type?.id ?? 'unknown';
  }

  async page(
    eventType: string,
    timeBucket: string,
    query = '',
  ): Promise<{ events: FlowcoreEvent[]; nextCursor?: string }> {
    const id = await this.eventTypeId(eventType);
    return this.json(`/api/v1/events?eventTypeId=${id}&timeBucket=${timeBucket}${query}`);
  }

  async buckets(eventType: string, query = ''): Promise<{ timeBuckets: string[]; nextCursor?: number }> {
    const id = await this.eventTypeId(eventType);
    return this.json(`/api/v1/time-buckets?eventTypeId=${id}${query}`);
  }

  /** Every event of a type, bucket by bucket. */
  async all(eventType: string): Promise<FlowcoreEvent[]> {
    const { timeBuckets } = await this.buckets(eventType);
    const pages = await Promise.all(timeBuckets.map((bucket) => this.page(eventType, bucket)));
    return pages.flatMap(({ events }) => events);
  }
}
