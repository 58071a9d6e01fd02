/**
 * One event through the router or the processor: ours, the reference, and what the same handler and the same check cost
 * without any library.
 *
 *   npm run bench -- dispatch
 */
import { PathwaysBuilder, PathwayRouter as ReferenceRouter } from '@flowcore/pathways';
import { plainToInstance } from 'class-transformer';
import { IsBoolean, IsNumber, IsString, validate } from 'class-validator';
import { z } from 'zod';
import { z as z4 } from 'zod4';
import { createPathwayContract, PathwayRouter, PathwaysEngine, type PayloadSchema } from 'nestjs-pathways';
import type { FlowcoreEvent } from 'nestjs-pathways';
import { oneByOne } from './support/drive.js';
import { PAYLOAD_SCHEMA, quiet } from './support/engine.js';
import { EventMaker } from './support/events.js';
import type { BenchCase, BenchSuite, Contender, ContenderResult, Subject } from './support/suite.js';

const SECRET = 'bench-secret';
const REFERENCE = '@flowcore/pathways, zod 3';

const zod4Schema = z4.object({
  id: z4.string(),
  name: z4.string(),
  email: z4.string(),
  total: z4.number(),
  paid: z4.boolean(),
});

class OrderClass {
  @IsString() id!: string;
  @IsString() name!: string;
  @IsString() email!: string;
  @IsNumber() total!: number;
  @IsBoolean() paid!: boolean;
}

type Entrance = 'router' | 'process';
type Names = readonly { flowType: string; eventType: string }[];

const namesOf = (count: number): Names =>
  Array.from({ length: count }, (_, index) => ({ flowType: `flow-${index}.0`, eventType: 'done.0' }));

/** Events are made before the clock starts, and never twice: a repeated one would be skipped as a duplicate. */
function subject(pathways: Names, handle: (event: FlowcoreEvent) => unknown): Subject {
  const maker = new EventMaker(pathways);
  let events: FlowcoreEvent[] = [];
  return {
    prepare: (count) => void (events = maker.next(count)),
    run: () => oneByOne(events, handle),
  };
}

function reference(entrance: Entrance, count: number): Contender {
  return {
    name: REFERENCE,
    role: 'rival',
    make() {
      const pathways = namesOf(count);
      const builder = new PathwaysBuilder({
        baseUrl: 'http://127.0.0.1:9',
        tenant: 't',
        dataCore: 'd',
        apiKey: 'k',
      });
      for (const { flowType, eventType } of pathways) {
        const key = `${flowType}/${eventType}` as never;
        builder.register({ flowType, eventType, schema: PAYLOAD_SCHEMA }).handle(key, async () => {});
      }
      // Its builder processes too, but checks nothing then: the router is the entrance that does what ours does.
      const router = new ReferenceRouter(builder as never, SECRET);
      return subject(pathways, (event) => router.processEvent(event as never, SECRET));
    },
  };
}

interface OurOptions {
  readonly schema?: PayloadSchema | undefined;
  readonly observers?: boolean;
}

function ours(entrance: Entrance, count: number, name: string, options: OurOptions): Contender {
  return {
    name,
    role: 'ours',
    make() {
      const pathways = namesOf(count);
      const engine = new PathwaysEngine({ baseUrl: 'http://127.0.0.1:9', logger: quiet });
      const { schema, observers = false } = options;
      for (const names of pathways) {
        const contract = createPathwayContract(
          { ...names, ...(schema && { schema: schema as PayloadSchema<never> }) },
          { declaredBy: 'bench' },
        );
        const pathway = contract.key;
        engine.addContract(contract);
        engine.handlers.addHandler({ pathway, where: 'bench', invoke: async () => {} });
        if (observers) {
          engine.handlers.addObserver({ pathway, where: 'bench', stage: 'all', invoke: () => {} });
        }
      }
      if (entrance === 'process') {
        const delivery = { source: 'bench', generation: 0 };
        return subject(pathways, (event) => engine.processor.process(event, delivery));
      }
      const router = new PathwayRouter(engine.processor, SECRET);
      return subject(pathways, (event) => router.processEvent(event, SECRET));
    },
  };
}

