/**
 * How long it takes: waiting writes, events that somebody else stores, and what a pump without work does.
 *
 *   npm run bench -- latency
 */
import { PathwayRouter as ReferenceRouter, PathwaysBuilder } from '@flowcore/pathways';
import type { PathwaysEngine } from 'nestjs-pathways';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import type { Bench } from './support/bench.js';
import { engineWith, PATHWAY, PATHWAY_KEY, PAYLOAD_SCHEMA } from './support/engine.js';
import { payload } from './support/fill.js';
import type { BenchSuite, Contender, Run, Subject } from './support/suite.js';

const SECRET = 'bench-secret';
const REFERENCE = '@flowcore/pathways';
const OURS = 'ours, handler in the same process';
const LIVE = 'ours';
const LOST = 'ours, every notification lost';
const credentials = { tenant: 'acme', dataCore: 'shop', apiKey: 'fc_id_secret' };
const LIVE_INTERVAL_MS = 50;
const IDLE_MS = 4_000;
const noop = { transaction: false, handle: () => {} };
const live = { startFrom: 'live' } as const;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** One write after the other, each timed. */
function writing(write: (data: unknown) => Promise<unknown>): Subject {
  return {
    async run(count): Promise<Run> {
      const times: number[] = [];
      for (let n = 0; n < count; n++) {
        const startedAt = performance.now();
        await write(payload(n));
        times.push(performance.now() - startedAt);
      }
      return { operations: count, times };
    },
  };
}

function ours(
  name: string,
  makeEngine: (bench: Bench) => PathwaysEngine | Promise<PathwaysEngine>,
  fireAndForget = false,
): Contender {
  return {
    name,
    role: 'ours',
    async make(bench) {
      const engine = await makeEngine(bench);
      await engine.start();
      bench.onEnd(() => engine.stop());
      return writing((data) => engine.writer.write(PATHWAY_KEY, { data, options: { fireAndForget } }));
    },
  };
}

/**
 * The npm release of the reference has no pump: our pump hands it the event, so both are told of it at the same moment,
 * and what differs is how the writer learns of its end.
 */
const reference: Contender = {
  name: REFERENCE,
  role: 'rival',
  async make(bench) {
    const platform = { ...credentials, baseUrl: await ownPlatform(bench) };
    const builder = new PathwaysBuilder(platform).register({ ...PATHWAY, schema: PAYLOAD_SCHEMA });
    builder.handle(PATHWAY_KEY as never, async () => {});
    const router = new ReferenceRouter(builder as never, SECRET);
    const forwarder = engineWith({ ...platform, pump: live });
    forwarder.handlers.addHandler({
      pathway: PATHWAY_KEY,
      where: 'bench',
      invoke: async (event) => void (await router.processEvent(event as never, SECRET)),
    });
    await forwarder.start();
    bench.onEnd(() => forwarder.stop());
    return writing((data) => builder.write(PATHWAY_KEY as never, { data } as never));
  },
};

/** A platform of one contender: on a shared one, the pumps of all would handle the events of each. */
async function ownPlatform(bench: Bench, ...parameters: string[]): Promise<string> {
  return (await bench.child('local-flowcore.child.js', ...parameters)).answer;
}

const withPostgres =
  (transaction: boolean, pump: boolean) =>
  async (bench: Bench): Promise<PathwaysEngine> => {
    const dataSource = await (await bench.postgres()).connect(10);
    const statePrefix = `s${++stores}`;
    const options = { baseUrl: await ownPlatform(bench), store: typeOrmStore({ dataSource, statePrefix }) };
    return pump
      ? engineWith({ ...options, pump: live }, { ...noop, transaction })
      : engineWith({ ...options, pump: false });
  };
let stores = 0;

/** Another instance of the application handles what this one writes. */
async function withAnotherProcess(bench: Bench): Promise<PathwaysEngine> {
  const database = await bench.postgres();
  const baseUrl = await ownPlatform(bench);
  await bench.child('handler.child.js', baseUrl, database.url);
  const dataSource = await database.connect(10);
  return engineWith({ baseUrl, store: typeOrmStore({ dataSource }), pump: false });
}

