import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createPathwayContract,
  PathwaysEngine,
  PlatformRequestError,
  PlatformUnauthorizedError,
  PlatformUnavailableError,
  type PathwaysEngineOptions,
} from 'nestjs-pathways';
import { NoopLogger, PathwaysBuilder } from 'nestjs-pathways/builder';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { ControllableClock } from 'nestjs-pathways/testing';
import { systemClock } from '../../lib/event/clock.interface.js';
import { silentLogger } from '../../lib/event/logger.interface.js';
import { memoryStore } from '../../lib/state/memory.store.js';
import { failureOf } from '../support/failure-of.js';
import { until, untilIn } from '../support/until.js';

let local: LocalFlowcore;
const open: (() => Promise<void>)[] = [];
beforeEach(async () => {
  local = await startLocalFlowcore({ strict: true, tenants: ['acme'] });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
  await local.stop();
});

const REGISTERED = {
  pathwayName: 'orders',
  autoProvision: { pathway: true },
  dataCoreDescription: 'The shop',
} as const;
const MANAGED = { managedConfig: { endpointUrl: 'https://orders.example/events' } } as const;
const names = { tenant: 'acme', dataCore: 'shop', apiKey: 'fc_id_secret' };
const placed = {
  flowType: 'order.0',
  flowTypeDescription: 'Orders',
  eventType: 'placed.0',
  description: 'Placed',
} as const;

function engineOf(options: PathwaysEngineOptions = {}): PathwaysEngine {
  const engine = new PathwaysEngine({
    ...names,
    baseUrl: local.url,
    runtimeEnv: 'production',
    store: memoryStore(options.clock ?? systemClock),
    provisionRetry: { maxAttempts: 1 },
    logger: silentLogger,
    ...REGISTERED,
    ...MANAGED,
    ...options,
  });
  engine.addContract(createPathwayContract(placed, { declaredBy: 'spec' }));
  open.push(() => engine.stop());
  return engine;
}
const puts = () => local.stats.requests['PUT /api/v1/pathways'] ?? 0;
const registered = () => local.controlPlane.pathways().map(({ name, type }) => `${name} ${type}`);
const byName = { method: 'PUT', path: /by-name/ };

describe('provision()', () => {
  it('registers a managed pathway in production, and the start that provisions nothing leaves it so', async () => {
    const pathways = new PathwaysBuilder({
      ...names,
      ...REGISTERED,
      ...MANAGED,
      baseUrl: local.url,
      runtimeEnv: 'production',
      store: memoryStore(systemClock),
      logger: new NoopLogger(),
    }).register(placed);
    open.push(() => pathways.close());
    await pathways.provision();
    await pathways.startPump({ autoProvision: false });
    expect([registered(), puts()]).toEqual([['orders managed'], 1]);
  });

  it('of a virtual pathway is enough for pulses and commands, whatever the start may do', async () => {
    const engine = engineOf({ pathwayMode: 'virtual', pulseIntervalMs: 20, commandPollingIntervalMs: 20 });
    engine.handlers.addHandler({ pathway: 'order.0/placed.0', where: 'spec', invoke: () => undefined });
    await engine.provisioner.provision();
    await engine.start({ autoProvision: false });
    await until(() => local.controlPlane.pulses().length > 0);
    const pathwayId = local.controlPlane.pathways()[0]?.id ?? '';
    const { id } = local.controlPlane.sendCommand(pathwayId, { type: 'datapumpPause' });
    const command = () => local.controlPlane.commands(pathwayId).find((each) => each.id === id);
    await until(() => command()?.phase === 'running');
    expect(puts()).toBe(1);
  });

  it('comes before the start, which does not register again', async () => {
    const engine = engineOf();
    await engine.provisioner.provision();
    await engine.start();
    await engine.provisioner.provision();
    expect([registered(), puts()]).toEqual([['orders managed'], 1]);
  });

  it('registers what pulls nothing here, such as a job that deploys', async () => {
    await engineOf({ pathwayMode: 'virtual', pump: false }).provisioner.provision();
    expect(registered()).toEqual(['orders virtual']);
  });

  it.each([
    ['test', false, ['orders managed']],
    ['development', false, []],
    ['development', true, ['orders managed']],
  ] as const)('in %s (allowed: %s) makes %j', async (runtimeEnv, allowed, expected) => {
    const allowDevelopmentPathwayRegistration = allowed;
    const engine = engineOf({
      runtimeEnv,
      pathwayMode: 'managed',
      allowDevelopmentPathwayRegistration,
    });
    await engine.provisioner.provision();
    expect(registered()).toEqual(expected);
    expect(local.stats.totals.eventTypes).toBe(1);
  });

  it.each([[false], [true], [{ flowType: true }]])(
    'called with autoProvision %j registers nothing',
    async (autoProvision) => {
      await engineOf().provisioner.provision({ autoProvision });
      expect(puts()).toBe(0);
    },
  );

  it('called for the pathway alone registers it and looks at nothing else', async () => {
    const autoProvision = { dataCore: false, flowType: false, eventType: false, pathway: true };
    await engineOf().provisioner.provision({ autoProvision });
    expect([registered(), local.stats.requests['GET /api/v1/data-cores']]).toEqual([
      ['orders managed'],
      undefined,
    ]);
  });

  it('does not register what has no names yet: the platform would deliver what does not exist', async () => {
    local.faults.add({ kind: 'status', status: 400, match: { method: 'POST', path: /event-types/ } });
    await failureOf(engineOf().provisioner.provision(), Error);
    expect(puts()).toBe(0);
  });
});

