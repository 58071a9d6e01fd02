import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { EventClass } from '../contract/pathway.options.js';
import { PathwayRegistry } from '../contract/pathway.registry.js';
import { FlowcoreClient } from '../platform/flowcore-client.js';
import { resolvePlatformHosts, type PlatformHosts } from '../platform/platform-hosts.js';
import { EventProcessor } from '../processor/event.processor.js';
import { HandlerRegistry } from '../processor/handler.registry.js';
import { PumpManager, type PumpDefinition } from '../pump/pump.manager.js';
import { EventWaiters } from '../state/event-waiters.js';
import { memoryStore } from '../state/memory.store.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import { PathwayWriter } from '../writer/pathway.writer.js';
import { ProcessingWaiter } from '../writer/processing.waiter.js';
import { resolveEngineOptions, type ResolvedEngineOptions } from './engine.defaults.js';
import type { PathwaysEngineOptions } from './engine.options.js';

/**
 * Everything one data core needs to write and handle events, wired together without a framework. The Nest module and
 * the builder both stand on it and only add how contracts and handlers are declared.
 *
 * States: *created* (contracts and handlers are added; nothing runs) → *running* (after `start`) → *stopped*.
 */
export class PathwaysEngine {
  readonly options: ResolvedEngineOptions;
  readonly hosts: PlatformHosts;
  readonly registry = new PathwayRegistry();
  readonly handlers = new HandlerRegistry();
  readonly store: PathwaysStore;
  readonly client: FlowcoreClient;
  readonly processor: EventProcessor;
  readonly pumps: PumpManager;
  readonly writer: PathwayWriter;

  private readonly waiters = new EventWaiters();
  private readonly contractsByClass = new Map<EventClass, PathwayContract>();
  private state: 'created' | 'running' | 'stopped' = 'created';

  /** @throws PathwaysConfigurationError listing every problem of the options. Does no I/O. */
  constructor(options: PathwaysEngineOptions = {}) {
    this.options = resolveEngineOptions(options);
    const { clock, logger, telemetry, tenant, dataCore, pump } = this.options;
    this.hosts = resolvePlatformHosts(this.options.baseUrl, this.options.hosts);
    this.store = memoryStore(clock, this.options.store);
    this.client = new FlowcoreClient({
      tenant,
      dataCore,
      apiKey: this.options.apiKey,
      hosts: this.hosts,
      dedicatedLookup: this.options.baseUrl === undefined,
      requestTimeoutMs: this.options.requestTimeoutMs,
      clock,
      logger,
      telemetry,
    });
    this.processor = new EventProcessor({
      registry: this.registry,
      handlers: this.handlers,
      store: this.store,
      waiters: this.waiters,
      clock,
      logger,
      telemetry,
      handlerTimeoutMs: this.options.handlerTimeoutMs,
    });
    this.pumps = new PumpManager({
      tenant,
      dataCore,
      // Behind the marks' lifetime nothing tells a late event from one that was handled long ago.
      options: { ...pump, lookBackMs: Math.min(pump.lookBackMs, this.store.state.markTtlMs) },
      source: this.client.events,
      notifications: this.client.notifications,
      processor: this.processor,
      cursors: this.store.cursors,
      leases: this.store.leases,
      // Without durable marks a look back at start would run every handler of that time again.
      sweepOnStart: this.options.store.state !== undefined,
      shutdownTimeoutMs: this.options.shutdownTimeoutMs,
      clock,
      logger,
    });
    this.writer = new PathwayWriter({
      registry: this.registry,
      contractOf: (eventClass) => this.contractsByClass.get(eventClass),
      ingestion: this.client.ingestion,
      waiter: new ProcessingWaiter({ store: this.store, waiters: this.waiters, clock }),
      clock,
      telemetry,
      pathwayTimeoutMs: this.options.pathwayTimeoutMs,
      maxBatchSize: this.options.maxBatchSize,
      whyUnawaitable: (pathway) => this.whyUnawaitable(pathway),
      onStored: ({ flowType, eventType }, eventIds) => {
        for (const eventId of eventIds) this.pumps.notifyStored(flowType, eventType, eventId);
      },
    });
  }

  /** Registers a contract. The class, when there is one, becomes a name for it in `write`. */
  addContract(contract: PathwayContract, eventClass?: EventClass): void {
    this.registry.add(contract);
    if (eventClass) this.contractsByClass.set(eventClass, contract);
  }

  /** Starts pulling for every pathway that somebody here handles or observes. Does not wait until it has caught up. */
  async start(): Promise<void> {
    await this.pumps.define(this.pumpDefinitions());
    this.state = 'running';
    if (this.options.pumpEnabled && this.options.pump.autoStart) await this.pumps.start();
  }

  /** Picks up contracts and handlers that were added after the start (lazily loaded modules). */
  async refresh(): Promise<void> {
    if (this.state === 'running') await this.start();
  }

  /** Stops pulling, lets work in flight finish within `shutdownTimeoutMs`, then aborts it; closes the connections. */
  async stop(): Promise<void> {
    if (this.state === 'stopped') return;
    this.state = 'stopped';
    await this.pumps.stop({ timeoutMs: this.options.shutdownTimeoutMs });
    await this.client.close();
  }

  private pumpDefinitions(): PumpDefinition[] {
    const eventTypes = new Map<string, PumpDefinition & { eventTypes: string[] }>();
    for (const { key, flowType, eventType, pumpGroup, subscribe } of this.registry.list()) {
      const { handler, before, after } = this.handlers.of(key);
      if (!subscribe || (!handler && before.length === 0 && after.length === 0)) continue;
      const id = JSON.stringify([flowType, pumpGroup]);
      const definition = eventTypes.get(id) ?? { flowType, pumpGroup, eventTypes: [] };
      definition.eventTypes.push(eventType);
      eventTypes.set(id, definition);
    }
    return [...eventTypes.values()];
  }

  private whyUnawaitable(pathway: PathwayContract): string | undefined {
    if (!pathway.subscribe) return 'its contract has subscribe: false, so this application never receives it';
    if (!this.handlers.of(pathway.key).handler) return 'no method in this application handles it';
    return undefined;
  }
}
