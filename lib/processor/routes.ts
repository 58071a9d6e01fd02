import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { PathwayRegistry } from '../contract/pathway.registry.js';
import type { HandlerRegistry, PathwayBindings } from './handler.registry.js';

/** A pathway and everything that runs for it. */
export interface Route {
  readonly pathway: PathwayContract;
  readonly bindings: PathwayBindings;
}

/**
 * Where events go by their names. Both halves of a route exist for as long as their registries, and bindings are a live view,
 * so what was found once is found at once: with ten thousand pathways every map that is asked is memory to fetch.
 */
export class Routes {
  private readonly byNames = new Map<string, Map<string, Route>>();

  constructor(
    private readonly deps: { readonly registry: PathwayRegistry; readonly handlers: HandlerRegistry },
  ) {}

  find(flowType: string, eventType: string): Route | undefined {
    return this.byNames.get(flowType)?.get(eventType) ?? this.add(flowType, eventType);
  }

  /** A pathway that is unknown may be registered later. */
  private add(flowType: string, eventType: string): Route | undefined {
    const pathway = this.deps.registry.find(flowType, eventType);
    if (!pathway) return undefined;
    const route = { pathway, bindings: this.deps.handlers.of(pathway.key) };
    const eventTypes = this.byNames.get(flowType) ?? new Map<string, Route>();
    this.byNames.set(flowType, eventTypes.set(eventType, route));
    return route;
  }
}
