import { startLocalFlowcore, type LocalFlowcore, type LocalFlowcoreOptions } from 'nestjs-pathways/local';
import { afterEach, describe, expect, it } from 'vitest';
import {
  PlatformUnauthorizedError,
  ProvisioningFailedError,
  type LogFields,
  type PathwayOptions,
  type Telemetry,
} from '../../lib/index.js';
import type { ProvisioningOptions } from '../../lib/provisioning/provisioning.options.js';
import {
  OWNED,
  PLACED,
  ProvisionerBench,
  type ProvisionerSurroundings,
} from './support/provisioner-bench.js';
import { seenBySdk } from './support/seen-by-sdk.js';

let local: LocalFlowcore;
let bench: ProvisionerBench;
const logged: { level: string; message: string; fields: LogFields | undefined }[] = [];
const log = (level: string) => (message: string, fields?: LogFields) =>
  void logged.push({ level, message, fields });
const logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };

afterEach(async () => {
  await bench.close();
  await local.stop();
  logged.length = 0;
});

const start = async (options: LocalFlowcoreOptions = {}) => {
  local = await startLocalFlowcore({ strict: true, tenants: ['acme'], ...options });
  bench = new ProvisionerBench(local.url);
};

function provisioner(options?: ProvisioningOptions, surroundings: ProvisionerSurroundings = {}) {
  return bench.create(options, { logger, ...surroundings });
}

const PAID: PathwayOptions = { flowType: 'order.0', eventType: 'order.paid.0', description: 'It is paid' };

const seen = () => seenBySdk(local.url, 'acme', 'shop');

const NAMES = {
  dataCore: 'shop: The shop',
  access: 'private',
  isProtected: false,
  flowTypes: ['order.0: Orders of the shop'],
  eventTypes: ['order.paid.0: It is paid', 'order.placed.0: A customer placed an order'],
};

it('what is missing is created, level by level, as the reference SDK confirms', async () => {
  await start();
  expect(await provisioner(OWNED)(PLACED, PAID)).toBe('complete');
  expect(await seen()).toEqual(NAMES);
});

it('a second start changes nothing, and a new description is corrected', async () => {
  await start();
  await provisioner(OWNED)(PLACED, PAID);
  const writes = () =>
    Object.entries(local.stats.requests)
      .filter(([route]) => /^(POST|PATCH) /.test(route))
      .reduce((sum, [, count]) => sum + count, 0);
  const before = writes();
  expect(before).toBe(4);
  await provisioner(OWNED)(PLACED, PAID);
  expect(writes()).toBe(before);
  await provisioner({ dataCoreDescription: 'The new shop' })(PLACED, {
    ...PAID,
    description: 'Paid in full',
  });
  expect(await seen()).toMatchObject({
    dataCore: 'shop: The new shop',
    eventTypes: ['order.paid.0: Paid in full', 'order.placed.0: A customer placed an order'],
  });
});

it('ten instances that start at once all succeed, and every name is there once (C3)', async () => {
  await start();
  let conflicts = 0;
  const telemetry: Telemetry = {
    requestFinished: (_, status) => void (conflicts += status === 409 ? 1 : 0),
  };
  // All of them have looked before the first one makes anything: otherwise they may come one after the other.
  local.faults.add({ kind: 'latency', delayMs: 100, match: { method: 'POST' } });
  const instances = Array.from({ length: 10 }, () => provisioner(OWNED, { telemetry }));
  const ends = await Promise.all(instances.map((provision) => provision(PLACED, PAID)));
  expect(ends).toEqual(Array.from({ length: 10 }, () => 'complete'));
  expect(conflicts).toBeGreaterThan(0);
  expect(await seen()).toEqual(NAMES);
});

it('a dry run says what would be done, below what is not there too, and changes nothing', async () => {
  await start();
  const { inspect } = provisioner(OWNED);
  const lost = { flowType: 'order.0', eventType: 'order.lost.0' };
  expect(await inspect(PLACED, lost)).toEqual([
    { kind: 'dataCore', name: 'shop', action: 'create' },
    { kind: 'flowType', name: 'order.0', action: 'create' },
    { kind: 'eventType', flowType: 'order.0', name: 'order.placed.0', action: 'create' },
    {
      kind: 'eventType',
      flowType: 'order.0',
      name: 'order.lost.0',
      action: 'missing',
      problem: expect.stringContaining('has no description here'),
    },
  ]);
  expect(local.stats.totals.dataCores).toBe(0);
  await provisioner(OWNED)(PLACED);
  const renamed = await inspect({ ...PLACED, description: 'Another' });
  expect(renamed.map(({ name, action }) => `${name}: ${action}`)).toEqual([
    'shop: exists',
    'order.0: exists',
    'order.placed.0: describe',
  ]);
});

