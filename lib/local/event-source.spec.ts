import * as fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { timeUuid } from '../event/time-uuid.util.js';
import { startLocalFlowcore } from './local-flowcore.js';
import type { LocalFlowcore } from './local-flowcore.interface.js';
import { LocalTestClient } from './local-flowcore.test-client.js';

const HOUR = Date.parse('2026-05-01T10:00:00.000Z');
const BUCKET = '20260501100000';
const at = (ms: number) => ({ 'x-flowcore-event-time': new Date(HOUR + ms).toISOString() });

describe.each(['memory', 'folder'])('event source on the %s log', (kind) => {
  let local: LocalFlowcore;
  let client: LocalTestClient;
  let folder: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'local-flowcore-'));
    local = await startLocalFlowcore(kind === 'folder' ? { data: folder } : {});
    client = LocalTestClient.of(local);
  });
  afterEach(async () => {
    await local.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('answers an empty list for an empty bucket, without a cursor', async () => {
    expect(await client.page('nothing.0', BUCKET)).toEqual({ events: [] });
    expect(await client.buckets('nothing.0')).toEqual({ timeBuckets: [] });
  });

  it('compares positions instead of looking them up', async () => {
    const [a = '', b = '', c = ''] = [
      ...(await client.write('e.0', {}, at(10))),
      ...(await client.write('e.0', {}, at(20))),
      ...(await client.write('e.0', {}, at(30))),
    ];
    const ids = async (query: string) =>
      (await client.page('e.0', BUCKET, query)).events.map((e) => e.eventId);
    expect(await ids('')).toEqual([a, b, c]);
    expect(await ids(`&afterEventId=${a}`)).toEqual([b, c]);
    expect(await ids(`&afterEventId=${timeUuid(HOUR + 15)}`)).toEqual([b, c]);
    expect(await ids(`&afterEventId=${timeUuid(HOUR - 3_600_000)}`)).toEqual([a, b, c]);
    expect(await ids(`&afterEventId=${timeUuid(HOUR + 7_200_000)}`)).toEqual([]);
    expect(await ids(`&fromEventId=${b}`)).toEqual([b, c]);
    expect(await ids(`&fromEventId=${b}&afterEventId=${c}`)).toEqual([b, c]);
    expect(await ids(`&toEventId=${b}`)).toEqual([a, b]);
    expect(await ids(`&fromEventId=${b}&toEventId=${b}`)).toEqual([b]);
    expect(await ids('&order=desc')).toEqual([c, b, a]);
    expect(await ids(`&order=desc&afterEventId=${a}&toEventId=${b}`)).toEqual([b]);
  });

  it('lets a late event appear in its place', async () => {
    const [late = '', early = ''] = [
      ...(await client.write('e.0', {}, at(20))),
      ...(await client.write('e.0', {}, at(10))),
    ];
    const { events } = await client.page('e.0', BUCKET);
    expect(events.map(({ eventId }) => eventId)).toEqual([early, late]);
  });

  it('keeps a cursor right with another page size and events stored in between', async () => {
    for (const ms of [10, 20, 30, 40]) await client.write('e.0', { ms }, at(ms));
    const first = await client.page('e.0', BUCKET, '&pageSize=2');
    await client.write('e.0', { ms: 5 }, at(5));
    await client.write('e.0', { ms: 25 }, at(25));
    const rest = await client.page('e.0', BUCKET, `&pageSize=100&cursor=${first.nextCursor}`);
    expect(rest.events.map(({ payload }) => payload)).toEqual([{ ms: 25 }, { ms: 30 }, { ms: 40 }]);
    expect(rest).not.toHaveProperty('nextCursor');
  });

  it('gives no cursor when a page ends exactly at the end', async () => {
    for (const ms of [10, 20]) await client.write('e.0', {}, at(ms));
    expect(await client.page('e.0', BUCKET, '&pageSize=2')).not.toHaveProperty('nextCursor');
  });

  it('pages buckets by a number, in both directions, also when a late event opens one in between', async () => {
    for (const hour of [0, 1, 2, 3]) await client.write('e.0', {}, at(hour * 3_600_000));
    const first = await client.buckets('e.0', '&pageSize=2');
    expect(first.timeBuckets).toEqual(['20260501100000', '20260501110000']);
    expect(first.nextCursor).toEqual(expect.any(Number));
    await client.write('e.0', {}, at(-3_600_000));
    const rest = await client.buckets('e.0', `&cursor=${first.nextCursor}`);
    expect(rest).toEqual({ timeBuckets: ['20260501120000', '20260501130000'] });
    const newest = await client.buckets('e.0', '&pageSize=1&order=desc');
    const older = await client.buckets(
      'e.0',
      `&order=desc&cursor=${newest.nextCursor}&fromTimeBucket=20260501110000`,
    );
    expect([newest.timeBuckets, older.timeBuckets]).toEqual([
      ['20260501130000'],
      ['20260501120000', '20260501110000'],
    ]);
  });

  it.each([
    ['a bucket of 10 digits', '&timeBucket=2026050110'],
    ['no bucket', ''],
    ['page size 0', `&timeBucket=${BUCKET}&pageSize=0`],
    ['a foreign cursor', `&timeBucket=${BUCKET}&cursor=abc`],
    ['an id that is no time UUID', `&timeBucket=${BUCKET}&afterEventId=5d0c6a52-3f1e-4b7a-9c1d-2e8f00aa11bb`],
    ['an unknown order', `&timeBucket=${BUCKET}&order=up`],
  ])('refuses %s', async (_name, query) => {
    expect((await client.request('GET', `/api/v1/events?eventTypeId=x${query}`)).status).toBe(400);
  });

  it('merges any number of types into id order, whatever the page size and direction', async () => {
    const event = fc.record({ type: fc.integer({ min: 0, max: 3 }), ms: fc.integer({ min: 0, max: 50 }) });
    const script = fc.array(event, { minLength: 1, maxLength: 40 });
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        script,
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        async (events, pageSize, isDesc) => {
          const prefix = `round.${round++}`;
          for (const { type, ms } of events) await client.write(`${prefix}.${type}`, {}, at(ms));
          const ids = (await Promise.all([0, 1, 2, 3].map((type) => client.eventTypeId(`${prefix}.${type}`))))
            .map((id) => `eventTypeId=${id}`)
            .join('&');
          const read = async (size: number) => {
            const keys: string[] = [];
            for (let cursor = ''; ;) {
              const page = await client.json<{ events: { eventId: string }[]; nextCursor?: string }>(
                `/api/v1/events?${ids}&timeBucket=${BUCKET}&pageSize=${size}&order=${isDesc ? 'desc' : 'asc'}${cursor}`,
              );
              keys.push(...page.events.map(({ eventId }) => eventId));
              if (page.nextCursor === undefined) return keys;
              expect(page.events).toHaveLength(size);
              cursor = `&cursor=${page.nextCursor}`;
            }
          };
          const inPages = await read(pageSize);
          expect(inPages).toEqual(await read(10_000));
          expect(new Set(inPages).size).toBe(events.length);
          const { sortableTimeUuid } = await import('../event/time-uuid.util.js');
          const sorted = [...inPages].sort((a, b) => (sortableTimeUuid(a) < sortableTimeUuid(b) ? -1 : 1));
          expect(inPages).toEqual(isDesc ? sorted.reverse() : sorted);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('reads by names what it reads by ids', async () => {
    await client.write('e.0', { n: 1 }, at(10));
    const [core] = await client.json<{ id: string }[]>('/api/v1/data-cores?tenant=acme&name=shop');
    const body = {
      tenant: 'acme',
      dataCoreId: core?.id,
      flowType: 'order.0',
      eventTypes: ['e.0', 'unknown.0'],
    };
    const buckets = await client.request('POST', '/api/v1/time-buckets/by-names', { body });
    expect(buckets.body).toEqual({ timeBuckets: [BUCKET] });
    const page = await client.request('POST', '/api/v1/events?pageSize=5', {
      body: { ...body, timeBucket: BUCKET },
    });
    expect(page.body).toEqual(await client.page('e.0', BUCKET));
  });

  it('serves odd events a test put into the log', async () => {
    await local.appendRaw({
      tenant: 'acme',
      dataCore: 'shop',
      flowType: 'order.0',
      eventType: 'odd.0',
      payload: 'just text',
      eventTime: new Date(HOUR),
      served: { metadata: null, validTime: undefined },
    });
    const [event] = (await client.page('odd.0', BUCKET)).events;
    expect(event).toMatchObject({ payload: 'just text', metadata: null });
    expect(event).not.toHaveProperty('validTime');
  });

  it('counts by names', async () => {
    await client.write('a.0', [{}, {}]);
    await client.write('b.0', {});
    expect(local.eventCount()).toBe(3);
    expect(local.eventCount({ tenant: 'acme', dataCore: 'shop', eventType: 'a.0' })).toBe(2);
    expect(local.eventCount({ tenant: 'other' })).toBe(0);
    expect(local.stats).toMatchObject({ eventsStored: 3, requests: { 'POST /events': 1, 'POST /event': 1 } });
  });
});
