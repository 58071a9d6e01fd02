import type { PathwaysEngine } from '../builder/pathways-engine.js';
import type { EventClass, PathwayOptions } from '../contract/pathway.options.js';
import { createPathwayContract } from '../contract/create-pathway-contract.js';
import { hasValidatorMetadata } from '../contract/schema-kind.util.js';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import { pathwaysMetadata } from '../decorators/pathways-metadata.accessor.js';
import type { HandlerExecutor } from './handler.executor.js';
import type { DiscoveredMethod, DiscoveredPathway } from './pathways.explorer.js';

/** Puts what the explorer found into one engine. Checks that it fits together; runs nothing. */
export class HandlerRegistrar {
  private readonly contracts = new Map<EventClass, PathwayKey>();
  private readonly registered = new WeakMap<object, Set<string>>();

  constructor(
    private readonly engine: PathwaysEngine,
    private readonly executor: HandlerExecutor,
  ) {}

  /** Declares an event class. The same class twice is the same contract. */
  addEventClass(eventClass: EventClass): void {
    const options = pathwaysMetadata.pathwayOf(eventClass);
    if (!options) {
      throw new PathwaysConfigurationError(
        [
          {
            path: eventClass.name,
            message: 'has no @Pathway decorator, so nothing says which events it means',
          },
        ],
        'PathwaysModule.forFeature',
      );
    }
    this.declare(eventClass, options, eventClass);
  }

  /** Declares the contract of a provider that carries `@Pathway` itself. */
  addProviderPathway({ hostClass, options }: DiscoveredPathway): void {
    this.declare(hostClass, options, hasValidatorMetadata(hostClass) ? hostClass : undefined);
  }

  /** @throws PathwayUnknownError, PathwayHandlerDuplicateError, PathwaysConfigurationError, each naming the method. */
  addMethod(method: DiscoveredMethod): PathwayKey | undefined {
    if (!this.isNew(method)) return undefined;
    const { handlers } = this.engine;
    const { where, kind } = method;
    if (kind === 'any-error') {
      const call = this.executor.plainCall(method);
      handlers.addErrorHandler({ pathway: undefined, where, invoke: call });
      return undefined;
    }
    const pathway = this.keyOf(method);
    if (kind === 'handler')
      handlers.addHandler({ pathway, where, invoke: this.executor.handlerCall(method) });
    if (kind === 'error')
      handlers.addErrorHandler({ pathway, where, invoke: this.executor.plainCall(method) });
    if (kind === 'observer') {
      handlers.addObserver({ pathway, where, stage: method.stage, invoke: this.executor.plainCall(method) });
    }
    return kind === 'handler' ? pathway : undefined;
  }

  private keyOf({ target, hostClass, where }: DiscoveredMethod): PathwayKey {
    if (typeof target === 'string') return this.engine.registry.get(target, where).key;
    const eventClass = target ?? hostClass;
    if (target) this.addEventClass(target);
    const key = this.contracts.get(eventClass);
    if (key !== undefined) return key;
    throw new PathwaysConfigurationError(
      [
        {
          path: where,
          message: `names no pathway, and ${hostClass.name} has no @Pathway decorator that would. Write @OnEvent(EventClass)`,
        },
      ],
      'The event handlers',
    );
  }

  private declare(
    declaringClass: EventClass,
    options: PathwayOptions<never>,
    eventClass: EventClass | undefined,
  ): void {
    if (this.contracts.has(declaringClass)) return;
    const contract = createPathwayContract(options, {
      declaredBy: `class ${declaringClass.name}`,
      eventClass,
    });
    this.engine.addContract(contract, declaringClass);
    this.contracts.set(declaringClass, contract.key);
  }

  /** Exploring again (lazily loaded modules) must not register what is registered. */
  private isNew({ host, methodName, kind, target, stage }: DiscoveredMethod): boolean {
    const known = this.registered.get(host) ?? new Set();
    this.registered.set(host, known);
    const id = JSON.stringify([methodName, kind, typeof target === 'function' ? target.name : target, stage]);
    if (known.has(id)) return false;
    known.add(id);
    return true;
  }
}
