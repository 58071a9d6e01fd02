import type { DynamicModule, FactoryProvider, InjectionToken, Provider } from '@nestjs/common';
import {
  ApplicationConfig,
  DiscoveryModule,
  DiscoveryService,
  ExternalContextCreator,
  HttpAdapterHost,
  ModulesContainer,
} from '@nestjs/core';
import {
  getDeadLetterStoreToken,
  getEngineToken,
  getPathwayWriterToken,
  getPumpManagerToken,
} from './decorators/instance-tokens.js';
import { PathwaysModuleDuplicateError } from './errors/pathways-module-duplicate.error.js';
import { EnhancedCallFactory } from './nest/enhanced-call.factory.js';
import { HandlerExecutor } from './nest/handler.executor.js';
import {
  INSTANCE_MARKER,
  lifecycleToken,
  registrationDependenciesToken,
  runtimeToken,
  webhookToken,
} from './nest/module.internal-constants.js';
import { nestLogger } from './nest/nest.logger.js';
import { PathwaysExplorer } from './nest/pathways.explorer.js';
import { PathwaysLifecycle } from './nest/pathways.lifecycle.js';
import type { PathwaysRegistrationDependencies } from './nest/pathways.registration.js';
import { PathwaysRuntime } from './nest/pathways.runtime.js';
import { WebhookBodyGate } from './nest/webhook-body.gate.js';
import { createWebhookController, type WebhookSettings } from './nest/webhook.controller.js';
import { resolveModuleOptions } from './pathways-options.validation.js';
import type { PathwaysModuleOptions, ResolvedStructure, WebhookOptions } from './pathways.options.js';
import { PathwayRouter } from './router/pathway.router.js';

/** Token of the options as given; private to each instance's module. */
export const MODULE_OPTIONS = Symbol('nestjs-pathways:options');

const CHECKED_OPTIONS = Symbol('nestjs-pathways:checked-options');
const EXPLORER = Symbol('nestjs-pathways:explorer');
const DEFAULT_WEBHOOK_PATH = 'pathways/events';

/** Adds everything one instance is made of to the definition that brings its options. */
export function withInstanceProviders(
  definition: DynamicModule,
  structure: ResolvedStructure,
): DynamicModule {
  const { name, webhook } = structure;
  const path = webhook ? (webhook.path ?? DEFAULT_WEBHOOK_PATH) : undefined;
  const parts = publicParts(name);
  return {
    ...definition,
    imports: [DiscoveryModule, ...(definition.imports ?? [])],
    controllers: path === undefined ? [] : [createWebhookController(path, webhookToken(name))],
    providers: [
      ...(definition.providers ?? []),
      ...instanceProviders(structure),
      ...parts,
      ...(path === undefined ? [] : webhookProviders(name, path)),
    ],
    exports: [registrationDependenciesToken(name), ...parts.map(({ provide }) => provide)],
  };
}

function instanceProviders(structure: ResolvedStructure): Provider[] {
  const { name } = structure;
  return [
    { provide: INSTANCE_MARKER, useValue: name },
    {
      provide: EXPLORER,
      useFactory: (discovery: DiscoveryService) => new PathwaysExplorer(discovery),
      inject: [DiscoveryService],
    },
    {
      provide: CHECKED_OPTIONS,
      useFactory: (given: unknown) => resolveModuleOptions(given, structure),
      inject: [MODULE_OPTIONS],
    },
    {
      provide: runtimeToken(name),
      useFactory: (explorer: PathwaysExplorer, options: PathwaysModuleOptions) => {
        // Before anything starts: a second instance would open ports and connections of its own.
        const namesakes = explorer.valuesOf<string>(INSTANCE_MARKER).filter((other) => other === name);
        if (namesakes.length > 1) throw new PathwaysModuleDuplicateError(name);
        const { webhook: _webhook, local, ...engineOptions } = options;
        return PathwaysRuntime.create(
          name,
          { ...engineOptions, logger: options.logger ?? nestLogger() },
          local,
        );
      },
      inject: [EXPLORER, CHECKED_OPTIONS],
    },
    {
      provide: lifecycleToken(name),
      useFactory: (runtime: PathwaysRuntime, modules: ModulesContainer) =>
        new PathwaysLifecycle(name, runtime, modules),
      inject: [runtimeToken(name), ModulesContainer],
    },
    {
      provide: registrationDependenciesToken(name),
      useFactory: (
        runtime: PathwaysRuntime,
        explorer: PathwaysExplorer,
        modules: ModulesContainer,
        application: ApplicationConfig,
        contexts: ExternalContextCreator,
      ): PathwaysRegistrationDependencies => {
        const { logger } = runtime.engine.options;
        const calls = new EnhancedCallFactory(contexts, modules, application, logger);
        return { name, runtime, explorer, modules, executor: new HandlerExecutor(application, calls) };
      },
      inject: [runtimeToken(name), EXPLORER, ModulesContainer, ApplicationConfig, ExternalContextCreator],
    },
  ];
}

/** What applications inject. */
function publicParts(name: string): FactoryProvider[] {
  const part = <T>(provide: InjectionToken, pick: (runtime: PathwaysRuntime) => T): FactoryProvider => ({
    provide,
    useFactory: pick,
    inject: [runtimeToken(name)],
  });
  return [
    part(getEngineToken(name), ({ engine }) => engine),
    part(getPathwayWriterToken(name), ({ engine }) => engine.writer),
    part(getPumpManagerToken(name), ({ engine }) => engine.pumps),
    part(getDeadLetterStoreToken(name), ({ engine }) => engine.store.deadLetters),
  ];
}

function webhookProviders(name: string, path: string): Provider[] {
  return [
    {
      provide: webhookToken(name),
      useFactory: ({ engine }: PathwaysRuntime, { webhook }: PathwaysModuleOptions): WebhookSettings => {
        const {
          secrets,
          header = 'x-webhook-secret',
          maxBodyBytes = 1_048_576,
          maxEvents,
        } = webhook as WebhookOptions;
        const router = new PathwayRouter(
          engine.processor,
          secrets,
          maxEvents === undefined ? {} : { maxEvents },
        );
        return { router, header: header.toLowerCase(), maxBodyBytes, logger: engine.options.logger };
      },
      inject: [runtimeToken(name), CHECKED_OPTIONS],
    },
    {
      provide: WebhookBodyGate,
      useFactory: (adapters: HttpAdapterHost, { maxBodyBytes }: WebhookSettings) =>
        new WebhookBodyGate(adapters, path, maxBodyBytes),
      inject: [HttpAdapterHost, webhookToken(name)],
    },
  ];
}