describe('what is missing and not ours', () => {
  it('fails the start with all of its level in one error', async () => {
    await start();
    await provisioner(OWNED)(PLACED);
    const other = { flowType: 'order.0', eventType: 'order.lost.0' };
    const failing = provisioner(OWNED)(PLACED, other, { ...other, eventType: 'order.gone.0' });
    await expect(failing).rejects.toThrow(ProvisioningFailedError);
    await expect(failing).rejects.toThrow(
      /event type "order\.lost\.0": is missing.*\n.*event type "order\.gone\.0": is missing.*description in @Pathway/,
    );
  });

  it('is created on a platform that anybody may fill', async () => {
    await start();
    const undescribed = { flowType: 'order.0', eventType: 'order.lost.0' };
    expect(await provisioner({}, { undescribed: true })(undescribed)).toBe('complete');
    expect(await seen()).toMatchObject({ dataCore: 'shop: ', eventTypes: ['order.lost.0: '] });
  });

  it('is logged, and what depends on it left out, with apply: continue', async () => {
    await start();
    const options: ProvisioningOptions = { ...OWNED, provisionFailure: { apply: 'continue' } };
    const orphan = {
      flowType: 'lost.0',
      eventType: 'lost.thing.0',
      description: 'Nobody owns its flow type',
    };
    expect(await provisioner(options)(PLACED, orphan)).toBe('complete');
    expect(logged.find(({ level }) => level === 'error')?.message).toContain(
      'flow type "lost.0": is missing',
    );
    expect((await seen()).eventTypes).toEqual(['order.placed.0: A customer placed an order']);
  });

  it('is not created in a stage that is switched off', async () => {
    await start();
    const failing = provisioner({ ...OWNED, autoProvision: { dataCore: false } })(PLACED);
    await expect(failing).rejects.toThrow(
      /data core "shop": is missing, and autoProvision\.dataCore is false/,
    );
    await provisioner(OWNED)();
    const noEvents = provisioner({ ...OWNED, autoProvision: { eventType: false } });
    expect(await noEvents(PLACED)).toBe('complete');
    expect(await seen()).toMatchObject({ flowTypes: NAMES.flowTypes, eventTypes: [] });
  });
});

describe('a platform that does not answer as it should', () => {
  const fault = (status: number, body?: unknown) =>
    local.faults.add({
      kind: 'status',
      status,
      match: { path: /data-cores/ },
      ...(body !== undefined && { body }),
    } as never);

  it('when it is down, does not keep the service from starting, and says so', async () => {
    await start();
    const outage = fault(503);
    expect(await provisioner(OWNED)(PLACED)).toBe('interrupted');
    expect(logged.find(({ level }) => level === 'warn')?.message).toContain('may be down');
    outage.remove();
    expect(await provisioner(OWNED)(PLACED)).toBe('complete');
  });

  it('when it is down, fails the start with check: throw', async () => {
    await start();
    fault(503);
    const failing = provisioner({ ...OWNED, provisionFailure: 'throw' })(PLACED);
    await expect(failing).rejects.toMatchObject({ code: 'PATHWAYS_PLATFORM_UNAVAILABLE' });
  });

  it('when it fails with the words "not found" in its page, is not taken for empty (C2)', async () => {
    await start();
    fault(500, { message: 'upstream not found' });
    expect(await provisioner(OWNED)(PLACED)).toBe('interrupted');
    expect(local.stats.totals.dataCores).toBe(0);
  });

  it('when it refuses the key, is not taken for down (C1)', async () => {
    await start({ apiKeys: ['fc_other_secret'] });
    await expect(provisioner(OWNED)(PLACED)).rejects.toThrow(PlatformUnauthorizedError);
  });

  it('when it fails once, is asked again', async () => {
    await start();
    local.faults.add({ kind: 'status', status: 503, times: 2 });
    expect(await provisioner(OWNED)(PLACED)).toBe('complete');
  });

  it('when it does not know the tenant, fails the start whatever the policy', async () => {
    await start({ tenants: [] });
    const failing = provisioner({ ...OWNED, provisionFailure: 'continue' })(PLACED);
    await expect(failing).rejects.toMatchObject({ code: 'PATHWAYS_PLATFORM_NOT_FOUND' });
  });
});
