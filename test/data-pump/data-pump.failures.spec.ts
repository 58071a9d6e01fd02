import { dataPump } from 'nestjs-pathways/data-pump';
import { ControllableClock } from 'nestjs-pathways/testing';
import { expect, it } from 'vitest';
import { until, untilIn } from '../support/until.js';
import { API_KEY, statusOf, useDataPumpWorld } from './support/data-pump-world.js';

const HOUR = 3_600_000;
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
const world = useDataPumpWorld();

it('a package that ends with an error is made again after the delay, where it was; the status says why, without the key', async () => {
  const clock = new ControllableClock(Date.now());
  const seen: number[] = [];
  await world.write([0, 1]);
  const engine = world.engine((n) => void seen.push(n), { clock });
  await engine.start();
  await untilIn(clock, () => seen.length === 2);
  world.made.end(new Error(`refused ${API_KEY}`));
  await until(() => statusOf(engine).state === 'backing-off');
  expect(statusOf(engine).lastError).toMatch(/stopped reading for the pump a\.0::default: refused \*\*\*\./);
  expect(world.standIn.made).toHaveLength(1);

  await world.write([2]);
  await untilIn(clock, () => seen.length === 3);
  expect(seen).toEqual([0, 1, 2]);
  expect(world.standIn.made).toHaveLength(2);
  // Nothing was read a second time.
  expect(statusOf(engine).counters).toMatchObject({ fetched: 3, skipped: 0 });
  expect(world.log.join('\n')).not.toContain(API_KEY);
});

it('D11: a package that ends without a word is noticed and made again', async () => {
  const seen: number[] = [];
  await world.write([0]);
  const engine = world.engine((n) => void seen.push(n));
  await engine.start();
  await engine.pumps.drain();
  world.made.stop();
  await until(() => statusOf(engine).lastError !== undefined);
  expect(statusOf(engine).lastError).toContain('it ended without saying why');
  await world.write([1]);
  await until(() => seen.length === 2);
  expect(seen).toEqual([0, 1]);
});

it('a package that cannot start is tried with growing delays, and by its own pump alone', async () => {
  const clock = new ControllableClock(Date.now());
  const seen: number[] = [];
  await world.write([0]);
  await world.write([7], undefined, 'c.0');
  const engine = world.engine((n) => void seen.push(n), { clock });
  world.handle(engine, 'c.0', (n) => void seen.push(n), { pumpGroup: 'other' });
  await engine.start();
  await untilIn(clock, () => seen.length === 2);

  world.standIn.refusal = new Error('no licence');
  const [first, other] = world.standIn.made;
  first?.end(new Error('lost'));
  const startedAt = clock.now();
  await untilIn(clock, () => world.standIn.made.length === 5);
  // 1, 2 and 4 s of delay before the last one, spread by a fifth; without the growth it would be 3.
  expect(clock.now() - startedAt).toBeGreaterThan(4_500);
  expect(other?.isRunning).toBe(true);
  world.standIn.refusal = undefined;
  await world.write([1]);
  await untilIn(clock, () => seen.includes(1));
});

it('a package that fails inside and goes on says so in the status', async () => {
  const seen: number[] = [];
  const engine = world.engine((n) => void seen.push(n));
  await world.write([0]);
  await engine.start();
  await engine.pumps.drain();
  const fault = world.local.faults.add({ kind: 'status', status: 503, match: { path: /events/ } });
  await until(() => statusOf(engine).counters.failures > 0);
  expect(statusOf(engine).lastError).toContain('@flowcore/data-pump: Fetching failed');
  expect(world.log.join('\n')).not.toContain(API_KEY);
  fault.remove();
  await world.write([1]);
  await until(() => seen.length === 2);
});

