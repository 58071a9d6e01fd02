import {
  Module,
  type DynamicModule,
  type FactoryProvider,
  type InjectionToken,
  type ModuleMetadata,
  type Provider,
  type Type,
} from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ENGINE_OPTION_CHECKS, missingIn } from './builder/engine-options.validation.js';
import { runtimeEnvOf } from './builder/engine.defaults.js';
import {
  either,
  flag,
  oneOf,
  shape,
  text,
  wholeNumber,
  type OptionCheck,
} from './builder/option-check.util.js';
import type { EventClass } from './contract/pathway.options.js';
import {
  DEFAULT_INSTANCE,
  getDeadLetterStoreToken,
  getEngineToken,
  getPathwayWriterToken,
  getPumpManagerToken,
} from './decorators/instance-tokens.js';
import { PathwaysConfigurationError } from './errors/pathways-configuration.error.js';
import { HandlerExecutor } from './nest/handler.executor.js';
import {
  FEATURE,
  INSTANCE_MARKER,
  optionsToken,
  orchestratorToken,
  routerToken,
  runtimeToken,
} from './nest/module.internal-constants.js';
import { nestLogger } from './nest/nest.logger.js';
import { PathwaysExplorer } from './nest/pathways.explorer.js';
import { PathwaysOrchestrator, type PathwaysFeature } from './nest/pathways.orchestrator.js';
import { PathwaysRuntime } from './nest/pathways.runtime.js';
import { createWebhookController, type WebhookSettings } from './nest/webhook.controller.js';
import type { PathwaysModuleOptions, PathwaysModuleStructure } from './pathways.options.js';
import { PathwayRouter } from './router/pathway.router.js';

/** Makes the options of an instance. */
export interface PathwaysOptionsFactory {
  createPathwaysOptions(): PathwaysModuleOptions | Promise<PathwaysModuleOptions>;
}

/** `forRootAsync`: options come from a factory, structure stands beside it. Exactly one of the three `use…` is given. */
export interface PathwaysModuleAsyncOptions extends PathwaysModuleStructure, Pick<ModuleMetadata, 'imports'> {
  inject?: FactoryProvider['inject'];
  useFactory?: (...args: never[]) => PathwaysModuleOptions | Promise<PathwaysModuleOptions>;
  useClass?: Type<PathwaysOptionsFactory>;
  useExisting?: InjectionToken;
  /** Path of the webhook, when the factory's options have one. */
  webhook?: { path?: string };
}

const DEFAULT_WEBHOOK_PATH = 'pathways/events';

/** Writes and handles Flowcore events in a Nest application. */
@Module({})
export class PathwaysModule {
  /** Sets up an instance. Without options, in development: Local Flowcore on loopback and everything in memory. */
  static forRoot(options: PathwaysModuleOptions & PathwaysModuleStructure = {}): DynamicModule {
    const { name, isGlobal, ...values } = options;
    const path = values.webhook ? (values.webhook.path ?? DEFAULT_WEBHOOK_PATH) : undefined;
    return build({ name, isGlobal }, { useFactory: () => values }, [], path);
  }

  /** The same with options that are only known at start. */
  static forRootAsync(options: PathwaysModuleAsyncOptions): DynamicModule {
    const path = options.webhook ? (options.webhook.path ?? DEFAULT_WEBHOOK_PATH) : undefined;
    const { useClass, useExisting, useFactory } = options;
    if ([useClass, useExisting, useFactory].filter((way) => way !== undefined).length !== 1) {
      throw new PathwaysConfigurationError(
        [{ path: 'useFactory, useClass, useExisting', message: 'exactly one of them must be given' }],
        'PathwaysModule.forRootAsync options',
      );
    }
    const source: AsyncSource = useFactory
      ? { useFactory: useFactory as AsyncSource['useFactory'], inject: options.inject ?? [] }
      : {
          useFactory: (factory: PathwaysOptionsFactory) => factory.createPathwaysOptions(),
          inject: [(useExisting ?? useClass) as InjectionToken],
          ...(useClass ? { extra: [useClass] } : {}),
        };
    return build(options, source, options.imports ?? [], path);
  }

  /** Declares contracts that this application only writes, or whose handlers name them by key. */
  static forFeature(
    eventClasses: readonly EventClass[],
    { name = DEFAULT_INSTANCE }: { name?: string } = {},
  ): DynamicModule {
    const feature: Provider = {
      provide: FEATURE,
      // Depending on the orchestrator tells it when this module is loaded lazily: there is no hook for that.
      useFactory: (orchestrator: PathwaysOrchestrator): PathwaysFeature => {
        orchestrator.onFeature();
        return { instance: name, eventClasses };
      },
      inject: [orchestratorToken(name)],
    };
    return { module: PathwaysFeatureModule, providers: [feature] };
  }
}

