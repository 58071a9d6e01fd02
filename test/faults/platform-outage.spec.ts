import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createPathwayContract,
  PathwaysEngine,
  silentLogger,
  type PathwayEvent,
  type PathwaysEngineOptions,
} from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { ControllableClock } from 'nestjs-pathways/testing';
import { untilIn } from '../support/until.js';

/** Injected milliseconds per turn of the event loop. */
const STEP = 10;

let local: LocalFlowcore;
let clock: ControllableClock;
const engines: PathwaysEngine[] = [];

beforeEach(async () => {
  local = await startLocalFlowcore({ strict: true, tenants: ['acme'] });
  clock = new ControllableClock(Date.now());
});
afterEach(async () => {
  local.faults.clear();
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
  await local.stop();
});

function engineWith(options: PathwaysEngineOptions, seen: number[] = []): PathwaysEngine {
  const engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    apiKey: 'fc_id_secret',
    runtimeEnv: 'development',
    logger: silentLogger,
    ...options,
  });
  engine.addContract(createPathwayContract({ flowType: 'a.0', eventType: 'b.0' }, { declaredBy: 'spec' }));
  engine.handlers.addHandler({
    pathway: 'a.0/b.0',
    where: 'spec',
    invoke: ({ payload }: PathwayEvent) => void seen.push((payload as { n: number }).n),
  });
  engines.push(engine);
  return engine;
}

/** Another service, by the machine's clock, that writes. */
async function stored(from: number, to: number): Promise<void> {
  const writer = engineWith({ pump: false, maxBatchSize: 100 });
  await writer.open();
  const data = Array.from({ length: to - from }, (_, n) => ({ n: from + n }));
  await writer.writer.write('a.0/b.0', { batch: true, data, options: { fireAndForget: true } });
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const requestCount = () => Object.values(local.stats.requests).reduce((sum, count) => sum + count, 0);

/** Lets so much injected time pass. */
async function pass(milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += STEP) {
    await turn();
    clock.advance(STEP);
  }
}

it('a full start against a platform that is down for 60 s: it starts, keeps trying, and handles everything afterwards', async () => {
  const seen: number[] = [];
  await stored(0, 50);
  const outage = local.faults.add({ kind: 'dropped-connection' });
  const sockets = local.faults.add({ kind: 'socket-refused', status: 503 });
  const engine = engineWith({ clock, pump: { startFrom: 'beginning' } }, seen);
  const starting = engine.start();
  let isStarted = false;
  void starting.then(() => (isStarted = true));
  await untilIn(clock, () => isStarted);
  await untilIn(
    clock,
    () => engine.pumps.stateOf({ flowType: 'a.0', pumpGroup: 'default' }) === 'backing-off',
  );
  await pass(60_000);
  expect([engine.provisioner.state, seen, engine.pumps.status()[0]?.lastError]).toEqual([
    'interrupted',
    [],
    expect.stringContaining('/api/v1/'),
  ]);
  outage.remove();
  sockets.remove();
  await untilIn(clock, () => seen.length === 50 && engine.provisioner.state === 'complete');
  expect(seen).toEqual(numbers(50));
});

it('a platform that flaps every second for two minutes loses nothing, repeats nothing and keeps the order', async () => {
  const seen: number[] = [];
  await stored(0, 100);
  const engine = engineWith({ clock, pump: { startFrom: 'beginning', bufferSize: 10 } }, seen);
  void engine.start();
  let hits = 0;
  for (let second = 0; second < 120; second += 2) {
    const fault = local.faults.add({ kind: second % 4 === 0 ? 'dropped-connection' : 'status', status: 503 });
    const closed = local.faults.add({ kind: 'socket-closed' });
    await pass(1_000);
    hits += fault.hits;
    fault.remove();
    closed.remove();
    if (second < 40) await stored(100 + second, 102 + second);
    await pass(1_000);
  }
  await untilIn(clock, () => seen.length >= 140);
  await pass(5_000);
  expect(hits).toBeGreaterThan(50);
  expect(seen).toEqual(numbers(140));
});

it('a storm of 429 is met with patience: few requests, and everything is handled afterwards', async () => {
  const seen: number[] = [];
  await stored(0, 50);
  const engine = engineWith({ clock, pump: { startFrom: 'beginning' } }, seen);
  const storm = local.faults.add({ kind: 'status', status: 429, headers: { 'retry-after': '5' } });
  void engine.start();
  await untilIn(clock, () => storm.hits > 0);
  const [requests, from] = [requestCount(), clock.now()];
  await pass(60_000);
  // One waiting request each for provisioning, reading and subscribing, every five seconds at most.
  const allowed = (3 * (clock.now() - from)) / 5_000 + 3;
  expect(requestCount() - requests).toBeLessThanOrEqual(allowed);
  storm.remove();
  await untilIn(clock, () => seen.length === 50);
  expect(seen).toEqual(numbers(50));
});
