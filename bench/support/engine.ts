import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import {
  createPathwayContract,
  PathwaysEngine,
  type FlowcoreEvent,
  type PathwayOptions,
  type PathwaysEngineOptions,
} from 'nestjs-pathways';

export const quiet = { debug() {}, info() {}, warn() {}, error() {} };

export const PATHWAY = { flowType: 'bench.0', eventType: 'done.0' } as const;
export const PATHWAY_KEY = 'bench.0/done.0';

/** Of every payload written or made here; the reference gets the same. */
export const PAYLOAD_SCHEMA = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  total: z.number(),
  paid: z.boolean(),
});

/** The one handler of an engine. */
export interface BenchHandler {
  readonly transaction: boolean;
  handle(manager: EntityManager | undefined): unknown;
}

/** What differs from the usual pathway: `bench.0/done.0`, an order key per event, all else as it is by default. */
export type BenchPathway = Partial<Omit<PathwayOptions, 'schema' | 'orderBy'>>;

/** An engine with one pathway whose order key is the payload's `id`. Not opened, not started. */
export function engineWith(
  options: PathwaysEngineOptions,
  handler?: BenchHandler,
  pathway: BenchPathway = {},
): PathwaysEngine {
  const engine = new PathwaysEngine({ logger: quiet, ...options });
  const orderBy = ({ payload }: { payload: { id: string } }) => payload.id;
  const contract = createPathwayContract(
    { ...PATHWAY, schema: PAYLOAD_SCHEMA, orderBy: orderBy as never, ...pathway },
    { declaredBy: 'bench' },
  );
  engine.addContract(contract);
  if (handler) {
    engine.handlers.addHandler({
      pathway: contract.key,
      where: 'bench',
      transaction: handler.transaction,
      invoke: async (_event, context) => handler.handle(context.transaction as EntityManager | undefined),
    });
  }
  return engine;
}

const DELIVERY = { source: 'bench', generation: 0 };

/** Takes one event through the processor. A skipped event would be a cheap one, so it is refused. */
export async function processed(engine: PathwaysEngine, event: FlowcoreEvent): Promise<void> {
  const { status } = await engine.processor.process(event, DELIVERY);
  if (status !== 'processed') throw new Error(`Event ${event.eventId} ended as ${status}`);
}
