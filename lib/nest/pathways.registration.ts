import type { OnModuleInit } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { EventClass } from '../contract/pathway.options.js';
import { errorFields } from '../event/logger.interface.js';
import type { HandlerExecutor } from './handler.executor.js';
import { HandlerRegistrar } from './handler.registrar.js';
import { placeHooks } from './hook-order.util.js';
import { FEATURE, INSTANCE_MARKER, registrationToken } from './module.internal-constants.js';
import { unknownInstanceError } from './nest.messages.js';
import type { Discovery, PathwaysExplorer } from './pathways.explorer.js';
import type { PathwaysRuntime } from './pathways.runtime.js';

/** Classes listed with `forFeature`. */
export interface PathwaysFeature {
  readonly instance: string;
  readonly eventClasses: readonly EventClass[];
}

/** What the registration works with. */
export interface PathwaysRegistrationDependencies {
  readonly name: string;
  readonly runtime: PathwaysRuntime;
  readonly explorer: PathwaysExplorer;
  readonly executor: HandlerExecutor;
  readonly modules: ModulesContainer;
  /** Looks a provider of any module up; `undefined` when there is none. */
  resolve(token: unknown): unknown;
  /** Connects the writer with the providers that know user and session. */
  prepareWriting(): Promise<void>;
}

const SHORTEST_LOOK_MS = 10;
const LONGEST_LOOK_MS = 1_000;

/**
 * Makes the contracts and handlers of one instance known to its engine, before any other module's lifecycle hook runs:
 * they may write events.
 */
export class PathwaysRegistration implements OnModuleInit {
  private readonly registrar: HandlerRegistrar;

  constructor(private readonly deps: PathwaysRegistrationDependencies) {
    this.registrar = new HandlerRegistrar(deps.runtime.engine, deps.executor);
    placeHooks(deps.modules, registrationToken(deps.name), 'innermost');
  }

  async onModuleInit(): Promise<void> {
    try {
      this.register(this.deps.explorer.explore({ mayBeUnmade: true }));
      await this.deps.prepareWriting();
      // Other modules' hooks may write and wait, so the store is open before any of them.
      await this.deps.runtime.engine.open((token) => this.deps.resolve(token));
    } catch (error) {
      // Nest 11 runs no destroy hooks after a failed start: a local platform would keep its port.
      await this.deps.runtime.stop();
      throw error;
    }
  }

  /** A module with `forFeature` was made. After the start that means it was loaded lazily, and Nest tells nobody. */
  onFeature(): void {
    if (this.deps.runtime.isRunning) setImmediate(() => this.refresh(SHORTEST_LOOK_MS));
  }

  /** The module that lists the feature is made after it, and may wait for a connection meanwhile: looks until it is. */
  private refresh(nextLookMs: number): void {
    const { explorer, runtime } = this.deps;
    if (!runtime.isRunning) return;
    const { clock, logger } = runtime.engine.options;
    const found = explorer.explore({ mayBeUnmade: false });
    this.addLate(found).catch((error: unknown) => {
      logger.error('A handler of a lazily loaded module could not be registered', errorFields(error));
    });
    if (!found.isPartial) return;
    clock.startTimer(nextLookMs, () => this.refresh(Math.min(nextLookMs * 2, LONGEST_LOOK_MS)));
  }

  private async addLate(found: Discovery): Promise<void> {
    const { engine } = this.deps.runtime;
    const before = new Set(engine.handlers.handlers());
    this.register(found);
    const added = engine.handlers.handlers().filter((handler) => !before.has(handler));
    for (const handler of added) this.deps.runtime.describeHandler(handler);
    await engine.refresh();
  }

  private register(found: Discovery): void {
    this.refuseUnknownInstances(found);
    const { name, explorer } = this.deps;
    for (const { instance, eventClasses } of explorer.valuesOf<PathwaysFeature>(FEATURE)) {
      if (instance !== name) continue;
      for (const eventClass of eventClasses) this.registrar.addEventClass(eventClass);
    }
    const own = found.methods.filter(({ registration }) => registration.instance === name);
    for (const pathway of found.pathways) {
      const isOwn = own.some(({ hostClass }) => hostClass === pathway.hostClass);
      if (isOwn) this.registrar.addProviderPathway(pathway);
    }
    // Classes first: a key in one decorator may be declared by the class in another.
    const namesKey = (method: (typeof own)[number]) => typeof method.registration.target === 'string';
    for (const method of own.filter((one) => !namesKey(one))) this.registrar.addMethod(method);
    for (const method of own.filter(namesKey)) this.registrar.addMethod(method);
  }

  private refuseUnknownInstances({ methods }: Discovery): void {
    const known = this.deps.explorer.valuesOf<string>(INSTANCE_MARKER);
    for (const { registration, where } of methods) {
      if (!known.includes(registration.instance))
        throw unknownInstanceError(where, registration.instance, known);
    }
    for (const { instance } of this.deps.explorer.valuesOf<PathwaysFeature>(FEATURE)) {
      if (!known.includes(instance)) throw unknownInstanceError('PathwaysModule.forFeature', instance, known);
    }
  }
}
