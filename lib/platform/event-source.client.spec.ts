import { afterEach, describe, expect, it } from 'vitest';
import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import { PlatformResponseInvalidError } from '../errors/platform-response-invalid.error.js';
import { Authorization } from './authorization.js';
import { EventSourceClient } from './event-source.client.js';
import { json, type TestHandler, TestServer, testTransport } from './platform.spec-util.js';
import { ResourceIds } from './resource-ids.js';
import { ResourcesClient } from './resources.client.js';

const UUID = '0f0e0d0c-0b0a-4908-8706-050403020100';

/** Names and ids of a small platform; tests change them as a platform would. */
class Catalog {
  dataCore: string | undefined = 'dc-1';
  flowType: string | undefined = 'ft-1';
  eventTypes: Record<string, string> = { placed: 'et-1', paid: 'et-2' };

  readonly handle: TestHandler = ({ path, query }, response) => {
    const resource = (id: string | undefined, name: string | null) =>
      json(response, 200, id === undefined ? [] : [{ id, name, description: '' }]);
    if (path.startsWith('/api/v1/tenants/translate')) return json(response, 200, { id: 't-1', name: 'acme' });
    if (path === `/api/v1/data-cores/${UUID}`) return json(response, 200, { id: UUID, name: 'shop' });
    if (path === '/api/v1/data-cores') return resource(this.dataCore, query.get('name'));
    if (path === '/api/v1/flow-types') {
      const isKnown = [this.dataCore, UUID].includes(query.get('dataCoreId') ?? '');
      return resource(isKnown ? this.flowType : undefined, query.get('name'));
    }
    if (query.get('flowTypeId') !== this.flowType)
      return json(response, 404, { message: 'no such flow type' });
    const all = Object.entries(this.eventTypes).map(([name, id]) => ({ id, name }));
    const name = query.get('name');
    json(response, 200, name === null ? all : all.filter((eventType) => eventType.name === name));
  };
}

