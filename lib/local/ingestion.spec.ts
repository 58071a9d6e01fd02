import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { timeBucketOfTimeUuid, timeOfTimeUuid } from '../event/time-uuid.util.js';
import { startLocalFlowcore } from './local-flowcore.js';
import type { LocalFlowcore } from './local-flowcore.interface.js';
import { LocalTestClient } from './local-flowcore.test-client.js';

const EVENT_PATH = '/event/acme/shop/order.0/placed.0';

let local: LocalFlowcore;
let client: LocalTestClient;

beforeEach(async () => {
  local = await startLocalFlowcore({ maxBatchSize: 5 });
  client = LocalTestClient.of(local);
});
afterEach(() => local.stop());

const metadataHeader = (text: string, encoding: BufferEncoding) => ({
  'x-flowcore-metadata-json': Buffer.from(text, encoding).toString('base64'),
});

describe('ingestion', () => {
  it('serves an event as it was written, in the bucket of its id', async () => {
    const payload = { text: 'snæ ☃ 🥖', nested: [{ a: null }], '': 0 };
    const [eventId = ''] = await client.write('placed.0', payload, metadataHeader('{"who":"☃"}', 'utf8'));
    const events = await client.all('placed.0');
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      eventId,
      payload,
      metadata: { who: '☃' },
      timeBucket: timeBucketOfTimeUuid(eventId),
      tenant: 'acme',
      flowType: 'order.0',
      eventType: 'placed.0',
    });
  });

  it('keeps keys that are special to JavaScript', async () => {
    const raw = '{"__proto__":{"polluted":true},"constructor":{"prototype":1}}';
    await client.request('POST', EVENT_PATH, { raw });
    const [bucket = ''] = (await client.buckets('placed.0')).timeBuckets;
    const id = await client.eventTypeId('placed.0');
    const response = await fetch(`${local.url}/api/v1/events?eventTypeId=${id}&timeBucket=${bucket}`, {
      headers: { authorization: 'k' },
    });
    expect(await response.text()).toContain(`"payload":${raw}`);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('reads metadata that is no UTF-8 as Latin-1', async () => {
    await client.write('placed.0', {}, metadataHeader('{"place":"Þórshöfn"}', 'latin1'));
    expect((await client.all('placed.0'))[0]?.metadata).toEqual({ place: 'Þórshöfn' });
  });

  it('takes event and valid time from headers', async () => {
    const [eventId = ''] = await client.write(
      'placed.0',
      {},
      {
        'x-flowcore-event-time': '2020-02-03T04:05:06.789Z',
        'x-flowcore-valid-time': '2021-01-01T00:00:00Z',
      },
    );
    expect(timeOfTimeUuid(eventId).unixMs).toBe(Date.parse('2020-02-03T04:05:06.789Z'));
    const [event] = await client.all('placed.0');
    expect(event).toMatchObject({ timeBucket: '20200203040000', validTime: '2021-01-01T00:00:00.000Z' });
  });

  it('takes times per event from payload keys, and the header where a key is missing', async () => {
    const at = '2020-02-03T04:05:06.000Z';
    const ids = await client.write(
      'placed.0',
      [{ at, valid: '2019-01-01T00:00:00Z' }, { at: Date.parse('2020-02-03T09:00:00Z') }, {}],
      {
        'x-flowcore-event-time': '2020-02-04T00:00:00Z',
        'x-flowcore-event-time-key': 'at',
        'x-flowcore-valid-time-key': 'valid',
      },
    );
    expect(ids.map(timeBucketOfTimeUuid)).toEqual(['20200203040000', '20200203090000', '20200204000000']);
    const [first, second] = await client.all('placed.0');
    expect(first?.validTime).toBe('2019-01-01T00:00:00.000Z');
    expect(second?.validTime).toBe('2020-02-03T09:00:00.000Z');
  });

  it.each(['yesterday', '9999-01-01T00:00:00Z', '1581-01-01T00:00:00Z'])(
    'refuses the event time %s',
    async (time) => {
      const answer = await client.request('POST', EVENT_PATH, {
        body: {},
        headers: { 'x-flowcore-event-time': time },
      });
      expect(answer.status).toBe(400);
    },
  );

  it('takes exactly 64,000 bytes, and not one more', async () => {
    const ofBytes = (bytes: number) => ({ t: 'é'.repeat((bytes - 8) / 2) });
    expect((await client.request('POST', EVENT_PATH, { body: ofBytes(64_000) })).status).toBe(200);
    expect(await client.request('POST', EVENT_PATH, { body: { ...ofBytes(63_994), a: 12 } })).toMatchObject({
      status: 400,
      body: { error: 'Bad Request', message: 'Event size exceeds maximum limit of 64000 bytes' },
    });
  });

  it('stores nothing of a batch with one bad event', async () => {
    const answer = await client.request('POST', '/events/acme/shop/order.0/placed.0', { body: [{}, 'text'] });
    expect(answer.status).toBe(400);
    expect(local.eventCount()).toBe(0);
  });

  it.each([
    ['an array as one event', EVENT_PATH, '[]', 400],
    ['null', EVENT_PATH, 'null', 400],
    ['broken JSON', EVENT_PATH, '{"a":', 400],
    ['an empty body', EVENT_PATH, '', 400],
    ['an object as a batch', '/events/acme/shop/order.0/placed.0', '{}', 400],
    ['a batch above the limit', '/events/acme/shop/order.0/placed.0', '[{},{},{},{},{},{}]', 400],
    ['a path with a part missing', '/event/acme/shop/order.0', '{}', 400],
    ['a name with a slash', '/event/acme/shop/order.0/a%2Fb', '{}', 400],
    ['a broken percent sign', '/event/acme/shop/order.0/%E0%A4%A', '{}', 400],
    ['a body above 10 MB', EVENT_PATH, JSON.stringify({ t: 'x'.repeat(10_000_001) }), 413],
  ])('refuses %s', async (_name, path, raw, status) => {
    const answer = await client.request('POST', path, { raw });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({
      statusCode: status,
      error: expect.any(String),
      message: expect.any(String),
    });
    expect(local.eventCount()).toBe(0);
  });

  it.each(['not base64 json', Buffer.from('[1]').toString('base64')])(
    'refuses the metadata header %j',
    async (header) => {
      const headers = { 'x-flowcore-metadata-json': header };
      expect((await client.request('POST', EVENT_PATH, { body: {}, headers })).status).toBe(400);
    },
  );

  it('accepts a data core by name and by id, and they are the same', async () => {
    await client.write('placed.0', { by: 'name' });
    const [core] = await client.json<{ id: string }[]>('/api/v1/data-cores?tenant=acme&name=shop');
    await client.request('POST', `/event/acme/${core?.id}/order.0/placed.0`, { body: { by: 'id' } });
    expect(await client.all('placed.0')).toHaveLength(2);
  });

  it('makes a data core of an unknown UUID, so that a hosted configuration works unchanged', async () => {
    const id = '0f0e0d0c-0b0a-4908-8706-050403020100';
    await client.request('POST', `/event/acme/${id}/order.0/placed.0`, { body: {} });
    expect(await client.json(`/api/v1/data-cores/${id}`)).toMatchObject({ id, tenant: 'acme' });
  });
});

