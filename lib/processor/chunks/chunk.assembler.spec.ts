import { describe, expect, it } from 'vitest';
import { ChunkAssemblyFailedError } from '../../errors/chunk-assembly-failed.error.js';
import { CHUNK_SCHEME } from '../../event/chunk.constants.js';
import { AesGcmCipher, SECRETS } from '../../writer/chunks/aes-gcm.spec-util.js';
import { splitEvent } from '../../writer/chunks/event.splitter.js';
import { assembleChunk, unassembled, type CompleteChunk } from './chunk.assembler.js';

const PAYLOAD = { id: 'inv-1', note: 'føroyskt 🔐'.repeat(100) };
const MARKERS = {
  'pathways/encrypted': 'true',
  'pathways/encryption-scheme': 'aes-256-gcm-sha256-v1',
  'pathways/encryption-key-id': 'v1',
};

async function chunk(
  cipher?: AesGcmCipher,
  text = JSON.stringify(PAYLOAD),
  metadata: Record<string, unknown> = {},
): Promise<CompleteChunk> {
  const { parts } = await splitEvent({ key: 'a/b', text, chunkId: 'c', partBudgetBytes: 500, cipher });
  const read = parts.map(
    (part) => JSON.parse(part.text) as { pathwaysChunk: CompleteChunk['header']; data: string },
  );
  const last = read.at(-1);
  return {
    header: last?.pathwaysChunk ?? { id: 'c', part: 1, totalParts: 1, digest: '', scheme: CHUNK_SCHEME },
    slices: read.map(({ data }) => data),
    firstEventId: 'first',
    event: {
      eventId: 'last',
      timeBucket: '20260501100000',
      tenant: 'acme',
      dataCoreId: 'core',
      flowType: 'a',
      eventType: 'b',
      metadata: { source: 'api', 'pathways/chunked': 'true', ...metadata },
      payload: {},
      validTime: '2026-05-01T10:00:00.000Z',
    },
  };
}

const failureOf = (complete: CompleteChunk, cipher?: AesGcmCipher) =>
  assembleChunk(complete, cipher).then(
    () => new Error('It was put together'),
    (error: unknown) => error,
  );

describe('an encrypted large event', () => {
  it('is encrypted again as a whole, so that nothing behind holds its plaintext', async () => {
    const cipher = new AesGcmCipher(SECRETS, 'v1');
    const complete = await chunk(cipher, undefined, MARKERS);
    cipher.activeKeyId = 'v2';
    const { payload, ...whole } = await assembleChunk(complete, cipher);
    expect(whole).toMatchObject({
      eventId: 'first',
      metadata: { source: 'api', 'pathways/encryption-key-id': 'v2' },
    });
    expect(whole.metadata).not.toHaveProperty('pathways/chunked');
    const { encryptedPayload } = payload as { encryptedPayload: string };
    expect(JSON.parse(cipher.open(encryptedPayload, 'v2'))).toEqual(PAYLOAD);
  });

  it('whose key is unknown keeps its parts encrypted in the event to keep', async () => {
    const complete = await chunk(new AesGcmCipher(SECRETS, 'v1'), undefined, MARKERS);
    const error = await failureOf(complete, new AesGcmCipher({ v2: SECRETS.v2 }, 'v2'));
    expect(error).toBeInstanceOf(ChunkAssemblyFailedError);
    expect(error).toMatchObject({ cause: { message: 'Unknown encryption key ID v1' } });
    expect(unassembled(complete)).toMatchObject({
      eventId: 'first',
      payload: { pathwaysChunk: { part: 1 }, data: complete.slices },
      metadata: { 'pathways/chunked': 'true', ...MARKERS },
    });
  });

  it('of a pathway that is not declared encrypted says so', async () => {
    const complete = await chunk(new AesGcmCipher(SECRETS, 'v1'), undefined, MARKERS);
    expect(await failureOf(complete)).toMatchObject({ message: expect.stringContaining('not declared so') });
  });

  it('written before its pathway was encrypted is read as it is', async () => {
    const whole = await assembleChunk(await chunk(), new AesGcmCipher(SECRETS, 'v1'));
    expect(whole).toMatchObject({ payload: PAYLOAD, metadata: { source: 'api' } });
  });
});

it('what is no JSON is refused without quoting it', async () => {
  const text = `{"secret": ${'x'.repeat(600)}`;
  const error = await failureOf(await chunk(undefined, text));
  expect(error).toMatchObject({ problem: 'their text is no JSON' });
  expect(error).not.toHaveProperty('cause');
  expect(String(error)).not.toContain('secret');
});
