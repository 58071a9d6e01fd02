import { PlatformResponseInvalidError } from '../errors/platform-response-invalid.error.js';
import { isRecord } from '../event/event-shape.util.js';

/** Raises the error for a success answer whose body is not what the protocol says. */
export function invalidResponse(
  method: string,
  url: string,
  status: number,
  body: unknown,
  problem: string,
): PlatformResponseInvalidError {
  return new PlatformResponseInvalidError(
    `${method} ${url} was answered with ${status}, but ${problem}. Check that the URL points at a Flowcore platform of a supported version.`,
    { method, url, attempts: 1 },
    status,
    body,
  );
}

/** A string field of an answer, or `undefined`. */
export function stringField(body: unknown, name: string): string | undefined {
  const value = isRecord(body) ? body[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** A field that must be a list of strings, or `undefined`. */
export function stringListField(body: unknown, name: string): string[] | undefined {
  const value = isRecord(body) ? body[name] : undefined;
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}
