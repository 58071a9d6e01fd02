/** Statements the database is sent, counted by it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DataSource, type EntityManager } from 'typeorm';
import { batchHandlerBinding, type PathwaysEngine, type PathwaysEngineOptions } from '../../lib/index.js';
import { startLocalFlowcore, type LocalFlowcore } from '../../lib/local/index.js';
import { typeOrmStore } from '../../lib/typeorm/index.js';
import { startOwnPostgres, type OwnPostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import {
  engineWith,
  freshEvents,
  handleAll,
  KEY,
  payload,
  payloads,
  type CostHandler,
} from './cost.support.js';

let postgres: OwnPostgres;
let source: DataSource;
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  postgres = await startOwnPostgres({ settings: { shared_preload_libraries: 'pg_stat_statements' } });
  await postgres.query('CREATE EXTENSION pg_stat_statements');
  await postgres.query('CREATE TABLE effect (id bigserial PRIMARY KEY, name text)');
  source = await new DataSource({ type: 'postgres', url: postgres.url, poolSize: 20 }).initialize();
}, 90_000);
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(async () => {
  if (source?.isInitialized) await source.destroy();
  await postgres?.remove();
}, 90_000);

let stores = 0;

async function opened(options: PathwaysEngineOptions, handler: CostHandler = {}): Promise<PathwaysEngine> {
  const store = typeOrmStore({ dataSource: source, statePrefix: `cost${++stores}`, cleanupIntervalMs: 0 });
  const engine = engineWith({ store, ...options }, handler);
  ends.push(() => engine.stop());
  await engine.open();
  return engine;
}

/** Statements of everybody while `work` runs, BEGIN and COMMIT included. */
async function statementsOf(work: () => Promise<unknown>) {
  await postgres.query('SELECT pg_stat_statements_reset()');
  await work();
  const rows = await postgres.query<{ query: string; calls: number }>(
    `SELECT query, sum(calls)::int AS calls FROM pg_stat_statements
     WHERE query NOT LIKE '%pg_stat_statements%' GROUP BY query ORDER BY 2 DESC`,
  );
  return rows.reduce((sum, { calls }) => sum + calls, 0);
}

const OFFLINE = { baseUrl: 'http://127.0.0.1:9', pump: false } as const;
const EVENTS = 200;

const effect: CostHandler = {
  transaction: true,
  handle: (manager) => manager?.query('INSERT INTO effect (name) VALUES ($1)', ['Ada']),
};

interface Case {
  readonly concurrency: number;
  readonly handler: CostHandler;
  readonly atMost: number;
  /** What was not counted would look cheap. */
  readonly moreThan: number;
}

/** Of a pathway as it is by default but for its `orderBy`: each event looks whether its key is parked. */
const cases: [string, Case][] = [
  ['without a transaction, one at a time, 1', { concurrency: 1, handler: {}, atMost: 1.1, moreThan: 0.9 }],
  [
    'without a transaction, 16 at once, a share of one',
    { concurrency: 16, handler: {}, atMost: 0.3, moreThan: 0 },
  ],
  [
    'in a transaction, 4, as without a look: begin, claim and mark, effect, commit',
    { concurrency: 16, handler: effect, atMost: 4.05, moreThan: 3.9 },
  ],
];

it.each(cases)('statements of an event %s', async (_, { concurrency, handler, atMost, moreThan }) => {
  const engine = await opened(OFFLINE, handler);
  await handleAll(engine, freshEvents(20), concurrency);
  const calls = await statementsOf(() => handleAll(engine, freshEvents(EVENTS), concurrency));
  expect(calls / EVENTS).toBeLessThanOrEqual(atMost);
  expect(calls / EVENTS).toBeGreaterThan(moreThan);
});

it.each([
  ['in one transaction, as many as the batch has: begin, look, claims, effect, commit', true],
  ['without a transaction, three: claims, look, marks', false],
])('statements of a batch %s', async (_, transaction) => {
  const store = typeOrmStore({ dataSource: source, statePrefix: `cost${++stores}`, cleanupIntervalMs: 0 });
  const engine = engineWith({ ...OFFLINE, store }, 'none');
  ends.push(() => engine.stop());
  engine.handlers.addHandler(
    batchHandlerBinding({
      pathway: KEY,
      where: 'cost',
      transaction,
      size: 100,
      waitMs: 0,
      invoke: async (events, context) => {
        const manager = context.transaction as EntityManager | undefined;
        await manager?.query('INSERT INTO effect (name) SELECT unnest($1::text[])', [
          events.map(({ eventId }) => eventId),
        ]);
      },
    }),
  );
  await engine.open();
  const delivery = { source: 'cost', generation: 0 };
  const run = () =>
    engine.processor.processBatch(freshEvents(100), delivery, (_index, { status }) =>
      expect(status).toBe('processed'),
    );
  await run();
  const calls = await statementsOf(async () => {
    await run();
    await engine.store.state.flush?.();
  });
  expect(calls).toBeLessThanOrEqual(transaction ? 5 : 3);
  expect(calls).toBeGreaterThan(1);
});

describe('with a platform', () => {
  let local: LocalFlowcore;
  beforeAll(async () => {
    local = await startLocalFlowcore();
  });
  afterAll(() => local.stop());

  it.each([1, 16])(
    'a pumped event costs a share of a statement, at %i at once: claims, looks, marks and cursor are written together',
    async (concurrency) => {
      const writer = engineWith({ baseUrl: local.url, pump: false, maxBatchSize: 1_000 });
      await writer.writer.write(KEY, {
        batch: true,
        data: payloads(2_000),
        options: { fireAndForget: true },
      });
      await writer.stop();
      let handled = 0;
      const stored = local.stats.eventsStored;
      const engine = await opened(
        { baseUrl: local.url, pump: { startFrom: 'beginning', concurrency } },
        { handle: () => void handled++ },
      );
      const calls = await statementsOf(async () => {
        await engine.start();
        await until(() => handled === stored);
      });
      expect(calls / stored).toBeLessThanOrEqual(0.3);
      expect(calls).toBeGreaterThan(0);
    },
  );

  it('a write through the outbox is one statement', async () => {
    const engine = await opened({ baseUrl: local.url, pump: false, outbox: { relay: false } });
    const calls = await statementsOf(async () => {
      for (let n = 0; n < 50; n++) await engine.writer.write(KEY, { data: payload(n) });
    });
    expect(calls).toBe(50);
  });
});
