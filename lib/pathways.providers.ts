import type { DynamicModule, FactoryProvider, InjectionToken, Provider } from '@nestjs/common';
import {
  ApplicationConfig,
  DiscoveryModule,
  DiscoveryService,
  ExternalContextCreator,
  HttpAdapterHost,
  ModuleRef,
  ModulesContainer,
} from '@nestjs/core';
import {
  getDeadLettersToken,
  getEngineToken,
  getPathwayProvisionerToken,
  getPathwaysHealthToken,
  getPathwayWriterToken,
  getPumpManagerToken,
} from './decorators/instance-tokens.js';
import { PathwaysModuleDuplicateError } from './errors/pathways-module-duplicate.error.js';
import { EnhancedCallFactory } from './nest/enhanced-call.factory.js';
import { HandlerExecutor } from './nest/handler.executor.js';
import { importersOf } from './nest/importers.util.js';
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
import { bindWriteContext, engineAuditOptions } from './nest/write-context.binder.js';
import { createWebhookController, type WebhookSettings } from './nest/webhook.controller.js';
import { resolveModuleOptions } from './pathways-options.validation.js';
import type { PathwaysModuleOptions, ResolvedStructure, WebhookOptions } from './pathways.options.js';
import { PathwayRouter } from './router/pathway.router.js';
import { isStoreFactory } from './state/store-factory.util.js';

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
  const parts = [...publicParts(name), ...storeParts(structure.store)];
  return {
    ...definition,
    imports: [DiscoveryModule, ...(definition.imports ?? [])],
    controllers: path === undefined ? [] : [createWebhookController(path, webhookToken(name))],
    providers: [
      ...(definition.providers ?? []),
      ...instanceProviders(structure),
      ...parts,
      ...(path === undefined ? [] : webhookProviders(name)),
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
      useFactory: (explorer: PathwaysExplorer, options: PathwaysModuleOptions, modules: ModulesContainer) => {
        // Before anything starts: a second instance would open ports and connections of its own.
        const namesakes = explorer.valuesOf<string>(INSTANCE_MARKER).filter((other) => other === name);
        if (namesakes.length > 1) throw new PathwaysModuleDuplicateError(name, importersOf(name, modules));
        const { builder, webhook: _webhook, local, session: _session, audit, ...engineOptions } = options;
        if (builder) return PathwaysRuntime.host(name, builder);
        return PathwaysRuntime.create(
          name,
          { ...engineOptions, audit: engineAuditOptions(audit), logger: options.logger ?? nestLogger() },
          local,
        );
      },
      inject: [EXPLORER, CHECKED_OPTIONS, ModulesContainer],
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
        container: ModuleRef,
        options: PathwaysModuleOptions,
      ): PathwaysRegistrationDependencies => {
        const { logger } = runtime.engine.options;
        const calls = new EnhancedCallFactory(contexts, modules, application, logger);
        const executor = new HandlerExecutor(application, calls);
        const resolve = (token: unknown): unknown => find(container, token);
        const prepareWriting = () =>
          bindWriteContext({
            metadata: runtime.engine.writeMetadata,
            audit: options.audit,
            session: options.session,
            resolve,
            create: (type) => container.create(type),
          });
        return { name, runtime, explorer, modules, executor, resolve, prepareWriting };
      },
      inject: [
        runtimeToken(name),
        EXPLORER,
        ModulesContainer,
        ApplicationConfig,
        ExternalContextCreator,
        ModuleRef,
        CHECKED_OPTIONS,
      ],
    },
  ];
}

/** A provider of any module: a store must not force its user to import his own modules into this one. */
function find(container: ModuleRef, token: unknown): unknown {
  try {
    return container.get(token as InjectionToken, { strict: false });
  } catch {
    return undefined;
  }
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
    part(getDeadLettersToken(name), ({ engine }) => engine.deadLetters),
    part(getPathwayProvisionerToken(name), ({ engine }) => engine.provisioner),
    part(getPathwaysHealthToken(name), ({ engine }) => engine.health),
  ];
}

/** A store made elsewhere, by an asynchronous factory, comes too late to add providers. */
function storeParts(store: ResolvedStructure['store']): FactoryProvider[] {
  const classes = isStoreFactory(store) ? (store.providers ?? []) : [];
  return classes.map((provide) => ({ provide, useFactory: () => new provide() }));
}

function webhookProviders(name: string): Provider[] {
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
        new WebhookBodyGate(adapters, webhookToken(name), maxBodyBytes),
      inject: [HttpAdapterHost, webhookToken(name)],
    },
  ];
}
