import type { PathwayRegistry } from '../contract/pathway.registry.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import { errorOfDeadLetter } from '../processor/dead-letter-error.util.js';
import type { HandlerRegistry } from '../processor/handler.registry.js';
import { retryDelayOf } from '../processor/retry-policy.util.js';
import type { PumpId } from '../state/cursor-store.interface.js';
import type { EventWaiters } from '../state/event-waiters.js';
import type { EventStatus } from '../state/pathway-state.interface.js';
import type { PathwaysStore, StoreContext } from '../state/pathways-store.interface.js';
import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { errorFields } from '../event/logger.interface.js';
import type { ResolvedEngineOptions } from './engine.defaults.js';

/** What the context reads of the engine. */
export interface EngineStoreContextSource {
  readonly options: ResolvedEngineOptions;
  readonly registry: PathwayRegistry;
  readonly handlers: HandlerRegistry;
  readonly store: PathwaysStore;
  readonly waiters: EventWaiters;
  pumps(): readonly PumpId[];
  resolve(token: unknown): unknown;
}

/** What a store gets to know of an engine. */
export function engineStoreContext(source: EngineStoreContextSource): StoreContext {
  const { options, registry, handlers } = source;
  const handled = () => registry.list().filter(({ key }) => handlers.of(key).handler !== undefined);
  return {
    tenant: options.tenant,
    dataCore: options.dataCore,
    clock: options.clock,
    logger: options.logger,
    pumps: () => source.pumps(),
    pathways: () => handled().map(({ key }) => key),
    longestRedeliveryMs: () => {
      const lookBackMs = options.pumpEnabled ? options.pump.lookBackMs : 0;
      return Math.max(lookBackMs, ...handled().map((pathway) => longestRunMs(pathway, options)));
    },
    onEnded: (eventId, status) => void settle(source, eventId, status),
    resolve: (token) => source.resolve(token),
  };
}

/** Every attempt taking all its time, and every wait at its longest; `Infinity` when an attempt has no limit. */
function longestRunMs(pathway: PathwayContract, options: ResolvedEngineOptions): number {
  const timeoutMs = pathway.handlerTimeoutMs ?? options.handlerTimeoutMs;
  if (timeoutMs === 0) return Infinity;
  let total = timeoutMs * (pathway.maxRetries + 1);
  for (let attempt = 1; attempt <= pathway.maxRetries; attempt++) {
    total += retryDelayOf(pathway, attempt, () => 1);
  }
  return total;
}

async function settle(source: EngineStoreContextSource, eventId: string, status: EventStatus): Promise<void> {
  const { waiters, store, options } = source;
  if (status === 'processed') return waiters.settle(eventId, { status });
  try {
    const letter = await store.deadLetters.get(eventId);
    const pathway = letter?.pathway ?? ('unknown/unknown' as PathwayKey);
    waiters.settle(eventId, { status, error: errorOfDeadLetter(pathway, eventId, letter) });
  } catch (error) {
    // Not the end of it: the waiting write looks the event up again by itself.
    options.logger.warn(`The dead letter of event ${eventId} could not be read`, errorFields(error));
  }
}
