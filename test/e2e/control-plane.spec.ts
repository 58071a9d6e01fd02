import { Injectable, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  OnEvent,
  Pathway,
  PathwayWriter,
  PathwaysConfigurationError,
  PathwaysModule,
  PumpManager,
  type PathwayEvent,
  type PathwaysLogger,
  type PathwaysModuleOptions,
} from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { AlwaysGrantedLeaseStore } from '../../lib/state/always-granted-lease.store.js';
import { MemoryCommandStore } from '../../lib/state/memory-command.store.js';
import { MemoryCursorStore } from '../../lib/state/memory-cursor.store.js';
import { MemoryDeadLetterStore } from '../../lib/state/memory-dead-letter.store.js';
import { MemoryDeliveryStore } from '../../lib/state/memory-delivery.store.js';
import { MemoryPathwayState } from '../../lib/state/memory-pathway.state.js';
import { until } from '../support/until.js';

const SECRET = 'the-secret-of-the-webhook';
const ORDERS = 'order.0::default';

@Pathway({ flowType: 'order.0', eventType: 'placed.0' })
class OrderPlaced {
  n!: number;
}

@Injectable()
class Orders {
  readonly handled: number[] = [];
  @OnEvent(OrderPlaced)
  add({ payload }: PathwayEvent<OrderPlaced>): void {
    this.handled.push(payload.n);
  }
}

/** Nothing but what survives a restart of the process. */
function durableParts() {
  return {
    state: new MemoryPathwayState(),
    cursors: new MemoryCursorStore(),
    deadLetters: new MemoryDeadLetterStore(),
    delivery: new MemoryDeliveryStore(),
    leases: new AlwaysGrantedLeaseStore(),
    commands: new MemoryCommandStore(),
  };
}

let local: LocalFlowcore;
const apps: INestApplication[] = [];
const lines: string[] = [];
const line = (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields)}`);
const logger: PathwaysLogger = { debug: line, info: line, warn: line, error: line };

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await local.stop();
  lines.splice(0);
});

async function appWith(options: PathwaysModuleOptions) {
  const module = await Test.createTestingModule({
    imports: [
      PathwaysModule.forRoot({
        baseUrl: local.url,
        tenant: 'acme',
        dataCore: 'shop',
        dataCoreDescription: 'The shop',
        apiKey: 'fc_id_secret',
        runtimeEnv: 'production',
        provisionFailure: 'continue',
        pathwayName: 'orders',
        autoProvision: { pathway: true },
        pulseIntervalMs: 50,
        commandPollingIntervalMs: 20,
        logger,
        ...options,
      }),
    ],
    providers: [Orders],
  }).compile();
  const app = module.createNestApplication({ logger: false });
  apps.push(app);
  return {
    app,
    orders: module.get(Orders),
    writer: module.get(PathwayWriter),
    pumps: module.get(PumpManager),
  };
}

const virtual = (options: PathwaysModuleOptions = {}) =>
  appWith({ pathwayMode: 'virtual', store: durableParts(), ...options, pump: { startFrom: 'beginning' } });
const write = (n: number) =>
  local.appendRaw({
    tenant: 'acme',
    dataCore: 'shop',
    flowType: 'order.0',
    eventType: 'placed.0',
    payload: { n },
  });
const pathway = () => local.controlPlane.pathways()[0];

/** Sends a command, and waits for what the application says of it. */
async function order(type: string, more: { position?: { timeBucket: string } } = {}): Promise<string> {
  const id = pathway()?.id ?? '';
  const sent = local.controlPlane.sendCommand(id, { type, ...more });
  const phase = () => local.controlPlane.commands(id).find((each) => each.id === sent.id)?.phase ?? '';
  await until(() => /running|failed/.test(phase()));
  return phase();
}

describe('a virtual pathway in production', () => {
  it('registers, sends pulses, and is paused, resumed and restarted from the control plane', async () => {
    local = await startLocalFlowcore({ tenants: ['acme'] });
    await write(1);
    const { app, orders, pumps } = await virtual({ pathwayLabels: { team: 'blue' } });
    await app.init();
    await until(() => orders.handled.length === 1);
    expect(pathway()).toMatchObject({
      name: 'orders',
      type: 'virtual',
      labels: { team: 'blue' },
      virtualConfig: { flowTypes: ['order.0'] },
    });
    await until(() => local.controlPlane.pulses().some(({ counters }) => counters.acknowledged === 1));

    expect(await order('datapumpPause')).toBe('running');
    await write(2);
    await until(() => pumps.status()[0]?.bufferedEvents === 1);
    expect([pumps.status()[0]?.state, orders.handled]).toEqual(['paused', [1]]);
    expect(await order('datapumpResume')).toBe('running');
    await until(() => orders.handled.length === 2);

    expect(await order('datapumpRestart', { position: { timeBucket: '20200101000000' } })).toBe('running');
    await until(() => orders.handled.length === 4);
    expect(orders.handled).toEqual([1, 2, 1, 2]);
  });

  it('is still paused after a restart, also when the control plane is gone, and ends with the application', async () => {
    local = await startLocalFlowcore({ tenants: ['acme'] });
    await write(1);
    const store = durableParts();
    const first = await virtual({ store });
    await first.app.init();
    await until(() => first.orders.handled.length === 1);
    await order('datapumpPause');
    await apps.splice(0)[0]?.close();
    const requests = () => local.stats.requests['GET /api/v1/pathways'];
    const before = [local.controlPlane.pulses().length, requests()];

    await write(2);
    expect([local.controlPlane.pulses().length, requests()]).toEqual(before);
    local.faults.add({ kind: 'status', status: 503, match: { path: /by-name/ } });
    const second = await virtual({ store });
    await second.app.init();
    await until(() => second.pumps.status()[0]?.bufferedEvents === 1);
    expect([second.pumps.status()[0]?.state, second.orders.handled]).toEqual(['paused', []]);
    expect(await store.delivery.pausedPumps('orders')).toEqual([ORDERS]);
  });

  it('a stop ends a start that waits for the control plane: nothing runs afterwards', async () => {
    local = await startLocalFlowcore({ tenants: ['acme'] });
    const fault = local.faults.add({ kind: 'hang', match: { path: /by-name/ } });
    const { app, pumps } = await virtual({ requestTimeoutMs: 600_000 });
    const starting = app.init();
    await until(() => fault.hits === 1);
    await apps.splice(0)[0]?.close();
    await starting;
    expect(pumps.status().filter(({ state }) => state !== 'stopped')).toEqual([]);
    expect([pathway(), local.stats.requests['GET /api/v1/pathways']]).toEqual([undefined, undefined]);
  });

  it('is not registered without autoProvision.pathway, nor where nobody pulls', async () => {
    local = await startLocalFlowcore({ tenants: ['acme'] });
    await (await virtual({ autoProvision: true })).app.init();
    await (await appWith({ pathwayMode: 'virtual', store: durableParts(), pump: false })).app.init();
    expect(local.controlPlane.pathways()).toEqual([]);
  });
});

describe('a managed pathway in production', () => {
  it('registers, and gets every event once at its webhook, while no pump runs', async () => {
    local = await startLocalFlowcore({ tenants: ['acme'] });
    await write(0);
    const managedConfig = { endpointUrl: '', authHeaders: { 'x-webhook-secret': SECRET } };
    // The port must be known before the application is there.
    const port = await freePort();
    managedConfig.endpointUrl = `http://127.0.0.1:${port}/pathways/events`;
    const { app, orders, pumps, writer } = await appWith({
      store: durableParts(),
      webhook: { secrets: SECRET },
      managedConfig,
    });
    await app.listen(port, '127.0.0.1');
    expect(pathway()).toMatchObject({
      type: 'managed',
      sizeClass: 'small',
      config: { sources: [{ flowType: 'order.0', eventTypes: ['placed.0'] }] },
    });
    for (const n of [1, 2, 3]) await writer.write(OrderPlaced, { data: { n } });
    await until(() => local.controlPlane.deliveries().filter(({ success }) => success).length >= 3);
    expect(orders.handled.filter((n) => n > 0)).toEqual([1, 2, 3]);
    expect(pumps.status().filter(({ state }) => state !== 'stopped')).toEqual([]);
    expect(local.controlPlane.pulses()).toEqual([]);
    expect(lines.filter((text) => text.includes(SECRET))).toEqual([]);
  });
});

