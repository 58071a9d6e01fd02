import { PlatformApiKeyUnavailableError } from '../errors/platform-api-key-unavailable.error.js';
import { PlatformConflictError } from '../errors/platform-conflict.error.js';
import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import { PlatformPayloadTooLargeError } from '../errors/platform-payload-too-large.error.js';
import { PlatformRateLimitedError } from '../errors/platform-rate-limited.error.js';
import { PlatformRequestError, type PlatformRequestInfo } from '../errors/platform-request.error.js';
import { PlatformUnauthorizedError } from '../errors/platform-unauthorized.error.js';
import { PlatformUnavailableError } from '../errors/platform-unavailable.error.js';
import type { ApiKeyCredential } from './api-key.credential.js';
import { type Authorization, MissingApiKey } from './authorization.js';
import type { ExchangeEnd } from './http-exchange.js';
import { isRetriedStatus, isSpent, isUnsendable, MAX_RETRY_AFTER_MS } from './http-retry.util.js';
import type { PlatformRequest } from './platform-request.interface.js';
import { maskedUrl, type Redact } from './redaction.util.js';

/** A platform may answer with a whole HTML page; a message needs only its beginning. */
const MAX_QUOTE_LENGTH = 300;

export interface FailureContext {
  readonly timeoutMs: number;
  readonly retryAfterMs: number | undefined;
  readonly redact: Redact;
}

/** The error for a request that is given up. */
export function requestError(
  request: PlatformRequest,
  attempts: number,
  end: ExchangeEnd,
  context: FailureContext,
): PlatformRequestError {
  const info = requestInfo(request, attempts);
  if (end.kind !== 'answer') return noAnswerError(request, info, end, context);

  const { status } = end;
  const text = context.redact(end.body.toString('utf8'));
  const body = parsedOrText(text);
  const refusal = (advice: string): [string, PlatformRequestInfo, number, unknown] => [
    `${describe(request, info)} was answered with ${status}${quote(body)}. ${advice}`,
    info,
    status,
    body,
  ];
  if (status === 401)
    return new PlatformUnauthorizedError(
      ...refusal(
        'The API key is not accepted: check "apiKey", and that it belongs to this tenant and platform.',
      ),
    );
  if (status === 403)
    return new PlatformUnauthorizedError(
      ...refusal('The API key may not do this: grant it access to this data core, or use another key.'),
    );
  if (status === 404)
    return new PlatformNotFoundError(
      ...refusal('The platform does not know it: check the configured names, and create what is missing.'),
    );
  if (status === 409)
    return new PlatformConflictError(
      ...refusal(
        'It conflicts with what the platform has by now: read the current state, then decide whether to repeat it.',
      ),
    );
  if (status === 413)
    return new PlatformPayloadTooLargeError(
      ...refusal(
        'The request is too large: send smaller payloads or smaller batches (maxBatchSize), or keep the content elsewhere and write a reference to it.',
      ),
    );
  if (status === 429) {
    const [message, , , answer] = refusal(unavailableAdvice(request, status, context));
    return new PlatformRateLimitedError(message, info, answer, context.retryAfterMs);
  }
  if (isRetriedStatus(status))
    return new PlatformUnavailableError(...refusal(unavailableAdvice(request, status, context)));
  const location = end.headers['location'];
  if (status >= 300 && status < 400)
    return new PlatformRequestError(
      ...refusal(
        `Redirects are not followed${location ? ` (to ${maskedUrl(String(location))})` : ''}: correct the base URL.`,
      ),
    );
  return new PlatformRequestError(
    ...refusal('The platform refused the request and will refuse it again: correct what it names.'),
  );
}

/** For requests that the client's own end cut off. */
export function clientClosedError(request: PlatformRequest, attempts: number): PlatformUnavailableError {
  const info = requestInfo(request, attempts);
  return new PlatformUnavailableError(
    `${describe(request, info)} was given up because the client is closed.${unknownOutcome(request, attempts > 0)} Write and read only while the application runs.`,
    info,
    0,
  );
}

/** The credential of a connection to be made. @throws PlatformApiKeyUnavailableError; when the signal aborts, its reason. */
export async function credentialFor(
  what: string,
  url: string,
  authorization: Authorization,
  signal?: AbortSignal,
): Promise<ApiKeyCredential> {
  try {
    return await authorization.credential(signal && (() => signal));
  } catch (error) {
    if (!(error instanceof MissingApiKey)) throw error;
    throw apiKeyUnavailable(what, { method: 'GET', url: maskedUrl(url), attempts: 1 }, error);
  }
}