describe('plan()', () => {
  it('ends with the registration', async () => {
    const engine = engineOf();
    const last = async () => (await engine.provisioner.plan()).at(-1);
    expect(await last()).toEqual({ kind: 'pathway', name: 'orders', action: 'create' });
    await engine.provisioner.provision();
    expect(await last()).toEqual({ kind: 'pathway', name: 'orders', action: 'update' });
    expect(puts()).toBe(1);
  });

  it('has none where nothing is registered', async () => {
    const plan = await engineOf({ autoProvision: true }).provisioner.plan();
    expect(plan.map(({ kind }) => kind)).toEqual(['dataCore', 'flowType', 'eventType']);
  });
});

describe('a registration that fails in provision()', () => {
  it('is tried again in the background while the control plane is down', async () => {
    const clock = new ControllableClock(Date.now());
    const engine = engineOf({ clock });
    const outage = local.faults.add({ kind: 'status', status: 503, match: byName });
    await engine.provisioner.provision();
    expect(engine.provisioner.state).toBe('interrupted');
    outage.remove();
    await untilIn(clock, () => engine.provisioner.state === 'complete');
    expect(registered()).toEqual(['orders managed']);
  });

  it.each([
    [503, { check: 'throw' }, PlatformUnavailableError],
    [400, {}, PlatformRequestError],
    [401, 'continue', PlatformUnauthorizedError],
    [403, 'continue', PlatformUnauthorizedError],
  ] as const)('with %s and %j throws', async (status, provisionFailure, kind) => {
    local.faults.add({ kind: 'status', status, match: byName });
    const engine = engineOf({ provisionFailure });
    await failureOf(engine.provisioner.provision(), kind);
    expect(engine.provisioner.state).toBe('failed');
  });

  it('is logged where apply is continue', async () => {
    const errors: string[] = [];
    const logger = { ...silentLogger, error: (message: string) => void errors.push(message) };
    local.faults.add({ kind: 'status', status: 400, match: byName });
    await engineOf({ provisionFailure: 'continue', logger }).provisioner.provision();
    expect(errors).toEqual([expect.stringContaining('refuses to register the pathway')]);
  });

  it.each([
    [1, 1],
    [3, 3],
  ])('is tried %i times, as provisionRetry says', async (maxAttempts, expected) => {
    local.faults.add({ kind: 'status', status: 503, match: byName });
    const engine = engineOf({
      provisionRetry: { maxAttempts, baseDelayMs: 1 },
      provisionFailure: 'throw',
    });
    await failureOf(engine.provisioner.provision(), PlatformUnavailableError);
    expect(puts()).toBe(expected);
  });
});
