/**
 * Replaying dead letters, beside handling the same events the first time.
 *
 *   npm run bench -- dead-letters
 */
import type { FlowcoreEvent, PathwaysEngine, PathwaysEngineOptions } from 'nestjs-pathways';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import type { Bench } from './support/bench.js';
import { engineWith, PATHWAY, processed } from './support/engine.js';
import { EventMaker } from './support/events.js';
import type { BenchCase, BenchSuite, Contender } from './support/suite.js';

const LETTERS = 600;
const DELIVERY = { source: 'bench', generation: 0 };

type Store = (bench: Bench, name: string) => Promise<Pick<PathwaysEngineOptions, 'store'>>;

const memory: Store = async () => ({});
const postgres: Store = async (bench, statePrefix) => {
  const dataSource = await (await bench.postgres()).connect(10);
  return { store: typeOrmStore({ dataSource, statePrefix }) };
};

async function open(
  bench: Bench,
  store: Store,
  name: string,
  handle: () => unknown,
): Promise<PathwaysEngine> {
  const options = { baseUrl: 'http://127.0.0.1:9', pump: false as const, ...(await store(bench, name)) };
  const engine = engineWith(
    options,
    { transaction: false, handle },
    { maxRetries: 0, onExhausted: 'continue' },
  );
  await engine.open();
  bench.onEnd(() => engine.stop());
  return engine;
}

const first = (store: Store): Contender => ({
  name: 'limit: handled the first time, one after the other',
  role: 'limit',
  async make(bench) {
    const engine = await open(bench, store, 'first', () => {});
    const maker = new EventMaker([PATHWAY]);
    let events: FlowcoreEvent[] = [];
    return {
      prepare: (count) => void (events = maker.next(count)),
      async run(count) {
        for (const event of events) await processed(engine, event);
        return { operations: count };
      },
    };
  },
});

const replayed = (store: Store): Contender => ({
  name: 'ours, replay({})',
  role: 'ours',
  async make(bench) {
    let isBroken = true;
    const engine = await open(bench, store, 'replay', () => {
      if (isBroken) throw new Error('out of order');
    });
    const maker = new EventMaker([PATHWAY]);
    return {
      async prepare(count) {
        isBroken = true;
        for (const event of maker.next(count)) await engine.processor.process(event, DELIVERY);
        isBroken = false;
      },
      async run(count) {
        const { replayed: done } = await engine.deadLetters.replay({});
        if (done.length !== count) throw new Error(`${done.length} of ${count} letters were replayed`);
        return { operations: count };
      },
    };
  },
});

function on(name: string, title: string, store: Store): BenchCase {
  return {
    name,
    title,
    measures: 'rate',
    operation: 'letter',
    count: LETTERS,
    fixed: true,
    rounds: 1,
    contenders: [first(store), replayed(store)],
  };
}

export const suite: BenchSuite = {
  title: 'Dead letters',
  about: `Replay of ${LETTERS.toLocaleString('en')} letters whose handler succeeds now, no-op handler, one key for all.`,
  services: ['postgres'],
  cases: [on('memory', 'memory store', memory), on('postgres', 'state in Postgres', postgres)],
};
