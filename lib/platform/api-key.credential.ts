import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';

/**
 * Who a request comes from, in the form each service expects (protocol §1.2). The key is a private field and what
 * contains it are getters, so neither `console.log` nor JSON of anything that holds this object shows it.
 */
export class ApiKeyCredential {
  /** Key id of an `fc_<id>_<secret>` key; other keys have none. */
  readonly keyId: string | undefined;

  readonly #apiKey: string;

  /** @throws PathwaysConfigurationError when the key cannot travel in a header. */
  constructor(apiKey: string) {
    // A line break from a mounted secret file would otherwise fail at the first request, far from its cause.
    if (!/^[\x21-\x7e]+$/.test(apiKey)) {
      throw new PathwaysConfigurationError(
        [{ path: 'apiKey', message: 'is empty or contains spaces, line breaks or characters outside ASCII' }],
        'Platform credentials',
      );
    }
    this.#apiKey = apiKey;
    const [scheme, id] = apiKey.split('_');
    this.keyId = scheme === 'fc' && id ? id : undefined;
  }

  /** Header of every REST service but ingestion. */
  get rest(): string {
    return this.keyId === undefined ? `ApiKey ${this.#apiKey}` : `ApiKey ${this.keyId}:${this.#apiKey}`;
  }

  /** Header of ingestion, and what the published data pump is given: the bare key. */
  get bare(): string {
    return this.#apiKey;
  }

  /** Whether it is of this key. */
  isOf(apiKey: string): boolean {
    return this.#apiKey === apiKey;
  }

  /** Query of the notification WebSocket. */
  get query(): string {
    const query = new URLSearchParams({ api_key: this.#apiKey });
    if (this.keyId !== undefined) query.set('api_key_id', this.keyId);
    return query.toString();
  }
}
