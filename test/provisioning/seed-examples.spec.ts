import { DataPathwayListCommand, FlowcoreClient } from '@flowcore/sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createPostgresPathwayState,
  NoopLogger,
  PathwaysBuilder,
  type PathwaysBuilderOptions,
} from 'nestjs-pathways/builder';
import { PlatformUnavailableError, ProvisioningFailedError } from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { blockWith, runExample } from '../seed/example.js';
import { addressOf } from '../support/builder-bench.js';
import { usePostgres } from '../support/postgres.js';
import { dataCoresSeenBySdk, seenBySdk } from './support/seen-by-sdk.js';

// The examples of the reference client's README on runtime defaults and auto-provisioning, run as they stand against a platform
// that creates nothing by itself. What an example leaves to its reader is added: pathways, and in production a store.

const postgres = usePostgres();
const TENANT = 'your-tenant';
const CORE = 'your-data-core';

let local: LocalFlowcore;
const open: { close(): unknown }[] = [];

beforeEach(async () => {
  local = await startLocalFlowcore({ strict: true, tenants: [TENANT] });
  vi.stubEnv('FLOWCORE_API_KEY', 'fc_id_secret');
  vi.stubEnv('TRANSFORM_TOKEN', 'token');
  vi.stubEnv('NODE_ENV', 'development');
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
  await local.stop();
  vi.unstubAllEnvs();
});

/** What the page leaves out where it says so. */
const common = () => ({
  baseUrl: local.url,
  tenant: TENANT,
  dataCore: CORE,
  apiKey: 'fc_id_secret',
  logger: new NoopLogger(),
});

function withPathways(builder: PathwaysBuilder): PathwaysBuilder {
  open.push(builder);
  builder
    .register({
      flowType: 'orders.0',
      flowTypeDescription: 'Orders of the shop',
      eventType: 'placed.0',
      description: 'A customer placed an order',
    })
    .register({ flowType: 'orders.0', eventType: 'paid.0', description: 'It is paid' })
    .register({
      flowType: 'bills.0',
      flowTypeDescription: 'Bills of the shop',
      eventType: 'sent.0',
      description: 'A bill was sent',
    })
    .handle('orders.0/placed.0', () => {})
    .handle('orders.0/paid.0', () => {})
    .handle('bills.0/sent.0', () => {});
  return builder;
}

/** The block of the page with these texts. `config` stands where the page leaves something out, or needs it. */
async function example(text: string, config: Partial<PathwaysBuilderOptions> = {}): Promise<PathwaysBuilder> {
  vi.stubGlobal('config', config);
  try {
    const code = blockWith('new PathwaysBuilder({', text).replace(
      'new PathwaysBuilder({',
      'new PathwaysBuilder({ ...globalThis.config,',
    );
    const isWhole = code.includes('import { PathwaysBuilder }');
    const imports = isWhole ? [] : ['import { PathwaysBuilder } from "@flowcore/pathways"'];
    const made = await runExample([...imports, code], 'pathways', { url: local.url });
    return withPathways((made as { pathways: PathwaysBuilder }).pathways);
  } finally {
    vi.unstubAllGlobals();
  }
}

const builderWith = (options: Partial<PathwaysBuilderOptions>) =>
  withPathways(new PathwaysBuilder({ ...common(), ...options }));

/** What production insists on, and the page comes to later. */
function inProduction(pathways: PathwaysBuilder): PathwaysBuilder {
  const state = createPostgresPathwayState(addressOf(postgres));
  open.push(state);
  return pathways.withPathwayState(state);
}

const seen = () => seenBySdk(local.url, TENANT, CORE);
const ALL = {
  dataCore: 'your-data-core: ',
  flowTypes: ['bills.0: Bills of the shop', 'orders.0: Orders of the shop'],
  eventTypes: ['paid.0: It is paid', 'placed.0: A customer placed an order', 'sent.0: A bill was sent'],
};

/** The pathway instances of the tenant, as the SDK's own command sees them. */
async function registered(): Promise<string[]> {
  const client = new FlowcoreClient({ getBearerToken: async () => 'a-token', retry: null });
  client.setBaseUrl(local.url);
  const { pathways } = await client.execute(new DataPathwayListCommand({ tenant: TENANT }));
  return pathways.map(({ type = 'none' }) => type);
}

/** Nothing may be made in production without a word that it is ours. */
const OURS = { dataCoreDescription: 'The shop' };
const SHOP = { ...ALL, dataCore: 'your-data-core: The shop' };
const ENDPOINT = { managedConfig: { endpointUrl: 'https://app.example.com/api/flowcore' } };

const runningPumps = (pathways: PathwaysBuilder) =>
  (pathways.pump?.status() ?? []).filter(({ state }) => state !== 'stopped').length;
const nothing = async () => {
  expect(await dataCoresSeenBySdk(local.url, TENANT)).toEqual([]);
  expect(await registered()).toEqual([]);
};

