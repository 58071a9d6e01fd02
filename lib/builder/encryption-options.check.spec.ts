import { describe, expect, it } from 'vitest';
import { encryptionOption } from './encryption-options.check.js';
import { resolveEngineOptions } from './engine.defaults.js';

const KEY = 'k'.repeat(32);
const OTHER = 'o'.repeat(32);
const provider = { activeKey: () => ({ id: 'v1', secret: KEY }), key: () => KEY };
const problems = (value: unknown) =>
  encryptionOption(value, 'encryption').map(({ path, message }) => `${path}: ${message}`);

describe('encryption options', () => {
  it.each([
    ['nothing', {}],
    ['one key', { key: KEY }],
    ['one key with an id', { key: KEY, keyId: 'k1', mode: 'symmetric' }],
    ['a keyring', { keyring: { activeKeyId: ' v1 ', keys: { v1: KEY } } }],
    [
      'a keyring beside the key of old events',
      { key: OTHER, keyring: { activeKeyId: 'v1', keys: { v1: KEY } } },
    ],
    ['a resolver', { keyring: { activeKeyId: 'v1', resolveKey: () => KEY } }],
    [
      'an active key that is the single one',
      { key: KEY, keyId: 'a', keyring: { activeKeyId: 'a', keys: {} } },
    ],
    [
      'the same secret given twice',
      { key: KEY, keyId: 'a', keyring: { activeKeyId: 'a', keys: { a: KEY } } },
    ],
    ['a provider', { provider, keyLifetimeMs: 0, keyTimeoutMs: 1 }],
    ['no key, knowingly', { mode: 'symmetric', allowPlaintext: true }],
    ['switched off', { mode: 'none', key: KEY }],
  ])('%s is accepted', (_what, value) => {
    expect(problems(value)).toEqual([]);
  });

  it.each([
    ['another mode', { mode: 'aes' }, /^encryption\.mode: must be one of "none", "symmetric"/],
    [
      'a key of 31 characters',
      { key: 'k'.repeat(31) },
      /^encryption\.key: .* at least 32 characters; this one has 31/,
    ],
    ['a key that is no text', { key: 5 }, /^encryption\.key: .*not a number/],
    ['a blank id', { key: KEY, keyId: '  ' }, /^encryption\.keyId: must be a non-empty string/],
    ['an id without its key', { keyId: 'v1' }, /^encryption\.keyId: .*set key too/],
    ['symmetric without a key', { mode: 'symmetric' }, /^encryption\.mode: .*without a key/],
    ['an unknown option', { keyID: 'v1' }, /^encryption\.keyID: .*did you mean keyId/],
    ['a keyring without an active key', { keyring: { keys: { v1: KEY } } }, /activeKeyId: is required/],
    [
      'an active id that is no text',
      { keyring: { activeKeyId: 2, keys: { v1: KEY } } },
      /activeKeyId: .*not 2/,
    ],
    [
      'a blank active id',
      { keyring: { activeKeyId: ' ', keys: { v1: KEY } } },
      /activeKeyId: must be a non-empty/,
    ],
    [
      'an active id that has no key',
      { keyring: { activeKeyId: 'v2', keys: { v1: KEY } } },
      /activeKeyId: Unknown encryption key ID "v2"/,
    ],
    [
      'an active id that every object has',
      { keyring: { activeKeyId: 'toString', keys: { v1: KEY } } },
      /Unknown encryption key ID "toString"/,
    ],
    [
      'keys in a Map',
      { keyring: { activeKeyId: 'v1', keys: new Map([['v1', KEY]]) } },
      /keys: must be a plain object/,
    ],
    ['keys in a list', { keyring: { activeKeyId: '0', keys: [KEY] } }, /keys: must be a plain object/],
    [
      'a short key in the ring',
      { keyring: { activeKeyId: 'v1', keys: { v1: 'short' } } },
      /keys\.v1: .*this one has 5/,
    ],
    [
      'a blank id in the ring',
      { keyring: { activeKeyId: 'v1', keys: { v1: KEY, ' ': KEY } } },
      /is a blank key id/,
    ],
    [
      'a resolver that throws',
      {
        keyring: {
          activeKeyId: 'v1',
          resolveKey: () => {
            throw new Error(KEY);
          },
        },
      },
      /Failed to resolve pathway encryption key ID: v1/,
    ],
    [
      'a resolver that promises',
      { keyring: { activeKeyId: 'v1', resolveKey: () => Promise.reject(new Error('later')) } },
      /must answer at once/,
    ],
    [
      'a resolver that gives a short key',
      { keyring: { activeKeyId: 'v1', resolveKey: () => 'short' } },
      /this one has 5/,
    ],
    [
      'a resolver that is none',
      { keyring: { activeKeyId: 'v1', resolveKey: 'v1' } },
      /resolveKey: must be a function/,
    ],
    ['a keyring without secrets', { keyring: { activeKeyId: 'v1' } }, /neither keys nor resolveKey/],
    [
      'one id with two secrets',
      { key: KEY, keyId: 'a', keyring: { activeKeyId: 'a', keys: { a: OTHER } } },
      /Conflicting encryption key material/,
    ],
    ['a provider beside a key', { provider, key: KEY }, /provider: is given beside key/],
    ['a provider that is none', { provider: { key: () => KEY } }, /provider: must have the method activeKey/],
    ['a lifetime without a provider', { key: KEY, keyLifetimeMs: 5 }, /keyLifetimeMs: .*there is none/],
    ['plaintext as a text', { allowPlaintext: 'true' }, /allowPlaintext: must be true or false/],
  ])('%s is refused, without a secret in the message', (_what, value, message) => {
    const found = problems(value).join('\n');
    expect(found).toMatch(message);
    for (const secret of [KEY, OTHER, 'k'.repeat(31), 'short']) expect(found).not.toContain(secret);
  });

  it('all problems come in one error, together with those of other options', () => {
    const encryption = { mode: 'x', key: 'y', keyring: { activeKeyId: '', keys: { a: 'b' } } };
    const options = { maxBatchSize: 0, encryption } as unknown as Parameters<typeof resolveEngineOptions>[0];
    expect(() => resolveEngineOptions(options)).toThrow(/5 problems/);
  });

  it('redact is a list of keys, which may be empty', () => {
    expect(resolveEngineOptions({ redact: [] }).redact).toEqual([]);
    expect(() => resolveEngineOptions({ redact: 'email' as never })).toThrow(/redact: must be a list/);
    expect(() => resolveEngineOptions({ redact: [''] })).toThrow(/redact\[0\]/);
    expect(() => resolveEngineOptions({ logPayloads: 'yes' as never })).toThrow(
      /logPayloads: must be true or false/,
    );
  });
});
