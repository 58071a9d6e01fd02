import { setTimeout as wait } from 'node:timers/promises';
import { DataSource, type EntityManager } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPathwayContract, PathwaysEngine, silentLogger, type HandlerBinding } from 'nestjs-pathways';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { startOwnPostgres, type OwnPostgres } from '../support/postgres.js';
import { startPostgresProxy, type CommitFault } from '../support/postgres-proxy.js';
import { until } from '../support/until.js';
import type { DurableService } from './support/durable.service.js';
import { DurableWorld, effectsIn, once, progress, resetTables } from './support/durable.world.js';

const world = DurableWorld.use();
let postgres: OwnPostgres;
const cleanUp: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  postgres = await startOwnPostgres();
  await resetTables(postgres);
});
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
  await postgres.remove();
});

async function leaseToken(): Promise<number> {
  const [lease] = await postgres.query(`SELECT token FROM pathway_leases WHERE key LIKE '%::default'`);
  return Number(lease?.['token']);
}

it('Postgres stopped, killed and started, and connections cut, while 2,000 events flow: all applied once, and the process survives', async () => {
  const events = 2_000;
  await world.store(events, 40);
  const service = world.services.start(world.options(postgres.url, { concurrency: 16, lookBackMs: 20 }));
  const cut = () => postgres.cutConnections();
  const restart = async () => {
    await postgres.stop();
    await postgres.start();
  };
  const crash = async () => {
    await postgres.crash();
    await postgres.start();
  };
  const faults = [cut, cut, restart, cut, crash, cut, restart, cut, cut];
  for (const [index, fault] of faults.entries()) {
    await progress(postgres, (index + 1) * 180, service);
    await fault();
  }
  await progress(postgres, events, service);
  expect(service.isRunning).toBe(true);
  expect(await service.stop()).toEqual([0, null]);
  expect(await effectsIn(postgres)).toEqual(once(events));
  expect(await postgres.query('SELECT event_id, error FROM pathway_dead_letter')).toEqual([]);
}, 120_000);

it('Postgres gone for half a minute under two instances: nothing is lost, effects once, both live on, and one of them runs the pump afterwards', async () => {
  const events = 600;
  await world.store(events, 20);
  const instances = ['one', 'two'].map((name) =>
    world.services.start(world.options(postgres.url, { name, concurrency: 8, lookBackMs: 20 })),
  );
  const [one, two] = instances as [DurableService, DurableService];
  await until(() => instances.every(({ webhook }) => webhook !== undefined));
  await progress(postgres, 100, one);
  const before = await leaseToken();
  await postgres.stop();
  // Real time. The lease runs out by the database's clock; the process that has it must have given it up by its own.
  await wait(30_000);
  await postgres.start();
  await progress(postgres, events, one);
  // Nobody went on under the old lease, and whoever has the new one has it alone.
  expect(await leaseToken()).toBeGreaterThan(before);
  await world.store(100, 20, events);
  await progress(postgres, events + 100, one);
  expect(await effectsIn(postgres)).toEqual(once(events + 100));
  const runners = await postgres.query<{ instance: string }>(
    `SELECT DISTINCT instance FROM effects WHERE n >= $1`,
    [events],
  );
  expect(runners).toHaveLength(1);
  // The other one may still be waiting out the last failure of its database; then it stands by.
  await until(async () => {
    const states = await Promise.all(instances.map((instance) => instance.pumpState()));
    return states.filter((state) => state === 'starting').length === 1;
  });
  expect(await postgres.query('SELECT event_id, error FROM pathway_dead_letter')).toEqual([]);
  expect(await Promise.all([one.stop(), two.stop()])).toEqual([
    [0, null],
    [0, null],
  ]);
}, 240_000);

describe('in this process', () => {
  let runs: number[];

  beforeEach(() => {
    runs = [];
  });

  async function start(url: string, handler: Pick<HandlerBinding, 'invoke' | 'transaction'>) {
    const dataSource = await new DataSource({ type: 'postgres', url, poolSize: 4 }).initialize();
    const engine = new PathwaysEngine({
      baseUrl: world.local.url,
      tenant: 'acme',
      dataCore: 'shop',
      store: typeOrmStore({ dataSource }),
      pump: { startFrom: 'beginning', commitIntervalMs: 5 },
      logger: silentLogger,
    });
    engine.addContract(
      createPathwayContract({ flowType: 'a.0', eventType: 'b.0', maxRetries: 0 }, { declaredBy: 'test' }),
    );
    engine.handlers.addHandler({ pathway: 'a.0/b.0', where: 'test', ...handler });
    await engine.start();
    cleanUp.push(async () => {
      await engine.stop();
      await dataSource.destroy();
    });
    return engine;
  }

  const apply = async (manager: EntityManager, n: number) => {
    await manager.query(
      `INSERT INTO effects (n, key, instance) VALUES ($1, 'k', 'one') ON CONFLICT (n) DO UPDATE SET times = effects.times + 1`,
      [n],
    );
    await manager.query('UPDATE counter SET n = n + 1');
  };
  const cursor = async () =>
    (await postgres.query('SELECT event_id FROM pathway_pump_state'))[0]?.['event_id'];

  it.each<[string, CommitFault, number[]]>([
    ['committed, and its answer lost, does not run the handler again', 'unanswered', [0, 1, 2, 3, 4, 5]],
    ['lost on its way to the server runs the handler again', 'lost', [0, 1, 2, 2, 2, 3, 4, 5]],
  ])('a transaction %s: one effect', async (_what, fault, expected) => {
    const proxy = await startPostgresProxy(postgres.url);
    cleanUp.push(() => proxy.close());
    const ids = await world.store(6, 1);
    await start(proxy.url, {
      invoke: async ({ payload }, { transaction }) => {
        const { n } = payload as { n: number };
        runs.push(n);
        if (runs.length === n + 1 && n === 2) proxy.faults.push(fault, fault);
        await apply(transaction as EntityManager, n);
      },
    });
    await until(async () => (await cursor()) === ids.at(-1));
    expect(await effectsIn(postgres)).toEqual(once(6));
    expect(runs).toEqual(expected);
    expect(await postgres.query('SELECT event_id, error FROM pathway_dead_letter')).toEqual([]);
  });

  it('a mark that cannot be written when the handler has finished does not run the handler again', async () => {
    const ids = await world.store(4, 1);
    await start(postgres.url, {
      transaction: false,
      invoke: async ({ payload }) => {
        const { n } = payload as { n: number };
        runs.push(n);
        if (n === 1) await postgres.stop();
      },
    });
    await until(() => runs.length >= 2);
    // Down long enough for what must be written to fail; then what is remembered has to do.
    await postgres.start();
    await until(async () => (await cursor()) === ids.at(-1));
    expect(runs).toEqual([0, 1, 2, 3]);
    const marks = await postgres.query('SELECT status, count(*)::int FROM pathway_state GROUP BY status');
    expect(marks).toEqual([{ status: 'processed', count: 4 }]);
  });
});
