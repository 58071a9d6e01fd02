/**
 * The outbox: writes as part of a transaction, and the relay that sends them.
 *
 *   npm run bench -- outbox
 */
import type { PathwaysEngine } from 'nestjs-pathways';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import type { Bench } from './support/bench.js';
import { inParallel } from './support/drive.js';
import { engineWith, PATHWAY_KEY } from './support/engine.js';
import { payload } from './support/fill.js';
import type { BenchSuite, Contender } from './support/suite.js';

const ROWS = 2_000;
const CONCURRENCY = 16;
const POOL_SIZE = 20;
const BY_HAND = 'limit: BEGIN, INSERT, COMMIT by hand';
const TABLE = 'CREATE TABLE IF NOT EXISTS bench_outbox (id bigserial PRIMARY KEY, payload jsonb)';
const PENDING = 'SELECT EXISTS (SELECT 1 FROM pathway_outbox WHERE sent_at IS NULL) AS pending';
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

const byHand: Contender = {
  name: BY_HAND,
  role: 'limit',
  async make(bench) {
    const database = await bench.postgres();
    const source = await database.connect(POOL_SIZE);
    await database.query(TABLE);
    bench.onEnd(() => source.destroy());
    return {
      run: (count) =>
        inParallel(numbers(count), CONCURRENCY, (n) =>
          source.transaction((manager) =>
            manager.query('INSERT INTO bench_outbox (payload) VALUES ($1)', [JSON.stringify(payload(n))]),
          ),
        ),
    };
  },
};

async function engineOf(bench: Bench, relay: boolean): Promise<PathwaysEngine> {
  const dataSource = await (await bench.postgres()).connect(POOL_SIZE);
  const engine = engineWith({
    baseUrl: bench.platform,
    store: typeOrmStore({ dataSource }),
    pump: false,
    outbox: { relay },
  });
  await engine.open();
  bench.onEnd(() => engine.stop());
  return engine;
}

const writing: Contender = {
  name: 'ours',
  role: 'ours',
  async make(bench) {
    const engine = await engineOf(bench, false);
    return {
      run: (count) =>
        inParallel(numbers(count), CONCURRENCY, (n) =>
          engine.writer.write(PATHWAY_KEY, { data: payload(n) }),
        ),
    };
  },
};

/** Distinct order keys; nothing but the batches themselves is sent together. */
const relaying: Contender = {
  name: 'ours',
  role: 'ours',
  async make(bench) {
    const database = await bench.postgres();
    const writer = await engineOf(bench, false);
    let relay: PathwaysEngine | undefined;
    return {
      async prepare(count) {
        const data = numbers(count).map((n) => payload(n));
        await writer.writer.write(PATHWAY_KEY, { batch: true, data });
        relay = await engineOf(bench, true);
        await database.resetStatements();
      },
      async run(count) {
        await relay?.start();
        for (;;) {
          const [row] = await database.query(PENDING);
          if (row?.['pending'] === false) return { operations: count };
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      },
      async finish() {
        await relay?.stop();
      },
    };
  },
};

export const suite: BenchSuite = {
  title: 'Outbox',
  about: 'Postgres with default durability; Local Flowcore in a process of its own; distinct order keys.',
  services: ['postgres', 'local-flowcore'],
  cases: [
    {
      name: 'write',
      title: `writes into the outbox, ${CONCURRENCY} at once, a transaction each`,
      measures: 'rate',
      count: 500,
      contenders: [byHand, writing],
    },
    {
      name: 'relay',
      title: `${ROWS.toLocaleString('en')} rows, from the start of the relay until all are sent`,
      measures: 'rate',
      count: ROWS,
      fixed: true,
      rounds: 1,
      contenders: [relaying],
    },
  ],
};
