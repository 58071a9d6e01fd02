import { DataSource, type EntityManager } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPathwayContract, PathwaysEngine, silentLogger, type HandlerBinding } from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { ControllableClock } from 'nestjs-pathways/testing';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { createStoreContext } from 'nestjs-pathways/testing';
import { openStore, type OpenStore } from './support/open-store.js';

const postgres = usePostgres();
let local: LocalFlowcore;
let dataSource: DataSource;
let engine: PathwaysEngine;
const warnings: string[] = [];

beforeEach(async () => {
  warnings.length = 0;
  local = await startLocalFlowcore({ logger: silentLogger });
  await postgres.query(`DROP SCHEMA public CASCADE; CREATE SCHEMA public;
    CREATE TABLE effects (n INTEGER PRIMARY KEY)`);
  dataSource = await new DataSource({ type: 'postgres', url: postgres.url, poolSize: 2 }).initialize();
  engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    store: typeOrmStore({ dataSource }),
    pump: { startFrom: 'beginning', concurrency: 16, commitIntervalMs: 5 },
    logger: { ...silentLogger, warn: (message) => void warnings.push(message) },
  });
});
afterEach(async () => {
  await engine.stop();
  await dataSource.destroy();
  await local.stop();
});

async function start(handler: Pick<HandlerBinding, 'invoke' | 'transaction'>): Promise<void> {
  engine.addContract(
    createPathwayContract(
      { flowType: 'a.0', eventType: 'b.0', orderBy: ({ eventId }) => eventId },
      { declaredBy: 'test' },
    ),
  );
  engine.handlers.addHandler({ pathway: 'a.0/b.0', where: 'test', ...handler });
  await engine.start();
}

const write = (count: number) =>
  engine.writer.write('a.0/b.0', {
    batch: true,
    data: Array.from({ length: count }, (_, n) => ({ n })),
    options: { fireAndForget: true },
  });
const effects = async () => (await postgres.query('SELECT n FROM effects')).length;

/** What is used of the driver's pool. */
const pool = () =>
  (
    dataSource.driver as unknown as {
      readonly master: {
        readonly totalCount: number;
        readonly idleCount: number;
        readonly waitingCount: number;
      };
    }
  ).master;

describe('with a pool of two connections', () => {
  it('sixteen transactional handlers at once do not lock each other out', async () => {
    await start({
      invoke: async ({ payload }, { transaction }) => {
        const { n } = payload as { n: number };
        // A careless handler: it reads on a connection of its own while it holds the transaction's.
        await dataSource.query('SELECT count(*) FROM effects');
        await (transaction as EntityManager).query('INSERT INTO effects VALUES ($1)', [n]);
      },
    });
    await write(100);
    await until(async () => (await effects()) === 100);
  });

  it('sixteen handlers without a transaction hold no connection while they run', async () => {
    let running = 0;
    let finish = () => {};
    const gate = new Promise<void>((resolve) => (finish = resolve));
    await start({
      transaction: false,
      invoke: async ({ payload }) => {
        running++;
        await gate;
        await dataSource.query('INSERT INTO effects VALUES ($1)', [(payload as { n: number }).n]);
      },
    });
    await write(100);
    await until(() => running === 16);
    // What the claims and the cursor used has been given back, and nothing more is taken.
    await until(() => pool().totalCount === pool().idleCount && pool().waitingCount === 0);
    const inTransaction = await postgres.query(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
    );
    expect(inTransaction).toEqual([]);
    finish();
    await until(async () => (await effects()) === 100);
  });
});

it('a wait of more than a second for a connection names the option to raise', async () => {
  const clock = new ControllableClock(0);
  const store = await openStore(postgres.url, { poolSize: 2 }, { clock });
  const claim = (eventId: string) => ({ eventId, generation: 0, purpose: 'delivery' as const });
  let finish = () => {};
  const gate = new Promise<void>((resolve) => (finish = resolve));
  try {
    let isInside = false;
    const first = store.store.transactions.run(claim('e-1'), async () => {
      isInside = true;
      await gate;
    });
    await until(() => isInside);
    const second = store.store.transactions.run(claim('e-2'), async () => {});
    const words = () => store.logged.filter(({ level }) => level === 'warn').map(({ message }) => message);
    await until(() => {
      clock.advance(100);
      return words().length > 0;
    });
    expect(words()).toEqual([expect.stringMatching(/the pool has 2.*Raise extra\.max \(poolSize\)/)]);
    finish();
    expect(await Promise.all([first, second])).toEqual(['claimed', 'claimed']);
  } finally {
    finish();
    await store.close();
  }
});

const claimOf = (eventId: string) => ({ eventId, generation: 0, purpose: 'delivery' as const });

it.each<[string, (store: OpenStore['store']) => unknown]>([
  ['a claim', ({ state }) => state.claim('w-1', 0)],
  ['a look at a mark', ({ state }) => state.statusOf('w-2')],
  ['a transaction', ({ transactions }) => transactions.run(claimOf('w-3'), async () => {})],
  [
    'a transaction of several events',
    ({ transactions }) =>
      transactions.runBatch?.(
        { eventIds: ['w-4', 'w-5'], generation: 0, purpose: 'delivery' },
        async () => {},
      ),
  ],
])(
  '%s that waits for the application to give a connection back says so, once a minute',
  async (_what, ask) => {
    const clock = new ControllableClock(0);
    const opened = await openStore(postgres.url, { poolSize: 2 }, { clock });
    const words = () => opened.logged.filter(({ level }) => level === 'warn').map(({ message }) => message);
    const holders = [0, 1].map(() => opened.dataSource.createQueryRunner());
    try {
      for (const holder of holders) await holder.connect();
      let isOver = false;
      const asked = Promise.resolve(ask(opened.store)).finally(() => (isOver = true));
      await until(() => {
        clock.advance(100);
        return words().length > 0;
      });
      expect(words()).toEqual([
        expect.stringMatching(/all 2 of the pool are in use, .*Raise extra\.max \(poolSize\)/),
      ]);
      const another = Promise.resolve(opened.store.state.statusOf('w-6'));
      clock.advance(2_000);
      expect(words()).toHaveLength(1);
      expect(isOver).toBe(false);
      for (const holder of holders) await holder.release();
      await Promise.all([asked, another]);
    } finally {
      for (const holder of holders) await holder.release();
      await opened.close();
    }
  },
);

it('two stores on one DataSource leave one connection of its pool to both', async () => {
  const source = await new DataSource({ type: 'postgres', url: postgres.url, poolSize: 3 }).initialize();
  const stores = ['one', 'two'].map((statePrefix) =>
    typeOrmStore({ dataSource: source, statePrefix, cleanupIntervalMs: 0 }).createStore(),
  );
  try {
    for (const store of stores) await store.open?.(createStoreContext());
    let inside = 0;
    let most = 0;
    const runs = Array.from({ length: 12 }, (_, n) =>
      stores[n % 2]?.transactions?.run(claimOf(`g-${n}`), async () => {
        most = Math.max(most, ++inside);
        await source.query('SELECT pg_sleep(0.01)');
        inside--;
      }),
    );
    await Promise.all(runs);
    expect(most).toBe(2);
  } finally {
    for (const store of stores) await store.close?.();
    await source.destroy();
  }
});
