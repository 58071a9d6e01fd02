import {
  Module,
  type DynamicModule,
  type FactoryProvider,
  type InjectionToken,
  type ModuleMetadata,
  type Provider,
  type Type,
} from '@nestjs/common';
import type { EventClass } from './contract/pathway.options.js';
import { DEFAULT_INSTANCE } from './decorators/instance-tokens.js';
import {
  FEATURE,
  registrationDependenciesToken,
  registrationToken,
} from './nest/module.internal-constants.js';
import {
  PathwaysRegistration,
  type PathwaysFeature,
  type PathwaysRegistrationDependencies,
} from './nest/pathways.registration.js';
import { PathwaysCoreModule } from './pathways-core.module.js';
import { assertAsyncStructure, assertStructure } from './pathways-options.validation.js';
import type {
  PathwaysModuleAsyncStructure,
  PathwaysModuleOptions,
  PathwaysModuleStructure,
  PathwaysOptionsFactory,
} from './pathways.options.js';

/** `forRootAsync`: options come from a factory, structure stands beside it. Exactly one of the three `use…` is given. */
export interface PathwaysModuleAsyncOptions
  extends PathwaysModuleAsyncStructure, Pick<ModuleMetadata, 'imports'>, Pick<FactoryProvider, 'inject'> {
  /**
   * Makes the options from what `inject` names.
   *
   * @default none; one of the three is required
   */
  useFactory?: (...args: never[]) => PathwaysModuleOptions | Promise<PathwaysModuleOptions>;

  /**
   * A class that makes the options; created for this module.
   *
   * @default none
   */
  useClass?: Type<PathwaysOptionsFactory>;

  /**
   * Token of a provider that makes the options.
   *
   * @default none
   */
  useExisting?: InjectionToken;
}

/** Writes and handles Flowcore events in a Nest application. */
@Module({})
export class PathwaysModule {
  /**
   * Sets up an instance. Without options, in development: Local Flowcore on loopback and everything in memory.
   *
   * @throws PathwaysConfigurationError at start, listing every problem; PathwaysModuleDuplicateError at start when the
   * name is set up twice.
   */
  static forRoot(options: PathwaysModuleOptions & PathwaysModuleStructure = {}): DynamicModule {
    assertStructure(options);
    return facade(PathwaysCoreModule.forRoot(options), options);
  }

  /** The same with options that are only known at start. */
  static forRootAsync(options: PathwaysModuleAsyncOptions): DynamicModule {
    assertAsyncStructure(options);
    return facade(PathwaysCoreModule.forRootAsync(options as never), options);
  }

  /**
   * Declares contracts that this application only writes, or whose handlers name them by key. In a lazily loaded module
   * it also makes the handlers of that module known (an empty list will do); nothing else tells that it was loaded.
   */
  static forFeature(
    eventClasses: readonly EventClass[],
    { name = DEFAULT_INSTANCE }: { name?: string } = {},
  ): DynamicModule {
    const feature: Provider = {
      provide: FEATURE,
      useFactory: (registration?: PathwaysRegistration): PathwaysFeature => {
        registration?.onFeature();
        return { instance: name, eventClasses };
      },
      // Only a global instance can be reached from here; the others find this feature when they start.
      inject: [{ token: registrationToken(name), optional: true }],
    };
    return { module: PathwaysFeatureModule, providers: [feature] };
  }
}

/** Holds what `forFeature` declares. */
@Module({})
class PathwaysFeatureModule {}

function facade(
  core: DynamicModule,
  { name = DEFAULT_INSTANCE, isGlobal = true }: PathwaysModuleStructure,
): DynamicModule {
  const registration: Provider = {
    provide: registrationToken(name),
    useFactory: (dependencies: PathwaysRegistrationDependencies) => new PathwaysRegistration(dependencies),
    inject: [registrationDependenciesToken(name)],
  };
  return {
    module: PathwaysModule,
    global: isGlobal,
    imports: [core],
    providers: [registration],
    exports: [core, registrationToken(name)],
  };
}
