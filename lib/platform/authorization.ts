import { type Clock, sleep, systemClock } from '../event/clock.interface.js';
import { kindOf } from '../event/event-shape.util.js';
import { isPromiseLike, type MaybePromise } from '../event/maybe-promise.type.js';
import { untilAborted } from './abortable.util.js';
import { ApiKeyCredential } from './api-key.credential.js';
import type { ApiKeyProvider } from './api-key-provider.type.js';
import { type Redact, redactorOf } from './redaction.util.js';

/** While keys are rotated, answers to requests under way may still quote the one before. */
const REMEMBERED_KEYS = 8;

/** How long a function is waited for. */
export interface AuthorizationLimits {
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** The function has no key to give; the message says why. Whoever asked knows for which request. */
export class MissingApiKey extends Error {}

/** What is sent as the header of one attempt. The signal is asked for when something is waited for. */
export type AuthorizationHeader = (signal?: () => AbortSignal) => MaybePromise<string>;

/** As whom requests are made. A key that is a function is asked anew for each of them. */
export class Authorization {
  /** Takes the keys out of texts that came from elsewhere. */
  readonly redact: Redact = (text) => this.#redactors.reduce((left, redact) => redact(left), text);
  /** Of every REST service but ingestion. */
  readonly rest: AuthorizationHeader = (signal) => mapped(this.credential(signal), ({ rest }) => rest);
  readonly ingestion: AuthorizationHeader = (signal) => mapped(this.credential(signal), ({ bare }) => bare);

  readonly #ask: ApiKeyProvider | undefined;
  #latest: ApiKeyCredential | undefined;
  #redactors: readonly Redact[] = [];

  /** @throws PathwaysConfigurationError when a key that is no function cannot travel in a header. */
  constructor(
    apiKey: string | ApiKeyProvider,
    private readonly limits: AuthorizationLimits = { clock: systemClock, timeoutMs: 10_000 },
  ) {
    if (typeof apiKey === 'function') this.#ask = apiKey;
    else this.#latest = this.credentialOf(apiKey);
  }

  /** The one that counts now. Rejects with MissingApiKey; when the signal aborts, with its reason. */
  credential(signal?: () => AbortSignal): MaybePromise<ApiKeyCredential> {
    // With a key that is no function there always is a latest one.
    return this.#ask || !this.#latest ? this.asked(signal?.()) : this.#latest;
  }

  private async asked(signal: AbortSignal | undefined): Promise<ApiKeyCredential> {
    let apiKey: unknown;
    try {
      apiKey = await untilAborted(this.answerInTime(), signal);
    } catch (error) {
      if (signal?.aborted || error instanceof MissingApiKey) throw error;
      const reason = error instanceof Error ? error.message || error.name : String(error);
      throw new MissingApiKey(`failed: ${this.redact(reason)}`, { cause: error });
    }
    if (typeof apiKey !== 'string') {
      const what = apiKey === undefined ? 'nothing' : kindOf(apiKey);
      throw new MissingApiKey(`returned ${what}, not a string`);
    }
    try {
      return this.credentialOf(apiKey);
    } catch (error) {
      const what = 'returned a key that is empty or contains spaces, line breaks or characters outside ASCII';
      throw new MissingApiKey(what, { cause: error });
    }
  }

  /** A function that hangs must hold up neither a request for ever nor the end of the application. */
  private async answerInTime(): Promise<unknown> {
    const { clock, timeoutMs } = this.limits;
    const answered = new AbortController();
    const limit = async () => {
      await sleep(clock, timeoutMs, answered.signal);
      if (!answered.signal.aborted) throw new MissingApiKey(`did not answer within ${timeoutMs} ms`);
    };
    try {
      return await Promise.race([this.#ask?.(), limit()]);
    } finally {
      answered.abort();
    }
  }

  private credentialOf(apiKey: string): ApiKeyCredential {
    if (this.#latest?.isOf(apiKey)) return this.#latest;
    const credential = new ApiKeyCredential(apiKey);
    this.#latest = credential;
    this.#redactors = [redactorOf(apiKey), ...this.#redactors].slice(0, REMEMBERED_KEYS);
    return credential;
  }
}

function mapped<TFrom, TTo>(value: MaybePromise<TFrom>, map: (value: TFrom) => TTo): MaybePromise<TTo> {
  return isPromiseLike(value) ? value.then(map) : map(value);
}
