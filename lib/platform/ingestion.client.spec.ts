import { afterEach, describe, expect, it, vi } from 'vitest';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import { PlatformRequestError } from '../errors/platform-request.error.js';
import { PlatformResponseInvalidError } from '../errors/platform-response-invalid.error.js';
import { PlatformUnavailableError } from '../errors/platform-unavailable.error.js';
import { Authorization } from './authorization.js';
import { IngestionClient, type IngestionHeaders } from './ingestion.client.js';
import { json, type TestHandler, TestServer, testTransport } from './platform.spec-util.js';

const target = { flowType: 'order.0', eventType: 'order.placed.0' };
const stored: TestHandler = ({ path, body }, response) => {
  const payloads = JSON.parse(body) as unknown[];
  if (path.includes('/event/')) json(response, 200, { success: true, eventId: 'e-1' });
  else json(response, 200, { success: true, eventIds: payloads.map((_payload, at) => `e-${at}`) });
};

describe('ingestion', () => {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  async function open(handler: TestHandler, options: { prefix?: string; tenant?: string } = {}) {
    const server = await TestServer.start(handler);
    const transport = testTransport();
    cleanups.push(
      () => transport.close(),
      () => server.stop(),
    );
    const client = new IngestionClient({
      transport,
      authorization: new Authorization('fc_ab12_s3cr3t'),
      tenant: options.tenant ?? 'acme',
      dataCore: 'shop',
      host: () => server.url + (options.prefix ?? ''),
    });
    return { client, server };
  }

  async function headersOf(headers: IngestionHeaders) {
    const { client, server } = await open(stored);
    await client.writeEvent(target, {}, headers);
    return server.requests[0]!.headers;
  }

  it('sends one event to its path with the bare key and returns its id', async () => {
    const { client, server } = await open(stored);
    expect(await client.writeEvent(target, { orderId: 'o-1' }, { metadata: {} })).toBe('e-1');
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      path: '/event/acme/shop/order.0/order.placed.0',
      body: '{"orderId":"o-1"}',
      headers: { authorization: 'fc_ab12_s3cr3t', 'content-type': 'application/json' },
    });
  });

  it('keeps the path of a base URL and escapes names', async () => {
    const { client, server } = await open(stored, { prefix: '/gateway/v1/', tenant: 'a/c me' });
    await client.writeEvent(target, {});
    expect(server.requests[0]!.path).toBe('/gateway/v1/event/a%2Fc%20me/shop/order.0/order.placed.0');
  });

  it('sends a batch as one array and returns ids in order', async () => {
    const { client, server } = await open(stored);
    expect(await client.writeBatch(target, [{ at: 0 }, { at: 1 }])).toEqual(['e-0', 'e-1']);
    expect(server.requests[0]).toMatchObject({
      path: '/events/acme/shop/order.0/order.placed.0',
      body: '[{"at":0},{"at":1}]',
    });
  });

  it('sends nothing for an empty batch', async () => {
    const { client, server } = await open(stored);
    expect(await client.writeBatch(target, [])).toEqual([]);
    expect(server.requests).toHaveLength(0);
  });

  describe('metadata', () => {
    const decode = (header: unknown) =>
      JSON.parse(Buffer.from(String(header), 'base64').toString('utf8')) as unknown;

    it('survives umlauts, emoji and control characters', async () => {
      const metadata = { who: 'Jürgen 🚀', line: 'a\r\nb' };
      const headers = await headersOf({ metadata });
      expect(decode(headers['x-flowcore-metadata-json'])).toEqual(metadata);
    });

    it('becomes strings, and leaves out what JSON cannot say', async () => {
      const metadata = {
        count: 3,
        on: true,
        nothing: null,
        deep: { a: [1] },
        big: 12n,
        gone: undefined,
        call() {},
      };
      const headers = await headersOf({ metadata });
      expect(decode(headers['x-flowcore-metadata-json'])).toEqual({
        count: '3',
        on: 'true',
        nothing: 'null',
        deep: '{"a":[1]}',
        big: '12',
      });
    });

    it('is sent when empty, as other clients do', async () => {
      expect((await headersOf({ metadata: {} }))['x-flowcore-metadata-json']).toBe('e30=');
    });

    it('is not sent when not given', async () => {
      expect(await headersOf({})).not.toHaveProperty('x-flowcore-metadata-json');
    });
  });

  it('sends times and time keys', async () => {
    const headers = await headersOf({
      eventTime: new Date('2026-05-01T10:30:15.123Z'),
      validTime: '2026-05-01',
      eventTimeKey: 'placedAt',
      validTimeKey: 'validFrom',
    });
    expect(headers).toMatchObject({
      'x-flowcore-event-time': '2026-05-01T10:30:15.123Z',
      'x-flowcore-valid-time': '2026-05-01',
      'x-flowcore-event-time-key': 'placedAt',
      'x-flowcore-valid-time-key': 'validFrom',
    });
  });

  it('refuses an invalid date before sending', async () => {
    const { client, server } = await open(stored);
    const write = client.writeEvent(target, {}, { eventTime: new Date('yesterday-ish') });
    await expect(write).rejects.toBeInstanceOf(PathwaysConfigurationError);
    expect(server.requests).toHaveLength(0);
  });

  it('sends extra headers, which cannot replace the authorization', async () => {
    const headers = await headersOf({ extra: { 'X-Flowcore-Managed': 'true', Authorization: 'mine' } });
    expect(headers).toMatchObject({ 'x-flowcore-managed': 'true', authorization: 'fc_ab12_s3cr3t' });
  });

  it.each([
    [{ success: true }, '$.eventId is missing where a string belongs'],
    [{ eventId: 7 }, '$.eventId is a number'],
    [[], '$ is an array'],
    [null, '$ is null'],
  ])('calls the answer %j invalid', async (body, problem) => {
    const { client } = await open((_request, response) => json(response, 200, body));
    const write = client.writeEvent(target, {});
    await expect(write).rejects.toBeInstanceOf(PlatformResponseInvalidError);
    await expect(write).rejects.toThrow(problem);
  });

  it.each([
    [['e-1'], '$.eventIds is an array of 1 where an array of 2 ids belongs'],
    [['e-1', 'e-2', 'e-3'], 'an array of 3'],
    [['e-1', 5], '$.eventIds[1] is a number'],
    [undefined, '$.eventIds is missing'],
  ])('does not pair two events with the ids %j', async (eventIds, problem) => {
    const { client } = await open((_request, response) => json(response, 200, { eventIds }));
    const write = client.writeBatch(target, [{}, {}]);
    await expect(write).rejects.toBeInstanceOf(PlatformResponseInvalidError);
    await expect(write).rejects.toThrow(problem);
  });

  it.each([
    { statusCode: 500, message: 'no room' },
    { error: 'Bad', message: 'no room' },
    { error: 'Bad', message: 'no room', eventId: 'e-1' },
  ])('believes the error body %j although the status is 200', async (body) => {
    const { client } = await open((_request, response) => json(response, 200, body));
    const write = client.writeEvent(target, {});
    await expect(write).rejects.toBeInstanceOf(PlatformRequestError);
    await expect(write).rejects.toThrow('"no room"');
  });

  it('does not count ids in an answer with an error status', async () => {
    const { client } = await open((_request, response) => json(response, 400, { eventId: 'e-1' }));
    await expect(client.writeEvent(target, {})).rejects.toMatchObject({ status: 400 });
  });

  it('is repeated after a lost answer, at the price of a possible duplicate', async () => {
    const { client, server } = await open((request, response) => {
      if (server.requests.length === 1) response.destroy();
      else stored(request, response);
    });
    expect(await client.writeEvent(target, { at: 1 })).toBe('e-1');
    expect(server.requests.map(({ body }) => body)).toEqual(['{"at":1}', '{"at":1}']);
  });

  it('says that a failed write may have been stored', async () => {
    const { client } = await open((_request, response) => json(response, 503, {}));
    const write = client.writeEvent(target, {});
    await expect(write).rejects.toBeInstanceOf(PlatformUnavailableError);
    await expect(write).rejects.toThrow('may have been carried out');
    await expect(write).rejects.toThrow('pathway "order.0/order.placed.0"');
  });

  it('follows the host of a dedicated tenant, also when it changes', async () => {
    const [first, second] = [await TestServer.start(stored), await TestServer.start(stored)];
    const transport = testTransport();
    cleanups.push(
      () => transport.close(),
      () => first.stop(),
      () => second.stop(),
    );
    const hosts = [Promise.resolve(first.url), second.url];
    const client = new IngestionClient({
      transport,
      authorization: new Authorization('key'),
      tenant: 'acme',
      dataCore: 'shop',
      host: () => hosts.shift()!,
    });
    await client.writeEvent(target, {});
    await client.writeEvent(target, {});
    expect([first.requests.length, second.requests.length]).toEqual([1, 1]);
  });

  it('can be given up while the host is still looked up', async () => {
    const transport = testTransport();
    cleanups.push(() => transport.close());
    const host = vi.fn(() => new Promise<string>(() => undefined));
    const client = new IngestionClient({
      transport,
      authorization: new Authorization('key'),
      tenant: 'acme',
      dataCore: 'shop',
      host,
    });
    const controller = new AbortController();
    const write = client.writeEvent(target, {}, {}, controller.signal);
    controller.abort(new Error('left'));
    await expect(write).rejects.toThrow('left');
  });
});