it('D3: hours that begin while the package catches up are noticed before anything behind them is handled', async () => {
  const seen: number[] = [];
  const hour = Math.floor(Date.now() / HOUR) * HOUR;
  await world.write(range(0, 3), new Date(hour - 6 * HOUR));
  let goOn = () => {};
  const engine = world.engine((n) => void seen.push(n));
  const hold = async () => {
    await until(() => world.standIn.made.length === 1);
    world.made.beforeCurrentHour = new Promise<void>((resolve) => (goOn = resolve));
  };
  await Promise.all([hold(), engine.start()]);
  await until(() => seen.length === 3);
  // The package has listed the hours; these come into the last of them, into a later one, and into the current one.
  await world.write([3], new Date(hour - 6 * HOUR + 60_000));
  await world.write(range(4, 7), new Date(hour - 3 * HOUR));
  await world.write([7, 8]);
  goOn();
  await until(() => seen.length >= 9);
  expect(seen).toEqual(range(0, 9));
  expect(statusOf(engine).lastError).toContain('skipped the event');
});

it('D8: a package that fetches and hands out nothing is made again', async () => {
  const clock = new ControllableClock(Date.now());
  const seen: number[] = [];
  await world.write([0]);
  const engine = world.engine((n) => void seen.push(n), { clock, pump: { pollIntervalMs: 2_000 } });
  await engine.start();
  await untilIn(clock, () => seen.length === 1);
  world.made.isMute = true;
  await world.write([1]);
  await untilIn(clock, () => seen.length === 2);
  expect(seen).toEqual([0, 1]);
  expect(world.standIn.made).toHaveLength(2);
  expect(statusOf(engine).lastError).toContain('does not hand out the event');
});

it('a handler that takes long is no reason to make the package again', async () => {
  const clock = new ControllableClock(Date.now());
  let finish = () => {};
  const seen: number[] = [];
  await world.write(range(0, 20));
  const engine = world.engine(
    async (n) => {
      if (n === 0) await new Promise<void>((resolve) => (finish = resolve));
      seen.push(n);
    },
    { clock, handlerTimeoutMs: 0, pump: { bufferSize: 4 } },
  );
  await engine.start();
  await untilIn(clock, () => statusOf(engine).inFlight === 1);
  const longAfter = clock.now() + 300_000;
  for (; clock.now() < longAfter; clock.advance(5_000)) await new Promise((resolve) => setImmediate(resolve));
  finish();
  await untilIn(clock, () => seen.length === 20);
  expect(seen).toEqual(range(0, 20));
  expect(world.standIn.made).toHaveLength(1);
});

it('an event type that is written first while the pump runs is read from its first event on', async () => {
  const seen: number[] = [];
  const past = new Date(Date.now() - 2 * HOUR);
  await world.write([0], past);
  await world.write([1]);
  const engine = world.engine((n) => void seen.push(n));
  world.handle(engine, 'c.0', (n) => void seen.push(n));
  await engine.start();
  await engine.pumps.drain();
  expect(seen).toEqual([0, 1]);
  // Its first event lies behind what was read.
  await world.write([2], new Date(past.getTime() + 1_000), 'c.0');
  await world.write([3], undefined, 'c.0');
  await until(() => seen.length >= 4);
  await world.write([4]);
  await until(() => seen.includes(4));
  await engine.pumps.drain();
  expect(seen).toEqual([0, 1, 2, 3, 4]);
});

it('a key that is a function is asked for every pump of the package', async () => {
  const clock = new ControllableClock(Date.now());
  const seen: number[] = [];
  const auths: unknown[] = [];
  const load = async () => {
    const { FlowcoreDataPump } = (await world.load()) as {
      FlowcoreDataPump: { create(given: unknown): unknown };
    };
    const create = (given: { auth: unknown }) => {
      auths.push(given.auth);
      return FlowcoreDataPump.create(given);
    };
    return { FlowcoreDataPump: { create } };
  };
  let apiKey = API_KEY;
  const reader = dataPump({ load, notifier: { type: 'poller', intervalMs: 10 } });
  const engine = world.engine((n) => void seen.push(n), {
    clock,
    apiKey: async () => apiKey,
    pump: { reader },
  });
  await world.write([0]);
  await engine.start();
  await untilIn(clock, () => seen.length === 1);
  apiKey = 'fc_new_very-secret-key';
  world.made.end(new Error('refused'));
  await world.write([1]);
  await untilIn(clock, () => seen.length === 2);
  expect(auths).toEqual([
    { apiKey: API_KEY, apiKeyId: 'shop' },
    { apiKey: 'fc_new_very-secret-key', apiKeyId: 'new' },
  ]);
});
