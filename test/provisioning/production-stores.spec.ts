import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  PathwaysConfigurationError,
  PathwaysEngine,
  PathwaysModule,
  type PathwaysEngineOptions,
  type PathwaysModuleOptions,
  type PathwaysStore,
} from 'nestjs-pathways';
import {
  createPostgresPathwayState,
  createPostgresPumpStateManagerFactory,
  type PathwaysBuilderOptions,
  type PumpStateManagerFactory,
} from 'nestjs-pathways/builder';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { silentLogger } from '../../lib/event/logger.interface.js';
import { AlwaysGrantedLeaseStore } from '../../lib/state/always-granted-lease.store.js';
import { MemoryCommandStore } from '../../lib/state/memory-command.store.js';
import { MemoryCursorStore } from '../../lib/state/memory-cursor.store.js';
import { MemoryDeadLetterStore } from '../../lib/state/memory-dead-letter.store.js';
import { MemoryDeliveryStore } from '../../lib/state/memory-delivery.store.js';
import { MemoryPathwayState } from '../../lib/state/memory-pathway.state.js';
import { addressOf, useBuilders } from '../support/builder-bench.js';
import { failureOf } from '../support/failure-of.js';
import { usePostgres } from '../support/postgres.js';

// Two instances whose leases are in the memory of each would both run every pump, and nobody would notice.

const kept = (): Partial<PathwaysStore> => ({
  state: new MemoryPathwayState(),
  cursors: new MemoryCursorStore(),
  deadLetters: new MemoryDeadLetterStore(),
});
const shared = (): Partial<PathwaysStore> => ({
  ...kept(),
  leases: new AlwaysGrantedLeaseStore(),
  delivery: new MemoryDeliveryStore(),
});
const names = { tenant: 'acme', dataCore: 'shop', apiKey: 'fc_id_secret' };
const virtual = { runtimeEnv: 'production', pathwayMode: 'virtual' } as const;
const registered = { pathwayName: 'orders', autoProvision: { pathway: true } } as const;

const engines: PathwaysEngine[] = [];
afterEach(async () => void (await Promise.all(engines.splice(0).map((engine) => engine.stop()))));

function refusalOf(options: PathwaysEngineOptions): string {
  try {
    engines.push(new PathwaysEngine({ ...names, logger: silentLogger, ...options }));
    return '';
  } catch (error) {
    if (error instanceof PathwaysConfigurationError) return error.message;
    throw error;
  }
}

describe('an engine that pulls in production', () => {
  it.each<[string, PathwaysEngineOptions, RegExp | '']>([
    ['without leases and delivery', { store: kept() }, /keeps leases, delivery in the memory/],
    ['without delivery', { store: { ...shared(), delivery: undefined as never } }, /keeps delivery in/],
    ['with both', { store: shared() }, ''],
    ['without commands, registered', { ...registered, store: shared() }, /keeps commands in the memory/],
    [
      'with all, registered',
      { ...registered, store: { ...shared(), commands: new MemoryCommandStore() } },
      '',
    ],
    ['without a store at all', {}, /keeps leases, delivery in the memory/],
    ['with typeOrmStore()', { ...registered, store: typeOrmStore() }, ''],
    ['but not here', { store: kept(), pump: false }, ''],
    ['as the only instance', { store: kept(), singleInstance: true }, ''],
    ['as one of several', { store: kept(), singleInstance: false }, /keeps leases, delivery in the memory/],
    ['not at all: the platform delivers', { store: kept(), pathwayMode: 'managed' }, ''],
    ['in development', { runtimeEnv: 'development' }, ''],
    ['in test', { runtimeEnv: 'test' }, ''],
  ])('%s', (_, options, expected) => {
    const message = refusalOf({ ...virtual, ...options });
    if (expected === '') expect(message).toBe('');
    else expect(message).toMatch(expected);
  });

  it('is told what helps', () => {
    const message = refusalOf({ ...virtual, store: kept() });
    for (const remedy of [
      'typeOrmStore()',
      'createPostgresPathwayState(…)',
      "pathwayMode: 'managed'",
      'singleInstance: true',
    ])
      expect(message).toContain(remedy);
  });

  it('also as the only instance has marks, cursors and dead letters that last', () => {
    expect(refusalOf({ ...virtual, singleInstance: true })).toMatch(/keeps state, cursors, deadLetters/);
  });
});

