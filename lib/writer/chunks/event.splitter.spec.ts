import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventUnsplittableError } from '../../errors/event-unsplittable.error.js';
import type { ChunkHeader } from '../../event/chunk.constants.js';
import { AesGcmCipher, SECRETS } from './aes-gcm.spec-util.js';
import { splitEvent, type SplitRequest } from './event.splitter.js';

interface Part {
  readonly pathwaysChunk: ChunkHeader;
  readonly data: string;
}

const CHUNK_ID = '5d0c6a52-3f1e-4b7a-9c1d-2e8f00aa11bb';
const split = async (text: string, more: Partial<SplitRequest> = {}) => {
  const request = { key: 'a.0/b.0', text, chunkId: CHUNK_ID, partBudgetBytes: 400, ...more };
  const { parts, keyId } = await splitEvent(request);
  return { parts: parts.map((part) => part.text), keyId };
};
const partsOf = async (text: string, more: Partial<SplitRequest> = {}) =>
  (await split(text, more)).parts.map((part) => JSON.parse(part) as Part);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const bytes = (text: string) => Buffer.byteLength(text);

const content = Array.from({ length: 8 }, (_, at) => `${at + 1}:æøå€😀æøå€😀 "q${at + 1}"`).join(' | ');
const VECTOR_A = JSON.stringify({
  id: 'inv-1',
  title: 'Keyp á brúnni',
  content,
  total: 1250.5,
  paid: false,
  tags: ['føroyar', '✓'],
});
const HASHES = [
  'e6131334b8fc48228adb22ea1cba45623d5e02672721d8b9917ec72d9c0bda0a',
  '7b403e91314336e2d50c229f1faecb7f711c81ff5dbce8e07344a262b14a0f75',
  '67abdd81ad6f6153864b2d76c5c6c06bee1e0b8c66e3b9fd18fd3d7acba5afb6',
  '13d6a0e4b4fe6a0a7d14dfc943eaabb7184b17cfaf8584a9960c36ca8590c137',
  '3c7d38fca6596a66e2bd90bcbf6a40875f913dd882e86e740f501fc5215fe959',
  'c6b520d9d57a3864817e6664f689355f368e7aec749e7bcdeada89c04c90483d',
];

describe('the documented vectors', () => {
  it('A: plain, cut between code points of one to four bytes', async () => {
    expect(bytes(VECTOR_A)).toBe(408);
    const { parts } = await split(VECTOR_A);
    expect(parts.map(bytes)).toEqual([288, 287, 287, 287, 290, 253]);
    expect(parts[0]).toBe(
      String.raw`{"pathwaysChunk":{"id":"5d0c6a52-3f1e-4b7a-9c1d-2e8f00aa11bb","part":1,"totalParts":6,"digest":"3639f01522f8e704964020863e9385474835c5f321f337bfd1cd625f496048dc","scheme":"utf8-split-sha256-v1"},"data":"{\"id\":\"inv-1\",\"title\":\"Keyp á brúnni\",\"content\":\"1:æøå€😀æøå"}`,
    );
    const slices = parts.map((part) => (JSON.parse(part) as Part).data);
    expect(slices.map(bytes)).toEqual([72, 74, 74, 74, 74, 40]);
    expect(slices.map(sha256)).toEqual(HASHES);
  });

  it('B: made smaller until the quotes, which double on the wire, fit', async () => {
    const { parts } = await split(JSON.stringify({ c: '"'.repeat(260) }), { partBudgetBytes: 500 });
    expect(parts.map(bytes)).toEqual([466, 469, 469, 468]);
    expect((JSON.parse(parts[0] as string) as Part).pathwaysChunk.digest).toBe(
      '9d08f5b16c28c7d0187a4482435d17d92724cb81a27b87a476674a5de3096d22',
    );
  });

  it('D: every slice encrypted by itself, the digest of the plaintext', async () => {
    let part = 0;
    const cipher = new AesGcmCipher(SECRETS, 'v2', () => {
      part += 1;
      return Buffer.concat([Buffer.alloc(11), Buffer.from([part])]);
    });
    const { parts, keyId } = await split(VECTOR_A, { cipher });
    expect(keyId).toBe('v2');
    expect(parts.map(bytes)).toEqual([343, 347, 347, 347, 347, 303]);
    const data = parts.map((text) => (JSON.parse(text) as Part).data);
    expect(data[0]).toBe(
      'AAAAAAAAAAAAAAAB.H3DTuxy4wEQSiPrcbl9w7O0uMrdEPFZow/usFfoamxff+CUJv6HF9DD9heAi6hsb9X8fIDtznt2sYdI3XOt06cWCT63qGamv.7XijvmN27klYV1iusTAfXw==',
    );
    expect(data[5]).toBe(
      'AAAAAAAAAAAAAAAG.lmay4VE9jRad1m2eDqa2n/OAAfKpmEz/hrdJsyaYUVDOcgRGu51cYQ==.cW0gYthMvW84RZtHShTVVw==',
    );
  });
});

