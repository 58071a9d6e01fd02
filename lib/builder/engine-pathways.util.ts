import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { PathwayRegistry } from '../contract/pathway.registry.js';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import type { HandlerRegistry } from '../processor/handler.registry.js';
import type { PumpDefinition } from '../pump/pump.manager.js';
import type { ResolvedEngineOptions } from './engine.defaults.js';

/** One pump per (flow type, group) of what is subscribed and handled here. */
export function pumpDefinitionsOf(
  contracts: readonly PathwayContract[],
  handles: (flowType: string, eventType: string) => boolean,
): PumpDefinition[] {
  const definitions = new Map<string, PumpDefinition & { eventTypes: string[] }>();
  for (const { flowType, eventType, pumpGroup, subscribe } of contracts) {
    if (!subscribe || !handles(flowType, eventType)) continue;
    const id = JSON.stringify([flowType, pumpGroup]);
    const definition = definitions.get(id) ?? { flowType, pumpGroup, eventTypes: [] };
    definition.eventTypes.push(eventType);
    definitions.set(id, definition);
  }
  return [...definitions.values()];
}

/** For a store without transactions. */
export function refuseTransactionalHandlers(handlers: HandlerRegistry): void {
  const problems = handlers
    .handlers()
    .filter(({ transaction }) => transaction === true)
    .map(({ where }) => ({
      path: where,
      message: 'says transaction: true, and the store has no transactions: use store: typeOrmStore()',
    }));
  if (problems.length > 0) throw new PathwaysConfigurationError(problems, 'Handlers');
}

/** For a store without an outbox. */
export function refuseOutboxPathways(registry: PathwayRegistry, options: ResolvedEngineOptions): void {
  const message = 'needs a store with an outbox, and in production memory is none: use store: typeOrmStore()';
  const problems = registry
    .list()
    .filter(({ outbox }) => outbox ?? options.outbox.enabled)
    .map(({ declaredBy }) => ({ path: `${declaredBy}.outbox`, message }));
  if (problems.length > 0) throw new PathwaysConfigurationError(problems, 'The outbox');
}
