import { timingSafeEqual } from 'node:crypto';
import { HttpRefusal } from './http-refusal.js';

/** Accepts the three forms of `Authorization` the clients use (protocol §1.2), on every service. */
export class ApiKeyGuard {
  private readonly accepted: readonly Buffer[] | undefined;

  /** @param apiKeys accepted keys and tokens; without a list, any that is not empty. */
  constructor(apiKeys: readonly string[] | undefined) {
    this.accepted = apiKeys?.map((key) => Buffer.from(key));
  }

  /** @throws HttpRefusal 401 */
  checkHeader(authorization: string | undefined): void {
    this.check(authorization === undefined ? undefined : keyOfHeader(authorization));
  }

  /** @throws HttpRefusal 401 */
  checkQuery(query: URLSearchParams): void {
    this.check(query.get('api_key') ?? query.get('token') ?? undefined);
  }

  private check(key: string | undefined): void {
    if (!key) throw new HttpRefusal(401, 'No API key was given. Send it in the Authorization header.');
    if (this.accepted === undefined) return;
    const given = Buffer.from(key);
    const isKnown = this.accepted.some(
      (known) => known.length === given.length && timingSafeEqual(known, given),
    );
    if (!isKnown)
      throw new HttpRefusal(401, 'This API key is not one of those Local Flowcore was started with.');
  }
}

function keyOfHeader(header: string): string {
  const text = header.trim();
  const space = text.indexOf(' ');
  if (space < 0) return text;
  const scheme = text.slice(0, space).toLowerCase();
  const rest = text.slice(space + 1).trim();
  if (scheme === 'bearer') return rest;
  // `ApiKey <id>:<key>`; a key without an id is sent alone.
  return scheme === 'apikey' ? rest.slice(rest.indexOf(':') + 1) : text;
}
