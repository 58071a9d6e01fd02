import {
  EVENT_TIME_HEADER,
  EVENT_TIME_KEY_HEADER,
  METADATA_HEADER,
  VALID_TIME_HEADER,
  VALID_TIME_KEY_HEADER,
} from '../event/metadata.constants.js';
import { PlatformRequestError } from '../errors/platform-request.error.js';
import { isRecord } from '../event/event-shape.util.js';
import type { DedicatedTenantResolver } from './dedicated-tenant.resolver.js';
import type { Authorization } from './authorization.js';
import type { HttpTransport } from './http-transport.js';
import type { PlatformAnswer } from './platform-answer.js';
import { locate } from './platform-url.util.js';
import { invalidResponse, stringField, stringListField } from './response-shape.util.js';

/** Names of the pathway an event is written to. */
export interface IngestionTarget {
  readonly flowType: string;
  readonly eventType: string;
}

/** What travels beside the payload (protocol §3.2). */
export interface IngestionHeaders {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly eventTime?: Date | undefined;
  readonly validTime?: Date | undefined;
  readonly eventTimeKey?: string | undefined;
  readonly validTimeKey?: string | undefined;
}

/** Who writes, and where. */
export interface IngestionClientOptions {
  readonly tenant: string;
  readonly dataCore: string;
  readonly authorization: Authorization;
  readonly host: string;
}

/** Stores events (protocol §3). */
export class IngestionClient {
  constructor(
    private readonly transport: HttpTransport,
    private readonly dedicated: DedicatedTenantResolver,
    private readonly options: IngestionClientOptions,
  ) {}

  /** Stores one event and returns its id. */
  async writeEvent(
    target: IngestionTarget,
    payload: unknown,
    headers: IngestionHeaders,
    signal?: AbortSignal,
  ): Promise<string> {
    const { url, answer } = await this.post('event', target, payload, headers, signal);
    const eventId = stringField(answer.body, 'eventId');
    if (eventId === undefined) throw this.notUnderstood(url, answer, 'eventId is not a string');
    return eventId;
  }

  /** Stores events in the given order and returns their ids in that order. */
  async writeBatch(
    target: IngestionTarget,
    payloads: readonly unknown[],
    headers: IngestionHeaders,
    signal?: AbortSignal,
  ): Promise<string[]> {
    const { url, answer } = await this.post('events', target, payloads, headers, signal);
    const eventIds = stringListField(answer.body, 'eventIds');
    if (eventIds === undefined) throw this.notUnderstood(url, answer, 'eventIds is not a list of strings');
    if (eventIds.length !== payloads.length) {
      throw this.notUnderstood(url, answer, `it has ${eventIds.length} ids for ${payloads.length} events`);
    }
    return eventIds;
  }

  private async post(
    route: 'event' | 'events',
    { flowType, eventType }: IngestionTarget,
    body: unknown,
    headers: IngestionHeaders,
    signal: AbortSignal | undefined,
  ): Promise<{ url: string; answer: PlatformAnswer }> {
    const { tenant, dataCore, authorization, host } = this.options;
    const base = await this.dedicated.hostOf('webhook', host, signal);
    const url = `${base}/${route}/${tenant}/${dataCore}/${flowType}/${eventType}`;
    const answer = await this.transport.request(
      {
        method: 'POST',
        ...locate(url),
        // Ingestion takes the bare key, without a scheme (protocol §1.2).
        headers: {
          authorization: authorization.ingestion,
          'content-type': 'application/json',
          ...wireHeaders(headers),
        },
        body: JSON.stringify(body),
        operation: route === 'event' ? 'ingest-event' : 'ingest-batch',
      },
      signal,
    );
    return { url, answer };
  }

  /** The platform also reports failures in bodies with a success status (protocol §3.5). */
  private notUnderstood(url: string, { body, status }: PlatformAnswer, problem: string): Error {
    const message = stringField(body, 'message');
    const isFailureBody =
      isRecord(body) && message !== undefined && (body.statusCode === 500 || typeof body.error === 'string');
    if (!isFailureBody) return invalidResponse('POST', url, status, body, problem);
    return new PlatformRequestError(
      `POST ${url} was not accepted: ${message}. Correct the event and write it again.`,
      { method: 'POST', url, attempts: 1 },
      status,
      body,
    );
  }
}

function wireHeaders({
  metadata,
  eventTime,
  validTime,
  eventTimeKey,
  validTimeKey,
}: IngestionHeaders): Record<string, string> {
  const headers: Record<string, string> = { [METADATA_HEADER]: encodeMetadata(metadata) };
  if (eventTime) headers[EVENT_TIME_HEADER] = eventTime.toISOString();
  if (validTime) headers[VALID_TIME_HEADER] = validTime.toISOString();
  if (eventTimeKey) headers[EVENT_TIME_KEY_HEADER] = eventTimeKey;
  if (validTimeKey) headers[VALID_TIME_KEY_HEADER] = validTimeKey;
  return headers;
}

/** Base64 of the UTF-8 JSON. Values that are not strings are serialised: receivers only promise strings (protocol §3.3). */
export function encodeMetadata(metadata: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(metadata).filter(([, value]) => value !== undefined);
  const strings = entries.map(([key, value]) => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return Buffer.from(JSON.stringify(Object.fromEntries(strings)), 'utf8').toString('base64');
}
