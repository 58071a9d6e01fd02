import {
  OptionalPackageMissingError,
  PathwaysConfigurationError,
  PathwaysEngine,
  type PathwaysEngineOptions,
} from 'nestjs-pathways';
import { dataPump, type DataPumpOptions } from 'nestjs-pathways/data-pump';
import { expect, it } from 'vitest';
import { failureOf } from '../support/failure-of.js';
import { useDataPumpWorld } from './support/data-pump-world.js';

const world = useDataPumpWorld();

function problemsOf(make: () => unknown): string[] {
  try {
    make();
  } catch (error) {
    if (!(error instanceof PathwaysConfigurationError)) throw error;
    return error.problems.map(({ path }) => path);
  }
  throw new Error('It should have been refused');
}

it.each<[string, unknown, string[]]>([
  ['an unknown key', { poller: true }, ['poller']],
  [
    'a notifier by the names of the reference builder',
    { notifier: { type: 'poller', pollerIntervalMs: 5 } },
    ['notifier'],
  ],
  ['NATS without servers', { notifier: { type: 'nats' } }, ['notifier']],
  ['a load that is no function', { load: '@flowcore/data-pump' }, ['load']],
  [
    'all of it at once',
    { directMode: 'yes', notifier: 'websocket', load: 1 },
    ['notifier', 'directMode', 'load'],
  ],
])('%s is refused when it is written down', (_, options, paths) => {
  expect(problemsOf(() => dataPump(options as DataPumpOptions))).toEqual(paths);
});

const hosted = { tenant: 'acme', dataCore: 'shop', apiKey: 'fc_id_secret' };

it.each<[string, PathwaysEngineOptions, string[]]>([
  ['a data core by its id', { dataCore: '0f0e0d0c-0b0a-4908-8706-050403020100' }, ['dataCore']],
  ['hosts of single services', { hosts: { eventSource: 'http://127.0.0.1:1' } }, ['hosts']],
  [
    'the public WebSocket beside another base URL',
    { baseUrl: 'http://127.0.0.1:1', pump: { reader: dataPump({ notifier: { type: 'websocket' } }) } },
    ['pump.reader: notifier websocket'],
  ],
  ["the own reader's notifier", { pump: { reader: dataPump(), notifier: 'poller' } }, ['pump.notifier']],
  ["the own reader's look back", { pump: { reader: dataPump(), lookBackMs: 5 } }, ['pump.lookBackMs']],
  ['something else', { pump: { reader: {} as never } }, ['pump.reader']],
])('the engine refuses %s', (_, options, paths) => {
  const make = () => new PathwaysEngine({ ...hosted, pump: { reader: dataPump() }, ...options });
  expect(problemsOf(make)).toEqual(paths);
});

it('a process without pumps loads nothing, whatever its reader would need', async () => {
  const load = () => Promise.reject(new Error('It was loaded'));
  const engine = world.engine(() => {}, {
    runtimeEnv: 'development',
    pathwayMode: 'managed',
    autoProvision: { pathway: true },
    allowDevelopmentPathwayRegistration: true,
    pathwayName: 'shop',
    managedConfig: { endpointUrl: 'http://127.0.0.1:1/events' },
    pump: { reader: dataPump({ load }) },
  });
  await engine.start();
  expect(engine.pumps.status()).toHaveLength(1);
});

it.each([
  ['cannot be loaded', () => Promise.reject(new Error('broken'))],
  ['is another package', () => Promise.resolve({ FlowcoreDataPump: {} })],
])('a package that %s fails the start', async (_, load) => {
  const engine = world.engine(() => {}, { pump: { reader: dataPump({ load }) } });
  const error = await failureOf(engine.start(), OptionalPackageMissingError);
  expect(error.message).toContain('npm install @flowcore/data-pump');
  expect(error.cause).toBeInstanceOf(Error);
});

it('a package whose exports are its default export is taken', async () => {
  const load = async () => ({ default: await world.load() });
  await world.write([1]);
  const seen: number[] = [];
  const engine = world.engine((n) => void seen.push(n), { pump: { reader: dataPump({ load }) } });
  await engine.start();
  await engine.pumps.drain();
  expect(seen).toEqual([1]);
});
