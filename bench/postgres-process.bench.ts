/**
 * One event through the processor with its state in Postgres, ours and the reference on one table; and handlers whose effect
 * is in the transaction of the mark, beside the same effects by hand.
 *
 *   npm run bench -- postgres-process
 *   BENCH_STATEMENTS=1 npm run bench -- postgres-process     with the statements behind the counts
 */
import {
  createPostgresPathwayState,
  PathwayRouter as ReferenceRouter,
  PathwaysBuilder,
} from '@flowcore/pathways';
import type { FlowcoreEvent } from 'nestjs-pathways';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import type { Bench } from './support/bench.js';
import { inParallel } from './support/drive.js';
import { engineWith, PATHWAY, PATHWAY_KEY, PAYLOAD_SCHEMA, processed } from './support/engine.js';
import { EventMaker } from './support/events.js';
import type { BenchCase, BenchSuite, Contender, Subject } from './support/suite.js';

const SECRET = 'bench-secret';
const POOL_SIZE = 20;
const REFERENCE = '@flowcore/pathways';
const OURS = 'ours';
const BY_HAND = 'limit: BEGIN, INSERT, COMMIT by hand';
const TABLE =
  'CREATE TABLE IF NOT EXISTS bench_effect (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, total numeric)';
const INSERT = 'INSERT INTO bench_effect (name, total) VALUES ($1, $2)';

type Process = (event: FlowcoreEvent) => Promise<unknown>;
/** No id twice in one process, also not by another contender: they share a table. */
const maker = new EventMaker([PATHWAY]);

function contender(
  name: string,
  role: Contender['role'],
  concurrency: number,
  make: (bench: Bench) => Promise<Process>,
): Contender {
  return {
    name,
    role,
    async make(bench): Promise<Subject> {
      const database = await bench.postgres();
      const process = await make(bench);
      let events: FlowcoreEvent[] = [];
      let counted = 0;
      return {
        async prepare(count) {
          counted = count;
          events = maker.next(count);
          await database.resetStatements();
        },
        run: () => inParallel(events, concurrency, process),
        async finish() {
          return { 'statements/event': (await database.countStatements()) / counted };
        },
      };
    },
  };
}

async function reference(bench: Bench): Promise<Process> {
  const builder = new PathwaysBuilder({
    baseUrl: 'http://127.0.0.1:9',
    tenant: 't',
    dataCore: 'd',
    apiKey: 'k',
  });
  const { hostname, port, username, pathname } = new URL((await bench.postgres()).url);
  builder.withPathwayState(
    createPostgresPathwayState({
      host: hostname,
      port: Number(port),
      user: username,
      password: '',
      database: pathname.slice(1),
    }),
  );
  builder.register({ ...PATHWAY, schema: PAYLOAD_SCHEMA }).handle(PATHWAY_KEY as never, async () => {});
  const router = new ReferenceRouter(builder as never, SECRET);
  const process = (event: FlowcoreEvent) => router.processEvent(event as never, SECRET);
  // It makes the table with its first event, and our migration takes the table over.
  for (const event of maker.next(1)) await process(event);
  return process;
}

const ours =
  (transaction: boolean) =>
  async (bench: Bench): Promise<Process> => {
    const database = await bench.postgres();
    const dataSource = await database.connect(POOL_SIZE);
    await database.query(TABLE);
    const engine = engineWith(
      { baseUrl: 'http://127.0.0.1:9', store: typeOrmStore({ dataSource }), pump: false },
      { transaction, handle: transaction ? (manager) => manager?.query(INSERT, ['Ada', 12.5]) : () => {} },
    );
    await engine.open();
    bench.onEnd(() => engine.stop());
    return (event) => processed(engine, event);
  };

async function byHand(bench: Bench): Promise<Process> {
  const database = await bench.postgres();
  const dataSource = await database.connect(POOL_SIZE);
  await database.query(TABLE);
  bench.onEnd(() => dataSource.destroy());
  return () => dataSource.transaction((manager) => manager.query(INSERT, ['Ada', 12.5]));
}

function noop(concurrency: number, goal: number): BenchCase {
  return {
    name: `no-op-${concurrency}`,
    title: `no-op handler, ${concurrency} at once`,
    measures: 'rate',
    count: concurrency === 1 ? 300 : 1_000,
    contenders: [
      contender(REFERENCE, 'rival', concurrency, reference),
      contender(OURS, 'ours', concurrency, ours(false)),
    ],
    goals: [
      {
        what: 'ours over the reference',
        atLeast: goal,
        value: (result) => result(OURS).rate / result(REFERENCE).rate,
      },
    ],
  };
}

export const suite: BenchSuite = {
  title: 'One event through the processor, state in Postgres',
  about:
    'PostgreSQL 18 (the embedded one) on the same machine, a folder on the local disk, default durability. Statements are those of `pg_stat_statements`. Ours deduplicates, the reference only writes its mark. The processor time is that of the application, not of the database.',
  services: ['postgres'],
  cases: [
    noop(1, 2),
    noop(16, 3),
    noop(64, 3),
    {
      name: 'transaction',
      title: 'handler with one INSERT, in a transaction, 16 at once',
      measures: 'rate',
      count: 500,
      contenders: [
        contender(BY_HAND, 'limit', 16, byHand),
        contender('ours, in the transaction that holds the mark', 'ours', 16, ours(true)),
      ],
      goals: [
        {
          what: 'ours over the same by hand',
          atLeast: 0.6,
          value: (result) =>
            result('ours, in the transaction that holds the mark').rate / result(BY_HAND).rate,
        },
      ],
    },
  ],
};
