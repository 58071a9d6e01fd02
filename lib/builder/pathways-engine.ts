import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { within } from '../event/clock.interface.js';
import { keptAlive } from '../event/keep-alive.js';
import type { EventClass } from '../contract/pathway.options.js';
import { PathwayRegistry } from '../contract/pathway.registry.js';
import type { FlowcoreClient } from '../platform/flowcore-client.js';
import { resolvePlatformHosts, type PlatformHosts } from '../platform/platform-hosts.js';
import { DeadLetterReplayer } from '../processor/dead-letter.replayer.js';
import { DeadLetters } from '../processor/dead-letters.js';
import { EventProcessor } from '../processor/event.processor.js';
import { ChunkWatch } from '../processor/chunks/chunk.watch.js';
import type { AuditBinding } from '../processor/handler-binding.interface.js';
import { HandlerRegistry } from '../processor/handler.registry.js';
import type { ControlPlaneAgent } from '../provisioning/control-plane.agent.js';
import type { PathwayRegistration } from '../provisioning/pathway.registration.js';
import type { PathwayProvisioner, ProvisionCallOptions } from '../provisioning/pathway.provisioner.js';
import { narrowStages } from '../provisioning/provisioning.options.js';
import type { PumpManager, PumpDefinition } from '../pump/pump.manager.js';
import type { PumpOptions, PumpPosition } from '../pump/pump.options.js';
import { SerialChanges } from '../pump/serial-changes.js';
import { EventLog } from '../security/event-log.js';
import { EventWaiters } from '../state/event-waiters.js';
import { memoryStore } from '../state/memory.store.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import { EventEncoder } from '../writer/chunks/event.encoder.js';
import { createDurableWrites } from '../writer/durable-writes.js';
import type { Outbox } from '../writer/outbox/outbox.js';
import type { OutboxRelay } from '../writer/outbox/outbox.relay.js';
import { PathwayWriter } from '../writer/pathway.writer.js';
import { userResolverOf } from '../writer/user-resolver.interface.js';
import { WriteMetadataBuilder } from '../writer/write.metadata.js';
import { ProcessingWaiter } from '../writer/processing.waiter.js';
import {
  type AwaitabilityView,
  whyInVain,
  whyPausedAnywhere,
  whyPausedElsewhere,
  whyUnawaitable,
} from './awaitability.js';
import { EncryptionGuard } from './encryption.guard.js';
import { createEngineClient } from './engine-client.factory.js';
import { createControlPlaneAgent, createPathwayRegistration } from './engine-control-plane.factory.js';
import { createPathwayProvisioner } from './engine-provisioner.factory.js';
import type { PauseWatch } from './pause.watch.js';
import { createPauseWatch, createPumpManager, pumpOptionsFor } from './engine-pumps.factory.js';
import {
  pumpDefinitionsOf,
  refuseOutboxPathways,
  refuseTransactionalHandlers,
} from './engine-pathways.util.js';
import { engineStoreContext } from './engine-store.context.js';
import { resolveEngineOptions, resolvePumpOptions, type ResolvedEngineOptions } from './engine.defaults.js';
import type { PathwaysEngineOptions } from './engine.options.js';
import { describeEngine, type EngineIntroduction } from './engine.description.js';
import { notificationSourceOf } from './notification-source.factory.js';
import { PathwaysHealth } from './pathways.health.js';

/**
 * Everything one data core needs to write and handle events, wired together without a framework. The Nest module and
 * the builder both stand on it and only add how contracts and handlers are declared.
 *
 * States: *created* (contracts and handlers are added; nothing runs) → *running* (after `start`) → *stopped*.
 */
export class PathwaysEngine {
  readonly options: ResolvedEngineOptions;
  readonly hosts: PlatformHosts;
  readonly registry: PathwayRegistry;
  readonly handlers: HandlerRegistry;
  readonly store: PathwaysStore;
  readonly client: FlowcoreClient;
  readonly processor: EventProcessor;
  readonly pumps: PumpManager;
  readonly provisioner: PathwayProvisioner;
  readonly writer: PathwayWriter;
  /** What the library adds to the metadata of a write. A container tells it where user and session come from. */
  readonly writeMetadata: WriteMetadataBuilder;
  readonly deadLetters: DeadLetters;
  readonly health: PathwaysHealth;
  readonly outbox: Outbox;

