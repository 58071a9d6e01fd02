import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPathwayContract, PathwaysEngine, silentLogger } from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { rawWrite } from '../interop/raw-write.js';
import { useDataSources } from '../support/data-source.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { openStore } from './support/open-store.js';

const postgres = usePostgres();
const { dataSource } = useDataSources(postgres);
/** Nothing in it repeats, so that no compression makes it fit into an index. */
const HUGE = randomBytes(3_000).toString('base64');

describe('an idempotency id that Postgres cannot keep', () => {
  let local: LocalFlowcore;

  beforeEach(async () => {
    local = await startLocalFlowcore({ logger: silentLogger });
    await postgres.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  });
  afterEach(() => local.stop());

  it.each([
    ['in a transaction', true],
    ['outside of one', false],
  ])('stops no pump: its event is handled %s, once for all stored copies', async (_where, transaction) => {
    const runs: string[] = [];
    const engine = new PathwaysEngine({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      store: typeOrmStore({ dataSource: await dataSource() }),
      pump: { startFrom: 'beginning', concurrency: 4, commitIntervalMs: 5 },
      shutdownTimeoutMs: 0,
      logger: silentLogger,
    });
    const bad = { flowType: 'a.0', eventType: 'b.0' } as const;
    engine.addContract(createPathwayContract({ ...bad, maxRetries: 0 }, { declaredBy: 'test' }));
    engine.handlers.addHandler({
      pathway: 'a.0/b.0',
      where: 'test',
      transaction,
      invoke: async ({ payload }) => {
        const { name } = payload as { name: string };
        runs.push(name);
        if (name === 'failing') throw new Error('refused');
      },
    });
    await engine.start();
    try {
      const write = (name: string, id: string) =>
        rawWrite(
          local,
          'acme/shop/a.0/b.0',
          { name },
          {
            'x-flowcore-metadata-json': Buffer.from(
              JSON.stringify({ 'pathways/idempotency-id': id }),
            ).toString('base64'),
          },
        );
      await write('zero', 'x\0y');
      await write('zero', 'x\0y');
      await write('huge', HUGE);
      await write('half', 'x\uD800');
      await write('failing', 'z\0');
      const [last] = await write('last', 'plain');
      await until(async () => {
        const [cursor] = await postgres.query('SELECT event_id FROM pathway_pump_state');
        return cursor?.['event_id'] === last;
      });
      expect(runs).toEqual(['zero', 'huge', 'half', 'failing', 'last']);
      expect((await engine.deadLetters.list()).letters).toMatchObject([
        { event: { payload: { name: 'failing' } } },
      ]);
    } finally {
      await engine.stop();
    }
  });
});

it.each([
  ['an id with U+0000', 'x\0y'],
  ['an id of more than an index holds', HUGE],
])('a claim of %s is refused alone: those of the same statement are granted', async (_what, bad) => {
  const { store, close } = await openStore(postgres.url);
  try {
    const claims = ['odd-1', bad, 'odd-2'].map((eventId) => Promise.resolve(store.state.claim(eventId, 0)));
    const ends = await Promise.allSettled(claims);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    for (const eventId of ['odd-1', 'odd-2']) await store.state.complete(eventId, 0, 'processed');
    await store.state.flush?.();
    expect(await store.state.claim('odd-1', 0)).toBe('processed');
    await postgres.query('TRUNCATE pathway_state');
  } finally {
    await close();
  }
});
