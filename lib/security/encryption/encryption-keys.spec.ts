import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { EncryptionKeyUnavailableError } from '../../errors/encryption-key-unavailable.error.js';
import { PayloadUndecryptableError } from '../../errors/payload-undecryptable.error.js';
import type { MaybePromise } from '../../event/maybe-promise.type.js';
import { ControllableClock } from '../../testing/controllable-clock.js';
import { EncryptionPolicy } from './encryption-policy.js';
import type { EncryptionOptions } from './encryption.options.js';
import type { EncryptionKey, KeyProvider } from './key-provider.interface.js';
import type { PayloadEncryption } from './payload-encryption.js';

const V1 = 'example-keyring-v1-secret-at-least-32-chars';
const V2 = 'example-keyring-v2-secret-at-least-32-chars';
const OLD = 'a-secret-from-before-there-were-key-ids';
const TEXT_V2 =
  'AAECAwQFBgcICQoL.iVxy35KTaTAWMRrYOtUA3vHQhI93xZwuG8gtf0v1zh9FYpfuJpWgWA==.bnfIqjgHyTq1UDKBPoRrjw==';
const PLAIN = '{"id":"order-1","note":"føroyskt 🔐"}';

const clock = new ControllableClock(0);

function cipherOf(options: EncryptionOptions): PayloadEncryption {
  const { cipher } = new EncryptionPolicy(options, clock);
  if (!cipher) throw new Error('there is no cipher');
  return cipher;
}

async function failureOf(work: () => MaybePromise<unknown>): Promise<Error> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('It should have failed');
}

async function reasonOf(work: () => MaybePromise<unknown>): Promise<string> {
  const error = await failureOf(work);
  return error instanceof PayloadUndecryptableError ? error.reason : error.name;
}

