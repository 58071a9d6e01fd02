import type { Agent } from 'undici';
import { type Clock, sleep } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import { isPromiseLike } from '../event/maybe-promise.type.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import { MissingApiKey } from './authorization.js';
import { type ExchangeEnd, HttpExchange } from './http-exchange.js';
import { isSpent, isWorthRetrying, MAX_RETRY_AFTER_MS, retryAfterOf, retryDelay } from './http-retry.util.js';
import { outsideRequests } from './outside-requests.util.js';
import { PlatformAnswer } from './platform-answer.js';
import { clientClosedError, requestError } from './platform-failure.util.js';
import type { PlatformRequest } from './platform-request.interface.js';
import { nothingToRedact, type Redact } from './redaction.util.js';

export interface HttpTransportOptions {
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  readonly telemetry: Telemetry;
  /**
   * Milliseconds one attempt may take: waiting for a connection, sending, and reading the whole answer.
   *
   * @default 10_000
   */
  readonly timeoutMs?: number;
  /**
   * Attempts per request.
   *
   * @default 5
   */
  readonly maxAttempts?: number;
  /** Takes the credentials out of what the platform sends back. */
  readonly redact?: Redact;
  /** Spreads the retries. @default Math.random */
  readonly random?: () => number;
}

/**
 * Requests to the platform, over connections of its own that stay open until `close`.
 *
 * Retried are 408, 429, 500, 502, 503, 504, network failures and time-outs, for ingestion too, as other clients do: an
 * event whose first attempt was stored unnoticed exists twice then (protocol §14.3 N10).
 */
export class HttpTransport {
  private agent: Agent | undefined;
  private opening: Promise<Agent> | undefined;
  private readonly timeoutMs: number;
  private readonly maxAttempts: number;
  private readonly random: () => number;
  private readonly redact: Redact;
  /** Ends whatever a running request waits for. */
  private readonly running = new Set<() => void>();
  private isClosed = false;

  constructor(private readonly options: HttpTransportOptions) {
    this.timeoutMs = options.timeoutMs ?? 10_000;
    this.maxAttempts = options.maxAttempts ?? 5;
    this.random = options.random ?? Math.random;
    this.redact = options.redact ?? nothingToRedact;
  }

  /**
   * Sends a request until it is answered with any 2xx.
   *
   * @throws PlatformUnauthorizedError (401, 403), PlatformNotFoundError (404), PlatformUnavailableError (no answer, or
   * a retried status after the last attempt; PlatformApiKeyUnavailableError where there was no key to send), PlatformResponseInvalidError (2xx without JSON), otherwise
   * PlatformRequestError. When the signal aborts, its reason. When a streamed body cannot be read, its own error.
   */
  async request(request: PlatformRequest, signal?: AbortSignal): Promise<PlatformAnswer> {
    for (let attempt = 1; ; attempt++) {
      this.throwIfStopped(request, attempt - 1, signal);
      const end = await this.attempt(request, attempt, signal);
      this.throwIfStopped(request, attempt, signal);
      if (end.kind === 'unreadable') throw end.error;
      if (end.kind === 'answer' && end.status >= 200 && end.status < 300)
        return PlatformAnswer.of(request, attempt, end.status, end.body, this.redact);

      const retryAfterMs = retryAfterOf(end, this.options.clock.now());
      const isLast =
        attempt >= (request.maxAttempts ?? this.maxAttempts) ||
        (retryAfterMs ?? 0) > MAX_RETRY_AFTER_MS ||
        isSpent(request);
      if (isLast || !isWorthRetrying(end)) {
        throw requestError(request, attempt, end, {
          timeoutMs: this.timeoutMs,
          retryAfterMs,
          redact: this.redact,
        });
      }
      const delayMs = retryDelay(attempt, retryAfterMs, this.random, request.backoff);
      this.options.logger.debug('Request to the platform failed; trying again', {
        operation: request.operation,
        attempt,
        status: end.kind === 'answer' ? end.status : 0,
        delayMs,
      });
      await this.pause(delayMs, signal);
    }
  }

  /** Ends running requests with an error and closes every connection. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const stop of this.running) stop();
    await (await this.opening)?.destroy();
  }

  private async attempt(
    request: PlatformRequest,
    attempt: number,
    signal: AbortSignal | undefined,
  ): Promise<ExchangeEnd> {
    const agent = this.agent ?? (await this.openAgent());
    this.throwIfStopped(request, attempt - 1, signal);
    const headers = await this.headersOf(request, signal);
    if (headers instanceof MissingApiKey) return { kind: 'failure', error: headers, isTimeout: false };
    this.throwIfStopped(request, attempt - 1, signal);
    const { clock, telemetry } = this.options;
    const startedAt = clock.now();
    const exchange = new HttpExchange(agent, { ...request, headers }, this.timeoutMs, clock);
    const end = await this.stoppable(
      () => exchange.cancel(),
      signal,
      () => exchange.end,
    );
    telemetry.requestFinished?.(
      request.operation,
      end.kind === 'answer' ? end.status : 0,
      clock.now() - startedAt,
      attempt,
    );
    return end;
  }

  /** The same, or why there is no key to send; nothing in particular when the request was stopped meanwhile. */
  private async headersOf(
    { headers, authorization }: PlatformRequest,
    signal: AbortSignal | undefined,
  ): Promise<Record<string, string> | MissingApiKey> {
    if (!authorization) return headers;
    let stop: AbortController | undefined;
    // Made when it is asked for: a key that is no function costs nothing here.
    const given = authorization(() => (stop ??= new AbortController()).signal);
    if (!isPromiseLike(given)) return { ...headers, authorization: given };
    try {
      const header = await this.stoppable(
        () => stop?.abort(),
        signal,
        () => given,
      );
      return { ...headers, authorization: header };
    } catch (error) {
      if (stop?.signal.aborted) return headers;
      if (error instanceof MissingApiKey) return error;
      throw error;
    }
  }

  private openAgent(): Promise<Agent> {
    return (this.opening ??= outsideRequests(async () => {
      const { createHttpAgent } = await import('./http-agent.factory.js');
      return (this.agent = createHttpAgent(this.timeoutMs));
    }));
  }

  private async pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    const stop = new AbortController();
    await this.stoppable(
      () => stop.abort(),
      signal,
      () => sleep(this.options.clock, delayMs, stop.signal),
    );
  }

  /** Waits for work that ends early when the caller aborts or the transport closes. */
  private async stoppable<T>(
    stop: () => void,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    this.running.add(stop);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      return await work();
    } finally {
      this.running.delete(stop);
      signal?.removeEventListener('abort', stop);
    }
  }

  private throwIfStopped(request: PlatformRequest, attempts: number, signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    if (this.isClosed) throw clientClosedError(request, attempts);
  }
}
