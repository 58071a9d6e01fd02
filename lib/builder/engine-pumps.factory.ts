import type { FlowcoreClient } from '../platform/flowcore-client.js';
import type { PlatformHosts } from '../platform/platform-hosts.js';
import type { EventProcessor } from '../processor/event.processor.js';
import { PumpManager } from '../pump/pump.manager.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import type { ResolvedPumpOptions } from '../pump/pump.options.js';
import type { ResolvedEngineOptions } from './engine.defaults.js';
import { notificationSourceOf } from './notification-source.factory.js';
import { PauseWatch } from './pause.watch.js';

/** The pumps of one engine. @throws OptionalPackageMissingError, PathwaysConfigurationError */
export function createPumpManager({
  options,
  hosts,
  client,
  processor,
  store,
  onRest,
}: {
  readonly options: ResolvedEngineOptions;
  readonly hosts: PlatformHosts;
  readonly client: FlowcoreClient;
  readonly processor: EventProcessor;
  readonly store: PathwaysStore;
  onRest(): void;
}): PumpManager {
  const { tenant, dataCore, apiKey, pump, shutdownTimeoutMs, clock, logger, telemetry } = options;
  const platform = { tenant, dataCore, apiKey, hosts, clock, logger };
  const { pumpEnabled, pumpReader } = options;
  // A process without pumps needs none of what a reader loads.
  const readers = pumpEnabled && pumpReader !== 'own' ? pumpReader.createReaders(platform) : undefined;
  return new PumpManager({
    tenant,
    dataCore,
    options: pumpOptionsFor(pump, store),
    source: client.events,
    readers,
    notifications: notificationSourceOf(options, client),
    processor,
    cursors: store.cursors,
    leases: store.leases,
    delivery: store.delivery,
    deliveryKey: deliveryKeyOf(options),
    onRest,
    // Without durable marks a look back at start would run every handler of that time again.
    sweepOnStart: options.store.state !== undefined,
    shutdownTimeoutMs,
    clock,
    logger,
    telemetry,
  });
}

/** Lets the pumps of an engine follow the pauses of its application. */
export function createPauseWatch(
  options: ResolvedEngineOptions,
  { delivery }: PathwaysStore,
  pumps: PumpManager,
): PauseWatch {
  const { clock, logger } = options;
  return new PauseWatch({ clock, logger, pumps, delivery, deliveryKey: deliveryKeyOf(options) });
}

/** What an application's pauses are stored under. */
function deliveryKeyOf({ controlPlane, dataCore }: ResolvedEngineOptions): string {
  return controlPlane.pathwayName ?? dataCore;
}

/** Behind the marks' lifetime nothing tells a late event from one that was handled long ago. */
export function pumpOptionsFor(pump: ResolvedPumpOptions, { state }: PathwaysStore): ResolvedPumpOptions {
  return { ...pump, lookBackMs: Math.min(pump.lookBackMs, state.markTtlMs) };
}