describe('the table of runtime defaults', () => {
  it('development: shared resources are provisioned, no pathway is registered, and the pump runs', async () => {
    const pathways = builderWith({});
    await pathways.startPump();
    expect(await seen()).toMatchObject(ALL);
    expect(await registered()).toEqual([]);
    expect(runningPumps(pathways)).toBe(2);
  });

  it('test: both are skipped, and the pump runs', async () => {
    vi.stubEnv('NODE_ENV', 'test');
    const pathways = builderWith({});
    await pathways.startPump();
    await nothing();
    expect(runningPumps(pathways)).toBe(2);
  });

  it('production: shared resources are provisioned, no pathway is registered, and no pump runs', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const pathways = inProduction(builderWith(OURS));
    await pathways.startPump();
    expect(await seen()).toMatchObject(SHOP);
    expect(await registered()).toEqual([]);
    expect(runningPumps(pathways)).toBe(0);
  });
});

describe('granular autoProvision', () => {
  const text = 'pathway: true, // upsert the by-name pathway instance';

  it('the example says what a managed pathway lacks, instead of registering one that gets nothing', async () => {
    await expect(example(text)).rejects.toThrow(
      /managedConfig\.endpointUrl: is required by autoProvision\.pathway/,
    );
  });

  it('the example, with an endpoint, provisions every stage', async () => {
    const pathways = inProduction(await example(text, { ...OURS, ...ENDPOINT }));
    await pathways.startPump();
    expect(await seen()).toMatchObject(SHOP);
    expect(await registered()).toEqual(['managed']);
  });

  it.each<[string, PathwaysBuilderOptions['autoProvision']]>([
    ['everything left out', {}],
    ['one stage switched off', { pathway: false }],
  ])('omitted fields are on for resources and off for the pathway: %s', async (_what, autoProvision) => {
    const pathways = builderWith({ autoProvision });
    await pathways.startPump();
    expect(await seen()).toMatchObject(ALL);
    expect(await registered()).toEqual([]);
  });

  it.each<[string, Partial<typeof ALL>, PathwaysBuilderOptions['autoProvision']]>([
    ['event types', { ...ALL, eventTypes: [] }, { eventType: false }],
    ['flow types', { ...ALL, flowTypes: [], eventTypes: [] }, { flowType: false, eventType: false }],
  ])('a stage of its own is switched off: %s', async (_what, left, autoProvision) => {
    const pathways = builderWith({ autoProvision, provisionFailure: 'continue' });
    await pathways.startPump();
    expect(await seen()).toMatchObject(left);
  });
});

describe('provisionFailure', () => {
  const listFails = () => local.faults.add({ kind: 'status', status: 503, match: { path: /data-cores/ } });
  const createFails = () =>
    local.faults.add({ kind: 'status', status: 400, match: { method: 'POST', path: /event-types/ } });
  const impatient = { provisionRetry: { maxAttempts: 1 } };
  const spoken = () => example('apply: "throw", // missing resource', { ...common(), ...impatient });

  it('the example: everything is there in the end', async () => {
    await (await spoken()).startPump();
    expect(await seen()).toMatchObject(ALL);
  });

  it('the example: a failing lookup is taken for an outage, and the start goes on', async () => {
    const outage = listFails();
    await (await spoken()).startPump();
    expect(outage.hits).toBeGreaterThan(0);
    outage.remove();
    await vi.waitFor(async () => expect(await seen()).toMatchObject(ALL), { timeout: 20_000 });
  });

  it('the example: a create that fails ends the start', async () => {
    createFails();
    await expect((await spoken()).startPump()).rejects.toThrow(ProvisioningFailedError);
    expect(await seen()).toMatchObject({ ...ALL, eventTypes: [] });
  });

  it("one word is for both: 'throw' ends the start at an outage", async () => {
    listFails();
    const pathways = builderWith({ provisionFailure: 'throw', ...impatient });
    await expect(pathways.startPump()).rejects.toThrow(PlatformUnavailableError);
  });

  it("one word is for both: 'continue' starts without what could not be created", async () => {
    createFails();
    await builderWith({ provisionFailure: 'continue', ...impatient }).startPump();
    expect(await seen()).toMatchObject({ ...ALL, eventTypes: [] });
  });
});

it('autoProvision: false, the example: nothing is created', async () => {
  await (await example('autoProvision: false', common())).startPump();
  await nothing();
});

it('autoProvision of startPump: a call leaves out what the builder would do', async () => {
  await builderWith({}).startPump({ autoProvision: false });
  await nothing();
  await builderWith({}).startPump({ autoProvision: { eventType: false } });
  expect(await seen()).toMatchObject({ ...ALL, eventTypes: [] });
});

it('the managed production example: the pathway is registered under its name, with the endpoint', async () => {
  const pathways = inProduction(await example('sizeClass: "medium"', OURS));
  await pathways.startPump();
  expect(await seen()).toMatchObject(SHOP);
  expect(await registered()).toEqual(['managed']);
  expect(local.controlPlane.pathways()).toMatchObject([{ name: 'orders-service', type: 'managed' }]);
  expect(runningPumps(pathways)).toBe(0);
});

describe('the deprecated defaultAutoProvision', () => {
  it('true: resources on, pathway off, also where they would be skipped', async () => {
    vi.stubEnv('NODE_ENV', 'test');
    await builderWith({ defaultAutoProvision: true }).startPump();
    expect(await seen()).toMatchObject(ALL);
    expect(await registered()).toEqual([]);
  });

  it('false: everything off', async () => {
    await builderWith({ defaultAutoProvision: false }).startPump();
    await nothing();
  });
});
