import type { ApplicationConfig, ContextId } from '@nestjs/core';
import { isPromiseLike } from '../event/maybe-promise.type.js';
import type { EnhancedCallFactory } from './enhanced-call.factory.js';
import { ENHANCER_KEYS, PARAMETERS_KEY, PAYLOAD_PARAMETER } from './enhancers.internal-constants.js';
import { requestOf } from './handler-request.util.js';
import type { HandlerCall, PlainCall } from './handler-call.type.js';
import { HostResolver } from './host.resolver.js';
import { httpParameterError } from './nest.messages.js';
import type { DiscoveredMethod } from './pathways.explorer.js';

/** Turns decorated methods into calls: directly where nothing stands around them, through Nest's contexts elsewhere. */
export class HandlerExecutor {
  private readonly hosts = new HostResolver();

  constructor(
    private readonly application: ApplicationConfig,
    private readonly enhanced: EnhancedCallFactory,
  ) {}

  /**
   * A call for an `@OnEvent` or `@OnEvents` method: guards, interceptors, pipes, filters and parameter decorators apply.
   *
   * @throws PathwaysConfigurationError for parameter decorators that only an HTTP route can serve.
   */
  handlerCall(method: DiscoveredMethod): HandlerCall {
    refuseHttpParameters(method);
    // Made at the first event: enhancers may still be added while the application starts.
    let call: HandlerCall | undefined;
    return (subject, context) => (call ??= this.createHandlerCall(method))(subject, context);
  }

  /** A call without anything around it, for observers and error handlers. */
  plainCall({ host, methodName }: DiscoveredMethod): PlainCall {
    if (!this.hosts.isStatic(host)) {
      return async (request, ...args) => {
        const instance = await this.hosts.resolve(host, this.hosts.openScope(host, request));
        return instance[methodName]?.(...args);
      };
    }
    return (_request, ...args) => {
      const instance = this.hosts.staticInstance(host);
      return isPromiseLike(instance)
        ? instance.then((resolved) => resolved[methodName]?.(...args))
        : instance[methodName]?.(...args);
    };
  }

  private createHandlerCall(method: DiscoveredMethod): HandlerCall {
    const { host } = method;
    if (!this.hasEnhancers(method)) {
      const call = this.plainCall(method);
      return (subject, context) => call(requestOf(subject, context), subject, context);
    }
    const scopedEnhancers = this.scopedGlobalEnhancers();
    if (this.hosts.isStatic(host) && scopedEnhancers.length === 0) {
      const instance = this.hosts.staticInstance(host);
      if (!isPromiseLike(instance)) return this.enhanced.create(method, instance);
      const pending = instance.then((resolved) => this.enhanced.create(method, resolved));
      return async (subject, context) => (await pending)(subject, context);
    }
    return async (subject, context) => {
      const contextId = this.hosts.openScope(host, requestOf(subject, context));
      for (const enhancer of scopedEnhancers) await this.hosts.resolve(enhancer, contextId);
      const instance = await this.instanceIn(method, contextId);
      return this.enhanced.create(method, instance, contextId)(subject, context);
    };
  }

  private instanceIn(
    { host }: DiscoveredMethod,
    contextId: ContextId,
  ): ReturnType<HostResolver['staticInstance']> {
    return this.hosts.isStatic(host) ? this.hosts.staticInstance(host) : this.hosts.resolve(host, contextId);
  }

  private hasEnhancers({ hostClass, methodName }: DiscoveredMethod): boolean {
    const method = (hostClass.prototype as Record<string, object>)[methodName] as object;
    const isEnhanced = ENHANCER_KEYS.some(
      (key) => Reflect.hasMetadata(key, hostClass) || Reflect.hasMetadata(key, method),
    );
    return (
      isEnhanced || Reflect.hasMetadata(PARAMETERS_KEY, hostClass, methodName) || this.hasGlobalEnhancers()
    );
  }

  /** Global pipes are left out: without parameter decorators there is nothing they would apply to. */
  private hasGlobalEnhancers(): boolean {
    const { application: app } = this;
    const unscoped = [app.getGlobalGuards(), app.getGlobalInterceptors(), app.getGlobalFilters()];
    return unscoped.some((enhancers) => enhancers.length > 0) || this.scopedGlobalEnhancers().length > 0;
  }

  /** Nest makes these for routes and resolvers only; for an event handler they must be made by hand. */
  private scopedGlobalEnhancers(): ReturnType<ApplicationConfig['getGlobalRequestGuards']> {
    const { application: app } = this;
    return [
      ...app.getGlobalRequestGuards(),
      ...app.getGlobalRequestInterceptors(),
      ...app.getGlobalRequestPipes(),
      ...app.getGlobalRequestFilters(),
    ] as ReturnType<ApplicationConfig['getGlobalRequestGuards']>;
  }
}

/** Keys of Nest's own parameter decorators are `kind:index`; those of custom ones are longer. */
function refuseHttpParameters({ hostClass, methodName, where }: DiscoveredMethod): void {
  const parameters = Reflect.getMetadata(PARAMETERS_KEY, hostClass, methodName) as object | undefined;
  const kinds = Object.keys(parameters ?? {}).flatMap((key) => /^(\d+):\d+$/.exec(key)?.[1] ?? []);
  if (kinds.some((kind) => Number(kind) !== PAYLOAD_PARAMETER)) throw httpParameterError(where);
}
