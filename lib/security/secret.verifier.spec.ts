import { describe, expect, it } from 'vitest';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import { SecretVerifier } from './secret.verifier.js';

describe('SecretVerifier', () => {
  it('accepts the secret and nothing that resembles it', () => {
    const verifier = new SecretVerifier('s3cret');
    expect(verifier.verify('s3cret')).toBe(true);
    for (const wrong of ['s3cre', 's3cret ', 's3crets', 'S3cret', '', 's3cret\0', 'x'.repeat(100_000)]) {
      expect(verifier.verify(wrong)).toBe(false);
    }
  });

  it('refuses what is no text without throwing', () => {
    const verifier = new SecretVerifier(['s3cret']);
    for (const wrong of [undefined, null, 0, true, {}, ['s3cret'], Buffer.from('s3cret')]) {
      expect(verifier.verify(wrong)).toBe(false);
    }
  });

  it('accepts the old and the new secret during a rotation', () => {
    const verifier = new SecretVerifier(['old', 'new']);
    expect(verifier.verify('old')).toBe(true);
    expect(verifier.verify('new')).toBe(true);
    expect(verifier.verify('old,new')).toBe(false);
  });

  it('accepts a secret that is listed twice', () => {
    expect(new SecretVerifier(['same', 'same']).verify('same')).toBe(true);
  });

  it('compares characters beyond ASCII', () => {
    const verifier = new SecretVerifier('pässwörd');
    expect(verifier.verify('pässwörd')).toBe(true);
    expect(verifier.verify('password')).toBe(false);
  });

  it.each([[''], ['  '], [[]], [['good', '']], [['good', ' ']], [undefined], [null], [[undefined]], [[5]]])(
    'refuses %j at construction, because anyone could then post events',
    (secrets) => {
      expect(() => new SecretVerifier(secrets as string[])).toThrow(PathwaysConfigurationError);
    },
  );

  it('never shows a configured secret in its error', () => {
    expect(() => new SecretVerifier(['hidden-value', ''])).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hidden-value') }),
    );
  });
});
