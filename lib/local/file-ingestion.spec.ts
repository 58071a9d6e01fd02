import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FILE_PART_BYTES } from './file-part.splitter.js';
import { startLocalFlowcore } from './local-flowcore.js';
import type { LocalFlowcore } from './local-flowcore.interface.js';
import { LocalTestClient } from './local-flowcore.test-client.js';

const PATH = '/file/acme/shop/order.0/scan.0';

let local: LocalFlowcore;
beforeEach(async () => {
  local = await startLocalFlowcore();
});
afterEach(() => local.stop());

interface PartPayload {
  readonly data: string;
  readonly part: number;
  readonly totalParts: number;
}

function form(content: Buffer, fields: Record<string, string> = {}, fileName = 'scan.bin'): FormData {
  const body = new FormData();
  const all = { additionalProperties: '{"page":1}', fileId: 'f-1', type: 'image/png', ...fields };
  for (const [name, value] of Object.entries(all)) body.append(name, value);
  body.append('file', new Blob([content]), fileName);
  return body;
}

async function upload(body: FormData | string, headers: Record<string, string> = {}) {
  const response = await fetch(local.url + PATH, {
    method: 'POST',
    headers: { authorization: 'fc_id_secret', ...headers },
    body,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('uploading a file', () => {
  it.each([0, 1, FILE_PART_BYTES, FILE_PART_BYTES + 1, 3 * FILE_PART_BYTES])(
    'of %i bytes makes an event of every 45,000, each below the limit of one',
    async (size) => {
      const content = randomBytes(size);
      const checksum = createHash('sha256').update(content).digest('hex');
      const answer = await upload(form(content), { 'x-flowcore-event-time': '2026-05-01T10:30:15.123Z' });
      expect(answer).toMatchObject({ status: 200, body: { success: true, checksum, hashType: 'sha256' } });
      const events = await LocalTestClient.of(local).all('scan.0');
      expect(events.map(({ eventId }) => eventId)).toEqual(answer.body['eventIds']);
      const payloads = events.map(({ payload }) => payload as PartPayload);
      const totalParts = Math.max(1, Math.ceil(size / FILE_PART_BYTES));
      expect(payloads).toMatchObject(
        Array.from({ length: totalParts }, (_, index) => ({
          page: 1,
          fileId: 'f-1',
          fileName: 'scan.bin',
          fileType: 'image/png',
          fileSize: size,
          part: index + 1,
          totalParts,
          checksum,
          hashType: 'sha256',
        })),
      );
      const joined = Buffer.concat(payloads.map(({ data }) => Buffer.from(data, 'base64')));
      expect(joined.equals(content)).toBe(true);
      for (const payload of payloads) expect(Buffer.byteLength(JSON.stringify(payload))).toBeLessThan(64_000);
    },
  );

  it('makes smaller parts when the other fields are long', async () => {
    const additionalProperties = JSON.stringify({ note: 'é'.repeat(15_000) });
    expect((await upload(form(randomBytes(100_000), { additionalProperties }))).status).toBe(200);
    const events = await LocalTestClient.of(local).all('scan.0');
    expect(events.length).toBeGreaterThan(3);
    for (const { payload } of events)
      expect(Buffer.byteLength(JSON.stringify(payload))).toBeLessThanOrEqual(64_000);
  });

  it.each([
    ['as text, like one client when there are none', '"{}"'],
    ['as an empty object', '{}'],
  ])('takes own fields %s', async (_how, additionalProperties) => {
    expect((await upload(form(Buffer.from('x'), { additionalProperties }))).status).toBe(200);
  });

  it.each([
    ['another content type', '{}', { 'content-type': 'application/json' }, 400],
    ['no boundary', 'x', { 'content-type': 'multipart/form-data; a=b' }, 400],
    ['a broken form', 'x', { 'content-type': 'multipart/form-data; boundary=b' }, 400],
    ['no file id', form(Buffer.from('x'), { fileId: '' }), {}, 400],
    ['own fields that are a list', form(Buffer.from('x'), { additionalProperties: '[]' }), {}, 400],
    ['own fields that are no JSON', form(Buffer.from('x'), { additionalProperties: '{' }), {}, 400],
    [
      'own fields without room for a file',
      form(Buffer.from('x'), { additionalProperties: `{"a":"${'x'.repeat(62_000)}"}` }),
      {},
      400,
    ],
    [
      'a field that is too long',
      form(Buffer.from('x'), { additionalProperties: `{"a":"${'x'.repeat(65_000)}"}` }),
      {},
      400,
    ],
    ['a bad event time', form(Buffer.from('x')), { 'x-flowcore-event-time': 'yesterday' }, 400],
  ])('refuses %s', async (_what, body, headers, status) => {
    const answer = await upload(body, headers);
    expect(answer).toMatchObject({ status, body: { statusCode: status, message: expect.any(String) } });
    expect(local.eventCount()).toBe(0);
  });

  it('stores nothing of an upload that was cut off', async () => {
    const socket = connect(local.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nhost: x\r\nauthorization: k\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 100000\r\n\r\n--b\r\nContent-Disposition: form-data; name="fileId"\r\n\r\nf\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n${'x'.repeat(50_000)}`,
    );
    await vi.waitFor(() => expect(local.stats.requests['POST /file']).toBe(1));
    socket.destroy();
    await vi.waitFor(() => expect(local.stats.openSockets.http).toBe(0));
    expect((await upload(form(Buffer.from('x')))).status).toBe(200);
    expect(local.eventCount()).toBe(1);
  });

  it('asks for the same key and knows the same faults as other writes', async () => {
    expect((await upload(form(Buffer.from('x')), { authorization: '' })).status).toBe(401);
    local.faults.add({ kind: 'status', status: 429, times: 1, match: { path: '/file/' } });
    expect((await upload(form(Buffer.from('x')))).status).toBe(429);
    expect(local.eventCount()).toBe(0);
  });
});