/** The handler and the check, called by name. */
function limit(name: string, check: (payload: unknown) => unknown): Contender {
  const handler = async (_payload: unknown) => {};
  return {
    name,
    role: 'limit',
    make: () =>
      subject(namesOf(1), async (event) => {
        await check(event.payload);
        await handler(event.payload);
      }),
  };
}

const bareZod3 = limit('limit: handler and safeParse of zod 3', (payload) =>
  PAYLOAD_SCHEMA.safeParse(payload),
);
const bareZod4 = limit('limit: handler and safeParse of zod 4', (payload) => zod4Schema.safeParse(payload));
const bareHandler = limit('limit: handler alone', () => {});
/** What Nest's ValidationPipe does for a class. */
const validationPipe = limit('limit: handler, plainToInstance and validate', async (payload) => {
  const instance = plainToInstance(OrderClass, payload);
  const errors = await validate(instance);
  if (errors.length > 0) throw new Error('Events of this measurement are valid');
});

const over = (result: (name: string) => ContenderResult, one: string, other: string) =>
  result(one).rate / result(other).rate;

function withSchemas(entrance: Entrance, count: number): BenchCase {
  const many = count === 1 ? '1 pathway' : `${count.toLocaleString('en')} pathways`;
  return {
    name: `${entrance}-${count}`,
    title: `${entrance}, ${many}, 5 fields`,
    measures: 'rate',
    count: Math.max(20_000, count * 3),
    contenders: [
      reference(entrance, count),
      ours(entrance, count, 'ours, zod 3', { schema: z.object(PAYLOAD_SCHEMA.shape) }),
      ours(entrance, count, 'ours, zod 4', { schema: zod4Schema }),
      ours(entrance, count, 'ours, class-validator', { schema: OrderClass }),
      ...(count === 1 && entrance === 'process' ? [bareZod3, bareZod4, validationPipe] : []),
    ],
    goals:
      count === 1 && entrance === 'process'
        ? [
            {
              what: 'ours with zod 4 over the reference',
              atLeast: 2,
              value: (result) => over(result, 'ours, zod 4', REFERENCE),
            },
            {
              what: 'handler and safeParse of zod 4 over ours with zod 4',
              atMost: 3,
              value: (result) => over(result, bareZod4.name, 'ours, zod 4'),
            },
            {
              what: 'ours with class-validator over the way of ValidationPipe',
              atLeast: 5,
              value: (result) => over(result, 'ours, class-validator', validationPipe.name),
            },
          ]
        : [
            {
              what: 'ours with zod 4 over the reference',
              atLeast: entrance === 'router' ? 1 : 1.3,
              value: (result) => over(result, 'ours, zod 4', REFERENCE),
            },
          ],
  };
}

const zod4With = (count: number) =>
  ours('process', count, `ours, ${count.toLocaleString('en')}, zod 4`, { schema: zod4Schema });

export const suite: BenchSuite = {
  title: 'Dispatch',
  about:
    'No-op handler, memory store, distinct events that are made before the clock starts. The reference checks payloads behind its router only, so that is where it is entered; ours is entered at the processor or at its router, as each table says. p99 is of means of a hundred events.',
  cases: [
    withSchemas('process', 1),
    withSchemas('process', 1_000),
    withSchemas('process', 10_000),
    withSchemas('router', 1),
    {
      name: 'no-schema',
      title: 'process, 1 pathway, no schema',
      measures: 'rate',
      count: 20_000,
      contenders: [
        bareHandler,
        ours('process', 1, 'ours', {}),
        ours('process', 1, 'ours, observed before and after', { observers: true }),
      ],
    },
    {
      name: 'growth-pathways',
      title: 'process, 1 to 10,000 pathways',
      measures: 'rate',
      count: 30_000,
      contenders: [1, 1_000, 10_000].map(zod4With),
      goals: [
        {
          what: 'processor time of 10,000 pathways over that of 1',
          atMost: 1.2,
          value: (result) => result(zod4With(10_000).name).cpuMicros / result(zod4With(1).name).cpuMicros,
        },
      ],
    },
  ],
};
