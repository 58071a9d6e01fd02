import { describe, expect, it } from 'vitest';
import { PayloadUndecryptableError } from '../../errors/payload-undecryptable.error.js';
import { openEnvelope, sealEnvelope } from './aes-gcm.envelope.js';
import { cipherKeyOf } from './encryption-key.util.js';

const NONCE = Buffer.from('000102030405060708090a0b', 'hex');
const SECRET = 'interop-test-secret-0123456789abcdef';
const V1 = 'example-keyring-v1-secret-at-least-32-chars';
const V2 = 'example-keyring-v2-secret-at-least-32-chars';

/** Written down by others; see protocol §10.5 and newer §4.1. */
const VECTORS = [
  {
    name: 'protocol §10.5, first',
    secret: SECRET,
    aes: '6a928a2b7a8085c09ac8bd288298b2294e8b5021700c6b0b0579d1e7f0f64ed7',
    text: '{"orderId":"o-42","total":12.5,"note":"føroyskt ✓"}',
    envelope:
      'AAECAwQFBgcICQoL.aDa1OoUQXTBP6LAUKMkI3Ru5dPS/ZKfULud/2ukiMzYun16P/4WtAyFhrwd7PlqXNIiNIs+S.XFe6PAXZl01yawtTlqY2Aw==',
  },
  {
    name: 'protocol §10.5, second',
    secret: SECRET,
    aes: '6a928a2b7a8085c09ac8bd288298b2294e8b5021700c6b0b0579d1e7f0f64ed7',
    text: '{}',
    envelope: 'AAECAwQFBgcICQoL.aGk=.vX4wZ6InE2i8jcUc1EgSMA==',
  },
  {
    name: 'C, key v2',
    secret: V2,
    aes: '804c16ea56a92990a720e6b169c4517365f129e8a0a5e090e921e3a992a53542',
    text: '{"id":"order-1","note":"føroyskt 🔐"}',
    envelope:
      'AAECAwQFBgcICQoL.iVxy35KTaTAWMRrYOtUA3vHQhI93xZwuG8gtf0v1zh9FYpfuJpWgWA==.bnfIqjgHyTq1UDKBPoRrjw==',
  },
  {
    name: 'C, key v1',
    secret: V1,
    aes: '3d8eb349a1c48842175ef78f5c5977a2973b3154392eb5f49e0778d248564a1a',
    text: '{"id":"order-1","note":"føroyskt 🔐"}',
    envelope:
      'AAECAwQFBgcICQoL.Xcjbku9EvVL/7Q2iFKAkUaRaVXdZZQs+KBN/CPgR6J/9+3ENgz/u0A==.dOW8iqCVLyUN77EJgAqgRw==',
  },
] as const;

const reasonOf = (open: () => string): string => {
  try {
    return `opened: ${open()}`;
  } catch (error) {
    return error instanceof PayloadUndecryptableError ? error.reason : `another error: ${String(error)}`;
  }
};

describe('the documented vectors', () => {
  it.each(VECTORS)('$name', ({ secret, aes, text, envelope }) => {
    const key = cipherKeyOf(undefined, secret);
    expect(key.aes.export().toString('hex')).toBe(aes);
    expect(sealEnvelope(key, text, NONCE)).toBe(envelope);
    expect(openEnvelope(key, envelope)).toBe(text);
  });

  it.each(VECTORS)('$name: no changed character is accepted anywhere', ({ secret, envelope }) => {
    const key = cipherKeyOf(undefined, secret);
    for (let at = 0; at < envelope.length; at++) {
      for (const other of ['A', 'B', '/', '=', '.', ' ', '-']) {
        const changed = envelope.slice(0, at) + other + envelope.slice(at + 1);
        if (changed !== envelope)
          expect(
            reasonOf(() => openEnvelope(key, changed)),
            changed,
          ).toMatch(/^(malformed|not-opened)$/);
      }
    }
  });

  it('a text of v2 does not open with v1', () => {
    const { envelope } = VECTORS[2];
    expect(reasonOf(() => openEnvelope(cipherKeyOf('v1', V1), envelope))).toBe('not-opened');
  });
});

describe('envelopes', () => {
  const key = cipherKeyOf('v1', V1);

  it('two of one text have nothing in common: the nonce is new each time', () => {
    const [a, b] = [sealEnvelope(key, '{}'), sealEnvelope(key, '{}')].map((text) => text.split('.'));
    expect(a?.filter((part, at) => part === b?.[at])).toEqual([]);
  });

  it.each([
    ['two parts', 'AAECAwQFBgcICQoL.aGk='],
    ['four parts', 'AAECAwQFBgcICQoL.aGk=.vX4wZ6InE2i8jcUc1EgSMA==.AA=='],
    ['nothing', ''],
    ['a shorter nonce', 'AAECAwQFBgc=.aGk=.vX4wZ6InE2i8jcUc1EgSMA=='],
    ['a tag cut to 4 bytes, which is easily guessed', 'AAECAwQFBgcICQoL.aGk=.vX4wZw=='],
    ['no padding', 'AAECAwQFBgcICQoL.aGk.vX4wZ6InE2i8jcUc1EgSMA=='],
    ['the alphabet of URLs', VECTORS[0].envelope.replaceAll('/', '_').replaceAll('+', '-')],
  ])('%s is malformed', (_what, envelope) => {
    expect(reasonOf(() => openEnvelope(cipherKeyOf(undefined, SECRET), envelope))).toBe('malformed');
  });

  it('a megabyte and an empty text come back', () => {
    for (const text of ['', '🔐é'.repeat(170_000)])
      expect(openEnvelope(key, sealEnvelope(key, text))).toBe(text);
  });
});
