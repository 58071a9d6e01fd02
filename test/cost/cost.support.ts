import { z } from 'zod';
import type { EntityManager } from 'typeorm';
import {
  createPathwayContract,
  PathwaysEngine,
  silentLogger,
  type FlowcoreEvent,
  type PathwaysEngineOptions,
} from '../../lib/index.js';
import { timeUuid } from '../../lib/event/time-uuid.util.js';

export const KEY = 'cost.0/done.0';
const START = Date.UTC(2026, 4, 1, 10);
const SCHEMA = z.object({ id: z.string(), total: z.number() });

/** How the one handler runs. */
export interface CostHandler {
  readonly transaction?: boolean;
  readonly handle?: (manager: EntityManager | undefined) => unknown;
}

/** An engine with `pathways` handled pathways, each event with an order key of its own. */
export function engineWith(
  options: PathwaysEngineOptions,
  handler: CostHandler | 'none' = {},
  pathways = 1,
): PathwaysEngine {
  const engine = new PathwaysEngine({ logger: silentLogger, ...options });
  for (let index = 0; index < pathways; index++) {
    const orderBy = ({ payload }: { payload: { id: string } }) => payload.id;
    const contract = createPathwayContract(
      { flowType: flowTypeOf(index), eventType: 'done.0', schema: SCHEMA, orderBy: orderBy as never },
      { declaredBy: 'cost' },
    );
    engine.addContract(contract);
    if (handler === 'none') continue;
    const { transaction = false, handle = () => {} } = handler;
    engine.handlers.addHandler({
      pathway: contract.key,
      where: 'cost',
      transaction,
      invoke: async (_event, context) => handle(context.transaction as EntityManager | undefined),
    });
  }
  return engine;
}

const flowTypeOf = (index: number) => (index === 0 ? 'cost.0' : `cost-${index}.0`);

export const payload = (n: number) => ({ id: `o-${n}`, total: n });
export const payloads = (count: number) => Array.from({ length: count }, (_, n) => payload(n));

let made = 0;

/** Events no engine has seen, over the pathways in turn. */
export function freshEvents(count: number, pathways = 1): FlowcoreEvent[] {
  return Array.from({ length: count }, (_, index) => {
    const n = made++;
    return {
      eventId: timeUuid(START + Math.floor(n / 10_000), n % 10_000, '8000-0000000000aa'),
      timeBucket: '20260501100000',
      tenant: 'acme',
      dataCoreId: 'data-core',
      flowType: flowTypeOf(index % pathways),
      eventType: 'done.0',
      metadata: {},
      payload: payload(n),
      validTime: '2026-05-01T10:00:00.000Z',
    };
  });
}

/** Handles them, one after the other or so many at once. */
export async function handleAll(
  engine: PathwaysEngine,
  events: readonly FlowcoreEvent[],
  concurrency = 1,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < events.length) {
      const event = events[next++] as FlowcoreEvent;
      const { status } = await engine.processor.process(event, { source: 'cost', generation: 0 });
      if (status !== 'processed') throw new Error(`Event ${event.eventId} ended as ${status}`);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
