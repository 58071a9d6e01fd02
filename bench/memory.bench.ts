/**
 * Memory while 1,000,000 distinct events go through the processor with the memory store.
 *
 *   npm run bench -- memory
 */
import { createPathwayContract, PathwaysEngine } from 'nestjs-pathways';
import { PATHWAY, processed, quiet } from './support/engine.js';
import { EventMaker } from './support/events.js';
import type { BenchSuite, Contender, ContenderResult } from './support/suite.js';

const EVENTS = 1_000_000;
const TENTHS = 10;
/** Marks in memory are bounded; until the bound is reached they are what grows. */
const MARKS = 200_000;
const HEAP_FIRST = 'heap MB, first tenth';
const HEAP_LAST = 'heap MB, last tenth';
const RESIDENT_FIRST = 'resident MB, first tenth';
const RESIDENT_LAST = 'resident MB, last tenth';

const megabytes = (bytes: number) => bytes / 1024 / 1024;

const ours: Contender = {
  name: 'ours',
  role: 'ours',
  async make() {
    const engine = new PathwaysEngine({ baseUrl: 'http://127.0.0.1:9', logger: quiet });
    const contract = createPathwayContract(PATHWAY, { declaredBy: 'bench' });
    engine.addContract(contract);
    engine.handlers.addHandler({ pathway: contract.key, where: 'bench', invoke: async () => {} });
    const maker = new EventMaker([PATHWAY]);
    const handle = async (count: number) => {
      for (let left = count; left > 0; left -= 10_000) {
        for (const event of maker.next(Math.min(left, 10_000))) await processed(engine, event);
      }
    };
    return {
      async run(count) {
        // The store fills up to its bound first: that is its size, not its growth.
        await handle(Math.min(MARKS, count / 2));
        const tenth = (count - Math.min(MARKS, count / 2)) / TENTHS;
        const heaps: number[] = [];
        const residents: number[] = [];
        for (let number = 0; number < TENTHS; number++) {
          await handle(tenth);
          globalThis.gc?.();
          const { heapUsed, rss } = process.memoryUsage();
          heaps.push(megabytes(heapUsed));
          residents.push(megabytes(rss));
        }
        return {
          operations: count,
          figures: {
            [HEAP_FIRST]: heaps[0] ?? Number.NaN,
            [HEAP_LAST]: heaps.at(-1) ?? Number.NaN,
            [RESIDENT_FIRST]: residents[0] ?? Number.NaN,
            [RESIDENT_LAST]: residents.at(-1) ?? Number.NaN,
          },
        };
      },
    };
  },
};

const share = ({ figures }: ContenderResult, part: string, whole: string) =>
  (figures[part] ?? Number.NaN) / (figures[whole] ?? Number.NaN);

export const suite: BenchSuite = {
  title: 'Memory over 1,000,000 events',
  about:
    'One pathway, no-op handler, memory store. Tenths are those of what comes after the first 200,000 events, with which the marks in memory reach their bound; each is read after a collection. One process, one round after one that warms up.',
  cases: [
    {
      name: 'million',
      title: '1,000,000 events',
      measures: 'rate',
      count: EVENTS,
      fixed: true,
      processes: 1,
      rounds: 1,
      contenders: [ours],
      goals: [
        {
          what: 'heap of the last tenth over that of the first',
          atMost: 1.05,
          value: (result) => share(result('ours'), HEAP_LAST, HEAP_FIRST),
        },
        {
          what: 'resident memory of the last tenth over that of the first',
          atMost: 1.05,
          value: (result) => share(result('ours'), RESIDENT_LAST, RESIDENT_FIRST),
        },
      ],
    },
  ],
};