describe('event source', () => {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  async function open(handler: TestHandler, dataCore = 'shop') {
    const server = await TestServer.start(handler);
    const transport = testTransport();
    cleanups.push(
      () => transport.close(),
      () => server.stop(),
    );
    const authorization = new Authorization('fc_ab12_s3cr3t');
    const { url } = server;
    const hosts = { tenant: url, dataCore: url, flowType: url, eventType: url };
    const resources = new ResourcesClient({ transport, authorization, hosts, tenant: 'acme', dataCore });
    const ids = new ResourceIds(resources);
    const source = new EventSourceClient({ transport, authorization, ids, host: () => url });
    return { source, server, resources, ids };
  }

  describe('names', () => {
    it('are translated in the order asked, with the key id in the authorization', async () => {
      const { source, server } = await open(new Catalog().handle);
      expect(await source.resolveEventTypeIds('order.0', ['paid', 'placed'])).toEqual(['et-2', 'et-1']);
      expect(server.requests.map(({ path, query }) => `${path}?${query}`)).toEqual([
        '/api/v1/data-cores?tenant=acme&name=shop',
        '/api/v1/flow-types?dataCoreId=dc-1&name=order.0',
        '/api/v1/event-types?flowTypeId=ft-1',
      ]);
      expect(server.requests[0]!.headers.authorization).toBe('ApiKey ab12:fc_ab12_s3cr3t');
    });

    it('above the event type are asked for once', async () => {
      const { source, server } = await open(new Catalog().handle);
      await source.resolveEventTypeIds('order.0', ['placed']);
      await source.resolveEventTypeIds('order.0', ['paid']);
      expect(server.requests.filter(({ path }) => path !== '/api/v1/event-types')).toHaveLength(2);
    });

    it('of a data core given by id need no lookup', async () => {
      const { source, server, resources } = await open(new Catalog().handle, UUID);
      await source.resolveEventTypeIds('order.0', ['placed']);
      expect(server.requests[0]!.query.get('dataCoreId')).toBe(UUID);
      expect(await resources.dataCore()).toMatchObject({ id: UUID, name: 'shop' });
    });

    it('of resources that were deleted and made anew are found again', async () => {
      const catalog = new Catalog();
      const { source } = await open(catalog.handle);
      await source.resolveEventTypeIds('order.0', ['placed']);
      Object.assign(catalog, { dataCore: 'dc-9', flowType: 'ft-9', eventTypes: { placed: 'et-9' } });
      expect(await source.resolveEventTypeIds('order.0', ['placed'])).toEqual(['et-9']);
    });

    it.each([
      ['data core', { dataCore: undefined }, 'data core "shop"'],
      ['flow type', { flowType: undefined }, 'flow type "order.0"'],
      ['event type', { eventTypes: {} }, 'event type "placed"'],
    ])('of a missing %s are not found, and are found once it exists', async (_what, missing, subject) => {
      const catalog = new Catalog();
      const complete = { ...catalog };
      Object.assign(catalog, missing);
      const { source } = await open(catalog.handle);
      const resolve = () => source.resolveEventTypeIds('order.0', ['placed']);
      await expect(resolve()).rejects.toBeInstanceOf(PlatformNotFoundError);
      await expect(resolve()).rejects.toThrow(subject);
      Object.assign(catalog, complete);
      expect(await resolve()).toEqual(['et-1']);
    });

    it('are compared, so that a gateway ignoring the filter does not lead to foreign events', async () => {
      const { source } = await open((_request, response) =>
        json(response, 200, [{ id: 'x', name: 'other' }]),
      );
      await expect(source.resolveEventTypeIds('order.0', ['placed'])).rejects.toBeInstanceOf(
        PlatformNotFoundError,
      );
    });

    it('that come back malformed name the place', async () => {
      const { source } = await open((_request, response) => json(response, 200, [{ id: 5, name: 'shop' }]));
      const resolve = source.resolveEventTypeIds('order.0', ['placed']);
      await expect(resolve).rejects.toBeInstanceOf(PlatformResponseInvalidError);
      await expect(resolve).rejects.toThrow('$[0].id is a number where a string belongs');
    });

    it('of the tenant are translated', async () => {
      const { resources, server } = await open(new Catalog().handle);
      expect(await resources.tenantId()).toBe('t-1');
      expect(server.requests[0]!.path).toBe('/api/v1/tenants/translate-name-to-id/acme');
    });
  });

  describe('time buckets', () => {
    it('of all pages come sorted and without duplicates', async () => {
      const { source, server } = await open(({ query }, response) =>
        query.get('cursor') === null
          ? json(response, 200, { timeBuckets: ['20260501110000', '20260501090000'], nextCursor: 2 })
          : json(response, 200, { timeBuckets: ['20260501090000', '20260501100000'] }),
      );
      const buckets = await source.listTimeBuckets(['et-1', 'et-2'], {
        from: '20260501090000',
        to: '20260501230000',
      });
      expect(buckets).toEqual(['20260501090000', '20260501100000', '20260501110000']);
      expect(server.requests.map(({ query }) => query.get('cursor'))).toEqual([null, '2']);
      expect(server.requests[1]!.query.getAll('eventTypeId')).toEqual(['et-1', 'et-2']);
      expect(server.requests[1]!.query.get('fromTimeBucket')).toBe('20260501090000');
      expect(server.requests[1]!.query.get('toTimeBucket')).toBe('20260501230000');
    });

    it('do not turn in a circle when the cursor repeats', async () => {
      const { source } = await open((_request, response) =>
        json(response, 200, { timeBuckets: [], nextCursor: 1 }),
      );
      await expect(source.listTimeBuckets(['et-1'], {})).rejects.toBeInstanceOf(PlatformResponseInvalidError);
    });

    it('of no event types are none, without asking', async () => {
      const { source, server } = await open((_request, response) => json(response, 500, {}));
      expect(await source.listTimeBuckets([], {})).toEqual([]);
      expect(server.requests).toHaveLength(0);
    });
  });

  describe('events', () => {
    const page = { eventTypeIds: ['et-1', 'et-2'], timeBucket: '20260501100000', pageSize: 50 };

    it('come unchecked, with the size of the page and the cursor', async () => {
      const body = { events: [{ eventId: 'a', payload: 'ü' }, null, 7], nextCursor: 'c-2' };
      const { source, server } = await open((_request, response) => json(response, 200, body));
      const answer = await source.fetchEvents({ ...page, afterEventId: 'p-1', toEventId: 'p-2' });
      expect(answer).toEqual({ ...body, bytes: Buffer.byteLength(JSON.stringify(body)) });
      expect(`${server.requests[0]!.path}?${server.requests[0]!.query}`).toBe(
        '/api/v1/events?eventTypeId=et-1&eventTypeId=et-2&timeBucket=20260501100000&pageSize=50&toEventId=p-2&afterEventId=p-1',
      );
    });

    it('after a cursor are asked for without a position, but up to the same end', async () => {
      const { source, server } = await open((_request, response) => json(response, 200, { events: [] }));
      await source.fetchEvents({
        ...page,
        cursor: 'c-1',
        afterEventId: 'p-1',
        fromEventId: 'p-0',
        toEventId: 'p-2',
      });
      const { query } = server.requests[0]!;
      expect([...query.keys()]).toEqual([
        'eventTypeId',
        'eventTypeId',
        'timeBucket',
        'pageSize',
        'toEventId',
        'cursor',
      ]);
    });

    it.each([{ nextCursor: null }, { nextCursor: '' }, {}])('end with the cursor %j', async (end) => {
      const { source } = await open((_request, response) => json(response, 200, { events: [], ...end }));
      expect(await source.fetchEvents(page)).not.toHaveProperty('nextCursor');
    });

    it.each([
      [{ events: {} }, '$.events is an object'],
      [{ events: [], nextCursor: {} }, '$.nextCursor is an object'],
    ])('in the page %j are refused as a whole', async (body, problem) => {
      const { source } = await open((_request, response) => json(response, 200, body));
      await expect(source.fetchEvents(page)).rejects.toThrow(problem);
    });
  });
});
