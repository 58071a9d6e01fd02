import { PlatformRequestError } from '../errors/platform-request.error.js';
import { isRecord } from '../event/event-shape.util.js';
import { isPromiseLike, type MaybePromise } from '../event/maybe-promise.type.js';
import { untilAborted } from './abortable.util.js';
import type { Authorization } from './authorization.js';
import { parseBaseUrl, pathOf } from './base-url.util.js';
import type { HttpTransport } from './http-transport.js';
import { type IngestionHeaders, ingestionHeaders } from './ingestion-headers.util.js';
import { JsonText, jsonTextOf } from './json-text.js';
import { type FileForm, MultipartBody } from './multipart.body.js';
import type { PlatformAnswer } from './platform-answer.js';
import { describe, quote, requestInfo } from './platform-failure.util.js';
import type { PlatformRequest } from './platform-request.interface.js';

export type { IngestionHeaders } from './ingestion-headers.util.js';

/** Where a write goes, by names. */
export interface IngestionTarget {
  readonly flowType: string;
  readonly eventType: string;
}

export interface IngestionClientOptions {
  readonly transport: HttpTransport;
  readonly authorization: Authorization;
  readonly tenant: string;
  /** Name or UUID. */
  readonly dataCore: string;
  /** Base URL to write to; asked for every write, so it must be cheap (protocol §2.3). */
  readonly host: () => MaybePromise<string>;
}

/** What became of an upload. */
export interface StoredFile {
  /** One event per part of the file. */
  readonly eventIds: readonly string[];
  readonly checksum: string;
  /** Name of the algorithm. */
  readonly hashType: string;
}

interface TargetPaths {
  readonly subject: string;
  readonly event: string;
  readonly batch: string;
  readonly file: string;
}

/**
 * Sends events to the platform (protocol §3). Failed requests are repeated without an idempotency key, because the
 * platform has none: an event may be stored twice, never silently lost (protocol §14.3 N10).
 *
 * Answers are judged stricter than the reference does: ids count only in a 2xx answer, and an error body in a 2xx answer
 * is an error, because either half of such a contradiction means that nobody can promise the event is stored.
 */
export class IngestionClient {
  private readonly pathsByTarget = new Map<string, TargetPaths>();
  private base: { readonly url: string; readonly origin: string; readonly prefix: string } | undefined;

  constructor(private readonly options: IngestionClientOptions) {}

  /**
   * Stores one event.
   *
   * @returns the event id.
   * @throws PlatformRequestError and its children, see {@link HttpTransport.request}.
   */
  async writeEvent(
    target: IngestionTarget,
    payload: unknown,
    headers: IngestionHeaders = {},
    signal?: AbortSignal,
  ): Promise<string> {
    const answer = await this.post('event', target, jsonTextOf(payload), headers, signal);
    return answer.string(answer.object()['eventId'], '$.eventId');
  }

  /**
   * Stores several events of one type, in order, with one request. Splitting into requests of the platform's limit is
   * the caller's.
   *
   * @returns one id per payload, in the same order.
   * @throws PlatformRequestError and its children; PlatformResponseInvalidError when the number of ids differs.
   */
  async writeBatch(
    target: IngestionTarget,
    payloads: readonly unknown[],
    headers: IngestionHeaders = {},
    signal?: AbortSignal,
  ): Promise<string[]> {
    if (payloads.length === 0) return [];
    const answer = await this.post('batch', target, listText(payloads), headers, signal);
    const eventIds = answer.strings(answer.object()['eventIds'], '$.eventIds');
    if (eventIds.length !== payloads.length) {
      throw answer.invalid(
        '$.eventIds',
        `an array of ${payloads.length} ids`,
        `an array of ${eventIds.length}`,
      );
    }
    return eventIds;
  }

  /**
   * Stores a file, which becomes one event or several. Its content is read while it is sent.
   *
   * @throws PlatformRequestError and its children; the content's own error when it cannot be read.
   */
  async writeFile(
    target: IngestionTarget,
    form: FileForm,
    headers: IngestionHeaders = {},
    signal?: AbortSignal,
  ): Promise<StoredFile> {
    const answer = await this.post('file', target, new MultipartBody(form), headers, signal);
    const { eventIds, checksum, hashType } = answer.object();
    const ids = answer.strings(eventIds, '$.eventIds');
    if (ids.length === 0) throw answer.invalid('$.eventIds', 'a list of at least one id', 'an empty one');
    return {
      eventIds: ids,
      checksum: answer.string(checksum, '$.checksum'),
      hashType: answer.string(hashType, '$.hashType'),
    };
  }

  private async post(
    kind: 'event' | 'batch' | 'file',
    target: IngestionTarget,
    body: string | MultipartBody,
    headers: IngestionHeaders,
    signal: AbortSignal | undefined,
  ): Promise<PlatformAnswer> {
    const host = this.options.host();
    const { origin, prefix } = this.baseOf(isPromiseLike(host) ? await untilAborted(host, signal) : host);
    const paths = this.pathsOf(target);
    const request: PlatformRequest = {
      operation: `ingestion.${kind}`,
      subject: paths.subject,
      method: 'POST',
      origin,
      path: prefix + paths[kind],
      authorization: this.options.authorization.ingestion,
      headers: headersFor(body, ingestionHeaders(headers)),
      body,
    };
    const answer = await this.options.transport.request(request, signal);
    refuseErrorBody(answer);
    return answer;
  }

  private pathsOf({ flowType, eventType }: IngestionTarget): TargetPaths {
    const key = keyOf({ flowType, eventType });
    let paths = this.pathsByTarget.get(key);
    if (!paths) {
      const names = pathOf(this.options.tenant, this.options.dataCore, flowType, eventType);
      paths = {
        subject: `pathway "${key}"`,
        event: `/event${names}`,
        batch: `/events${names}`,
        file: `/file${names}`,
      };
      this.pathsByTarget.set(key, paths);
    }
    return paths;
  }

  private baseOf(url: string): { origin: string; prefix: string } {
    if (this.base?.url === url) return this.base;
    const base = { url, ...parseBaseUrl(url) };
    this.base = base;
    return base;
  }
}

const keyOf = ({ flowType, eventType }: IngestionTarget): string => `${flowType}/${eventType}`;

/** A list that is not text already is serialised as a whole: that is faster than item by item. */
function listText(payloads: readonly unknown[]): string {
  return payloads[0] instanceof JsonText
    ? `[${payloads.map(jsonTextOf).join(',')}]`
    : JSON.stringify(payloads);
}

function headersFor(body: string | MultipartBody, headers: Record<string, string>): Record<string, string> {
  if (typeof body === 'string') return headers;
  headers['content-type'] = body.contentType;
  if (body.contentLength !== undefined) headers['content-length'] = String(body.contentLength);
  return headers;
}

/** The two error shapes of ingestion, which some gateways send with status 200 (protocol §3.5). */
function refuseErrorBody(answer: PlatformAnswer): void {
  if (!isRecord(answer.body)) return;
  const { statusCode, error, message } = answer.body;
  const isError = typeof message === 'string' && (statusCode === 500 || typeof error === 'string');
  if (!isError) return;
  const info = requestInfo(answer.request, answer.attempts);
  const body = answer.cleanBody();
  throw new PlatformRequestError(
    `${describe(answer.request, info)} was answered with ${answer.status}, but the body reports an error${quote(body)}. Treat the event as not stored: correct what it names and write again.`,
    info,
    answer.status,
    body,
  );
}