  private readonly replayer: DeadLetterReplayer;
  private readonly pauseWatch: PauseWatch;
  private readonly chunkWatch: ChunkWatch | undefined;
  private readonly controlPlane: ControlPlaneAgent | undefined;
  private readonly registration: PathwayRegistration | undefined;
  private readonly relay: OutboxRelay | undefined;
  private readonly waiters = new EventWaiters();
  private readonly contractsByClass = new Map<EventClass, PathwayContract>();
  private readonly encryption: EncryptionGuard;
  private readonly changes = new SerialChanges();
  private provisioning: ProvisionCallOptions = {};
  private introduction: EngineIntroduction = {};
  private isDescribed = false;
  /** As the pumps were last told. */
  private startFrom: PumpPosition;
  private opened: Promise<void> | undefined;
  private isTouched = false;
  private readonly forgetPumps: (() => void) | void;
  private state: 'created' | 'running' | 'stopped' = 'created';

  /**
   * Does no I/O.
   *
   * @param declared contracts and handlers of somebody who collects them before there is an engine.
   * @throws PathwaysConfigurationError listing every problem of the options; OptionalPackageMissingError when the
   * notifier's package is not installed.
   */
  constructor(
    options: PathwaysEngineOptions = {},
    declared: { readonly registry?: PathwayRegistry; readonly handlers?: HandlerRegistry } = {},
  ) {
    this.registry = declared.registry ?? new PathwayRegistry();
    this.handlers = declared.handlers ?? new HandlerRegistry();
    this.options = resolveEngineOptions(options);
    this.startFrom = this.options.pump.startFrom;
    const { clock, logger, telemetry } = this.options;
    this.hosts = resolvePlatformHosts(this.options.baseUrl, this.options.hosts);
    this.store = memoryStore(clock, this.options.store);
    this.client = createEngineClient(this.options, this.hosts);
    this.processor = new EventProcessor({
      registry: this.registry,
      handlers: this.handlers,
      store: this.store,
      waiters: this.waiters,
      clock,
      logger,
      telemetry,
      handlerTimeoutMs: this.options.handlerTimeoutMs,
      cipher: this.options.encryption.cipher,
      eventLog: new EventLog(this.options),
    });
    this.encryption = new EncryptionGuard(this.options.encryption, logger);
    this.replayer = new DeadLetterReplayer({
      store: this.store,
      processor: this.processor,
      handles: (flowType, eventType) => this.handles(flowType, eventType),
      clock,
      logger,
    });
    this.deadLetters = new DeadLetters({ store: this.store, replayer: this.replayer, logger });
    const { options: resolved, hosts, client, registry, store, processor } = this;
    const registration = createPathwayRegistration({ options: resolved, client, registry });
    this.registration = registration;
    this.provisioner = createPathwayProvisioner({ options: resolved, hosts, registry, client, registration });
    const waiter = new ProcessingWaiter({
      store,
      waiters: this.waiters,
      clock,
      whyInVain: (pathway) => whyInVain(pathway, this.awaitability),
      whyAtRest: (pathway) => whyPausedElsewhere(pathway, this.awaitability),
    });
    const onRest = () => waiter.reconsider();
    this.pumps = createPumpManager({ options: resolved, hosts, client, processor, store, onRest });
    const { pumps } = this;
    this.pauseWatch = createPauseWatch(this.options, store, pumps);
    this.controlPlane =
      registration && createControlPlaneAgent({ options: resolved, client, registration, store, pumps });
    this.health = new PathwaysHealth({
      pumps: this.pumps,
      provisioner: this.provisioner,
      isRunning: () => this.state === 'running',
    });
    this.forgetPumps = telemetry.observePumps?.(() => this.pumps.status());
    const { audit, sessionUserResolvers, sessionUserResolverTtlMs } = this.options;
    this.writeMetadata = new WriteMetadataBuilder({
      userResolver: audit.userResolver && userResolverOf(audit.userResolver),
      sessionUserResolvers,
      sessionUserResolverTtlMs,
      logger,
      telemetry,
    });
    const { handler: auditHandler } = audit;
    if (auditHandler) {
      const invoke: AuditBinding['invoke'] = (event, { pathway }) => auditHandler(pathway, event);
      this.handlers.addAuditHandler({ where: 'audit.handler', invoke });
    }
    const { chunking } = this.options;
    const { chunks } = this.store;
    this.chunkWatch = chunks && new ChunkWatch({ chunks, clock, logger });
    const durable = createDurableWrites({
      options: this.options,
      store: this.store,
      ingestion: this.client.ingestion,
      onStored: (flowType, eventType, eventIds) => this.announce(flowType, eventType, eventIds),
    });
    this.relay = durable.relay;
    this.outbox = durable.outbox;
    this.writer = new PathwayWriter({
      registry: this.registry,
      contractOf: (eventClass) => this.contractsByClass.get(eventClass),
      ingestion: this.client.ingestion,
      durable: durable.writer,
      outboxByDefault: this.options.outbox.enabled,
      writesParsed: this.options.writeParsedPayloads,
      waiter,
      metadata: this.writeMetadata,
      sessionUserResolvers,
      sessionUserResolverTtlMs,
      clock,
      telemetry,
      pathwayTimeoutMs: this.options.pathwayTimeoutMs,
      maxBatchSize: this.options.maxBatchSize,
      encoder: new EventEncoder({ ...chunking, enabled: chunking.enabled ?? chunks !== undefined }),
      cipherOf: (pathway) => this.encryption.cipherOf(pathway),
      whyUnawaitable: (pathway) => whyUnawaitable(pathway, this.awaitability),
      whyAtRest: (pathway) => whyPausedAnywhere(pathway, this.awaitability),
      onStored: ({ flowType, eventType }, eventIds) => this.announce(flowType, eventType, eventIds),
    });
  }

