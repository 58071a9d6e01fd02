import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPathwayContract, PathwaysEngine, silentLogger } from 'nestjs-pathways';
import { startLocalFlowcore } from 'nestjs-pathways/local';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { useDataSources } from '../support/data-source.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { openStore, type OpenStore } from './support/open-store.js';

const postgres = usePostgres();
const { dataSource } = useDataSources(postgres);
let store: OpenStore;

beforeAll(async () => {
  store = await openStore(postgres.url);
});
afterAll(() => store.close());

const run = (work: (manager: EntityManager) => Promise<unknown>) => {
  const claim = { eventId: randomUUID(), generation: 0, purpose: 'delivery' } as const;
  return store.store.transactions.run(claim, async (transaction) => {
    await work(transaction as EntityManager);
  });
};
const LOST = { code: 'PATHWAYS_TRANSACTION_LOST' };
const end = (manager: EntityManager) => manager.query('SELECT pg_terminate_backend(pg_backend_pid())');

describe('a transaction counts as lost', () => {
  it.each(['57P01', '57P03', '08006', '08P01'])(
    'not because the handler throws an error with code %s',
    async (code) => {
      const thrown = Object.assign(new Error('another database is away'), { code });
      await expect(
        run(async () => {
          throw thrown;
        }),
      ).rejects.toBe(thrown);
    },
  );

  it('not because a function of the database raises such a code', async () => {
    const raise = `DO $$ BEGIN RAISE EXCEPTION 'own rule' USING ERRCODE = '08006'; END $$`;
    await expect(run((manager) => manager.query(raise))).rejects.toMatchObject({ code: '08006' });
  });

  it('not because of two transactions in each other’s way', async () => {
    const raise = `DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$`;
    await expect(run((manager) => manager.query(raise))).rejects.toMatchObject({ code: '40001' });
  });

  it('when the server ends its connection under a statement', async () => {
    await expect(run(end)).rejects.toMatchObject(LOST);
  });

  it('when it does, and the handler throws an error of its own for it', async () => {
    await expect(
      run(async (manager) => {
        await end(manager).catch(() => {});
        throw new Error('the order could not be saved');
      }),
    ).rejects.toMatchObject(LOST);
  });

  it('when it does, and the handler goes on as if nothing had been', async () => {
    await expect(run((manager) => end(manager).catch(() => {}))).rejects.toMatchObject(LOST);
  });

  it('when it does between the handler’s statements and the commit', async () => {
    await expect(
      run(async (manager) => {
        const [{ pid }] = (await manager.query('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
        await postgres.query('SELECT pg_terminate_backend($1)', [pid]);
        await until(
          async () =>
            (await postgres.query('SELECT FROM pg_stat_activity WHERE pid = $1', [pid])).length === 0,
        );
      }),
    ).rejects.toMatchObject(LOST);
  });
});

it('an event whose handler meets another database that is away becomes a dead letter', async () => {
  const local = await startLocalFlowcore({ logger: silentLogger });
  const engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    store: typeOrmStore({ dataSource: await dataSource() }),
    pump: { startFrom: 'beginning', commitIntervalMs: 5 },
    shutdownTimeoutMs: 0,
    logger: silentLogger,
  });
  try {
    engine.addContract(
      createPathwayContract({ flowType: 'a.0', eventType: 'b.0', maxRetries: 0 }, { declaredBy: 'test' }),
    );
    engine.handlers.addHandler({
      pathway: 'a.0/b.0',
      where: 'test',
      invoke: () => Promise.reject(Object.assign(new Error('another database starts up'), { code: '57P03' })),
    });
    await engine.start();
    await engine.writer.write('a.0/b.0', { data: {}, options: { fireAndForget: true } });
    await until(async () => (await engine.deadLetters.list()).letters.length === 1);
  } finally {
    await engine.stop();
    await local.stop();
  }
});
