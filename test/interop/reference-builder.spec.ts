import { PathwaysBuilder } from '@flowcore/pathways';
import {
  EventTypeFetchCommand,
  EventTypeInfoCommand,
  FlowcoreClient,
  FlowTypeFetchCommand,
} from '@flowcore/sdk';
import { DataCoreFetchCommand, type FlowcoreEvent } from '@flowcore/sdk';
import { type LocalFlowcore, startLocalFlowcore } from 'nestjs-pathways/local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const schema = z.object({
  orderId: z.string(),
  lines: z.array(z.object({ sku: z.string(), count: z.number() })),
});
const order = (orderId: string) => ({ orderId, lines: [{ sku: 'brød – 麵包 🥖', count: 2 }] });
const WRITE = { fireAndForget: true };

describe('the published reference builder against Local Flowcore', () => {
  let local: LocalFlowcore;

  beforeAll(async () => {
    local = await startLocalFlowcore();
  });
  afterAll(() => local.stop());

  const builder = () =>
    new PathwaysBuilder({ baseUrl: local.url, tenant: 'acme', dataCore: 'shop', apiKey: 'fc_id_secret' })
      .register({ flowType: 'order.0', eventType: 'one.0', schema })
      .register({ flowType: 'order.0', eventType: 'many.0', schema })
      .register({ flowType: 'order.0', eventType: 'huge.0', schema })
      .register({ flowType: 'order.0', eventType: 'retry.0', schema });

  async function eventsOf(eventType: string): Promise<FlowcoreEvent[]> {
    const client = new FlowcoreClient({ apiKey: 'fc_id_secret', retry: null });
    client.setBaseUrl(local.url);
    const core = await client.execute(new DataCoreFetchCommand({ tenant: 'acme', dataCore: 'shop' }));
    const flow = await client.execute(new FlowTypeFetchCommand({ dataCoreId: core.id, flowType: 'order.0' }));
    const type = await client.execute(new EventTypeFetchCommand({ flowTypeId: flow.id, eventType }));
    const info = await client.execute(
      new EventTypeInfoCommand({ tenant: 'acme', eventTypeId: type.id, limit: 50 }),
    );
    return [...info.lastEvents].reverse();
  }

  it('writes one event with metadata, and it comes back unchanged', async () => {
    const metadata = { 'correlation-id': 'c-1', place: 'Þórshöfn 🐑' };
    const id = await builder().write('order.0/one.0', {
      data: order('o-1'),
      metadata,
      options: WRITE,
    });
    const [event, ...others] = await eventsOf('one.0');
    expect(others).toEqual([]);
    expect(event).toMatchObject({ eventId: id, payload: order('o-1'), metadata });
  });

  it('writes a batch, and its ids are in the order of the payloads', async () => {
    const orders = Array.from({ length: 40 }, (_, n) => order(`o-${n}`));
    const ids = await builder().write('order.0/many.0', {
      batch: true,
      data: orders,
      options: WRITE,
    });
    const events = await eventsOf('many.0');
    expect(events.map(({ eventId }) => eventId)).toEqual(ids);
    expect(events.map(({ payload }) => payload)).toEqual(orders);
  });

  it('learns from the answer that an event is too large', async () => {
    const huge = { orderId: 'x'.repeat(64_000), lines: [] };
    await expect(builder().write('order.0/huge.0', { data: huge, options: WRITE })).rejects.toThrow();
    expect(local.eventCount({ eventType: 'huge.0' })).toBe(0);
  });

  it('retries past a failing answer and stores the event once', async () => {
    const fault = local.faults.add({ kind: 'status', status: 503, times: 1, match: { path: '/event/' } });
    await builder().write('order.0/retry.0', { data: order('o-9'), options: WRITE });
    expect(fault.hits).toBe(1);
    expect(local.eventCount({ eventType: 'retry.0' })).toBe(1);
  });
});