/** From just before an event is sent to its handler, when somebody else writes it: nothing wakes the pump but the platform. */
function stored(name: string, ...parameters: string[]): Contender {
  return {
    name,
    role: 'ours',
    async make(bench) {
      const baseUrl = await ownPlatform(bench, ...parameters);
      const sentAt = new Map<string, number>();
      let times: number[] = [];
      const writer = engineWith({ baseUrl, pump: false });
      const reader = engineWith({ baseUrl, pump: live });
      reader.handlers.addHandler({
        pathway: PATHWAY_KEY,
        where: 'bench',
        invoke: (event) => {
          const at = sentAt.get((event.payload as { id: string }).id);
          if (at !== undefined) times.push(performance.now() - at);
        },
      });
      await reader.start();
      bench.onEnd(async () => {
        await reader.stop();
        await writer.stop();
      });
      let round = 0;
      return {
        prepare: () => void (times = []),
        async run(count) {
          const prefix = `r${++round}`;
          for (let n = 0; n < count; n++) {
            const id = `${prefix}-${n}`;
            sentAt.set(id, performance.now());
            void writer.writer.write(PATHWAY_KEY, {
              data: payload(n, id),
              options: { fireAndForget: true },
            });
            await pause(LIVE_INTERVAL_MS);
          }
          while (times.length < count) await pause(1);
          return { operations: count, times };
        },
      };
    },
  };
}

/** Requests that arrive at the platform while nothing happens. */
const idle: Contender = {
  name: 'ours',
  role: 'ours',
  async make(bench) {
    const child = await bench.child('local-flowcore.child.js');
    const writer = engineWith({ baseUrl: child.answer, pump: live }, noop);
    await writer.start();
    bench.onEnd(() => writer.stop());
    await writer.writer.write(PATHWAY_KEY, { data: payload(0) });
    const requests = async () => {
      const answer = await child.ask<{ requests: Record<string, number> }>({});
      const events = answer.requests['GET /api/v1/events'] ?? 0;
      const all = Object.values(answer.requests).reduce((sum, count) => sum + count, 0);
      return { all, events, sockets: answer.requests['WS /notifications'] ?? 0 };
    };
    return {
      async run() {
        const before = await requests();
        await pause(IDLE_MS);
        const after = await requests();
        const aMinute = (count: number) => (count * 60_000) / IDLE_MS;
        return {
          operations: 1,
          figures: {
            'requests/min': aMinute(after.all - before.all),
            'of them for events': aMinute(after.events - before.events),
            'new sockets/min': aMinute(after.sockets - before.sockets),
          },
        };
      },
    };
  },
};

export const suite: BenchSuite = {
  title: 'Latency',
  about: `Local Flowcore in a process of its own, one for each contender. Waiting writes go one after the other; live events are stored by another engine every ${LIVE_INTERVAL_MS} ms, timed from just before they are sent. The reference looks every 100 ms whether its event is processed.`,
  services: ['postgres'],
  cases: [
    {
      name: 'waiting',
      title: 'waiting write, memory store',
      measures: 'latency',
      operation: 'write',
      count: 15,
      fixed: true,
      contenders: [
        reference,
        ours(OURS, async (bench) =>
          engineWith({ ...credentials, baseUrl: await ownPlatform(bench), pump: live }, noop),
        ),
      ],
      goals: [
        {
          what: 'p50 of the reference over ours',
          atLeast: 20,
          value: (result) => result(REFERENCE).p50 / result(OURS).p50,
        },
      ],
    },
    {
      name: 'waiting-postgres',
      title: 'write, state in Postgres',
      measures: 'latency',
      operation: 'write',
      count: 100,
      fixed: true,
      contenders: [
        ours('stored only (fireAndForget)', withPostgres(false, false), true),
        ours('handled in the same process, without transaction', withPostgres(false, true)),
        ours('handled in the same process, in a transaction', withPostgres(true, true)),
        ours('handled in another process, in a transaction', withAnotherProcess),
      ],
      goals: [
        {
          what: 'p50 in the same process',
          atMost: 5,
          unit: ' ms',
          value: (result) => result('handled in the same process, in a transaction').p50,
        },
        {
          what: 'p50 in another process',
          atMost: 15,
          unit: ' ms',
          value: (result) => result('handled in another process, in a transaction').p50,
        },
      ],
    },
    {
      name: 'live',
      title: 'stored → handler, 20 events/s',
      measures: 'latency',
      count: 30,
      fixed: true,
      rounds: 1,
      contenders: [stored(LIVE), stored(LOST, 'lose-notifications')],
      goals: [
        { what: 'p50', atMost: 10, unit: ' ms', value: (result) => result(LIVE).p50 },
        { what: 'p99', atMost: 50, unit: ' ms', value: (result) => result(LIVE).p99 },
        {
          what: 'longest with lost notifications',
          atMost: 2_100,
          unit: ' ms',
          value: (result) => result(LOST).longest,
        },
      ],
    },
    {
      name: 'idle',
      title: 'a pump without work',
      measures: 'latency',
      operation: 'wait',
      count: 1,
      fixed: true,
      rounds: 1,
      processes: 1,
      contenders: [idle],
    },
  ],
};
