/**
 * Catch-up of one pump with a memory cursor, from Local Flowcore in a process of its own.
 *
 *   npm run bench -- pump
 */
import { request } from 'undici';
import type { PumpOptions } from 'nestjs-pathways';
import type { Bench } from './support/bench.js';
import { catchUp } from './support/catch-up.js';
import { HOT_KEY, zipfKey } from './support/keys.js';
import { slowHandler, slowHandlerCase } from './support/slow-handler.js';
import type { BenchSuite, Contender, ContenderResult, Goal } from './support/suite.js';

const EVENTS = 100_000;

interface PumpCase {
  readonly events?: number;
  readonly flowType?: string;
  readonly keyOf?: (n: number) => string;
  readonly handle?: () => unknown;
}

function ours(name: string, pump: PumpOptions, { flowType = 'bench.0', ...more }: PumpCase = {}): Contender {
  return {
    name,
    role: 'ours',
    async make(bench) {
      const platformEvents = more.events ?? EVENTS;
      return {
        ...catchUp({
          flowType,
          baseUrl: () => bench.filled(flowType, platformEvents, more.keyOf),
          options: () => ({ pump: { startFrom: 'beginning', ...pump } }),
          handle: more.handle ?? (() => {}),
        }),
      };
    },
  };
}

/** The same pages, fetched and parsed by hand: no library can be faster with this platform. */
const barePages: Contender = {
  name: 'limit: fetching and parsing the same pages',
  role: 'limit',
  async make(bench: Bench) {
    const baseUrl = await bench.filled('bench.0', EVENTS);
    const [query, buckets] = await pagesOf(baseUrl);
    return {
      async run(count) {
        let left = count;
        for (const bucket of buckets) {
          for (let cursor = ''; left > 0;) {
            const page = await get<{ events: unknown[]; nextCursor?: string }>(
              `${baseUrl}/api/v1/events?${query}&timeBucket=${bucket}&pageSize=500${cursor}`,
            );
            left -= page.events.length;
            if (page.nextCursor === undefined) break;
            cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`;
          }
        }
        if (left > 0) throw new Error(`${left} events are missing`);
        return { operations: count - left };
      },
    };
  },
};

/** Names are resolved as the pump does it, before the clock starts. */
async function pagesOf(baseUrl: string): Promise<[string, string[]]> {
  const api = `${baseUrl}/api/v1`;
  const [core] = await get<{ id: string }[]>(`${api}/data-cores?tenant=local&name=local`);
  const [flow] = await get<{ id: string }[]>(`${api}/flow-types?dataCoreId=${core?.id}&name=bench.0`);
  const [type] = await get<{ id: string }[]>(`${api}/event-types?flowTypeId=${flow?.id}&name=done.0`);
  if (!type) throw new Error('the event type of this measurement is not on the platform');
  const query = `eventTypeId=${type.id}`;
  const { timeBuckets } = await get<{ timeBuckets: string[] }>(`${api}/time-buckets?${query}`);
  return [query, timeBuckets];
}

async function get<T>(url: string): Promise<T> {
  const { body } = await request(url, { headers: { authorization: 'fc_id_secret' } });
  return (await body.json()) as T;
}

const megabytes = 1024 * 1024;
const ratePerSecond = (name: string, atLeast: number): Goal => ({
  what: `${name}, events/s`,
  atLeast,
  value: (result) => result(name).rate,
});
const peak = (...names: string[]): Goal => ({
  what: 'peak memory',
  atMost: 150,
  unit: ' MB',
  value: (result) => Math.max(...names.map((name) => result(name).peakBytes)) / megabytes,
});
const cpuRatio =
  (one: string, other: string) =>
  (result: (name: string) => ContenderResult): number =>
    result(one).cpuMicros / result(other).cpuMicros;

const slow = slowHandlerCase((concurrency) =>
  ours(`ours, ${concurrency} at once`, { concurrency }, { handle: slowHandler }),
);

export const suite: BenchSuite = {
  title: 'Pump catch-up, memory cursor',
  about:
    'Local Flowcore in a process of its own, in memory. The npm release of the reference has no pump to run beside ours; the figures of its newer release are 1.9 k events/s one at a time and 14 k at 16, at 200 to 250 MB, and 178 and 184 per second with the handler that waits.',
  services: ['local-flowcore'],
  cases: [
    {
      name: 'catch-up',
      title: `${EVENTS.toLocaleString('en')} events, no-op handler, distinct keys`,
      measures: 'rate',
      count: EVENTS,
      fixed: true,
      rounds: 1,
      contenders: [
        ours('ours, one at a time', { concurrency: 1 }),
        ours('ours, 16 at once', { concurrency: 16 }),
        barePages,
      ],
      goals: [
        ratePerSecond('ours, one at a time', 20_000),
        ratePerSecond('ours, 16 at once', 30_000),
        peak('ours, one at a time', 'ours, 16 at once'),
      ],
    },
    slow,
    {
      name: 'keys',
      title: '20,000 events, no-op handler, 16 at once',
      measures: 'rate',
      count: 20_000,
      fixed: true,
      contenders: [
        ours('ours, distinct keys', { concurrency: 16 }),
        ours('ours, 100 keys by zipf', { concurrency: 16 }, { ...flow('zipf.0', zipfKey), events: 20_000 }),
        ours('ours, one key', { concurrency: 16 }, { ...flow('one.0', () => HOT_KEY), events: 20_000 }),
      ],
    },
    {
      name: 'growth-buffer',
      title: '20,000 events, no-op handler, 16 at once, buffer',
      measures: 'rate',
      count: 20_000,
      fixed: true,
      processes: 1,
      contenders: [100, 1_000, 10_000].map((bufferSize) =>
        ours(`ours, ${bufferSize.toLocaleString('en')}`, { concurrency: 16, bufferSize }),
      ),
      goals: [
        {
          what: 'processor time with a buffer of 10,000 over that of 100',
          atMost: 1.2,
          value: cpuRatio('ours, 10,000', 'ours, 100'),
        },
      ],
    },
    {
      name: 'growth-events',
      title: 'no-op handler, 16 at once, events',
      measures: 'rate',
      count: 100_000,
      fixed: true,
      rounds: 1,
      processes: 1,
      contenders: [10_000, 100_000].map((count) => part(count)),
      goals: [
        {
          what: 'processor time an event of 100,000 over that of 10,000',
          atMost: 1.2,
          value: cpuRatio('ours, 100,000', 'ours, 10,000'),
        },
      ],
    },
    {
      name: 'growth-keys',
      title: '20,000 events, no-op handler, 16 at once, order keys',
      measures: 'rate',
      count: 20_000,
      fixed: true,
      processes: 1,
      contenders: [200, 2_000, 20_000].map((keys) =>
        ours(
          `ours, ${keys.toLocaleString('en')}`,
          { concurrency: 16 },
          { ...flow(`keys-${keys}.0`, (n) => `o-${n % keys}`), events: 20_000 },
        ),
      ),
      goals: [
        {
          what: 'processor time with 20,000 keys over that with 2,000',
          atMost: 1.2,
          value: cpuRatio('ours, 20,000', 'ours, 2,000'),
        },
      ],
    },
  ],
};

function flow(flowType: string, keyOf: (n: number) => string): PumpCase {
  return { flowType, keyOf };
}

/** The same stream, read that far. */
function part(count: number): Contender {
  const whole = ours(`ours, ${count.toLocaleString('en')}`, { concurrency: 16 });
  return {
    ...whole,
    async make(bench) {
      const subject = await whole.make(bench);
      const share = (all: number) => Math.round((all * count) / EVENTS);
      return {
        ...subject,
        prepare: (all) => subject.prepare?.(share(all)),
        run: (all) => subject.run(share(all)),
      };
    },
  };
}
