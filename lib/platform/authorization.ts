import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';

/** Who a request comes from, in the form each service expects (protocol §1.2). */
export class Authorization {
  /** Key id of an `fc_<id>_<secret>` key; other keys have none. */
  readonly keyId: string | undefined;
  /** Header of every REST service but ingestion. */
  readonly rest: string;

  /** @throws PathwaysConfigurationError when the key cannot travel in a header. */
  constructor(private readonly apiKey: string) {
    // A line break from a mounted secret file would otherwise fail at the first request, far from its cause.
    if (!/^[\x21-\x7e]+$/.test(apiKey)) {
      throw new PathwaysConfigurationError(
        [{ path: 'apiKey', message: 'is empty or contains spaces, line breaks or characters outside ASCII' }],
        'Platform credentials',
      );
    }
    const [scheme, id] = apiKey.split('_');
    this.keyId = scheme === 'fc' && id ? id : undefined;
    this.rest = this.keyId === undefined ? `ApiKey ${apiKey}` : `ApiKey ${this.keyId}:${apiKey}`;
  }

  /** Header of ingestion: the bare key. */
  get ingestion(): string {
    return this.apiKey;
  }

  /** Query of the notification WebSocket. */
  get query(): string {
    const query = new URLSearchParams({ api_key: this.apiKey });
    if (this.keyId !== undefined) query.set('api_key_id', this.keyId);
    return query.toString();
  }

  /** What must never be shown. */
  get secrets(): readonly string[] {
    return [this.apiKey];
  }

  /** Keeps the key out of `console.log` and JSON of anything that holds this object. */
  toJSON(): object {
    return { keyId: this.keyId };
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Authorization { keyId: ${this.keyId} }`;
  }
}
