/**
 * One event through the router or the processor: ours and the reference in one process, in turn.
 *
 *   node --expose-gc --import tsx bench/dispatch.bench.ts
 */
import { PathwaysBuilder, PathwayRouter as ReferenceRouter } from '@flowcore/pathways';
import { IsBoolean, IsNumber, IsString } from 'class-validator';
import { z } from 'zod';
import { z as z4 } from 'zod4';
import { createPathwayContract, PathwayRouter, PathwaysEngine, type PayloadSchema } from '../lib/index.js';
import type { FlowcoreEvent } from '../lib/index.js';
import { makeEvents } from './support/events.js';
import { short, sideBySide, type Contender } from './support/side-by-side.js';

const EVENTS = 100_000;
const SECRET = 'bench-secret';
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const fields3 = { id: z.string(), name: z.string(), email: z.string(), total: z.number(), paid: z.boolean() };
const zod3Schema = z.object(fields3);
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

for (const [entrance, count] of [
  ['process', 1],
  ['process', 1_000],
  ['router', 1],
] as const) {
  const pathways = Array.from({ length: count }, (_, index) => ({
    flowType: `flow-${index}.0`,
    eventType: 'done.0',
  }));
  const results = await sideBySide([
    reference(entrance, pathways),
    ours(entrance, 'ours, zod 3', pathways, zod3Schema),
    ours(entrance, 'ours, zod 4', pathways, zod4Schema),
    ours(entrance, 'ours, class-validator', pathways, OrderClass),
  ]);
  const baseline = results[0]?.median ?? Number.NaN;
  console.log(
    `\n| ${entrance}, ${count} pathway(s), 5 fields, no-op handler | median events/s | spread | ratio |\n|---|---|---|---|`,
  );
  for (const { name, median, rates } of results) {
    console.log(
      `| ${name} | ${short(median)} | ${short(Math.min(...rates))} – ${short(Math.max(...rates))} | ${(median / baseline).toFixed(2)} |`,
    );
  }
}
process.exit(0);

type Entrance = 'router' | 'process';
type Names = readonly { flowType: string; eventType: string }[];

function reference(entrance: Entrance, pathways: Names): Contender {
  const builder = new PathwaysBuilder({
    baseUrl: 'http://127.0.0.1:9',
    tenant: 't',
    dataCore: 'd',
    apiKey: 'k',
  });
  for (const { flowType, eventType } of pathways) {
    builder
      .register({ flowType, eventType, schema: zod3Schema })
      .handle(`${flowType}/${eventType}` as never, async () => {});
  }
  const router = new ReferenceRouter(builder as never, SECRET);
  let seed = 1;
  return {
    name: '@flowcore/pathways 0.16.4, zod 3',
    async run() {
      for (const event of makeEvents(EVENTS, pathways, seed++))
        await router.processEvent(event as never, SECRET);
      return EVENTS;
    },
  };
}

function ours(entrance: Entrance, name: string, pathways: Names, schema: PayloadSchema): Contender {
  const engine = new PathwaysEngine({ baseUrl: 'http://127.0.0.1:9', logger: silent });
  for (const names of pathways) {
    const contract = createPathwayContract(
      { ...names, schema: schema as PayloadSchema<never> },
      { declaredBy: 'bench' },
    );
    engine.addContract(contract);
    engine.handlers.addHandler({ pathway: contract.key, where: 'bench', invoke: async () => {} });
  }
  if (entrance === 'process') {
    const delivery = { source: 'bench', generation: 0 };
    return contender(name, pathways, (event) => engine.processor.process(event, delivery));
  }
  const router = new PathwayRouter(engine.processor, SECRET);
  return contender(name, pathways, (event) => router.processEvent(event, SECRET));
}

/** Events are made before the clock starts, and never twice: a repeated one would be skipped as a duplicate. */
function contender(
  name: string,
  pathways: Names,
  handle: (event: FlowcoreEvent) => Promise<unknown>,
): Contender {
  let seed = 1;
  let events: FlowcoreEvent[] = [];
  return {
    name,
    prepare: () => (events = makeEvents(EVENTS, pathways, seed++)),
    async run() {
      for (const event of events) await handle(event);
      return EVENTS;
    },
  };
}