describe('configured keys', () => {
  it('without an id: sealed without one, opened without one', () => {
    const cipher = cipherOf({ key: OLD });
    const sealed = cipher.seal('{}');
    expect(sealed).toMatchObject({ keyId: undefined });
    expect(cipher.open((sealed as { text: string }).text, undefined)).toBe('{}');
  });

  it('an id is trimmed and written beside the payload', () => {
    expect(cipherOf({ key: OLD, keyId: ' k1 ' }).seal('{}')).toMatchObject({ keyId: 'k1' });
  });

  it('rotation: what v1 sealed is still opened after the switch to v2, and new payloads name v2', async () => {
    const keys = { v1: V1, v2: V2 };
    const old = await cipherOf({ keyring: { activeKeyId: 'v1', keys } }).seal('old');
    const cipher = cipherOf({ keyring: { activeKeyId: 'v2', keys } });
    const sealed = await cipher.seal('new');
    expect([old.keyId, sealed.keyId]).toEqual(['v1', 'v2']);
    expect(cipher.open(old.text, old.keyId)).toBe('old');
    expect(cipher.open(sealed.text, sealed.keyId)).toBe('new');
  });

  it('vector C: opened with its own key id only', async () => {
    const cipher = cipherOf({ keyring: { activeKeyId: 'v2', keys: { v1: V1, v2: V2 } } });
    expect(cipher.open(TEXT_V2, 'v2')).toBe(PLAIN);
    const flipped = TEXT_V2.replace('.bnfI', '.bnfJ');
    expect(await reasonOf(() => cipher.open(TEXT_V2, 'v1'))).toBe('not-opened');
    expect(await reasonOf(() => cipher.open(flipped, 'v2'))).toBe('not-opened');
    expect(await reasonOf(() => cipher.open(TEXT_V2, 'v9'))).toBe('unknown-key');
    expect(await reasonOf(() => cipher.open(TEXT_V2, undefined))).toBe('key-id-missing');
  });

  it('beside a keyring, the single key opens what names no key, whatever ids the keyring has', async () => {
    const { text } = await cipherOf({ key: OLD }).seal('{}');
    for (const id of ['undefined', 'default', '__fallback__', '__proto__', 'constructor']) {
      const keys = JSON.parse(JSON.stringify({ x: V1 }).replace('"x"', JSON.stringify(id))) as Record<
        string,
        string
      >;
      const cipher = cipherOf({ key: OLD, keyring: { activeKeyId: id, keys } });
      expect(cipher.open(text, undefined)).toBe('{}');
      const own = await cipher.seal('own');
      expect(own.keyId).toBe(id);
      expect(cipher.open(own.text, id)).toBe('own');
    }
  });

  it('a member of every object is no key id', async () => {
    const cipher = cipherOf({ keyring: { activeKeyId: 'v2', keys: { v2: V2 } } });
    expect(await reasonOf(() => cipher.open(TEXT_V2, 'toString'))).toBe('unknown-key');
  });

  it('the active key is resolved once, others for every payload: a key taken away is gone at once', async () => {
    const asked: string[] = [];
    const secrets: Record<string, string | undefined> = { v1: V1, v2: V2 };
    const resolveKey = (id: string) => {
      asked.push(id);
      return secrets[id];
    };
    const { text } = await cipherOf({ key: V1, keyId: 'v1' }).seal('old');
    const cipher = cipherOf({ keyring: { activeKeyId: 'v2', resolveKey } });
    await cipher.seal('a');
    await cipher.seal('b');
    expect(cipher.open(TEXT_V2, 'v2')).toBe(PLAIN);
    expect(cipher.open(text, 'v1')).toBe('old');
    expect(cipher.open(text, 'v1')).toBe('old');
    expect(asked).toEqual(['v2', 'v1', 'v1']);
    secrets['v1'] = undefined;
    expect(await reasonOf(() => cipher.open(text, 'v1'))).toBe('unknown-key');
    secrets['v1'] = 'short';
    expect(await reasonOf(() => cipher.open(text, 'v1'))).toBe('unusable-key');
  });

  it('a resolver that throws is asked again later, and neither its error nor a secret is passed on', async () => {
    const resolveKey = (): string => {
      throw new Error(`cannot read ${V1}`);
    };
    const cipher = cipherOf({ keyring: { activeKeyId: 'v2', keys: { v2: V2 }, resolveKey } });
    const error = await failureOf(() => cipher.open(TEXT_V2, 'v1'));
    expect(error).toBeInstanceOf(EncryptionKeyUnavailableError);
    expect(error.message).toContain('Failed to resolve pathway encryption key ID: v1');
    expect(error.cause).toBeUndefined();
    expect(inspect(error)).not.toContain(V1);
  });

  it('mode none ignores the keys', () => {
    expect(new EncryptionPolicy({ mode: 'none', key: OLD }, clock).cipher).toBeUndefined();
  });

  it('a batch has one key', async () => {
    const sealed = await cipherOf({ key: OLD, keyId: 'k' }).sealAll(['a', 'b']);
    expect(sealed.map(({ keyId }) => keyId)).toEqual(['k', 'k']);
  });
});

