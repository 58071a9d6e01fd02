/**
 * Catch-up of one pump with its cursor and marks in Postgres, from Local Flowcore in a process of its own.
 *
 *   npm run bench -- postgres-pump
 */
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { catchUp } from './support/catch-up.js';
import type { BenchPathway } from './support/engine.js';
import { slowHandler, slowHandlerCase } from './support/slow-handler.js';
import type { BenchSuite, Contender } from './support/suite.js';

const EVENTS = 10_000;

function ours(concurrency: number, handle: () => unknown = () => {}, pathway: BenchPathway = {}): Contender {
  const policy = pathway.onExhausted ?? 'park';
  return {
    name: nameOf(concurrency, policy),
    role: 'ours',
    async make(bench) {
      const database = await bench.postgres();
      const dataSource = await database.connect(10);
      bench.onEnd(() => dataSource.destroy());
      return catchUp({
        flowType: 'bench.0',
        baseUrl: () => bench.filled('bench.0', EVENTS),
        options: (round) => ({
          store: typeOrmStore({ dataSource, statePrefix: `${policy}${concurrency}_r${round}` }),
          pump: { startFrom: 'beginning', concurrency },
        }),
        handle,
        pathway,
        beforeClock: () => database.resetStatements(),
        afterClock: async (count) => ({
          'statements/event': (await database.countStatements()) / count,
        }),
      });
    },
  };
}

function nameOf(concurrency: number, policy = 'park'): string {
  const name = concurrency === 1 ? 'ours, one at a time' : `ours, ${concurrency} at once`;
  return policy === 'park' ? name : `${name}, onExhausted: '${policy}'`;
}

export const suite: BenchSuite = {
  title: 'Pump catch-up, cursor and marks in Postgres',
  about:
    'No-op handler outside of a transaction, every event with an order key of its own, for which it looks whether a dead letter holds it back (not with `continue`). The newer release of the reference has 0.8 k events/s with its state in Postgres, 4.3 k with its cursor alone.',
  services: ['postgres', 'local-flowcore'],
  cases: [
    {
      name: 'one',
      title: 'no-op handler',
      measures: 'rate',
      count: 3_000,
      fixed: true,
      contenders: [ours(1)],
    },
    {
      name: 'many',
      title: 'no-op handler',
      measures: 'rate',
      count: EVENTS,
      fixed: true,
      contenders: [ours(16), ours(64), ours(16, undefined, { onExhausted: 'continue' })],
      goals: [
        {
          what: '16 at once, events/s',
          atLeast: 8_000,
          value: (result) => result(nameOf(16)).rate,
        },
        {
          what: 'statements an event, 16 at once',
          atMost: 1,
          value: (result) => result(nameOf(16)).figures['statements/event'] ?? Number.NaN,
        },
      ],
    },
    slowHandlerCase((concurrency) => ours(concurrency, slowHandler)),
  ],
};
