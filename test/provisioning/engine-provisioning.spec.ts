import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createPathwayContract,
  PathwaysEngine,
  PlatformRequestError,
  PlatformUnauthorizedError,
  PlatformUnavailableError,
  ProvisioningFailedError,
  type PathwayOptions,
  type PathwaysEngineOptions,
} from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore, type LocalFlowcoreOptions } from 'nestjs-pathways/local';
import { ControllableClock } from 'nestjs-pathways/testing';
import { failureOf } from '../support/failure-of.js';
import { until, untilIn } from '../support/until.js';

let local: LocalFlowcore;
const engines: PathwaysEngine[] = [];
const logged: { level: string; message: string }[] = [];
const log = (level: string) => (message: string) => void logged.push({ level, message });
const logger = { debug() {}, info: log('info'), warn: log('warn'), error: log('error') };

const start = async (options: LocalFlowcoreOptions = {}) => {
  local = await startLocalFlowcore({ strict: true, tenants: ['acme'], ...options });
};
beforeEach(() => void logged.splice(0));
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
  await local.stop();
});

const PLACED: PathwayOptions = { flowType: 'order.0', eventType: 'placed.0' };

function engineOf(options: PathwaysEngineOptions = {}, pathways: readonly PathwayOptions[] = [PLACED]) {
  const engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    apiKey: 'fc_id_secret',
    runtimeEnv: 'development',
    provisionRetry: { maxAttempts: 1 },
    logger,
    ...options,
  });
  for (const pathway of pathways) add(engine, pathway);
  engines.push(engine);
  return engine;
}
const add = (engine: PathwaysEngine, pathway: PathwayOptions) =>
  engine.addContract(createPathwayContract(pathway, { declaredBy: 'test' }));
const write = (engine: PathwaysEngine) =>
  engine.writer.write('order.0/placed.0', { data: { n: 1 }, options: { fireAndForget: true } });
const isDown = () => local.faults.add({ kind: 'status', status: 503 });

describe('in development', () => {
  it('names are there before the first write, although nothing describes them on this machine', async () => {
    await start();
    const engine = engineOf();
    await engine.open();
    await write(engine);
    expect([engine.provisioner.state, local.stats.eventsStored]).toEqual(['complete', 1]);
  });

  it('without any option it starts on an empty Local Flowcore, whose tenant nobody has written to yet', async () => {
    await start({ strict: false, tenants: [] });
    const engine = engineOf({ tenant: 'local', dataCore: 'local' });
    await engine.start();
    expect([engine.provisioner.state, local.stats.totals.dataCores]).toEqual(['complete', 1]);
  });

  it('a contract that is added later is provisioned too, and nothing else is looked at again', async () => {
    await start();
    const engine = engineOf();
    await engine.start();
    const lookUps = () => local.stats.requests['GET /api/v1/event-types'];
    const before = lookUps();
    await engine.refresh();
    expect([before, lookUps()]).toEqual([1, 1]);
    add(engine, { flowType: 'order.0', eventType: 'late.0' });
    await engine.refresh();
    const late = (await engine.provisioner.plan()).find(({ name }) => name === 'late.0');
    expect(late?.action).toBe('exists');
  });
});

it('in test nothing is provisioned, unless it is asked for', async () => {
  await start();
  await engineOf({ runtimeEnv: 'test' }).start();
  expect(local.stats.totals.dataCores).toBe(0);
  await engineOf({ runtimeEnv: 'test', autoProvision: true }).start();
  expect(local.stats.totals.dataCores).toBe(1);
});

