/**
 * Writes that wait for nobody: ours and the reference's against one Local Flowcore in a process of its own, and bare posts.
 *
 *   npm run bench -- write
 */
import { PathwaysBuilder } from '@flowcore/pathways';
import { Pool } from 'undici';
import type { PathwaysEngineOptions } from 'nestjs-pathways';
import type { Bench } from './support/bench.js';
import { inParallel } from './support/drive.js';
import { engineWith, PATHWAY, PATHWAY_KEY, PAYLOAD_SCHEMA, type BenchPathway } from './support/engine.js';
import { payload } from './support/fill.js';
import type { BenchCase, BenchSuite, Contender, Goal, Subject } from './support/suite.js';

const REFERENCE = '@flowcore/pathways';
const OURS = 'ours';
const BATCH = 100;
const KEY = 'a secret of this measurement, long enough';
const options = { fireAndForget: true };
const credentials = { tenant: 'acme', dataCore: 'shop', apiKey: 'fc_id_secret' };

type Write = (data: unknown) => Promise<unknown>;
type MakeWrite = (bench: Bench) => Write | Promise<Write>;
type PayloadOf = (n: number) => object;

/** `size` events an operation, `concurrency` operations at once. */
function contender(
  name: string,
  role: Contender['role'],
  make: MakeWrite,
  {
    concurrency = 1,
    size = 1,
    payloadOf = payload,
  }: { concurrency?: number; size?: number; payloadOf?: PayloadOf } = {},
): Contender {
  return {
    name,
    role,
    async make(bench): Promise<Subject> {
      const write = await make(bench);
      let items: unknown[] = [];
      return {
        prepare(count) {
          const events = Array.from({ length: Math.ceil(count / size) * size }, (_, n) => payloadOf(n));
          items =
            size === 1
              ? events
              : Array.from({ length: events.length / size }, (_, n) =>
                  events.slice(n * size, (n + 1) * size),
                );
        },
        async run() {
          const { operations, times } = await inParallel(items, concurrency, write);
          return { operations: operations * size, ...(times && { times }) };
        },
      };
    },
  };
}

const reference =
  (batch: boolean): MakeWrite =>
  (bench) => {
    const builder = new PathwaysBuilder({ baseUrl: bench.platform, ...credentials });
    builder.register({ ...PATHWAY, schema: PAYLOAD_SCHEMA });
    return (data) => builder.write(PATHWAY_KEY as never, { batch, data, options } as never);
  };

interface OurWrite {
  readonly pathway?: BenchPathway;
  readonly engine?: PathwaysEngineOptions;
  readonly batch?: boolean;
}

const ours =
  ({ pathway, engine: more, batch = false }: OurWrite = {}): MakeWrite =>
  async (bench) => {
    // A batch of 100 is one request of the reference, so it is one of ours here; the platform documents 25.
    const common = { baseUrl: bench.platform, ...credentials, pump: false as const, maxBatchSize: BATCH };
    const engine = engineWith({ ...common, ...more }, undefined, pathway);
    await engine.open();
    bench.onEnd(() => engine.stop());
    return (data) =>
      batch
        ? engine.writer.write(PATHWAY_KEY, { batch: true, data: data as unknown[], options })
        : engine.writer.write(PATHWAY_KEY, { data, options });
  };

function posting(bench: Bench, url: string, path: string): Write {
  const pool = new Pool(url, { connections: 64 });
  bench.onEnd(() => pool.destroy());
  const headers = { 'content-type': 'application/json', authorization: credentials.apiKey };
  return async (data) => {
    const answer = await pool.request({ method: 'POST', path, headers, body: JSON.stringify(data) });
    const body = await answer.body.json();
    if (answer.statusCode !== 200) throw new Error(JSON.stringify(body));
  };
}

const names = `/${credentials.tenant}/${credentials.dataCore}/${PATHWAY.flowType}/${PATHWAY.eventType}`;
const barePlatform =
  (route: 'event' | 'events'): MakeWrite =>
  (bench) =>
    posting(bench, bench.platform, `/${route}${names}`);
const bareServer: MakeWrite = async (bench) => {
  const { answer } = await bench.child('bare-server.child.js');
  return posting(bench, answer, '/');
};

const overReference = (atLeast: number): Goal => ({
  what: 'ours over the reference',
  atLeast,
  value: (result) => result(OURS).rate / result(REFERENCE).rate,
});

function single(name: string, title: string, concurrency: number, count: number, goal: number): BenchCase {
  return {
    name,
    title,
    measures: 'rate',
    count,
    contenders: [
      contender(REFERENCE, 'rival', reference(false), { concurrency }),
      contender(OURS, 'ours', ours(), { concurrency }),
      contender('limit: undici to Local Flowcore', 'limit', barePlatform('event'), { concurrency }),
      contender('limit: undici to a bare server', 'limit', bareServer, { concurrency }),
    ],
    goals: [overReference(goal)],
  };
}

const large: PayloadOf = (n) => ({ ...payload(n), name: 'x'.repeat(200_000) });

export const suite: BenchSuite = {
  title: 'Writes',
  about:
    'Fire and forget, one Local Flowcore in a process of its own; the processor time is that of the writing process alone.',
  services: ['local-flowcore'],
  cases: [
    single('single', 'one after the other', 1, 400, 2),
    single('in-flight', '64 at once', 64, 1_000, 3),
    {
      name: 'batch',
      title: `batches of ${BATCH}, one after the other`,
      measures: 'rate',
      count: 5_000,
      contenders: [
        contender(REFERENCE, 'rival', reference(true), { size: BATCH }),
        contender(OURS, 'ours', ours({ batch: true }), { size: BATCH }),
        contender('limit: undici to Local Flowcore', 'limit', barePlatform('events'), { size: BATCH }),
      ],
      goals: [overReference(1.5)],
    },
    {
      name: 'encrypted',
      title: 'encrypted, 64 at once',
      measures: 'rate',
      count: 1_000,
      contenders: [
        contender('ours, plain', 'ours', ours(), { concurrency: 64 }),
        contender(
          OURS,
          'ours',
          ours({ pathway: { encrypted: true }, engine: { encryption: { key: KEY } } }),
          {
            concurrency: 64,
          },
        ),
      ],
    },
    {
      name: 'chunked',
      title: 'events of 200 KB in parts, 8 at once',
      measures: 'rate',
      count: 40,
      contenders: [contender(OURS, 'ours', ours(), { concurrency: 8, payloadOf: large })],
    },
  ],
};