describe('provided keys', () => {
  /** Like a KMS: answers later, and counts what it is asked. */
  class Vault implements KeyProvider {
    readonly asked: string[] = [];
    readonly secrets = new Map<string | undefined, string>([
      ['v1', V1],
      ['v2', V2],
    ]);
    active = 'v2';
    failure: Error | undefined;
    signal: AbortSignal | undefined;

    async activeKey(signal: AbortSignal): Promise<EncryptionKey> {
      this.asked.push('active');
      this.signal = signal;
      await Promise.resolve();
      if (this.failure) throw this.failure;
      return { id: this.active, secret: this.secrets.get(this.active) ?? '' };
    }

    async key(id: string | undefined): Promise<string | undefined> {
      this.asked.push(String(id));
      await Promise.resolve();
      if (this.failure) throw this.failure;
      return this.secrets.get(id);
    }
  }

  const open = (overrides: Partial<EncryptionOptions> = {}) => {
    const vault = new Vault();
    return { vault, cipher: cipherOf({ provider: vault, keyLifetimeMs: 1_000, ...overrides }) };
  };

  it('several who need one key share one look-up; afterwards it is at hand without waiting', async () => {
    const { vault, cipher } = open();
    const texts = await Promise.all([1, 2, 3].map(() => cipher.open(TEXT_V2, 'v2')));
    expect(texts).toEqual([PLAIN, PLAIN, PLAIN]);
    expect(cipher.open(TEXT_V2, 'v2')).toBe(PLAIN);
    expect(vault.asked).toEqual(['v2']);
  });

  it('an answer counts for its lifetime: then a new active key is used', async () => {
    const { vault, cipher } = open();
    await cipher.seal('{}');
    vault.active = 'v1';
    clock.advance(999);
    expect(await cipher.seal('{}')).toMatchObject({ keyId: 'v2' });
    clock.advance(1);
    expect(await cipher.seal('{}')).toMatchObject({ keyId: 'v1' });
    expect(vault.asked).toEqual(['active', 'active']);
  });

  it('a lifetime of 0 asks for every payload', async () => {
    const { vault, cipher } = open({ keyLifetimeMs: 0 });
    await cipher.seal('{}');
    await cipher.seal('{}');
    expect(vault.asked).toEqual(['active', 'active']);
  });

  it('neither a failure nor an unknown id is kept', async () => {
    const { vault, cipher } = open();
    vault.failure = new TypeError(`socket hang up while sending ${V2}`);
    const error = await failureOf(() => cipher.open(TEXT_V2, 'v2'));
    expect(error).toBeInstanceOf(EncryptionKeyUnavailableError);
    expect(error.message).toContain('the key provider threw TypeError');
    expect(inspect(error)).not.toContain(V2);
    vault.failure = undefined;
    expect(await cipher.open(TEXT_V2, 'v2')).toBe(PLAIN);
    expect(await reasonOf(() => cipher.open(TEXT_V2, 'v3'))).toBe('unknown-key');
    vault.secrets.set('v3', V2);
    expect(await cipher.open(TEXT_V2, 'v3')).toBe(PLAIN);
  });

  it('events without a key id ask for the key without one', async () => {
    const { vault, cipher } = open();
    expect(await reasonOf(() => cipher.open(TEXT_V2, undefined))).toBe('key-id-missing');
    vault.secrets.set(undefined, V2);
    expect(await cipher.open(TEXT_V2, undefined)).toBe(PLAIN);
  });

  it('a provider that answers at once needs no promise', () => {
    const provider: KeyProvider = { activeKey: () => ({ id: 'v2', secret: V2 }), key: () => V2 };
    const cipher = cipherOf({ provider });
    expect(cipher.open(TEXT_V2, 'v2')).toBe(PLAIN);
    expect(cipher.seal('{}')).toMatchObject({ keyId: 'v2' });
  });

  it('a look-up that hangs is given up after keyTimeoutMs, and told so', async () => {
    let given: AbortSignal | undefined;
    const provider: KeyProvider = {
      activeKey: (signal) => {
        given = signal;
        return new Promise(() => {});
      },
      key: () => undefined,
    };
    const sealing = failureOf(() => cipherOf({ provider, keyTimeoutMs: 500 }).seal('{}'));
    expect(given?.aborted).toBe(false);
    clock.advance(500);
    expect((await sealing).message).toContain('no answer within 500 ms');
    expect(given?.aborted).toBe(true);
  });

  it.each([
    ['nothing', undefined],
    ['a blank id', { id: ' ', secret: V1 }],
    ['a short secret', { id: 'v1', secret: 'short-secret' }],
  ])('an active key that is %s is no key', async (_what, key) => {
    const provider = { activeKey: () => key, key: () => undefined } as unknown as KeyProvider;
    const error = await failureOf(() => cipherOf({ provider }).warmUp());
    expect(error).toBeInstanceOf(EncryptionKeyUnavailableError);
    expect(error.message).not.toContain('short-secret');
  });
});

describe('secrets', () => {
  it('are not shown by anything that prints the ciphers, also not after they were used', async () => {
    const provider: KeyProvider = { activeKey: () => ({ id: 'v2', secret: V2 }), key: async () => V1 };
    const policies = [
      new EncryptionPolicy({ key: OLD, keyring: { activeKeyId: 'v1', keys: { v1: V1, v2: V2 } } }, clock),
      new EncryptionPolicy({ provider }, clock),
    ];
    for (const policy of policies) {
      await policy.cipher?.seal('{}');
      await Promise.resolve(policy.cipher?.open(TEXT_V2, 'v2')).catch(() => {});
      const printed = `${inspect(policy, { depth: Infinity, showHidden: true })} ${JSON.stringify(policy)}`;
      for (const secret of [OLD, V1, V2]) expect(printed).not.toContain(secret);
    }
  });
});
