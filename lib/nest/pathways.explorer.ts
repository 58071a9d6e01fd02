import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { EventClass, PathwayOptions } from '../contract/pathway.options.js';
import { pathwaysMetadata, type MethodRegistration } from '../decorators/pathways-metadata.accessor.js';

type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** A decorated method, as found. */
export interface DiscoveredMethod extends MethodRegistration {
  readonly host: InstanceWrapper;
  readonly hostClass: EventClass;
  readonly isController: boolean;
  readonly methodName: string;
  /** `OrderProjector.project` */
  readonly where: string;
}

/** A provider that carries `@Pathway` itself. */
export interface DiscoveredPathway {
  readonly hostClass: EventClass;
  readonly options: PathwayOptions<never>;
}

/** Finds decorated classes and methods in the container. Knows nothing of what they are for. */
@Injectable()
export class PathwaysExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  explore(): { methods: DiscoveredMethod[]; pathways: DiscoveredPathway[] } {
    const methods: DiscoveredMethod[] = [];
    const pathways = new Map<EventClass, DiscoveredPathway>();
    const hosts = [
      ...this.discovery.getProviders().map((host) => ({ host, isController: false })),
      ...this.discovery.getControllers().map((host) => ({ host, isController: true })),
    ];
    for (const { host, isController } of hosts) {
      // An alias (useExisting) would make one method look like two.
      if (host.isAlias) continue;
      const hostClass = classOf(host);
      if (!hostClass) continue;
      const options = pathwaysMetadata.pathwayOf(hostClass);
      if (options) pathways.set(hostClass, { hostClass, options });
      methods.push(...this.methodsOf(host, hostClass, isController));
    }
    return { methods, pathways: [...pathways.values()] };
  }

  /** Values of providers with this token, wherever they stand. */
  valuesOf<T>(token: symbol): T[] {
    return this.discovery
      .getProviders()
      .flatMap(({ token: found, instance }) => (found === token ? [instance as T] : []));
  }

  private methodsOf(host: InstanceWrapper, hostClass: EventClass, isController: boolean): DiscoveredMethod[] {
    const prototype = hostClass.prototype as Record<string, unknown>;
    return this.scanner.getAllMethodNames(prototype as object).flatMap((methodName) => {
      const method = prototype[methodName];
      if (typeof method !== 'function') return [];
      const where = `${hostClass.name}.${methodName}`;
      return pathwaysMetadata
        .methodsOf(method)
        .map((registration) => ({ ...registration, host, hostClass, isController, methodName, where }));
    });
  }
}

function classOf(host: InstanceWrapper): EventClass | undefined {
  const { metatype, instance, inject } = host as { metatype: unknown; instance: unknown; inject?: unknown };
  // A factory's metatype is its function; its product has the class.
  const isFactory = inject !== undefined && inject !== null;
  const found = isFactory ? (instance as object | null | undefined)?.constructor : (metatype ?? undefined);
  const candidate =
    typeof found === 'function' ? found : (instance as object | null | undefined)?.constructor;
  return typeof candidate === 'function' && candidate !== Object && candidate.prototype
    ? (candidate as EventClass)
    : undefined;
}