/** Holds what `forFeature` declares. */
@Module({})
class PathwaysFeatureModule {}

interface AsyncSource {
  readonly useFactory: (...args: never[]) => PathwaysModuleOptions | Promise<PathwaysModuleOptions>;
  readonly inject?: FactoryProvider['inject'];
  readonly extra?: Provider[];
}

function build(
  { name = DEFAULT_INSTANCE, isGlobal = true }: PathwaysModuleStructure,
  source: AsyncSource,
  imports: NonNullable<ModuleMetadata['imports']>,
  webhookPath: string | undefined,
): DynamicModule {
  const fromRuntime = <T>(token: InjectionToken, pick: (runtime: PathwaysRuntime) => T): Provider => ({
    provide: token,
    useFactory: pick,
    inject: [runtimeToken(name)],
  });
  const exported = [
    fromRuntime(getEngineToken(name), ({ engine }) => engine),
    fromRuntime(getPathwayWriterToken(name), ({ engine }) => engine.writer),
    fromRuntime(getPumpManagerToken(name), ({ engine }) => engine.pumps),
    fromRuntime(getDeadLetterStoreToken(name), ({ engine }) => engine.store.deadLetters),
  ];
  const orchestrator: Provider = {
    provide: orchestratorToken(name),
    useFactory: (runtime: PathwaysRuntime, explorer: PathwaysExplorer, executor: HandlerExecutor) =>
      new PathwaysOrchestrator(name, runtime, explorer, executor),
    inject: [runtimeToken(name), PathwaysExplorer, HandlerExecutor],
  };
  return {
    module: PathwaysModule,
    global: isGlobal,
    imports: [DiscoveryModule, ...imports],
    controllers: webhookPath === undefined ? [] : [createWebhookController(webhookPath, routerToken(name))],
    providers: [
      ...(source.extra ?? []),
      { provide: INSTANCE_MARKER, useValue: name },
      {
        provide: optionsToken(name),
        useFactory: source.useFactory as FactoryProvider['useFactory'],
        inject: source.inject ?? [],
      },
      { provide: runtimeToken(name), useFactory: createRuntime, inject: [optionsToken(name)] },
      PathwaysExplorer,
      HandlerExecutor,
      orchestrator,
      ...exported,
      ...(webhookPath === undefined
        ? []
        : [
            {
              provide: routerToken(name),
              useFactory: createWebhook,
              inject: [runtimeToken(name), optionsToken(name)],
            },
          ]),
    ],
    exports: [orchestratorToken(name), ...exported.map((provider) => (provider as FactoryProvider).provide)],
  };
}

const MODULE_OPTION_CHECKS: Record<keyof PathwaysModuleOptions, OptionCheck> = {
  ...ENGINE_OPTION_CHECKS,
  webhook: either(
    oneOf(false),
    shape({
      secrets: either(text, (value, path) =>
        Array.isArray(value) && value.length > 0
          ? value.flatMap((secret, at) => text(secret, `${path}[${at}]`))
          : [{ path, message: 'must be a secret or a list of them' }],
      ),
      path: text,
      header: text,
      maxBodyBytes: wholeNumber(1),
      maxEvents: wholeNumber(1),
    }),
  ),
  local: either(flag, shape({ port: wholeNumber(0), data: text, strict: flag })),
};

async function createRuntime(options: PathwaysModuleOptions): Promise<PathwaysRuntime> {
  const { webhook: _webhook, local, ...engineOptions } = options;
  const runtimeEnv = options.runtimeEnv ?? runtimeEnvOf(process.env['NODE_ENV']);
  const problems = [...shape(MODULE_OPTION_CHECKS)(options, ''), ...missingIn(engineOptions, runtimeEnv)];
  if (options.webhook && options.webhook.secrets === undefined)
    problems.push({ path: 'webhook.secrets', message: 'is required' });
  if (problems.length > 0) throw new PathwaysConfigurationError(problems);
  return PathwaysRuntime.create({ ...engineOptions, logger: options.logger ?? nestLogger() }, local);
}

function createWebhook({ engine }: PathwaysRuntime, { webhook }: PathwaysModuleOptions): WebhookSettings {
  if (!webhook) {
    throw new PathwaysConfigurationError([
      {
        path: 'webhook',
        message: 'the module declares a webhook path, so the options must have webhook.secrets',
      },
    ]);
  }
  const { secrets, header = 'x-webhook-secret', maxBodyBytes = 1_048_576, maxEvents } = webhook;
  const router = new PathwayRouter(engine.processor, secrets, maxEvents === undefined ? {} : { maxEvents });
  return { router, header: header.toLowerCase(), maxBodyBytes };
}
