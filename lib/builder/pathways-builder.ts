import { createPathwayContract } from '../contract/create-pathway-contract.js';
import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { EventClass, PathwayOptions, PayloadSchema } from '../contract/pathway.options.js';
import { PathwayRegistry } from '../contract/pathway.registry.js';
import { isClass, isStandardSchema } from '../contract/schema-kind.util.js';
import { systemClock } from '../event/clock.interface.js';
import type { FlowcoreEvent, PathwayEvent } from '../event/flowcore-event.interface.js';
import { errorFields, silentLogger, type PathwaysLogger } from '../event/logger.interface.js';
import { isPromiseLike, type MaybePromise } from '../event/maybe-promise.type.js';
import { parsePathwayKey, type PathwayKey } from '../event/pathway-key.util.js';
import type { EventContext } from '../processor/event-context.interface.js';
import type { EventDelivery } from '../processor/event-delivery.interface.js';
import type { ObservedStage } from '../processor/handler-binding.interface.js';
import { HandlerRegistry } from '../processor/handler.registry.js';
import type { PumpFilter } from '../pump/pump.manager.js';
import type { ProvisionCallOptions } from '../provisioning/pathway.provisioner.js';
import type { PumpPosition, PumpStop } from '../pump/pump.options.js';
import { throwUnlessFinished } from '../processor/outcome.util.js';
import { SerialChanges } from '../pump/serial-changes.js';
import type { RouterProcessor, RouterProcessorSource } from '../router/pathway.router.js';
import type { ChunkStore } from '../state/chunk-store.interface.js';
import type { DeliveryStore } from '../state/delivery-store.interface.js';
import type { PathwayState } from '../state/pathway-state.interface.js';
import type { SessionUserResolverStore } from '../writer/session-user-resolver.store.js';
import {
  userResolverOf,
  type AuditUserResolver,
  type UserResolver,
} from '../writer/user-resolver.interface.js';
import type { BatchWriteInput, WriteInput } from '../writer/write.options.js';
import type { AuditHandler } from './audit.options.js';
import { assertBuilderOptions, memoryStoreParts } from './builder-options.check.js';
import type {
  BuilderBatchWrite,
  BuilderPathways,
  BuilderWrite,
  EventPayload,
  NoPathways,
  RegisteredKey,
  RegisterOptions,
  WithPathway,
  WrittenIds,
} from './builder-pathways.type.js';
import { pathwaysLoggerOf } from './builder.logger.js';
import {
  asBuilderOptions,
  assertStore,
  NOTHING_PULLED,
  notStartedError,
  sessionsOffError,
  tooLateError,
  volatilePositionsError,
  warnOfIneffective,
  withoutEffect,
} from './builder.messages.js';
import { BuilderStores } from './builder.stores.js';
import type { PathwaysEngineOptions } from './engine.options.js';
import { PathwayPump } from './pathway-pump.js';
import { PathwaysEngine } from './pathways-engine.js';
import {
  engineOptionsOf,
  ineffectiveOptionsOf,
  sessionStoreOf,
  sessionTtlOf,
  type PathwaysBuilderOptions,
  type StartPumpOptions,
} from './pathways-builder.options.js';
import {
  isReferenceDeliveryStore,
  ReferenceDeliveryAdapter,
  type ReferenceDeliveryStore,
} from './reference-delivery.store.js';
import type { ReferencePathwayState } from './reference-pathway.state.js';
import { BuilderEntrance } from './builder.entrance.js';

/** Handles the events of one pathway. */
export type BuilderHandler<TPayload> = (event: PathwayEvent<TPayload>, context: EventContext) => unknown;

/** A builder as a container hosts it: whatever its pathways are. */
export interface HostedBuilder {
  /** Whether somebody has called `startPump`, and not `stopPump` since: then it cannot be hosted any more. */
  readonly isStarted: boolean;
  engine(): Promise<PathwaysEngine>;
  startPump(): Promise<void>;
  close(): Promise<void>;
}

/** How a handler runs. */
export interface HandleOptions {
  /**
   * `true` runs it in the store's transaction, which `context.transaction` (TypeORM's `EntityManager`) and
   * `PathwayTransaction` reach: what it writes there commits together with the event's mark. Refused at the start with a
   * store that has no transactions.
   *
   * @default false: at least once, deduplicated
   */
  transaction?: boolean;
}