describe('a Nest application that pulls in production', () => {
  const compile = (options: PathwaysModuleOptions) =>
    Test.createTestingModule({
      imports: [PathwaysModule.forRoot({ ...names, ...virtual, logger: silentLogger, ...options })],
    }).compile();

  it('does not start without a store that instances share', async () => {
    const error = await failureOf(compile({ store: kept() }), PathwaysConfigurationError);
    expect(error.problems).toEqual([
      { path: 'store', message: expect.stringContaining('keeps leases, delivery') as string },
    ]);
  });

  it.each<[string, PathwaysModuleOptions]>([
    ['with such a store', { store: shared() }],
    ['as the only instance', { store: kept(), singleInstance: true }],
  ])('starts %s', async (_, options) => {
    const module = await compile({ ...options, autoProvision: false });
    expect(module.get(PathwaysEngine).options.pumpEnabled).toBe(true);
    await module.close();
  });
});

describe('a builder that pulls in production', () => {
  const database = usePostgres();
  const { numbers, store } = useBuilders();
  const production = { ...virtual, autoProvision: false } as const;

  it('does not start beside another one that shares its cursors and nothing else', async () => {
    const cursors = kept();
    for (const each of [1, 2].map(() => numbers({ ...production, store: cursors }))) {
      const error = await failureOf(
        each.pathways.startPump({ startFrom: 'beginning' }),
        PathwaysConfigurationError,
      );
      expect(error.message).toMatch(/keeps leases, delivery in the memory/);
      expect(each.pathways.pump).toBeUndefined();
    }
  });

  const whole = (): PumpStateManagerFactory => {
    const states = new Map<string, unknown>();
    return (flowType, pumpGroup) => ({
      getState: () => (states.get(`${flowType}::${pumpGroup}`) as never) ?? null,
      setState: (state) => void states.set(`${flowType}::${pumpGroup}`, state),
    });
  };
  const inPostgres = () => createPostgresPathwayState(addressOf(database));

  it.each<[string, Partial<PathwaysBuilderOptions>, () => PumpStateManagerFactory | undefined]>([
    ['a state in Postgres', {}, () => undefined],
    [
      'a state and positions in Postgres',
      {},
      () => createPostgresPumpStateManagerFactory(addressOf(database)),
    ],
    ['a state in Postgres and positions of one’s own', {}, whole],
  ])('starts with %s: its database keeps leases, pauses and commands', async (_, options, factory) => {
    await store(1);
    const { pathways, handled } = numbers({ ...production, ...options }, (builder) =>
      builder.withPathwayState(inPostgres()),
    );
    const stateManagerFactory = factory();
    await pathways.startPump({ startFrom: 'beginning', ...(stateManagerFactory && { stateManagerFactory }) });
    await pathways.pump?.drain();
    await pathways.pump?.pause();
    expect(handled).toEqual([1]);
    expect(await database.query('SELECT key FROM pathway_leases')).toHaveLength(1);
    expect(await database.query('SELECT paused_pumps FROM pathway_delivery_state')).toEqual([
      { paused_pumps: ['order.0::default'] },
    ]);
    await pathways.pump?.resume();
  });

  it('keeps pauses and commands in the database of its positions, with a state of its own', async () => {
    const state = { isProcessed: () => false, setProcessed: () => {} };
    const autoProvision = { dataCore: false, flowType: false, eventType: false, pathway: true };
    const { pathways } = numbers({ ...production, ...registered, autoProvision }, (builder) =>
      builder.withPathwayState(state),
    );
    await pathways.startPump({
      stateManagerFactory: createPostgresPumpStateManagerFactory(addressOf(database)),
    });
    await pathways.pump?.pause();
    expect(
      await database.query(`SELECT paused_pumps FROM pathway_delivery_state WHERE pathway_key = 'orders'`),
    ).toEqual([{ paused_pumps: ['order.0::default'] }]);
  });
});