describe('a call that says what is provisioned', () => {
  const madeOf = () => {
    const { dataCores, flowTypes, eventTypes } = local.stats.totals;
    return { dataCores, flowTypes, eventTypes };
  };

  it.each([
    [{ eventType: false }, { dataCores: 1, flowTypes: 1, eventTypes: 0 }],
    [false, { dataCores: 0, flowTypes: 0, eventTypes: 0 }],
  ] as const)('C8: switches nothing on that the options switch off (%o)', async (autoProvision, made) => {
    await start();
    const engine = engineOf({ autoProvision });
    await engine.open();
    await engine.provisioner.provision({ autoProvision: true });
    await engine.provisioner.provision({
      autoProvision: { dataCore: true, flowType: true, eventType: true, pathway: true },
    });
    expect(madeOf()).toEqual(made);
  });

  it('leaves out what it does not ask for, and the next one makes up for it', async () => {
    await start();
    const { provisioner } = engineOf();
    await provisioner.provision({ autoProvision: false });
    expect([provisioner.state, madeOf().dataCores]).toEqual(['waiting', 0]);
    await provisioner.provision({ autoProvision: { eventType: false } });
    expect(madeOf()).toEqual({ dataCores: 1, flowTypes: 1, eventTypes: 0 });
    await provisioner.provision();
    expect(madeOf()).toEqual({ dataCores: 1, flowTypes: 1, eventTypes: 1 });
  });

  it('during an outage is tried again with what all of them ask for', async () => {
    await start();
    const clock = new ControllableClock(Date.now());
    const { provisioner } = engineOf({ clock });
    const outage = isDown();
    await provisioner.provision({ autoProvision: { eventType: false } });
    await provisioner.provision();
    outage.remove();
    await untilIn(clock, () => provisioner.state === 'complete');
    expect(madeOf().eventTypes).toBe(1);
  });
});

