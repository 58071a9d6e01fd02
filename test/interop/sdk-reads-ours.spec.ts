import {
  DataCoreFetchCommand,
  EventListCommand,
  type FlowcoreEvent,
  EventTypeListCommand,
  FlowcoreClient,
  FlowTypeFetchCommand,
  TimeBucketListCommand,
} from '@flowcore/sdk';
import { createPathwayContract, PathwaysEngine, silentLogger } from 'nestjs-pathways';
import { type LocalFlowcore, startLocalFlowcore } from 'nestjs-pathways/local';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const NAMES = { tenant: 'acme', dataCore: 'shop', flowType: 'order.0' } as const;
const FORGET = { fireAndForget: true };
const order = (n: number) => ({ orderId: `o-${n}`, lines: [{ sku: 'brød – 麵包 🥖', count: n }] });

describe('the published SDK reads what our writer wrote', () => {
  let local: LocalFlowcore;
  let engine: PathwaysEngine;
  let client: FlowcoreClient;

  beforeEach(async () => {
    local = await startLocalFlowcore();
    client = new FlowcoreClient({ apiKey: 'fc_id_secret', retry: null });
    client.setBaseUrl(local.url);
    engine = new PathwaysEngine({
      baseUrl: local.url,
      tenant: NAMES.tenant,
      dataCore: NAMES.dataCore,
      apiKey: 'fc_id_secret',
      logger: silentLogger,
    });
    for (const eventType of ['placed.0', 'paid.0']) {
      engine.addContract(
        createPathwayContract({ flowType: NAMES.flowType, eventType }, { declaredBy: 'test' }),
      );
    }
  });
  afterEach(async () => {
    await engine.stop();
    await local.stop();
  });

  /** Every event of the flow type, hour by hour, in small pages. */
  async function readAll(pageSize: number): Promise<{ events: FlowcoreEvent[]; pages: number }> {
    const { tenant, dataCore, flowType } = NAMES;
    const { id: dataCoreId } = await client.execute(new DataCoreFetchCommand({ tenant, dataCore }));
    const { id: flowTypeId } = await client.execute(new FlowTypeFetchCommand({ dataCoreId, flowType }));
    const eventTypes = await client.execute(new EventTypeListCommand({ flowTypeId }));
    const eventTypeId = eventTypes.map(({ id }) => id) as [string, ...string[]];
    const { timeBuckets } = await client.execute(new TimeBucketListCommand({ tenant, eventTypeId }));
    const events: FlowcoreEvent[] = [];
    let pages = 0;
    for (const timeBucket of timeBuckets) {
      let cursor: string | undefined;
      do {
        const page = await client.execute(
          new EventListCommand({ tenant, eventTypeId, timeBucket, pageSize, ...(cursor ? { cursor } : {}) }),
        );
        events.push(...page.events);
        cursor = page.nextCursor;
        pages++;
      } while (cursor);
    }
    return { events, pages };
  }

  it('single events and a batch of several requests: every page, in order, as they were given', async () => {
    const payloads = Array.from({ length: 63 }, (_, n) => order(n));
    const { writer } = engine;
    const first = await writer.write('order.0/placed.0', { data: payloads[0], options: FORGET });
    const batch = await writer.write('order.0/paid.0', {
      batch: true,
      data: payloads.slice(1, 62),
      options: FORGET,
    });
    const last = await writer.write('order.0/placed.0', { data: payloads[62], options: FORGET });

    const { events, pages } = await readAll(7);
    expect(pages).toBeGreaterThan(8);
    expect(events.map(({ eventId }) => eventId)).toEqual([first, ...batch, last]);
    expect(events.map(({ payload }) => payload)).toEqual(payloads);
    expect(new Set(events.slice(1, -1).map(({ eventType }) => eventType))).toEqual(new Set(['paid.0']));
    expect([events[0]?.eventType, events.at(-1)?.eventType]).toEqual(['placed.0', 'placed.0']);
  });

  it('metadata beyond Latin-1, of a single event and of every event of a batch', async () => {
    const metadata = { 'correlation-id': 'c-1', place: 'Þórshöfn 🐑 麵包', quoted: '"\\\n' };
    const data = Array.from({ length: 30 }, (_, n) => order(n));
    await engine.writer.write('order.0/placed.0', { data: order(99), metadata, options: FORGET });
    await engine.writer.write('order.0/paid.0', { batch: true, data, metadata, options: FORGET });
    const { events } = await readAll(500);
    expect(events.map((event) => event.metadata)).toEqual(Array.from({ length: 31 }, () => metadata));
  });

  it('an event backdated with eventTime stands in its own hour, before what was written earlier', async () => {
    const eventTime = new Date('2026-05-01T10:20:30.000Z');
    const validTime = new Date('2020-02-29T01:02:03.000Z');
    const { writer } = engine;
    const now = await writer.write('order.0/placed.0', { data: order(1), options: FORGET });
    const dated = await writer.write('order.0/placed.0', {
      data: order(2),
      options: { ...FORGET, eventTime, validTime },
    });
    const { events } = await readAll(500);
    expect(events.map(({ eventId }) => eventId)).toEqual([dated, now]);
    expect(events[0]).toMatchObject({ timeBucket: '20260501100000', payload: order(2) });
    expect(new Date(events[0]?.validTime ?? '')).toEqual(validTime);
  });
});