describe('authorisation', () => {
  it.each(['key', 'ApiKey id:key', 'ApiKey key', 'Bearer key'])(
    'accepts the form "%s"',
    async (authorization) => {
      const strict = await startLocalFlowcore({ apiKeys: ['key'] });
      const headers = { authorization };
      const answer = await new LocalTestClient(strict.url).request('POST', EVENT_PATH, { body: {}, headers });
      await strict.stop();
      expect(answer.status).toBe(200);
    },
  );

  it.each(['', 'other', 'ApiKey id:other', 'Bearer'])('refuses "%s"', async (authorization) => {
    const strict = await startLocalFlowcore({ apiKeys: ['key'] });
    const headers = { authorization };
    const answer = await new LocalTestClient(strict.url).request('POST', EVENT_PATH, { body: {}, headers });
    await strict.stop();
    expect(answer.status).toBe(401);
  });

  it('refuses a request without a key', async () => {
    expect((await fetch(local.url + EVENT_PATH, { method: 'POST', body: '{}' })).status).toBe(401);
  });
});

describe('strict mode', () => {
  it('refuses names nobody created, and makes none', async () => {
    const strict = await startLocalFlowcore({ strict: true, tenants: ['acme'] });
    const answer = await new LocalTestClient(strict.url).request('POST', EVENT_PATH, { body: {} });
    const { totals } = strict.stats;
    await strict.stop();
    expect(answer).toMatchObject({ status: 404, body: { message: expect.stringContaining('not found') } });
    expect(totals.dataCores).toBe(0);
  });
});