describe('a platform that is down at start', () => {
  it('does not stop the service: names are created when it is back, with those added meanwhile', async () => {
    await start();
    const clock = new ControllableClock(Date.now());
    const engine = engineOf({ clock, pump: { autoStart: false } });
    const outage = isDown();
    await engine.start();
    expect(engine.provisioner.state).toBe('interrupted');
    add(engine, { flowType: 'order.0', eventType: 'late.0' });
    await engine.refresh();
    outage.remove();
    await untilIn(clock, () => engine.provisioner.state === 'complete');
    expect((await engine.provisioner.plan()).map(({ name, action }) => `${name} ${action}`)).toEqual([
      'shop exists',
      'order.0 exists',
      'placed.0 exists',
      'late.0 exists',
    ]);
  });

  it('and then refuses the key, ends provisioning with an error in the log', async () => {
    await start({ apiKeys: ['fc_other_secret'] });
    const clock = new ControllableClock(Date.now());
    const engine = engineOf({ clock, pump: { autoStart: false } });
    const outage = isDown();
    await engine.start();
    outage.remove();
    await untilIn(clock, () => engine.provisioner.state === 'failed');
    expect(logged.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it.each([{ startupFailure: 'throw' }, { provisionFailure: 'throw' }] as const)(
    'stops the service with %o',
    async (options) => {
      await start();
      isDown();
      await failureOf(engineOf(options).start(), PlatformUnavailableError);
    },
  );
});

it('a wrong key fails the start whatever the policy (C1)', async () => {
  await start({ apiKeys: ['fc_other_secret'] });
  const engine = engineOf({ provisionFailure: 'continue' });
  await failureOf(engine.start(), PlatformUnauthorizedError);
});

it('in production what nobody describes must exist', async () => {
  await start();
  const { state, cursors, deadLetters } = engineOf().store;
  const engine = engineOf({ runtimeEnv: 'production', store: { state, cursors, deadLetters } });
  await failureOf(engine.start(), ProvisioningFailedError);
  expect(engine.provisioner.state).toBe('failed');
});

it('a stop during the start ends it: nothing runs afterwards', async () => {
  await start();
  const engine = engineOf({ requestTimeoutMs: 60_000 });
  engine.handlers.addHandler({ pathway: 'order.0/placed.0', where: 'test', invoke: () => undefined });
  local.faults.add({ kind: 'hang', when: 'after', match: { path: /data-cores/ } });
  const starting = engine.start();
  await until(() => local.stats.requests['GET /api/v1/data-cores'] === 1);
  await engine.stop();
  await starting;
  expect(engine.pumps.status()).toEqual([]);
  expect(logged.filter(({ level }) => level !== 'info')).toEqual([]);
});

it('a stop while the store is being opened closes it afterwards, not meanwhile', async () => {
  await start();
  const seen: string[] = [];
  let opened = () => {};
  const gate = new Promise<void>((resolve) => (opened = resolve));
  const engine = engineOf({
    store: {
      open: async () => {
        seen.push('opens');
        await gate;
        seen.push('is open');
      },
      close: async () => void seen.push('is closed'),
    },
  });
  const opening = engine.open();
  await until(() => seen.length === 1);
  const stopping = engine.stop();
  // Everything that waits for nothing goes on: a stop that does not wait would have closed it by now.
  for (let turns = 0; turns < 100; turns++) await turn();
  opened();
  await Promise.all([opening, stopping]);
  expect(seen).toEqual(['opens', 'is open', 'is closed']);
});

it('a header of managed delivery that a refusal quotes stands in no error', async () => {
  await start();
  local.faults.add({
    kind: 'status',
    status: 400,
    body: 'invalid: {"authHeaders":{"authorization":"Bearer top-secret-token"}}',
    match: { method: 'PUT' },
  });
  const { state, cursors, deadLetters } = engineOf().store;
  const engine = engineOf({
    runtimeEnv: 'production',
    pathwayName: 'orders',
    autoProvision: { dataCore: false, flowType: false, eventType: false, pathway: true },
    managedConfig: {
      endpointUrl: 'https://orders.example/events',
      authHeaders: { authorization: 'Bearer top-secret-token' },
    },
    store: { state, cursors, deadLetters },
  });
  const error = await failureOf(engine.start(), PlatformRequestError);
  expect(error.message).toContain('"authorization":"***"');
  expect(JSON.stringify([error, error.message, logged])).not.toContain('top-secret');
});

it('a pathway that is loaded late delivers nothing before the control plane was asked whether it is paused', async () => {
  await start({ strict: false });
  const handled: string[] = [];
  const engine = engineOf({
    runtimeEnv: 'development',
    pathwayMode: 'virtual',
    pathwayName: 'orders',
    allowDevelopmentPathwayRegistration: true,
    autoProvision: { dataCore: false, flowType: false, eventType: false, pathway: true },
    pump: { startFrom: 'beginning', pollIntervalMs: 20 },
  });
  const handle = (pathway: `${string}/${string}`) =>
    engine.handlers.addHandler({ pathway, where: 'test', invoke: () => void handled.push(pathway) });
  handle('order.0/placed.0');
  const names = { tenant: 'acme', dataCore: 'shop' };
  await local.appendRaw({ ...names, flowType: 'order.0', eventType: 'placed.0', payload: {} });
  await engine.start();
  await until(() => handled.length === 1);

  await local.appendRaw({ ...names, flowType: 'bill.0', eventType: 'sent.0', payload: {} });
  const [pathway] = local.controlPlane.pathways();
  const match = { path: /by-name/ };
  const body = { ...pathway, deliveryState: 'paused', deliveryPauseTargets: ['bill.0'] };
  // A pump that does not wait for the answer has delivered long before.
  local.faults.add({ kind: 'latency', delayMs: 300, match: { ...match, method: 'PUT' } });
  local.faults.add({ kind: 'status', status: 200, body, match: { ...match, method: 'GET' } });
  add(engine, { flowType: 'bill.0', eventType: 'sent.0' });
  handle('bill.0/sent.0');
  await engine.refresh();
  const bills = () => engine.pumps.status().find(({ flowType }) => flowType === 'bill.0');
  await until(() => bills()?.bufferedEvents === 1);
  expect([bills()?.state, handled]).toEqual(['paused', ['order.0/placed.0']]);
  await engine.pumps.resume();
  await until(() => handled.length === 2);
});

describe('who brings events', () => {
  const production = { runtimeEnv: 'production' } as const;
  const development = { runtimeEnv: 'development' } as const;
  const test = { runtimeEnv: 'test' } as const;
  const registered = {
    pathwayMode: 'managed',
    autoProvision: { pathway: true },
    pathwayName: 'orders',
    managedConfig: { endpointUrl: 'https://orders.example/pathways/events' },
  } as const;
  it.each([
    [production, 'managed', false],
    [{ ...production, pathwayMode: 'virtual' }, 'virtual', true],
    [development, 'virtual', true],
    [{ ...development, pathwayMode: 'managed' }, 'managed', true],
    [{ ...development, ...registered }, 'managed', true],
    [{ ...development, ...registered, allowDevelopmentPathwayRegistration: true }, 'managed', false],
    [{ ...production, ...registered }, 'managed', false],
    [{ ...test, ...registered, allowDevelopmentPathwayRegistration: true }, 'managed', true],
    [test, 'virtual', true],
    [{ ...test, pathwayMode: 'managed' }, 'managed', true],
    [{ ...test, pump: false }, 'virtual', false],
  ] as const)('%o: %s, pumps here: %s', async (options, pathwayMode, pumpEnabled) => {
    await start();
    const { options: resolved } = engineOf({ store: engineOf().store, ...options });
    expect([resolved.pathwayMode, resolved.pumpEnabled]).toEqual([pathwayMode, pumpEnabled]);
  });
});
