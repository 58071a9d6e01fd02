import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { placeHooks } from './hook-order.util.js';
import { lifecycleToken } from './module.internal-constants.js';
import type { PathwaysRuntime } from './pathways.runtime.js';

/**
 * Owns start and stop of one instance: events flow after every other module has bootstrapped, and have drained before
 * any other module closes what handlers use.
 */
export class PathwaysLifecycle implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    name: string,
    private readonly runtime: PathwaysRuntime,
    modules: ModulesContainer,
  ) {
    placeHooks(modules, lifecycleToken(name), 'outermost');
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.runtime.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.runtime.stop();
  }
}
