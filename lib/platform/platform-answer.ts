import { PlatformResponseInvalidError } from '../errors/platform-response-invalid.error.js';
import { isRecord, kindOf } from '../event/event-shape.util.js';
import { describe, requestInfo } from './platform-failure.util.js';
import type { PlatformRequest } from './platform-request.interface.js';
import type { Redact } from './redaction.util.js';

/** A successful answer of the platform, with its body read and parsed once. Fields it does not ask for are ignored. */
export class PlatformAnswer {
  private constructor(
    readonly request: PlatformRequest,
    readonly attempts: number,
    readonly status: number,
    readonly body: unknown,
    /** Length of the body as received. */
    readonly bytes: number,
    private readonly redact: Redact,
  ) {}

  /** @throws PlatformResponseInvalidError when the body is not JSON. An empty one is `undefined`. */
  static of(
    request: PlatformRequest,
    attempts: number,
    status: number,
    bytes: Buffer,
    redact: Redact,
  ): PlatformAnswer {
    const text = bytes.toString('utf8');
    if (text === '') return new PlatformAnswer(request, attempts, status, undefined, 0, redact);
    let body: unknown;
    try {
      body = JSON.parse(text) as unknown;
    } catch {
      throw new PlatformAnswer(request, attempts, status, text.slice(0, 1_000), bytes.length, redact).invalid(
        '$',
        'JSON',
        'other text',
      );
    }
    return new PlatformAnswer(request, attempts, status, body, bytes.length, redact);
  }

  /** The body as an object. */
  object(): Record<string, unknown> {
    return this.record(this.body, '$');
  }

  record(value: unknown, path: string): Record<string, unknown> {
    if (!isRecord(value)) throw this.invalid(path, 'an object', kindOf(value));
    return value;
  }

  /** The body as a list of objects. */
  objects(): Record<string, unknown>[] {
    if (!Array.isArray(this.body)) throw this.invalid('$', 'an array', kindOf(this.body));
    return this.body.map((item: unknown, at) => this.record(item, `$[${at}]`));
  }

  string(value: unknown, path: string): string {
    if (typeof value !== 'string') throw this.invalid(path, 'a string', kindOf(value));
    return value;
  }

  strings(value: unknown, path: string): string[] {
    return this.array(value, path).map((item, at) => this.string(item, `${path}[${at}]`));
  }

  array(value: unknown, path: string): unknown[] {
    if (!Array.isArray(value)) throw this.invalid(path, 'an array', kindOf(value));
    return value;
  }

  /** The error for a body that is not what the protocol says. */
  invalid(path: string, expected: string, found: string): PlatformResponseInvalidError {
    const info = requestInfo(this.request, this.attempts);
    return new PlatformResponseInvalidError(
      `${describe(this.request, info)} was answered with ${this.status}, but ${path} is ${found} where ${expected} belongs. Check that the base URL is the platform's and not a proxy's page; otherwise report it to the platform.`,
      info,
      this.status,
      this.cleanBody(),
    );
  }

  /** The body without redact, for errors. */
  cleanBody(): unknown {
    if (this.body === undefined) return undefined;
    return JSON.parse(this.redact(JSON.stringify(this.body))) as unknown;
  }
}
