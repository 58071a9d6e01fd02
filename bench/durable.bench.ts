/**
 * Durable work through Postgres, handled once: ours beside job queues, on one server, with the same concurrency.
 *
 *   npm run bench -- durable
 */
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import PgBoss from 'pg-boss';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import type { Bench } from './support/bench.js';
import { catchUp } from './support/catch-up.js';
import { Countdown, inParallel } from './support/drive.js';
import { engineWith, PATHWAY_KEY } from './support/engine.js';
import { payload } from './support/fill.js';
import type { BenchSuite, Contender, ContenderResult, Subject } from './support/suite.js';

const JOBS = 2_000;
const CONCURRENCY = 16;
const POOL_SIZE = 20;
const BATCH = 100;
const GRAPHILE = 'graphile-worker, without batching';
const GRAPHILE_BATCHED = 'graphile-worker, local queue of 500, completions together';
const PG_BOSS = 'pg-boss, fetch and complete one by one';
const PG_BOSS_BATCHED = `pg-boss, work() in batches of ${BATCH}`;
const OURS = 'ours';
const OURS_TRANSACTION = 'ours, in the transaction that holds the mark';
const silentGraphile = new Logger(() => () => {});

/** How jobs get there: all before the clock starts, or each while the others are handled. */
type Mode = 'drain' | 'flow';

/** One queue. `insertAll` is not timed; `insertOne` is. */
interface Queue {
  insertAll(count: number): Promise<unknown>;
  insertOne(n: number): Promise<unknown>;
  /** Begins to work; calls back for every job. */
  work(handled: () => void): Promise<() => Promise<unknown>>;
}

function queue(
  name: string,
  role: Contender['role'],
  mode: Mode,
  open: (bench: Bench) => Promise<Queue>,
): Contender {
  return {
    name,
    role,
    async make(bench): Promise<Subject> {
      const opened = await open(bench);
      let end: (() => Promise<unknown>) | undefined;
      return {
        prepare: (count) => (mode === 'drain' ? opened.insertAll(count) : undefined),
        async run(count) {
          const countdown = new Countdown(count);
          end = await opened.work(countdown.count);
          if (mode === 'flow') {
            await inParallel(
              Array.from({ length: count }, (_, n) => n),
              CONCURRENCY,
              opened.insertOne,
            );
          }
          await countdown.done;
          return { operations: count };
        },
        finish: async () => void (await end?.()),
      };
    },
  };
}

const graphile = (mode: Mode, isBatched: boolean) =>
  queue(isBatched ? GRAPHILE_BATCHED : GRAPHILE, 'rival', mode, async (bench) => {
    const database = await bench.postgres();
    const task = isBatched ? 'batched' : 'single';
    const utils = await makeWorkerUtils({ connectionString: database.url, logger: silentGraphile });
    await utils.migrate();
    bench.onEnd(() => utils.release());
    return {
      insertAll: (count) =>
        database.query(
          `SELECT graphile_worker.add_job('${task}', json_build_object('id', 'o-' || n)) FROM generate_series(1, ${count}) AS n`,
        ),
      insertOne: (n) => utils.addJob(task, payload(n)),
      async work(handled) {
        const runner = await run({
          connectionString: database.url,
          maxPoolSize: POOL_SIZE,
          concurrency: CONCURRENCY,
          noHandleSignals: true,
          logger: silentGraphile,
          taskList: { [task]: async () => handled() },
          ...(isBatched && { preset: { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0 } } }),
        });
        return () => runner.stop();
      },
    };
  });

const pgBoss = (mode: Mode, isBatched: boolean) =>
  queue(isBatched ? PG_BOSS_BATCHED : PG_BOSS, 'rival', mode, async (bench) => {
    const { url } = await bench.postgres();
    const boss = new PgBoss({ connectionString: url, max: POOL_SIZE, supervise: false, schedule: false });
    boss.on('error', (error) => {
      throw error;
    });
    await boss.start();
    bench.onEnd(() => boss.stop({ graceful: false, wait: true }));
    const name = isBatched ? 'batched' : 'single';
    await boss.createQueue(name);
    return {
      insertAll: (count) =>
        boss.insert(Array.from({ length: count }, (_, n) => ({ name, data: payload(n) }))),
      insertOne: (n) => boss.send(name, payload(n)),
      work: (handled) => (isBatched ? workInBatches(boss, name, handled) : workByHand(boss, name, handled)),
    };
  });