function apiKeyUnavailable(
  what: string,
  info: PlatformRequestInfo,
  { message, cause }: MissingApiKey,
  outcome = '',
): PlatformApiKeyUnavailableError {
  return new PlatformApiKeyUnavailableError(
    `${what} cannot be made: the function given as "apiKey" ${message.replace(/\.$/, '')}. See that it returns a key in time; it is asked again for the next request.${outcome}`,
    info,
    0,
    undefined,
    { cause },
  );
}

export function requestInfo(request: PlatformRequest, attempts: number): PlatformRequestInfo {
  return { method: request.method, url: maskedUrl(request.origin + request.path), attempts };
}

/** Method, address, subject and attempts: the beginning of every message. */
export function describe(request: PlatformRequest, { method, url, attempts }: PlatformRequestInfo): string {
  const subject = request.subject === undefined ? '' : ` (${request.subject})`;
  return `${method} ${url}${subject}${attempts > 1 ? ` (${attempts} attempts)` : ''}`;
}

/** The platform's own words about a refusal, where it gave some. */
function platformMessageOf(body: unknown): string | undefined {
  if (typeof body === 'string') return body.trim() || undefined;
  if (typeof body !== 'object' || body === null) return undefined;
  const { message, error } = body as { message?: unknown; error?: unknown };
  return [message, error].find((text): text is string => typeof text === 'string' && text !== '');
}

export function quote(body: unknown): string {
  const message = platformMessageOf(body);
  if (message === undefined) return '';
  return `: "${message.length > MAX_QUOTE_LENGTH ? `${message.slice(0, MAX_QUOTE_LENGTH)}…` : message}"`;
}

function noAnswerError(
  request: PlatformRequest,
  info: PlatformRequestInfo,
  end: Exclude<ExchangeEnd, { kind: 'answer' }>,
  { timeoutMs, redact }: FailureContext,
): PlatformRequestError {
  const error = end.kind === 'failure' ? end.error : undefined;
  if (error instanceof MissingApiKey)
    return apiKeyUnavailable(
      describe(request, info),
      info,
      error,
      unknownOutcome(request, info.attempts > 1),
    );
  const reason = redact(error instanceof Error ? reasonOf(error) : String(error));
  if (isUnsendable(error)) {
    return new PlatformRequestError(
      `${describe(request, info)} could not be sent: ${reason}. Check header values (API key, extra headers) for line breaks and characters outside ASCII.`,
      info,
      0,
    );
  }
  const what =
    end.kind === 'failure' && end.isTimeout
      ? `was not answered completely within ${timeoutMs} ms`
      : `got no answer: ${reason}`;
  return new PlatformUnavailableError(
    `${describe(request, info)} ${what}. Check the base URL, the network and the platform's health.${unknownOutcome(request, true)}`,
    info,
    0,
    undefined,
    { cause: error },
  );
}

/** A name with several addresses fails with a list of errors and an empty message. */
function reasonOf(error: Error): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((each) => (each instanceof Error ? each.message : String(each))).join(', ');
  }
  return error.message || error.name;
}

function unavailableAdvice(
  request: PlatformRequest,
  status: number,
  { retryAfterMs = 0 }: FailureContext,
): string {
  const wait =
    retryAfterMs > MAX_RETRY_AFTER_MS
      ? ` It asks to wait ${Math.round(retryAfterMs / 1_000)} s, longer than a request waits.`
      : '';
  const reason =
    status === 429
      ? 'The platform limits the rate: send less, or later.'
      : 'The platform is overloaded or broken: try again later.';
  return `${reason}${wait}${unknownOutcome(request, status !== 429)}`;
}

/** A lost answer does not mean a lost write (protocol §14.3 N10). */
function unknownOutcome(request: PlatformRequest, mayBeDone: boolean): string {
  const outcome = request.method === 'POST' && mayBeDone ? ' It may have been carried out all the same.' : '';
  return isSpent(request)
    ? `${outcome} It was not tried again, because its content was a stream, which can be read once only: give a Buffer, a Blob or a function that opens the stream.`
    : outcome;
}

function parsedOrText(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
