import { withJitter } from '../event/clock.interface.js';
import { errorFields } from '../event/logger.interface.js';
import type { FlowcoreClient } from '../platform/flowcore-client.js';
import type { PlatformHosts } from '../platform/platform-hosts.js';
import type { EventProcessor } from '../processor/event.processor.js';
import { BackgroundLoop } from '../provisioning/background.loop.js';
import { PumpManager } from '../pump/pump.manager.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import type { ResolvedPumpOptions } from '../pump/pump.options.js';
import type { ResolvedEngineOptions } from './engine.defaults.js';
import { notificationSourceOf } from './notification-source.factory.js';

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
    deliveryKey: options.controlPlane.pathwayName,
    onRest,
    // Without durable marks a look back at start would run every handler of that time again.
    sweepOnStart: options.store.state !== undefined,
    shutdownTimeoutMs,
    clock,
    logger,
    telemetry,
  });
}

/** Between two looks at the store for pauses that another instance was told. */
const PAUSE_LOOK_MS = 5_000;

/** Lets the pumps follow what other instances were told, whether or not a control plane is there. */
export function createPauseWatch(
  { clock, logger }: Pick<ResolvedEngineOptions, 'clock' | 'logger'>,
  pumps: Pick<PumpManager, 'followPauses'>,
): BackgroundLoop {
  let hasFailed = false;
  const look = async (signal: AbortSignal) => {
    try {
      await pumps.followPauses();
      hasFailed = false;
    } catch (error) {
      if (signal.aborted) return;
      const text =
        'The store does not say which pumps are paused; they stay as they are, and it is asked again';
      // The same trouble every few seconds would bury everything else in the log.
      if (hasFailed) logger.debug(text, errorFields(error));
      else logger.warn(text, errorFields(error));
      hasFailed = true;
    }
  };
  // Instances that start together must not ask together for ever.
  return new BackgroundLoop('PauseWatch', clock, withJitter(PAUSE_LOOK_MS, 0.2), look);
}

/** Behind the marks' lifetime nothing tells a late event from one that was handled long ago. */
export function pumpOptionsFor(pump: ResolvedPumpOptions, { state }: PathwaysStore): ResolvedPumpOptions {
  return { ...pump, lookBackMs: Math.min(pump.lookBackMs, state.markTtlMs) };
}
