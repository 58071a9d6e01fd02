import {
  DataCoreCreateCommand,
  DataCoreExistsCommand,
  DataCoreFetchCommand,
  DataCoreListCommand,
  DataCoreUpdateCommand,
  EventListCommand,
  EventsFetchCommand,
  EventsFetchTimeBucketsByNamesCommand,
  EventTypeCreateCommand,
  EventTypeExistsCommand,
  EventTypeFetchCommand,
  EventTypeInfoCommand,
  EventTypeListCommand,
  EventTypeUpdateCommand,
  FlowcoreClient,
  FlowTypeCreateCommand,
  FlowTypeExistsCommand,
  FlowTypeFetchCommand,
  FlowTypeListCommand,
  FlowTypeUpdateCommand,
  IngestBatchCommand,
  IngestEventCommand,
  NotFoundException,
  TenantFetchCommand,
  TenantInstanceFetchCommand,
  TenantListCommand,
  TenantPreviewCommand,
  TenantTranslateNameToIdCommand,
  TimeBucketListCommand,
} from '@flowcore/sdk';
import { type LocalFlowcore, startLocalFlowcore } from 'nestjs-pathways/local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rawWrite } from './raw-write.js';

const TENANT = 'acme';
const NAMES = { tenant: TENANT, dataCore: 'shop', flowType: 'order.0' } as const;

