import { Injectable } from '@nestjs/common';
import { ApplicationConfig, ContextIdFactory, ExternalContextCreator, ModuleRef } from '@nestjs/core';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import type { DiscoveredMethod } from './pathways.explorer.js';
import { ENHANCER_KEYS, PARAMETERS_KEY, PATHWAYS_CONTEXT_TYPE } from './enhancers.internal-constants.js';

/** Calls a decorated method, through whatever Nest puts around it. */
export type MethodCall = (...args: readonly unknown[]) => unknown;

/** `createParamDecorator` reads the execution context, so there is nothing to look up here. */
const NO_PARAMETERS = { exchangeKeyForValue: () => undefined };

/** Turns decorated methods into calls: directly where nothing stands around them, through Nest's contexts elsewhere. */
@Injectable()
export class HandlerExecutor {
  constructor(
    private readonly contexts: ExternalContextCreator,
    private readonly application: ApplicationConfig,
    private readonly moduleRef: ModuleRef,
  ) {}

  /**
   * A call for an `@OnEvent` method: guards, interceptors, pipes, filters and parameter decorators apply.
   *
   * @throws PathwaysConfigurationError for what Nest cannot do on a controller.
   */
  handlerCall(method: DiscoveredMethod): MethodCall {
    const isEnhanced = this.hasEnhancers(method);
    const isStatic = method.host.isDependencyTreeStatic();
    if (method.isController && (isEnhanced || !isStatic)) refuseOnController(method);
    if (!isEnhanced) return this.plainCall(method);
    if (isStatic) return this.enhanced(method, method.host.instance as object);
    return async (...args) => {
      const contextId = ContextIdFactory.create();
      const instance = await this.resolve(method, contextId, args[0]);
      return this.enhanced(method, instance, contextId)(...args);
    };
  }

  /** A call without anything around it, for observers and error handlers. */
  plainCall(method: DiscoveredMethod): MethodCall {
    const { host, methodName } = method;
    if (!host.isDependencyTreeStatic()) {
      return async (...args) => {
        const instance = await this.resolve(method, ContextIdFactory.create(), args[0]);
        return (instance as Record<string, MethodCall>)[methodName]?.(...args);
      };
    }
    const instance = host.instance as Record<string, MethodCall>;
    return (...args) => instance[methodName]?.(...args);
  }

  private enhanced(
    { methodName }: DiscoveredMethod,
    instance: object,
    contextId?: ReturnType<typeof ContextIdFactory.create>,
  ): MethodCall {
    const callback = (instance as Record<string, MethodCall>)[methodName] as MethodCall;
    return this.contexts.create(
      instance as Record<string, MethodCall>,
      callback as never,
      methodName,
      PARAMETERS_KEY,
      NO_PARAMETERS,
      contextId,
      undefined,
      undefined,
      PATHWAYS_CONTEXT_TYPE,
    );
  }

  private resolve(
    { hostClass, host }: DiscoveredMethod,
    contextId: ReturnType<typeof ContextIdFactory.create>,
    request: unknown,
  ): Promise<object> {
    this.moduleRef.registerRequestByContextId(request, contextId);
    return this.moduleRef.resolve((host.token ?? hostClass) as never, contextId, { strict: false });
  }

  private hasEnhancers({ hostClass, methodName }: DiscoveredMethod): boolean {
    const method = (hostClass.prototype as Record<string, object>)[methodName] as object;
    const onClassOrMethod = ENHANCER_KEYS.some(
      (key) => Reflect.hasMetadata(key, hostClass) || Reflect.hasMetadata(key, method),
    );
    const hasParameters = Reflect.hasMetadata(PARAMETERS_KEY, hostClass, methodName);
    return onClassOrMethod || hasParameters || this.hasGlobalEnhancers();
  }

  private hasGlobalEnhancers(): boolean {
    const { application: app } = this;
    const all = [
      app.getGlobalGuards(),
      app.getGlobalInterceptors(),
      app.getGlobalFilters(),
      app.getGlobalRequestGuards(),
      app.getGlobalRequestInterceptors(),
      app.getGlobalRequestFilters(),
    ];
    return all.some((enhancers) => enhancers.length > 0);
  }
}

/** Nest looks for the guards of such a handler among providers only and would silently leave them out. */
function refuseOnController({ where }: DiscoveredMethod): never {
  throw new PathwaysConfigurationError(
    [
      {
        path: where,
        message:
          'is on a controller and uses guards, interceptors, pipes, filters, parameter decorators or request scope, which Nest applies to providers only. Move the method to a provider',
      },
    ],
    'The event handlers',
  );
}