/**
 * Writes and handles Flowcore events without a framework. Stands on the same engine as the Nest module.
 *
 * Contracts and handlers are collected; the engine is made, and its stores opened, by the first `write`, `process`,
 * `provision` or `startPump`. `close` ends it.
 *
 * @typeParam TPathways what is registered, as far as the compiler followed the chain of `register` calls.
 */
export class PathwaysBuilder<TPathways extends BuilderPathways = NoPathways>
  implements HostedBuilder, RouterProcessorSource
{
  private readonly registry = new PathwayRegistry();
  private readonly handlers = new HandlerRegistry();
  private readonly stores: BuilderStores;
  private readonly logger: PathwaysLogger;
  private readonly isReference: boolean;
  private readonly entrance: BuilderEntrance;
  private userResolver: UserResolver | undefined;
  private making: Promise<PathwaysEngine> | undefined;
  private made: PathwaysEngine | undefined;
  private started: PathwayPump | undefined;
  private isStartAsked = false;
  private readonly pumpChanges = new SerialChanges();
  private sessionKept: Promise<unknown> | undefined;
  private readonly sessions: SessionUserResolverStore;
  private readonly classes: (readonly [PathwayContract, EventClass])[] = [];

  /** Does no I/O. @throws PathwaysConfigurationError listing every problem. */
  constructor(private readonly options: PathwaysBuilderOptions) {
    assertBuilderOptions(options);
    const { clock = systemClock, logger, store } = options;
    this.isReference = options.compatibility === 'reference';
    this.logger = logger === undefined && this.isReference ? silentLogger : pathwaysLoggerOf(logger);
    this.stores = new BuilderStores(store, clock, () => this.logger);
    this.stores.parts.positions = options.stateManagerFactory;
    this.entrance = new BuilderEntrance(this.registry, () => this.ready());
    this.sessions = sessionStoreOf(options, clock, this.logger);
  }

  /**
   * Declares a pathway.
   *
   * @returns this builder, as one that knows the pathway: chain the calls, or keep what it returns, for types of payloads.
   * @throws PathwaysConfigurationError, PathwayDuplicateError
   */
  register<
    const TFlowType extends string,
    const TEventType extends string,
    TSchema extends PayloadSchema | undefined = undefined,
    const TWritable extends boolean = true,
    const TFile extends boolean = false,
  >(
    options: RegisterOptions<TFlowType, TEventType, TSchema, TWritable, TFile>,
  ): PathwaysBuilder<WithPathway<TPathways, TFlowType, TEventType, TSchema, TWritable, TFile>> {
    const { schema } = options;
    const eventClass = isClass(schema) && !isStandardSchema(schema) ? schema : undefined;
    const key = `${options.flowType}/${options.eventType}`;
    const contract = createPathwayContract(options as PathwayOptions, {
      declaredBy: `register('${key}')`,
      eventClass,
    });
    this.registry.add(contract);
    if (eventClass) this.nameByClass(contract, eventClass);
    this.pickUp();
    return this as unknown as PathwaysBuilder<
      WithPathway<TPathways, TFlowType, TEventType, TSchema, TWritable, TFile>
    >;
  }

  /** The contract of a registered pathway, with its defaults. @throws PathwayUnknownError */
  get<TKey extends RegisteredKey<TPathways>>(key: TKey): PathwayContract {
    return this.registry.get(key);
  }

  /**
   * Handles the events of a pathway. One handler for each.
   *
   * @throws PathwayUnknownError, PathwayHandlerDuplicateError
   */
  handle<TKey extends RegisteredKey<TPathways>>(
    key: TKey,
    handler: BuilderHandler<EventPayload<TPathways, TKey>>,
    { transaction = false }: HandleOptions = {},
  ): this {
    const { key: pathway } = this.registry.get(key);
    const where = placeOf('handle', pathway, handler);
    const invoke = handler as BuilderHandler<unknown>;
    this.handlers.addHandler({ pathway, where, transaction, invoke });
    this.pickUp();
    return this;
  }

  /**
   * Sees the events of a pathway before or after they are handled. What it throws is logged and breaks nothing.
   *
   * @param stage `before` by default
   * @throws PathwayUnknownError
   */
  subscribe<TKey extends RegisteredKey<TPathways>>(
    key: TKey,
    observer: (event: PathwayEvent<EventPayload<TPathways, TKey>>, stage: ObservedStage) => unknown,
    stage: ObservedStage | 'all' = 'before',
  ): this {
    const { key: pathway } = this.registry.get(key);
    const called = observer as (event: PathwayEvent, stage: ObservedStage) => unknown;
    this.handlers.addObserver({
      pathway,
      where: placeOf('subscribe', pathway, observer),
      stage,
      invoke: (event, at) => called(event, at),
    });
    this.pickUp();
    return this;
  }

  /** Called for every failed attempt of a pathway. @throws PathwayUnknownError */
  onError<TKey extends RegisteredKey<TPathways>>(
    key: TKey,
    listener: (error: Error, event: PathwayEvent<EventPayload<TPathways, TKey>>) => unknown,
  ): this {
    const { key: pathway } = this.registry.get(key);
    const called = listener as (error: Error, event: PathwayEvent) => unknown;
    this.handlers.addErrorHandler({
      pathway,
      where: placeOf('onError', pathway, listener),
      invoke: (error, event) => called(asError(error), event),
    });
    return this;
  }

  /** Called for every failed attempt of any pathway. */
  onAnyError(listener: (error: Error, event: PathwayEvent, pathway: PathwayKey) => unknown): this {
    this.handlers.addErrorHandler({
      pathway: undefined,
      where: `onAnyError(${listener.name})`,
      invoke: (error, event, pathway) => listener(asError(error), event, pathway),
    });
    return this;
  }

  /**
   * Where processed events are marked. `createPostgresPathwayState` brings its whole database along: cursors, dead letters,
   * leases, large events, transactions and waiting writes across processes.
   *
   * @default the memory of this process, refused in production
   * @throws PathwaysConfigurationError after the first use
   */
  withPathwayState(state: PathwayState | ReferencePathwayState): this {
    this.assertUnused('withPathwayState');
    this.stores.parts.state = state;
    return this;
  }

  /**
   * Where parts of large events wait for the others.
   *
   * @throws PathwaysConfigurationError after the first use, and for a store as the reference has it, whose `deleteChunk` cannot
   * tell an event that is handled from one that is given up
   */
  withPathwayChunkStore(chunks: ChunkStore): this {
    this.assertUnused('withPathwayChunkStore');
    assertStore('withPathwayChunkStore', chunks, CHUNK_STORE, CHUNK_STORE_INSTEAD);
    this.stores.parts.chunks = chunks;
    return this;
  }

  /** Where pauses are remembered. @throws PathwaysConfigurationError after the first use */
  withPathwayDeliveryStore(delivery: DeliveryStore | ReferenceDeliveryStore): this {
    this.assertUnused('withPathwayDeliveryStore');
    const isReference = isReferenceDeliveryStore(delivery);
    const methods = isReference ? ['getPausedPumps', 'setPausedPumps'] : ['pausedPumps', 'pause', 'resume'];
    assertStore('withPathwayDeliveryStore', delivery, methods, 'Give one that has it.');
    this.stores.parts.delivery = isReference ? new ReferenceDeliveryAdapter(delivery) : delivery;
    return this;
  }

  /** Told of every event that is about to be handled. */
  withAudit(handler: AuditHandler): this {
    const where = `withAudit(${handler.name})`;
    this.handlers.addAuditHandler({ where, invoke: (event, { pathway }) => handler(pathway, event) });
    return this;
  }

  /** Says whose deed a write is that no session says it of. The last one counts. */
  withUserResolver(resolver: UserResolver | AuditUserResolver): this {
    this.userResolver = userResolverOf(resolver);
    this.made?.writeMetadata.useUserResolver(this.userResolver);
    return this;
  }

  /**
   * Says who writes in a session. Kept for `sessionUserResolverTtlMs` after its last use.
   *
   * @throws PathwaysConfigurationError with `enableSessionUserResolvers: false`
   */
  withSessionUserResolver(sessionId: string, resolver: UserResolver | AuditUserResolver): this {
    if (!(this.options.enableSessionUserResolvers ?? !this.isReference)) throw sessionsOffError();
    const kept = this.sessions.set(sessionId, userResolverOf(resolver), this.sessionTtlMs);
    if (isPromiseLike(kept)) {
      this.sessionKept = Promise.all([this.sessionKept, kept]);
      // Its failure is the next write's of a session; without one it must not end the process.
      this.sessionKept.catch(() => undefined);
    }
    return this;
  }

  /** Who writes in a session, if somebody said so. A promise where the store of sessions answers later. */
  getSessionUserResolver(sessionId: string): MaybePromise<UserResolver | undefined> {
    return this.sessions.get(sessionId, this.sessionTtlMs);
  }

  /**
   * Stores an event (or, with `batch: true`, several in order; on a file pathway, a file) and waits until it is processed,
   * unless `options.fireAndForget` is set.
   *
   * @returns the event's id; one per item for a batch, one per part for a file.
   * @throws what PathwayWriter.write throws
   */
  write<TKey extends RegisteredKey<TPathways>>(
    key: TKey,
    input: BuilderBatchWrite<TPathways, TKey>,
  ): Promise<string[]>;
  write<TKey extends RegisteredKey<TPathways>>(
    key: TKey,
    input: BuilderWrite<TPathways, TKey>,
  ): Promise<WrittenIds<TPathways, TKey>>;
  async write(key: PathwayKey, given: unknown): Promise<unknown> {
    const input = given as WriteInput<unknown> | BatchWriteInput<unknown>;
    const { writer } = await this.ready();
    if (input.options?.sessionId !== undefined) await this.sessionKept;
    return input.batch === true ? writer.write<unknown>(key, input) : writer.write<unknown>(key, input);
  }

  /**
   * Takes an event as if it had been delivered: retries, marks and dead letters included.
   *
   * @throws PathwayUnknownError, EventPayloadInvalidError, PathwayHandlerFailedError, PathwaysNotReadyError
   */
  async process<TKey extends RegisteredKey<TPathways>>(
    key: TKey,
    event: FlowcoreEvent<unknown>,
  ): Promise<void> {
    this.entrance.expectDeliveries();
    const { processor } = await this.ready();
    const outcome = await processor.process({ ...event, ...parsePathwayKey(key) }, PROCESSED_DIRECTLY);
    throwUnlessFinished(outcome);
  }

  /**
   * Creates and corrects on the platform what the registered pathways need. `autoProvision` leaves kinds of names out; it
   * cannot switch on what the constructor switched off.
   *
   * @throws ProvisioningFailedError, PlatformUnauthorizedError
   */
  async provision(options?: ProvisionCallOptions): Promise<void> {
    await (await this.ready()).provisioner.provision(options);
  }

  /**
   * Starts pulling events for every pathway with a handler or observer; provisions first. Resolves without waiting until
   * they have caught up. Does nothing while they run; after `stopPump` it starts them again, with the options given now.
   * In production with `pathwayMode: 'managed'` (the default there) nothing is pulled: the platform delivers.
   *
   * @throws PathwaysConfigurationError, and what provisioning and the stores throw
   */
  startPump(given: StartPumpOptions = {}): Promise<void> {
    this.isStartAsked = true;
    // Two at once would stop the pumps under each other, and a stop would overtake the start it is meant for.
    const starting = this.pumpChanges.run(() => this.bringUpPumps(given));
    return starting.catch((error: unknown) => {
      this.isStartAsked = this.started !== undefined;
      throw error;
    });
  }

  /** Whether `startPump` was called, and neither failed nor was ended by `stopPump`. */
  get isStarted(): boolean {
    return this.isStartAsked;
  }

  /** Stops pulling; work in flight finishes within `shutdownTimeoutMs`. The builder still writes. */
  stopPump(): Promise<void> {
    this.isStartAsked = false;
    return this.pumpChanges.run(async () => {
      this.started = undefined;
      await this.made?.pumps.stop();
    });
  }

  /**
   * Moves pumps to a position and lets every handler run again from there, each effect once.
   *
   * @param position `live` by default
   * @param filter which pumps; a list names flow types. All of them by default.
   * @param stopAt the last place that is delivered; the pumps then stand still until they are reset.
   * @returns keys of the pumps that were reset, `flowType::group`
   * @throws PathwaysConfigurationError before `startPump`; PumpPositionInvalidError, PumpUnknownError, PumpLeaseHeldError
   */
  async resetPump(
    position?: PumpPosition,
    filter?: PumpFilter | readonly string[],
    stopAt?: PumpStop,
  ): Promise<string[]> {
    if (!this.started) throw notStartedError('resetPump');
    return this.started.reset(position, isList(filter) ? { flowTypes: filter } : filter, stopAt);
  }

  /** The pumps; `undefined` while they are not started. */
  get pump(): PathwayPump | undefined {
    return this.started;
  }

  /** Stops everything and closes every connection. The builder cannot be used afterwards. */
  async close(): Promise<void> {
    this.started = undefined;
    await (await this.making?.catch(() => undefined))?.stop();
  }

  /**
   * The engine behind this builder, made at the first call; from then on `with…` methods for stores come too late.
   *
   * @throws PathwaysConfigurationError, OptionalPackageMissingError
   */
  engine(): Promise<PathwaysEngine> {
    this.making ??= this.make().catch((error: unknown) => {
      // What was missing may be given now.
      this.making = undefined;
      throw error;
    });
    return this.making;
  }

  /** For a `PathwayRouter`. */
  routerProcessor(): RouterProcessor {
    return this.entrance;
  }

  private async bringUpPumps(given: StartPumpOptions): Promise<void> {
    const { autoProvision, maxRedeliveryCount, pulse, ...pumpAndPlace } = given;
    const { stateManagerFactory = this.options.stateManagerFactory, ...pump } = pumpAndPlace;
    if (!this.making) this.stores.parts.positions = stateManagerFactory;
    const engine = await this.ready();
    if (this.started) return;
    warnOfIneffective({ maxRedeliveryCount, pulse }, this.logger);
    if (stateManagerFactory) await this.stores.useStateManagers(stateManagerFactory);
    const { pumpEnabled, runtimeEnv } = engine.options;
    if (pumpEnabled && runtimeEnv === 'production' && !this.isReference && !this.stores.hasDurableCursors)
      throw volatilePositionsError();
    await engine.configurePumps({ ...this.options.pump, ...pump, autoStart: false });
    await engine.start(autoProvision === undefined ? {} : { autoProvision });
    if (!pumpEnabled) return this.logger.info(NOTHING_PULLED);
    // As at every start: a replay that has reached its stop stays there.
    await engine.pumps.bringUp();
    this.started = new PathwayPump(engine.pumps);
  }

  private async ready(): Promise<PathwaysEngine> {
    const engine = await this.engine();
    await engine.openStore();
    return engine;
  }

  private async make(): Promise<PathwaysEngine> {
    const { options, logger } = this;
    const store = await this.stores.assemble();
    // The reference kept marks in memory in production too, and says nothing of it.
    const kept = this.isReference ? { ...memoryStoreParts(), ...store } : store;
    const { clock = systemClock, pump = {} } = options;
    const given = engineOptionsOf({ options, store: kept, pump, logger, clock });
    const engine = this.engineOf({ ...given, sessionUserResolvers: this.sessions });
    for (const [contract, eventClass] of this.classes) engine.nameContract(contract, eventClass);
    if (this.userResolver) engine.writeMetadata.useUserResolver(this.userResolver);
    this.entrance.connect(engine.processor);
    for (const name of ineffectiveOptionsOf(options)) logger.warn(withoutEffect(name));
    this.made = engine;
    return engine;
  }

  private engineOf(options: PathwaysEngineOptions): PathwaysEngine {
    const { registry, handlers } = this;
    try {
      return new PathwaysEngine(options, { registry, handlers });
    } catch (error) {
      throw asBuilderOptions(error);
    }
  }

  private nameByClass(contract: PathwayContract, eventClass: EventClass): void {
    this.classes.push([contract, eventClass]);
    this.made?.nameContract(contract, eventClass);
  }

  /** What is registered after the start. */
  private pickUp(): void {
    if (!this.started) return;
    this.made?.refresh().catch((error: unknown) => {
      this.logger.error('What was registered after startPump could not be started', errorFields(error));
    });
  }

  private get sessionTtlMs(): number {
    return sessionTtlOf(this.options);
  }

  private assertUnused(method: string): void {
    if (this.making) throw tooLateError(method);
  }
}

const CHUNK_STORE = ['storePart', 'load', 'finish', 'takeExpired'];
const CHUNK_STORE_INSTEAD =
  'One that was written for the reference client cannot be used; leave it out beside createPostgresPathwayState, or take createPostgresPathwayChunkStore';

const PROCESSED_DIRECTLY: EventDelivery = { source: 'process', generation: 0 };

function placeOf(method: string, pathway: PathwayKey, given: { readonly name: string }): string {
  return given.name === '' ? `${method}('${pathway}')` : `${method}('${pathway}', ${given.name})`;
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}

function isList(filter: PumpFilter | readonly string[] | undefined): filter is readonly string[] {
  return Array.isArray(filter);
}