describe('the published SDK against Local Flowcore', () => {
  let local: LocalFlowcore;
  let client: FlowcoreClient;

  beforeAll(async () => {
    local = await startLocalFlowcore({ tenants: [TENANT] });
    client = new FlowcoreClient({ apiKey: 'fc_id_secret', retry: null });
    client.setBaseUrl(local.url);
  });
  afterAll(() => local.stop());

  /** Looks everything up by name, as the pump does at its start. */
  async function lookUp() {
    const dataCore = await client.execute(
      new DataCoreFetchCommand({ tenant: TENANT, dataCore: NAMES.dataCore }),
    );
    const flowType = await client.execute(
      new FlowTypeFetchCommand({ dataCoreId: dataCore.id, flowType: NAMES.flowType }),
    );
    const eventTypes = await client.execute(new EventTypeListCommand({ flowTypeId: flowType.id }));
    return { dataCore, flowType, eventTypes };
  }

  it('finds a tenant in every way', async () => {
    const { id } = await client.execute(new TenantTranslateNameToIdCommand({ tenant: TENANT }));
    await expect(client.execute(new TenantFetchCommand({ tenantId: id }))).resolves.toMatchObject({
      name: TENANT,
    });
    await expect(client.execute(new TenantFetchCommand({ tenant: TENANT }))).resolves.toMatchObject({ id });
    await expect(client.execute(new TenantInstanceFetchCommand({ tenant: TENANT }))).resolves.toEqual({
      isDedicated: false,
      instance: null,
    });
    await expect(client.execute(new TenantListCommand())).resolves.toHaveLength(1);
    await expect(client.execute(new TenantPreviewCommand({ name: TENANT }))).resolves.toBeDefined();
  });

  it('reports a tenant nobody created as not found, where names must be created first', async () => {
    const strict = await startLocalFlowcore({ strict: true });
    const other = new FlowcoreClient({ apiKey: 'fc_id_secret', retry: null });
    other.setBaseUrl(strict.url);
    try {
      await expect(
        other.execute(new TenantTranslateNameToIdCommand({ tenant: 'nobody' })),
      ).rejects.toBeInstanceOf(NotFoundException);
      await expect(
        other.execute(new DataCoreFetchCommand({ tenant: 'nobody', dataCore: 'none' })),
      ).rejects.toBeInstanceOf(NotFoundException);
    } finally {
      await strict.stop();
    }
  });

  it('creates, updates and finds data core, flow type and event type, as the provisioner does', async () => {
    const { id: tenantId } = await client.execute(new TenantTranslateNameToIdCommand({ tenant: TENANT }));
    const core = await client.execute(
      new DataCoreCreateCommand({
        tenantId,
        name: 'provisioned',
        description: 'first',
        accessControl: 'private',
        deleteProtection: true,
      }),
    );
    await client.execute(new DataCoreUpdateCommand({ dataCoreId: core.id, description: 'second' }));
    await expect(
      client.execute(new DataCoreFetchCommand({ tenantId, dataCore: 'provisioned' })),
    ).resolves.toMatchObject({ id: core.id, description: 'second', deleteProtection: true });
    await expect(client.execute(new DataCoreExistsCommand({ dataCoreId: core.id }))).resolves.toEqual({
      exists: true,
    });
    await expect(client.execute(new DataCoreListCommand({ tenantId }))).resolves.toContainEqual(
      expect.objectContaining({ name: 'provisioned' }),
    );

    const flowType = await client.execute(
      new FlowTypeCreateCommand({ dataCoreId: core.id, name: 'flow.0', description: 'first' }),
    );
    await client.execute(new FlowTypeUpdateCommand({ flowTypeId: flowType.id, description: 'second' }));
    await expect(client.execute(new FlowTypeListCommand({ dataCoreId: core.id }))).resolves.toMatchObject([
      { id: flowType.id, description: 'second' },
    ]);
    await expect(client.execute(new FlowTypeExistsCommand({ flowTypeId: flowType.id }))).resolves.toEqual({
      exists: true,
    });

    const eventType = await client.execute(
      new EventTypeCreateCommand({ flowTypeId: flowType.id, name: 'event.0', description: 'first' }),
    );
    await client.execute(new EventTypeUpdateCommand({ eventTypeId: eventType.id, description: 'second' }));
    await expect(
      client.execute(new EventTypeFetchCommand({ flowTypeId: flowType.id, eventType: 'event.0' })),
    ).resolves.toMatchObject({ id: eventType.id, description: 'second' });
    await expect(
      client.execute(new EventTypeFetchCommand({ eventTypeId: eventType.id })),
    ).resolves.toMatchObject({
      name: 'event.0',
    });
    await expect(client.execute(new EventTypeExistsCommand({ eventTypeId: eventType.id }))).resolves.toEqual({
      exists: true,
    });
  });

  it('pages through the events of several types in the order of their ids', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 25; n++) {
      const type = n % 3 === 0 ? 'order.placed.0' : 'order.paid.0';
      ids.push(...(await rawWrite(local, `acme/shop/order.0/${type}`, { n })));
    }
    const { dataCore, eventTypes } = await lookUp();
    const eventTypeId = eventTypes.map(({ id }) => id) as [string, ...string[]];
    const { timeBuckets } = await client.execute(new TimeBucketListCommand({ tenant: TENANT, eventTypeId }));

    const read: string[] = [];
    for (const timeBucket of timeBuckets) {
      for (let cursor: string | undefined, pageSize = 1; ; pageSize++) {
        const page = await client.execute(
          new EventListCommand({
            tenant: TENANT,
            eventTypeId,
            timeBucket,
            pageSize,
            ...(cursor ? { cursor } : {}),
          }),
        );
        read.push(...page.events.map(({ eventId }) => eventId));
        cursor = page.nextCursor;
        if (!cursor) break;
      }
    }
    expect(read).toEqual(ids);

    const byNames = {
      tenant: TENANT,
      dataCoreId: dataCore.id,
      flowType: 'order.0',
      eventTypes: ['order.placed.0'],
    };
    const buckets = await client.execute(new EventsFetchTimeBucketsByNamesCommand(byNames));
    const { events } = await client.execute(
      new EventsFetchCommand({ ...byNames, timeBucket: buckets.timeBuckets[0] as string }),
    );
    expect(events.length).toBeGreaterThan(0);
    expect(events.every(({ eventType }) => eventType === 'order.placed.0')).toBe(true);
  });

  it('shows the newest events of a type with the info helper', async () => {
    const ids = await rawWrite(local, 'acme/shop/order.0/order.closed.0', [{ n: 1 }, { n: 2 }, { n: 3 }]);
    const { eventTypes } = await lookUp();
    const eventTypeId = eventTypes.find(({ name }) => name === 'order.closed.0')?.id as string;
    const info = await client.execute(new EventTypeInfoCommand({ tenant: TENANT, eventTypeId, limit: 2 }));
    expect(info.lastEvents.map(({ eventId }) => eventId)).toEqual(ids.slice(1).reverse());
    expect(info.firstTimeBucket).toBe(info.lastTimeBucket);
  });

  it('takes writes of the SDK, whose metadata is Latin-1', async () => {
    const target = { tenantName: TENANT, flowTypeName: 'order.0', eventTypeName: 'order.sent.0' };
    const { dataCore } = await lookUp();
    const metadata = { place: 'Þórshöfn' };
    const one = await client.execute(
      new IngestEventCommand({ ...target, dataCoreId: dataCore.id, eventData: { n: 1 }, metadata }),
      true,
    );
    const batch = await client.execute(
      new IngestBatchCommand({ ...target, dataCoreId: dataCore.id, events: [{ n: 2 }, { n: 3 }], metadata }),
      true,
    );
    const { eventTypes } = await lookUp();
    const eventTypeId = eventTypes.find(({ name }) => name === 'order.sent.0')?.id as string;
    const { lastEvents } = await client.execute(new EventTypeInfoCommand({ tenant: TENANT, eventTypeId }));
    expect(lastEvents.map(({ eventId }) => eventId)).toEqual([one.eventId, ...batch.eventIds].reverse());
    expect(lastEvents.map((event) => event.metadata)).toEqual([metadata, metadata, metadata]);
  });
});
