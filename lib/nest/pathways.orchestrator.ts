import type { OnApplicationBootstrap, OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { EventClass } from '../contract/pathway.options.js';
import { PathwaysModuleDuplicateError } from '../errors/pathways-module-duplicate.error.js';
import { errorFields } from '../event/logger.interface.js';
import type { HandlerExecutor } from './handler.executor.js';
import { HandlerRegistrar } from './handler.registrar.js';
import { FEATURE, INSTANCE_MARKER } from './module.internal-constants.js';
import type { PathwaysExplorer } from './pathways.explorer.js';
import type { PathwaysRuntime } from './pathways.runtime.js';

/** Classes listed with `forFeature`. */
export interface PathwaysFeature {
  readonly instance: string;
  readonly eventClasses: readonly EventClass[];
}

/**
 * Owns start and stop of one instance.
 *
 * Handlers are registered when every provider exists, and events flow only after the application has bootstrapped: an
 * event delivered earlier could meet a half-initialised service. At shutdown pumps drain in `onModuleDestroy`, before
 * other modules close the database connections that handlers use.
 */
export class PathwaysOrchestrator implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly registrar: HandlerRegistrar;
  private hasStarted = false;

  constructor(
    private readonly name: string,
    private readonly runtime: PathwaysRuntime,
    private readonly explorer: PathwaysExplorer,
    executor: HandlerExecutor,
  ) {
    this.registrar = new HandlerRegistrar(runtime.engine, executor);
  }

  onModuleInit(): void {
    const markers = this.explorer.valuesOf<string>(INSTANCE_MARKER).filter((name) => name === this.name);
    if (markers.length > 1) throw new PathwaysModuleDuplicateError(this.name);
  }

  async onApplicationBootstrap(): Promise<void> {
    this.register();
    this.describe();
    this.hasStarted = true;
    await this.runtime.engine.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.runtime.stop();
  }

  /** A module with `forFeature` was loaded lazily: its handlers are found once the load is through. */
  onFeature(): void {
    if (!this.hasStarted) return;
    setImmediate(() => {
      this.refresh().catch((error: unknown) => {
        this.runtime.engine.options.logger.error(
          'The handlers of a lazily loaded module could not be registered',
          errorFields(error),
        );
      });
    });
  }

  /** Finds handlers of modules that were loaded after the start. Called by itself when such a module uses `forFeature`. */
  async refresh(): Promise<void> {
    this.register();
    await this.runtime.engine.refresh();
  }

  private register(): void {
    const { methods, pathways } = this.explorer.explore();
    for (const { instance, eventClasses } of this.explorer.valuesOf<PathwaysFeature>(FEATURE)) {
      if (instance === this.name)
        for (const eventClass of eventClasses) this.registrar.addEventClass(eventClass);
    }
    const own = methods.filter(({ instance }) => instance === this.name);
    for (const pathway of pathways) {
      if (own.some(({ hostClass }) => hostClass === pathway.hostClass))
        this.registrar.addProviderPathway(pathway);
    }
    // Classes first: a key in one decorator may be declared by the class in another.
    const byClassFirst = [...own].sort(
      (a, b) => Number(typeof a.target === 'string') - Number(typeof b.target === 'string'),
    );
    for (const method of byClassFirst) this.registrar.addMethod(method);
  }

  private describe(): void {
    const { engine, localUrl } = this.runtime;
    const { logger, pumpEnabled, store } = engine.options;
    for (const { pathway, where } of engine.handlers.handlers()) {
      const { pumpGroup, subscribe } = engine.registry.get(pathway);
      logger.info(`${where} handles ${pathway} (group ${pumpGroup}${subscribe ? '' : ', not subscribed'})`);
    }
    const platform = localUrl ? `Local Flowcore ${localUrl}` : engine.hosts.ingestion;
    const memory = (['state', 'cursors', 'deadLetters'] as const).filter((part) => store[part] === undefined);
    logger.info(
      `Instance "${this.name}": platform ${platform}, ${pumpEnabled ? `pumps start from ${String(engine.options.pump.startFrom)}` : 'no pumps'}, ` +
        (memory.length > 0 ? `in memory: ${memory.join(', ')}` : 'durable store'),
    );
  }
}