/** Its own workers look every half second at the soonest: as many as there are to be jobs at once. */
async function workInBatches(
  boss: PgBoss,
  name: string,
  handled: () => void,
): Promise<() => Promise<unknown>> {
  const options = { batchSize: BATCH, pollingIntervalSeconds: 0.5 };
  for (let worker = 0; worker < CONCURRENCY; worker++) {
    await boss.work(name, options, async (jobs) => {
      for (const _ of jobs) handled();
    });
  }
  return () => boss.offWork(name);
}

/** Faster than its workers for one job at a time: the next is fetched as soon as one is complete. */
async function workByHand(boss: PgBoss, name: string, handled: () => void): Promise<() => Promise<unknown>> {
  const stopping = new AbortController();
  const loop = async () => {
    while (!stopping.signal.aborted) {
      const [job] = await boss.fetch(name);
      if (!job) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        continue;
      }
      await boss.complete(name, job.id);
      handled();
    }
  };
  const loops = Promise.all(Array.from({ length: CONCURRENCY }, loop));
  return async () => {
    stopping.abort();
    await loops;
  };
}

/** Events on the platform, cursor and marks in Postgres. */
const ours = (isTransactional: boolean): Contender => ({
  name: isTransactional ? OURS_TRANSACTION : OURS,
  role: 'ours',
  async make(bench) {
    const dataSource = await (await bench.postgres()).connect(POOL_SIZE);
    bench.onEnd(() => dataSource.destroy());
    return catchUp({
      flowType: 'bench.0',
      baseUrl: () => bench.filled('bench.0', JOBS),
      options: (round) => ({
        store: typeOrmStore({ dataSource, statePrefix: `${isTransactional ? 't' : 'p'}_${round}` }),
        pump: { startFrom: 'beginning', concurrency: CONCURRENCY },
      }),
      transaction: isTransactional,
      handle: () => {},
    });
  },
});

/** Written to the platform, or to the outbox of the same database, and handled by the pump of the same process. */
const oursFlowing = (outbox: boolean): Contender =>
  queue(outbox ? 'ours, through the outbox' : OURS, 'ours', 'flow', async (bench) => {
    const dataSource = await (await bench.postgres()).connect(POOL_SIZE);
    const { answer: baseUrl } = await bench.child('local-flowcore.child.js');
    let handled = () => {};
    const engine = engineWith(
      {
        baseUrl,
        store: typeOrmStore({ dataSource, statePrefix: outbox ? 'outbox' : 'plain' }),
        pump: { startFrom: 'live', concurrency: CONCURRENCY },
      },
      { transaction: false, handle: () => handled() },
    );
    await engine.start();
    bench.onEnd(() => engine.stop());
    let written = 0;
    return {
      insertAll: async () => {},
      insertOne: () =>
        engine.writer.write(PATHWAY_KEY, {
          data: payload(++written),
          options: { fireAndForget: true, outbox },
        }),
      async work(listener) {
        handled = listener;
        return async () => {};
      },
    };
  });

const over = (one: string, other: string) => (result: (name: string) => ContenderResult) =>
  result(one).rate / result(other).rate;

export const suite: BenchSuite = {
  title: 'Durable work through Postgres',
  about: `No-op handlers, ${CONCURRENCY} at once, pools of ${POOL_SIZE} connections, one Postgres with default durability. The queues keep their jobs in Postgres; our events are on Local Flowcore (in memory, in a process of its own), their marks and the cursor in Postgres. Every round includes the start of the worker.`,
  services: ['postgres', 'local-flowcore'],
  cases: [
    {
      name: 'drain',
      title: `${JOBS.toLocaleString('en')} waiting jobs`,
      measures: 'rate',
      operation: 'job',
      count: JOBS,
      fixed: true,
      rounds: 1,
      contenders: [
        graphile('drain', false),
        graphile('drain', true),
        pgBoss('drain', false),
        pgBoss('drain', true),
        ours(false),
        ours(true),
      ],
      goals: [
        { what: 'ours over pg-boss one by one', atLeast: 1, value: over(OURS, PG_BOSS) },
        { what: 'ours over graphile-worker without batching', atLeast: 1, value: over(OURS, GRAPHILE) },
        {
          what: 'ours over graphile-worker with its batching',
          atLeast: 0.5,
          value: over(OURS, GRAPHILE_BATCHED),
        },
      ],
    },
    {
      name: 'flow',
      title: `jobs that are enqueued one by one, ${CONCURRENCY} at once, while they are handled`,
      measures: 'rate',
      operation: 'job',
      count: 600,
      fixed: true,
      rounds: 1,
      contenders: [
        graphile('flow', false),
        graphile('flow', true),
        pgBoss('flow', false),
        oursFlowing(false),
        oursFlowing(true),
      ],
    },
  ],
};
