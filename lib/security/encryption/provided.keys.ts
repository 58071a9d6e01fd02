import { EncryptionKeyUnavailableError } from '../../errors/encryption-key-unavailable.error.js';
import { PayloadUndecryptableError } from '../../errors/payload-undecryptable.error.js';
import type { Clock, ClockTimer } from '../../event/clock.interface.js';
import { isRecord } from '../../event/event-shape.util.js';
import { isPromiseLike, type MaybePromise } from '../../event/maybe-promise.type.js';
import type { CipherKeys } from './cipher-keys.interface.js';
import { cipherKeyOf, secretProblem, type CipherKey } from './encryption-key.util.js';
import type { KeyProvider } from './key-provider.interface.js';

/** What provided keys are kept by. */
export interface ProvidedKeysOptions {
  readonly clock: Clock;
  /** Milliseconds an answer counts. */
  readonly keyLifetimeMs: number;
  /** Milliseconds a look-up may take. */
  readonly keyTimeoutMs: number;
}

interface KeptKey {
  readonly key: CipherKey;
  readonly until: number;
}

/** Stands for the active key among the ids: no text is equal to it. */
const ACTIVE = Symbol('active');
type Slot = string | undefined | typeof ACTIVE;

/** Ids come with events, so whoever can write events decides how many there are. */
const MOST_KEPT = 1_000;

/** Keys of a provider, kept for their lifetime. Only keys are kept: a failure, or no key, is asked about again. */
export class ProvidedKeys implements CipherKeys {
  readonly #provider: KeyProvider;
  readonly #kept = new Map<Slot, KeptKey>();
  readonly #running = new Map<Slot, Promise<CipherKey>>();

  constructor(
    provider: KeyProvider,
    private readonly options: ProvidedKeysOptions,
  ) {
    this.#provider = provider;
  }

  active(): MaybePromise<CipherKey> {
    return this.kept(ACTIVE) ?? this.lookUp(ACTIVE, undefined, (signal) => this.askActive(signal));
  }

  byId(id: string | undefined): MaybePromise<CipherKey> {
    return this.kept(id) ?? this.lookUp(id, id, (signal) => this.ask(id, signal));
  }

  private kept(slot: Slot): CipherKey | undefined {
    const kept = this.#kept.get(slot);
    return kept && kept.until > this.options.clock.now() ? kept.key : undefined;
  }

  /** A provider that answers at once is answered for at once. */
  private lookUp(
    slot: Slot,
    id: string | undefined,
    ask: (signal: AbortSignal) => MaybePromise<CipherKey>,
  ): MaybePromise<CipherKey> {
    const running = this.#running.get(slot);
    if (running) return running;
    const limit = new AbortController();
    let asked: MaybePromise<CipherKey>;
    try {
      asked = ask(limit.signal);
    } catch (error) {
      throw unavailable(id, error);
    }
    if (!isPromiseLike(asked)) return this.keep(slot, asked);
    const lookUp = this.within(asked, limit, id)
      .then((key) => this.keep(slot, key))
      .finally(() => this.#running.delete(slot));
    this.#running.set(slot, lookUp);
    return lookUp;
  }

  private async within(
    asked: PromiseLike<CipherKey>,
    limit: AbortController,
    id: string | undefined,
  ): Promise<CipherKey> {
    const { clock, keyTimeoutMs } = this.options;
    let timer: ClockTimer | undefined;
    const tooLate = new Promise<never>((_resolve, reject) => {
      timer = clock.startTimer(keyTimeoutMs, () => {
        reject(new EncryptionKeyUnavailableError(id, `no answer within ${keyTimeoutMs} ms`));
        limit.abort();
      });
    });
    try {
      return await Promise.race([asked, tooLate]);
    } catch (error) {
      throw unavailable(id, error);
    } finally {
      timer?.cancel();
    }
  }

  private keep(slot: Slot, key: CipherKey): CipherKey {
    const { clock, keyLifetimeMs } = this.options;
    if (keyLifetimeMs === 0) return key;
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= MOST_KEPT && !this.#kept.has(slot)) this.#kept.delete(oldest);
    this.#kept.set(slot, { key, until: clock.now() + keyLifetimeMs });
    return key;
  }

  private askActive(signal: AbortSignal): MaybePromise<CipherKey> {
    const given = this.#provider.activeKey(signal);
    return isPromiseLike(given) ? given.then(activeKeyOf) : activeKeyOf(given);
  }

  private ask(id: string | undefined, signal: AbortSignal): MaybePromise<CipherKey> {
    const given = this.#provider.key(id, signal);
    return isPromiseLike(given) ? given.then((secret) => keyOf(id, secret)) : keyOf(id, given);
  }
}

function activeKeyOf(given: unknown): CipherKey {
  const { id, secret } = isRecord(given) ? given : {};
  const isKey =
    typeof id === 'string' && id.trim() !== '' && typeof secret === 'string' && !secretProblem(secret);
  if (!isKey)
    throw new EncryptionKeyUnavailableError(
      undefined,
      'activeKey() gave no { id, secret } with a non-blank id and a secret of at least 32 characters',
    );
  return cipherKeyOf(id, secret);
}

function keyOf(id: string | undefined, secret: unknown): CipherKey {
  if (secret === undefined || secret === null)
    throw new PayloadUndecryptableError(id === undefined ? 'key-id-missing' : 'unknown-key', id);
  if (typeof secret !== 'string' || secretProblem(secret) !== undefined)
    throw new PayloadUndecryptableError('unusable-key', id);
  return cipherKeyOf(id, secret);
}

/** Our own verdicts stay; of a foreign error only the name is told. */
function unavailable(id: string | undefined, error: unknown): Error {
  if (error instanceof PayloadUndecryptableError || error instanceof EncryptionKeyUnavailableError)
    return error;
  return new EncryptionKeyUnavailableError(
    id,
    `the key provider threw ${error instanceof Error ? error.name : 'no Error'}`,
  );
}
