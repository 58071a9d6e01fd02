import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createPathwayContract,
  PathwaysEngine,
  PathwaysHealth,
  PathwaysModule,
  silentLogger,
  type PathwayOptions,
  type PathwaysEngineOptions,
} from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { ControllableClock } from 'nestjs-pathways/testing';
import { until, untilIn } from '../support/until.js';

let local: LocalFlowcore;
let clock: ControllableClock;
const engines: PathwaysEngine[] = [];

beforeEach(async () => {
  local = await startLocalFlowcore();
  clock = new ControllableClock(Date.now());
});
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
  await local.stop();
});

function engineWith(
  handle: () => unknown,
  { pathway, ...options }: PathwaysEngineOptions & { pathway?: Partial<PathwayOptions> } = {},
): PathwaysEngine {
  const engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    clock,
    shutdownTimeoutMs: 0,
    handlerTimeoutMs: 0,
    pump: { startFrom: 'beginning' },
    logger: silentLogger,
    ...options,
  });
  const contract = { flowType: 'a.0', eventType: 'b.0', maxRetries: 0, ...pathway };
  engine.addContract(createPathwayContract(contract, { declaredBy: 'spec' }));
  engine.handlers.addHandler({ pathway: 'a.0/b.0', where: 'spec', invoke: () => handle() });
  engines.push(engine);
  return engine;
}
const write = (engine: PathwaysEngine, count: number) =>
  engine.writer.write('a.0/b.0', {
    batch: true,
    data: Array.from({ length: count }, (_, n) => ({ n })),
    options: { fireAndForget: true },
  });
const pump = 'a.0::default';

it('a pump that delivers, and one that is idle with an empty buffer, are healthy', async () => {
  const engine = engineWith(() => undefined);
  expect(engine.health.check()).toMatchObject({
    isHealthy: false,
    problems: [expect.stringContaining('has not started')],
  });
  await write(engine, 3);
  await engine.start();
  await engine.pumps.drain();
  clock.advance(3_600_000);
  expect(engine.health.check()).toEqual({
    isHealthy: true,
    problems: [],
    pumps: [{ pump, state: 'live', isHealthy: true }],
    provisioning: 'off',
  });
  await engine.stop();
  expect(engine.health.check().isHealthy).toBe(false);
});

it('a pump whose handler hangs is unhealthy after a minute, although the process lives; then it recovers', async () => {
  let release = () => {};
  const engine = engineWith(() => new Promise<void>((resolve) => (release = resolve)));
  await write(engine, 2);
  await engine.start();
  await untilIn(clock, () => engine.pumps.status()[0]?.inFlight === 1);
  expect(engine.health.check().isHealthy).toBe(true);
  clock.advance(60_000);
  expect(engine.health.check().pumps).toEqual([
    {
      pump,
      state: expect.any(String),
      isHealthy: false,
      problem: expect.stringMatching(
        /^has finished nothing for 6\d s, while \d wait and 1 are being handled$/,
      ),
    },
  ]);
  expect(engine.health.check({ stalledAfterMs: 100_000_000 }).isHealthy).toBe(true);
  release();
  await until(() => engine.pumps.status()[0]?.counters.processed === 1);
  expect(engine.health.check().isHealthy).toBe(true);
  release();
});

it('a platform that is down makes it unhealthy and says why, until it is back', async () => {
  const engine = engineWith(() => undefined);
  const outage = local.faults.add({ kind: 'dropped-connection' });
  await engine.start();
  await untilIn(clock, () => engine.pumps.status()[0]?.state === 'backing-off');
  expect(engine.health.check().problems).toEqual([
    expect.stringMatching(/^Pump a\.0::default is backing off: .*127\.0\.0\.1/),
  ]);
  outage.remove();
  await write(engine, 1);
  await untilIn(clock, () => engine.health.check().isHealthy);
});

it('a halted pump is unhealthy, a paused one is as somebody wanted it', async () => {
  const engine = engineWith(
    () => {
      throw new Error('no');
    },
    { pathway: { onExhausted: 'halt' } },
  );
  await write(engine, 1);
  await engine.start();
  await untilIn(clock, () => engine.pumps.status()[0]?.state === 'halted');
  expect(engine.health.check().problems).toEqual([expect.stringContaining('halted at an event that failed')]);
  const other = engineWith(() => undefined);
  await other.start();
  other.pumps.pause();
  expect(other.health.check()).toMatchObject({ isHealthy: true, pumps: [{ state: 'paused' }] });
});

it('is injectable', async () => {
  @Module({ imports: [PathwaysModule.forRoot({ local: true, logger: silentLogger })] })
  class App {}
  const app = (await Test.createTestingModule({ imports: [App] }).compile()).createNestApplication({
    logger: false,
  });
  await app.init();
  expect(app.get(PathwaysHealth).check().isHealthy).toBe(true);
  await app.close();
});