describe('splitting', () => {
  it('takes slices of 33,524 bytes with the default budget', async () => {
    const [first] = await partsOf(JSON.stringify({ c: 'x'.repeat(100_000) }), { partBudgetBytes: 45_000 });
    expect(bytes(first?.data ?? '')).toBe(33_524);
  });

  it.each([300, 305])(
    'is refused with a budget of %i bytes, which only the header fills',
    async (partBudgetBytes) => {
      const error: unknown = await split(VECTOR_A, { partBudgetBytes }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(EventUnsplittableError);
      expect(error).toMatchObject({
        bytes: 408,
        partBudgetBytes,
        message: expect.stringContaining('Nothing was sent'),
      });
    },
  );

  it('uses one key for all parts when the key is rotated on the way: a request can only name one', async () => {
    const cipher = new AesGcmCipher(SECRETS, 'v1');
    const seal = cipher.seal.bind(cipher);
    let sealed = 0;
    cipher.seal = (text) => {
      sealed += 1;
      if (sealed === 3) cipher.activeKeyId = 'v2';
      return seal(text);
    };
    const { parts, keyId } = await split(VECTOR_A, { cipher });
    expect(keyId).toBe('v2');
    const opened = parts.map((part) => cipher.open((JSON.parse(part) as Part).data, keyId));
    expect(opened.join('')).toBe(VECTOR_A);
  });

  it('loses nothing of any JSON, in parts that all fit and say the same about the whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.jsonValue({ stringUnit: 'binary' }),
        fc.integer({ min: 330, max: 2_000 }),
        fc.boolean(),
        async (value, partBudgetBytes, isEncrypted) => {
          const text = JSON.stringify({ value, more: '"é😀\\'.repeat(200) });
          const cipher = isEncrypted ? new AesGcmCipher(SECRETS, 'v1') : undefined;
          const { parts, keyId } = await split(text, { partBudgetBytes, cipher });
          const read = parts.map((part) => JSON.parse(part) as Part);
          const slices = read.map(({ data }) => (cipher ? cipher.open(data, keyId) : data));
          expect(slices.join('')).toBe(text);
          expect(Math.max(...parts.map(bytes))).toBeLessThanOrEqual(partBudgetBytes);
          expect(read.map(({ pathwaysChunk }) => pathwaysChunk)).toEqual(
            read.map((_, at) => ({
              id: CHUNK_ID,
              part: at + 1,
              totalParts: read.length,
              digest: sha256(text),
              scheme: 'utf8-split-sha256-v1',
            })),
          );
        },
      ),
    );
  });

  it('splits 50 MB', async () => {
    const text = JSON.stringify({ c: 'x€😀"'.repeat(5_000_000) });
    const { parts } = await split(text, { partBudgetBytes: 45_000 });
    expect(parts.length).toBe(Math.max(...[parts.length], Math.ceil(bytes(text) / 45_000)));
    const whole = createHash('sha256');
    for (const part of parts) whole.update((JSON.parse(part) as Part).data);
    expect(whole.digest('hex')).toBe(sha256(text));
  });
});
