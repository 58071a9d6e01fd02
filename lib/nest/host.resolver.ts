import { ContextIdFactory, ModuleRef, type ContextId } from '@nestjs/core';
import type { PathwayEvent } from '../event/flowcore-event.interface.js';
import type { EventContext } from '../processor/event-context.interface.js';
import type { ProviderHost } from './pathways.explorer.js';

/** What `@Inject(REQUEST)` gives to request-scoped providers while an event is handled. */
export interface PathwaysRequest {
  /** In a batch handler the first of its events. */
  readonly event: PathwayEvent;
  /** All events the handler is called for. */
  readonly events: readonly PathwayEvent[];
  readonly context: EventContext;
}

type Instance = Record<string, (...args: readonly unknown[]) => unknown>;

/** Gets the object whose method is to be called. */
export class HostResolver {
  private readonly transients = new WeakMap<ProviderHost, Promise<Instance>>();

  /** One instance for the whole life of the application; nothing depends on the event. */
  isStatic(host: ProviderHost): boolean {
    return host.isDependencyTreeStatic();
  }

  /** The instance of a static host. Nest makes a transient one per consumer; all methods of this library are one. */
  staticInstance(host: ProviderHost): Instance | Promise<Instance> {
    if (!host.isTransient) return host.instance as Instance;
    let instance = this.transients.get(host);
    if (!instance) {
      instance = this.resolve(host, ContextIdFactory.create());
      this.transients.set(host, instance);
    }
    return instance;
  }

  /** Opens a request scope for one event. */
  openScope(host: ProviderHost, request: PathwaysRequest): ContextId {
    const contextId = ContextIdFactory.getByRequest(request as never);
    moduleRefOf(host).registerRequestByContextId(request, contextId);
    return contextId;
  }

  /** The instance in a request scope, with its scoped enhancers. */
  resolve(host: ProviderHost, contextId: ContextId): Promise<Instance> {
    // The host's own module: another one may provide the same token.
    return moduleRefOf(host).resolve<Instance>(host.token as never, contextId, { strict: true });
  }
}

function moduleRefOf(host: ProviderHost): ModuleRef {
  return host.host?.getProviderByKey(ModuleRef)?.instance as ModuleRef;
}
