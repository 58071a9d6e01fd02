import type { PathwaysEngine } from '../builder/pathways-engine.js';
import { createPathwayContract } from '../contract/create-pathway-contract.js';
import type { EventClass, PathwayOptions } from '../contract/pathway.options.js';
import { hasValidatorMetadata } from '../contract/schema-kind.util.js';
import { pathwaysMetadata, type MethodRegistration } from '../decorators/pathways-metadata.accessor.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import { batchHandlerBinding } from '../processor/batch-handler.js';
import type { AuditBinding } from '../processor/handler-binding.interface.js';
import type { HandlerExecutor } from './handler.executor.js';
import { requestOf } from './handler-request.util.js';
import { unboundMethodError, undeclaredClassError } from './nest.messages.js';
import type { DiscoveredMethod, DiscoveredPathway, ProviderHost } from './pathways.explorer.js';

/** Puts what the explorer found into one engine. Checks that it fits together; runs nothing. */
export class HandlerRegistrar {
  private readonly contracts = new Map<EventClass, PathwayKey>();
  private readonly registered = new WeakMap<ProviderHost, Set<MethodRegistration>>();

  constructor(
    private readonly engine: PathwaysEngine,
    private readonly executor: HandlerExecutor,
  ) {}

  /** Declares an event class. The same class twice is the same contract. */
  addEventClass(eventClass: EventClass): void {
    const options = eventClass && pathwaysMetadata.pathwayOf(eventClass);
    if (!options) throw undeclaredClassError(eventClass);
    this.declare(eventClass, options, eventClass);
  }

  /** Declares the contract of a provider that carries `@Pathway` itself. */
  addProviderPathway({ hostClass, options }: DiscoveredPathway): void {
    this.declare(hostClass, options, hasValidatorMetadata(hostClass) ? hostClass : undefined);
  }

  /** @throws PathwayUnknownError, PathwayHandlerDuplicateError, PathwaysConfigurationError, each naming the method. */
  addMethod(method: DiscoveredMethod): void {
    if (!this.isNew(method)) return;
    const { kind, stage, transaction, batch } = method.registration;
    if (kind === 'audit') return this.addAuditHandler(method);
    const pathway = kind === 'any-error' ? undefined : this.keyOf(method);
    const { handlers } = this.engine;
    if (pathway === undefined || kind === 'error')
      return handlers.addErrorHandler(this.errorBinding(method, pathway));
    const { where } = method;
    if (kind === 'observer') {
      const call = this.executor.plainCall(method);
      return handlers.addObserver({
        pathway,
        where,
        stage,
        invoke: (event, at, context) => call(requestOf(event, context), event, at, context),
      });
    }
    const isTakenByTwin = handlers.of(pathway).handler?.where === where;
    const place = isTakenByTwin ? `${where} as provided by ${String(method.host.host?.name)}` : where;
    const handler = { pathway, where: place, transaction, invoke: this.executor.handlerCall(method) };
    handlers.addHandler(batch ? batchHandlerBinding({ ...handler, ...batch }) : handler);
  }

  private addAuditHandler(method: DiscoveredMethod): void {
    const call = this.executor.plainCall(method);
    const invoke: AuditBinding['invoke'] = (event, context) =>
      call(requestOf(event, context), event, context);
    this.engine.handlers.addAuditHandler({ where: method.where, invoke });
  }

  private errorBinding(
    method: DiscoveredMethod,
    pathway: PathwayKey | undefined,
  ): Parameters<PathwaysEngine['handlers']['addErrorHandler']>[0] {
    const call = this.executor.plainCall(method);
    return {
      pathway,
      where: method.where,
      invoke: (error, event, key, context) => call(requestOf(event, context), error, event, key, context),
    };
  }

  private keyOf({ registration: { target }, hostClass, where }: DiscoveredMethod): PathwayKey {
    if (typeof target === 'string') return this.engine.registry.get(target, where).key;
    if (target && !this.contracts.has(target)) this.addEventClass(target);
    const key = this.contracts.get(target ?? hostClass);
    if (key === undefined) throw unboundMethodError(where, hostClass);
    return key;
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
  private isNew({ host, registration }: DiscoveredMethod): boolean {
    const known = this.registered.get(host) ?? new Set();
    this.registered.set(host, known);
    if (known.has(registration)) return false;
    known.add(registration);
    return true;
  }
}