describe('in development', () => {
  it('nothing is registered, unless somebody insists, and then with a warning', async () => {
    local = await startLocalFlowcore({ tenants: ['acme'] });
    await (await appWith({ runtimeEnv: 'development' })).app.init();
    expect(local.controlPlane.pathways()).toEqual([]);
    expect(lines.join('\n')).toContain('allowDevelopmentPathwayRegistration');
    lines.splice(0);
    const insists = { runtimeEnv: 'development', allowDevelopmentPathwayRegistration: true } as const;
    await (await appWith(insists)).app.init();
    expect(pathway()?.type).toBe('virtual');
    expect(lines.join('\n')).toContain('is registered from a development process');
  });
});

describe('options', () => {
  it('everything that registering needs and is wrong is named at once, and no secret is shown', async () => {
    local = await startLocalFlowcore({ tenants: ['acme'] });
    const error = await appWith({
      store: durableParts(),
      pathwayName: undefined as never,
      managedConfig: { endpointUrl: 'orders.example', authHeaders: { authorization: `${SECRET}\n` } },
      pulseIntervalMs: 0,
      pulseUrl: 'ftp://x',
    }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(PathwaysConfigurationError);
    const { problems, message } = error as PathwaysConfigurationError;
    expect(problems.map(({ path }) => path).toSorted()).toEqual([
      'managedConfig.authHeaders.authorization',
      'managedConfig.endpointUrl',
      'pathwayName',
      'pulseIntervalMs',
      'pulseUrl',
    ]);
    expect(message).not.toContain(SECRET);
  });

  it('managed in production needs an endpoint', async () => {
    local = await startLocalFlowcore({ tenants: ['acme'] });
    await expect(appWith({ store: durableParts() })).rejects.toThrow(
      /managedConfig.endpointUrl.*pathwayMode/s,
    );
  });
});

async function freePort(): Promise<number> {
  const probe = await startLocalFlowcore();
  const { port } = new URL(probe.url);
  await probe.stop();
  return Number(port);
}