  /** Who may end the wait of a write, now. */
  private get awaitability(): AwaitabilityView {
    const { options, store, processor, pumps, handlers } = this;
    const { pumpEnabled, pathwayMode, pump } = options;
    return {
      engineState: this.state,
      hasSignals: store.signals !== undefined,
      takesDeliveries: processor.takesDeliveries,
      isPushed: pathwayMode === 'managed' && !pumpEnabled,
      pumpEnabled,
      autoStart: pump.autoStart,
      hasHandler: ({ key }) => handlers.of(key).handler !== undefined,
      pumpState: (waited) => pumps.stateOf(waited),
      isAtRest: (waited) => pumps.isAtRest(waited),
      runsHere: (waited) => pumps.runsHere(waited),
      isPaused: (waited) => pumps.isPaused(waited),
    };
  }

  /** @internal How the start names this engine, for those who know it by another name. */
  introduceAs(introduction: EngineIntroduction): void {
    this.introduction = introduction;
  }

  /** Registers a contract. The class, when there is one, becomes a name for it in `write`. */
  addContract(contract: PathwayContract, eventClass?: EventClass): void {
    this.registry.add(contract);
    if (eventClass) this.nameContract(contract, eventClass);
  }

  /** Lets `write` take the class for a contract that is registered. */
  nameContract(contract: PathwayContract, eventClass: EventClass): void {
    this.contractsByClass.set(eventClass, contract);
  }

  /**
   * Opens the store, once, and provisions, so that what is written has its names. `start` does both too; earlier is for
   * those who write before the start.
   *
   * @param resolve looks a provider up in the application's container.
   * @throws PathwaysConfigurationError for a handler that insists on a transaction the store does not have, and for
   * encrypted pathways without a key. Rejects with the store's own error, and with EncryptionKeyUnavailableError.
   */
  async open(resolve: (token: unknown) => unknown = () => undefined): Promise<void> {
    await keptAlive(this.openStore(resolve));
    await this.provisioner.provisionNames();
  }

  /** Opens the store, once, and nothing else. Throws as `open` does. */
  openStore(resolve: (token: unknown) => unknown = () => undefined): Promise<void> {
    this.isTouched = true;
    this.opened ??= this.openOnce(resolve).catch((error: unknown) => {
      // A database that is away at the first write is no reason to refuse every other one.
      this.opened = undefined;
      throw error;
    });
    return this.opened;
  }

  /**
   * Sets how pumps pull, for those who learn of it only when they start them. Pumps that ran before go on from their cursors
   * at the next start.
   *
   * @throws PathwaysConfigurationError
   */
  async configurePumps(pump: PumpOptions): Promise<void> {
    const resolved = resolvePumpOptions(pump);
    this.startFrom = resolved.startFrom;
    const notifications = notificationSourceOf({ ...this.options, pump: resolved }, this.client);
    await this.pumps.configure({ options: pumpOptionsFor(resolved, this.store), notifications });
  }

  /**
   * Starts pulling for every pathway that somebody here handles or observes. Does not wait until it has caught up. Does
   * nothing after `stop`: a process that is told to end while it starts ends.
   *
   * @param provisioning what this start, and what is added after it, leaves out of what the options switch on.
   */
  start(provisioning: ProvisionCallOptions = this.provisioning): Promise<void> {
    this.provisioning = provisioning;
    return keptAlive(this.changes.run(() => this.bringUp()));
  }

  /** Picks up contracts and handlers that were added after the start (lazily loaded modules). */
  async refresh(): Promise<void> {
    if (this.state === 'running') await this.start();
  }

