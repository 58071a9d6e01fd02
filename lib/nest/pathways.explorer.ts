import { type DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { EventClass, PathwayOptions } from '../contract/pathway.options.js';
import { pathwaysMetadata, type MethodRegistration } from '../decorators/pathways-metadata.accessor.js';

/** Nest's record of one provider or controller. */
export type ProviderHost = ReturnType<DiscoveryService['getProviders']>[number];

/** A decorated method, as found. */
export interface DiscoveredMethod {
  readonly registration: MethodRegistration;
  readonly host: ProviderHost;
  readonly hostClass: EventClass;
  readonly methodName: string;
  /** `OrderProjector.project` */
  readonly where: string;
}

/** A provider that carries `@Pathway` itself. */
export interface DiscoveredPathway {
  readonly hostClass: EventClass;
  readonly options: PathwayOptions<never>;
}

/** What stands in the container. */
export interface Discovery {
  readonly methods: readonly DiscoveredMethod[];
  readonly pathways: readonly DiscoveredPathway[];
  /** Providers were left out because they are still being made. */
  readonly isPartial: boolean;
}

/** Finds decorated classes and methods in the container. Knows nothing of what they are for. */
export class PathwaysExplorer {
  private readonly scanner = new MetadataScanner();

  constructor(private readonly discovery: DiscoveryService) {}

  /** @param mayBeUnmade also those that are still being made: true while Nest has not started, and makes them all. */
  explore({ mayBeUnmade }: { mayBeUnmade: boolean }): Discovery {
    const methods: DiscoveredMethod[] = [];
    const pathways = new Map<EventClass, DiscoveredPathway>();
    const seen = new Set<unknown>();
    const all = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    const hosts = mayBeUnmade ? all : all.filter(isMade);
    // Classes first: a factory may hand out what another provider made.
    for (const host of [...hosts.filter(isClassHost), ...hosts.filter((host) => !isClassHost(host))]) {
      const hostClass = classOf(host);
      // An alias, or the same object under another token, would make one method look like two.
      if (!hostClass || host.isAlias || seen.has(host.instance)) continue;
      if (host.instance) seen.add(host.instance);
      const options = pathwaysMetadata.pathwayOf(hostClass);
      if (options) pathways.set(hostClass, { hostClass, options });
      methods.push(...this.methodsOf(host, hostClass));
    }
    return { methods, pathways: [...pathways.values()], isPartial: hosts.length < all.length };
  }

  /** Values of providers with this token, wherever they stand. */
  valuesOf<T>(token: symbol): T[] {
    return this.discovery
      .getProviders()
      .flatMap(({ token: found, instance }) => (found === token && instance ? [instance as T] : []));
  }

  /** Inherited methods included; an overriding method counts instead of the one it overrides. */
  private methodsOf(host: ProviderHost, hostClass: EventClass): DiscoveredMethod[] {
    const prototype = hostClass.prototype as Record<string, unknown>;
    return this.scanner.getAllMethodNames(prototype as object).flatMap((methodName) => {
      const method = prototype[methodName];
      if (typeof method !== 'function') return [];
      const where = `${hostClass.name}.${methodName}`;
      return pathwaysMetadata
        .methodsOf(method)
        .map((registration) => ({ registration, host, hostClass, methodName, where }));
    });
  }
}

/** Until it is made, a provider's instance is an empty object of its class. Scoped ones are made for each event. */
function isMade(host: ProviderHost): boolean {
  const isValue = typeof host.metatype !== 'function';
  return (
    isValue ||
    host.isAlias ||
    host.isTransient ||
    !host.isDependencyTreeStatic() ||
    host.initTime !== undefined
  );
}

/** The metatype of a factory is the factory itself, and a value has none. */
function isClassHost({ inject, metatype }: ProviderHost): boolean {
  return (inject === undefined || inject === null) && typeof metatype === 'function';
}

/** Of a factory only its product tells the class. */
function classOf(host: ProviderHost): EventClass | undefined {
  const product = host.instance as object | null | undefined;
  const found: unknown = isClassHost(host) ? host.metatype : product?.constructor;
  return typeof found === 'function' && found !== Object && found.prototype
    ? (found as EventClass)
    : undefined;
}