  /**
   * Stops pulling and replaying, lets work in flight finish within `shutdownTimeoutMs`, then aborts it; closes the
   * connections. A start that is under way is ended first.
   */
  async stop(): Promise<void> {
    if (this.state === 'stopped') return;
    this.state = 'stopped';
    this.controlPlane?.abandon();
    await this.provisioner.stop();
    // What a start has begun would otherwise run on behind the stop; one that hangs must not keep the process.
    await within(
      this.options.clock,
      this.options.shutdownTimeoutMs,
      this.changes.run(async () => void (await this.opened?.catch(() => {}))),
    );
    await keptAlive(this.bringDown());
  }

  private async bringUp(): Promise<void> {
    this.describe();
    await this.openStore();
    // Here too: contracts may have been added since.
    await this.encryption.check(this.registry.list());
    await this.provisioner.provisionNames(this.provisioning);
    if (this.isStopped) return;
    const { registers } = this;
    // Registered by an explicit `provision()`, it is connected whatever this start may do.
    const agent = registers || this.registration?.answer ? this.controlPlane : undefined;
    await this.pumps.define(this.pumpDefinitions(), async () => {
      this.relay?.start();
      // Before a pump of a pathway that came late delivers anything, too; a pause outlives restarts, whether or not a control
      // plane knows of it.
      if (agent) await agent.prepare({ registers });
      else await this.pumps.followPauses();
      return !this.isStopped;
    });
    if (this.isStopped) return;
    this.state = 'running';
    this.chunkWatch?.start();
    if (this.options.pumpEnabled && this.options.pump.autoStart) await this.pumps.bringUp();
    agent?.begin();
    if (this.options.pumpEnabled) this.pauseWatch.start();
  }

  /** First of all, so that a start that fails has said what it wanted; once, although pathways may come later. */
  private describe(): void {
    if (this.isDescribed || this.isStopped) return;
    this.isDescribed = true;
    const { options, hosts, store, startFrom } = this;
    options.logger.info(describeEngine({ options, hosts, store, startFrom, ...this.introduction }));
  }

  /** Whether the control plane may know of this start. */
  private get registers(): boolean {
    const { autoProvision } = this.provisioning;
    return (
      autoProvision === undefined || narrowStages(this.options.provisioning.stages, autoProvision).pathway
    );
  }

  private get isStopped(): boolean {
    return this.state === 'stopped';
  }

  private async bringDown(): Promise<void> {
    const timeoutMs = this.options.shutdownTimeoutMs;
    const until = this.options.clock.now() + timeoutMs;
    const background = this.stopBackground();
    // Together: a command may wait for a pump, and ends with it.
    await Promise.all([
      this.pumps.stop({ timeoutMs }),
      this.replayer.stop(timeoutMs),
      within(this.options.clock, timeoutMs, background),
    ]);
    this.forgetPumps?.();
    // After the last handler, whose writes may lie in the outbox.
    await this.relay?.stop(Math.max(0, until - this.options.clock.now()));
    await this.client.close();
    await this.chunkWatch?.stop();
    // Last: what the others finished must still be written.
    if (this.isTouched) await this.store.close?.();
  }

  private async stopBackground(): Promise<void> {
    await Promise.all([this.controlPlane?.stop(), this.pauseWatch.stop()]);
  }

  private async openOnce(resolve: (token: unknown) => unknown): Promise<void> {
    const { options, registry, handlers, store, waiters } = this;
    const { tenant, dataCore } = options;
    if (!store.transactions) refuseTransactionalHandlers(handlers);
    await this.encryption.check(registry.list());
    if (!this.outbox.isAvailable) refuseOutboxPathways(registry, options);
    const running = () => (options.pumpEnabled ? this.pumpDefinitions() : []);
    const pumps = () => running().map((definition) => ({ tenant, dataCore, ...definition }));
    await store.open?.(engineStoreContext({ options, registry, handlers, store, waiters, pumps, resolve }));
    if (options.startupFailure === 'throw') await this.client.resources.tenantId();
  }

  private announce(flowType: string, eventType: string, eventIds: readonly string[]): void {
    for (const eventId of eventIds) this.pumps.notifyStored(flowType, eventType, eventId);
  }

  private pumpDefinitions(): PumpDefinition[] {
    return pumpDefinitionsOf(this.registry.list(), (flowType, eventType) =>
      this.handles(flowType, eventType),
    );
  }

  /** Whether anything here runs for the pathway. */
  private handles(flowType: string, eventType: string): boolean {
    const pathway = this.registry.find(flowType, eventType);
    if (!pathway) return false;
    const { handler, before, after } = this.handlers.of(pathway.key);
    return handler !== undefined || before.length > 0 || after.length > 0;
  }
}
