import { holdProcess, keptAlive } from '../event/keep-alive.js';
import type { NotificationSubscription } from '../platform/notification-source.interface.js';
import { pumpKeyOf } from '../state/cursor-store.interface.js';
import type { PauseOrigin } from '../state/delivery-store.interface.js';
import { MemoryDeliveryStore } from '../state/memory-delivery.store.js';
import { PauseLedger } from './pause.ledger.js';
import { haveSameTypes, selectPumps, type PumpDefinition, type PumpFilter } from './pump-filter.util.js';
import type { PumpManagerDependencies } from './pump-manager-dependencies.interface.js';
import type { CreatePumpReader } from './pump-reader.interface.js';
import type { PumpPosition, PumpStop } from './pump.options.js';
import type { PumpState, PumpStatus } from './pump.status.js';
import { Pump } from './pump.js';
import { stopUnknownToReader } from './pump-stop.util.js';
import { ReplayWatch } from './replay.watch.js';
import { SerialChanges } from './serial-changes.js';
import { unmatchedIn } from './unmatched-concurrency.util.js';

export type { PumpDefinition, PumpFilter } from './pump-filter.util.js';
export type { PumpManagerDependencies } from './pump-manager-dependencies.interface.js';

/** Which pumps are reset, and how far they then go. */
export interface PumpResetOptions extends PumpFilter {
  /**
   * The pumps deliver everything up to and including this place, commit it, and are then `done`: in this instance and every
   * other, also after a restart, until they are started by hand or reset. A place in the future is waited for.
   *
   * @default none: they go on for ever
   */
  readonly stopAt?: PumpStop | undefined;
}

/** Every write that waits asks for the pauses; the store is asked this seldom. */
const KNOWN_PAUSES_MS = 1_000;

/** Owns one pump per (flow type, pump group). */
export class PumpManager {
  private readonly pumps = new Map<string, Pump>();
  private readonly definitions = new Map<string, PumpDefinition>();
  private readonly subscriptions = new Map<string, NotificationSubscription>();
  private readonly changes = new SerialChanges();
  private readonly pauses: PauseLedger;
  private createReader: CreatePumpReader | undefined;
  private readonly replays: ReplayWatch;
  private isStarted = false;
  /** Lets go of the process that started pumps keep alive. */
  private release: (() => void) | undefined;
  /** Ends the waits for replays. */
  private leaving = new AbortController();

  constructor(private deps: PumpManagerDependencies) {
    const { delivery = new MemoryDeliveryStore(), deliveryKey = deps.dataCore } = deps;
    this.pauses = new PauseLedger(delivery, deliveryKey, deps.clock);
    const { cursors, clock, options } = deps;
    this.replays = new ReplayWatch({ cursors, clock, everyMs: options.pollIntervalMs });
  }

  /** Replaces how pumps pull. Those there were are stopped and forgotten; `define` makes them anew. */
  configure(parts: Pick<PumpManagerDependencies, 'options' | 'notifications'>): Promise<void> {
    return this.changes.run(async () => {
      await this.stop();
      this.pumps.clear();
      this.definitions.clear();
      this.deps = { ...this.deps, ...parts };
    });
  }

  /**
   * Sets which pumps there are. A pump whose event types changed is replaced: it goes on from its cursor.
   *
   * @param prepare called before new pumps are started: pauses them, say. `false` leaves them stopped. When it rejects they
   * are, too, and `define` rejects.
   * @throws OptionalPackageMissingError when the package that reads for them is not installed
   */
  define(definitions: readonly PumpDefinition[], prepare?: () => Promise<boolean>): Promise<void> {
    // Two at once would both replace a pump, and one of the replacements would run unseen.
    return this.changes.run(async () => {
      const added = await this.replaceChanged(definitions);
      const mayStart = (await prepare?.()) ?? true;
      if (!this.isStarted || !mayStart) return;
      for (const pump of added) pump.start(false);
      this.subscribe();
    });
  }

  /**
   * Starts pumps; those that run go on, and a paused one stays paused. One that is `done` here goes on behind its stop
   * position. Returns at once: catching up happens in the background.
   *
   * @throws PumpUnknownError
   */
  async start(filter?: PumpFilter): Promise<void> {
    this.startAll(this.select(filter), true);
  }

  /** Starts every pump, as a start of the application does: one that is `done` stays so. */
  async bringUp(): Promise<void> {
    this.startAll([...this.pumps.values()], false);
  }

  /**
   * Stops pulling, lets handlers finish within the time, gives up the rest, saves the cursors. In a cluster another
   * instance takes the pumps over: to hold delivery everywhere, pause.
   *
   * @param options.isEverywhere none takes them over while this instance lives: their leases are kept here until they are
   * started here, or reset in any instance. Without a filter it means every pump there is.
   * @throws PumpUnknownError; PumpLeaseHeldError for a pump another instance does not give up: it runs on.
   */
  async stop(
    options: { timeoutMs?: number; filter?: PumpFilter; isEverywhere?: boolean } = {},
  ): Promise<void> {
    const timeoutMs = options.timeoutMs ?? this.deps.shutdownTimeoutMs;
    if (options.isEverywhere) {
      await Promise.all(this.select(options.filter).map((pump) => pump.stopEverywhere(timeoutMs)));
      return;
    }
    if (options.filter) {
      await Promise.all(this.select(options.filter).map((pump) => pump.stop(timeoutMs)));
      return;
    }
    this.isStarted = false;
    this.leaving.abort();
    this.leaving = new AbortController();
    const subscriptions = [...this.subscriptions.values()];
    this.subscriptions.clear();
    const ended = Promise.all([
      ...subscriptions.map((subscription) => subscription.close()),
      ...[...this.pumps.values()].map((pump) => pump.stop(timeoutMs)),
    ]);
    await keptAlive(ended);
    if (this.isStarted) return;
    this.release?.();
    this.release = undefined;
  }

  status(): PumpStatus[] {
    return [...this.pumps.values()].map((pump) => pump.status());
  }

  /** What one pump is doing, `done` also when it stops before what is stored from now on; `undefined` when there is none. */
  stateOf(pump: Pick<PumpDefinition, 'flowType' | 'pumpGroup'>): PumpState | undefined {
    const found = this.pumps.get(pumpKeyOf(pump));
    return found?.stopsBeforeNow ? 'done' : found?.state;
  }

  /** @internal Whether a pump delivers nothing until somebody acts, and no handler of it runs here. */
  isAtRest(pump: Pick<PumpDefinition, 'flowType' | 'pumpGroup'>): boolean {
    return this.pumps.get(pumpKeyOf(pump))?.isAtRest ?? false;
  }

  /** @internal Whether this instance, of several, is the one that delivers what a pump reads, or would if the pump did not rest. */
  runsHere(pump: Pick<PumpDefinition, 'flowType' | 'pumpGroup'>): boolean {
    return this.pumps.get(pumpKeyOf(pump))?.runsHere ?? false;
  }

  /**
   * Starts no more handlers; what runs finishes. The cursor stays. Here at once; resolves when the pause is stored, and
   * so outlives a restart where the store is durable. Rejects with the store's error, the pumps paused here all the same.
   *
   * @throws PumpUnknownError
   */
  pause(filter?: PumpFilter): Promise<void> {
    return this.pauseAs('application', filter);
  }

  /** As `pause`, saying whose it is: the application's stays when the control plane says that delivery is active. */
  async pauseAs(origin: PauseOrigin, filter?: PumpFilter): Promise<void> {
    const pumps = this.select(filter);
    for (const pump of pumps) pump.pause();
    await this.pauses.pause(keysOf(pumps), origin);
  }

  /** Goes on after `pause`, or after a halt. Rejects with the store's error. @throws PumpUnknownError */
  async resume(filter?: PumpFilter): Promise<void> {
    const pumps = this.select(filter);
    for (const pump of pumps) pump.resume();
    await this.pauses.resume(keysOf(pumps));
  }

  /** Ends pauses, but none of the application's own. Rejects with the store's error. @throws PumpUnknownError */
  async liftPauses(filter?: PumpFilter): Promise<void> {
    await this.pauses.lift(keysOf(this.select(filter)));
    await this.followPauses();
  }

  /** Keys of the paused pumps, as the store has them. */
  async pausedPumps(): Promise<readonly string[]> {
    return this.pauses.read((paused) => [...paused]);
  }

  /** Whether a pump is paused, by whatever instance, also one that runs in others only; known within a second. */
  async isPaused(pump: Pick<PumpDefinition, 'flowType' | 'pumpGroup'>): Promise<boolean> {
    return (await this.pauses.lately(KNOWN_PAUSES_MS)).has(pumpKeyOf(pump));
  }

  /** Does what other instances of the application were told: pauses and resumes pumps as the store says. */
  async followPauses(): Promise<void> {
    await this.pauses.read((paused) => {
      for (const [key, pump] of this.pumps) pump.follow(paused.has(key));
    });
  }

  /**
   * Moves pumps to a position and lets every handler run again from there, each effect once; with `stopAt`, only up to there.
   * Resolves when they are moved, before anything is delivered. A pump that another instance runs comes here for it, where
   * the store's leases can be asked for.
   *
   * @default position `beginning`
   * @throws PumpPositionInvalidError, PumpStopInvalidError, PumpStopBehindError, PumpUnknownError; PumpLeaseHeldError when
   * another instance does not give the pump up in time
   */
  async reset(position: PumpPosition = 'beginning', options: PumpResetOptions = {}): Promise<void> {
    const { stopAt, ...filter } = options;
    const { shutdownTimeoutMs, readers } = this.deps;
    if (stopAt !== undefined && readers) throw stopUnknownToReader();
    await Promise.all(this.select(filter).map((pump) => pump.reset(position, shutdownTimeoutMs, stopAt)));
  }

  /**
   * Resolves when the pumps have reached the `stopAt` of their reset, in whichever instance: everything up to it is handled
   * or a dead letter, and the cursor is stored. Call it when the reset has resolved. Rejects with the store's error.
   *
   * @throws PumpUnknownError; PumpReplayEndedError when a pump has no stop position, is reset meanwhile, or the pumps of this
   * instance are stopped
   */
  async whenDone(filter?: PumpFilter): Promise<void> {
    const { tenant, dataCore } = this.deps;
    const { signal } = this.leaving;
    const ids = selectPumps(this.definitions, filter).map((definition) => ({
      tenant,
      dataCore,
      ...definition,
    }));
    await keptAlive(Promise.all(ids.map((id) => this.replays.whenDone(id, signal))));
  }

  /**
   * Resolves when everything stored when it was called is finished; what is stored meanwhile is not waited for. Where more is
   * stored than is handled, that is told at the end of the hour at the latest. A halted, paused, stopped or done pump does not
   * hold it up.
   */
  async drain(): Promise<void> {
    await keptAlive(Promise.all([...this.pumps.values()].map((pump) => pump.whenSettled())));
  }

  /** Handles everything stored when it was called, and what comes until that is finished; then stops. For tests and jobs. */
  async runOnce(): Promise<void> {
    await this.start();
    await this.drain();
    await this.stop();
  }

  /** The process itself stored an event: its pump need not wait for the notification. */
  notifyStored(flowType: string, eventType: string, eventId: string): void {
    for (const pump of this.pumpsOf(flowType, eventType)) pump.notifyStored(eventId);
  }

  private startAll(pumps: readonly Pump[], liftsStops: boolean): void {
    if (!this.isStarted) this.warnOfUnmatched();
    this.isStarted = true;
    if (pumps.length > 0) this.release ??= holdProcess();
    for (const pump of pumps) pump.start(liftsStops);
    this.subscribe();
  }

  /** A misspelt name must not pass for the setting; a pump that is defined later may still have it. */
  private warnOfUnmatched(): void {
    const { logger, options } = this.deps;
    const names = unmatchedIn(options.concurrency, this.definitions.values());
    if (names.length === 0) return;
    logger.warn(
      `pump.concurrency names pumps that do not exist: ${names.join(', ')}. They have no effect. There are: ${[...this.definitions.keys()].join(', ') || 'none'}`,
    );
  }

  /** The new pumps. */
  private async replaceChanged(definitions: readonly PumpDefinition[]): Promise<Pump[]> {
    if (definitions.length > 0) this.createReader ??= await this.deps.readers?.open();
    const added: Pump[] = [];
    for (const definition of definitions) {
      const key = pumpKeyOf(definition);
      const known = this.definitions.get(key);
      if (known && haveSameTypes(known, definition)) continue;
      await this.pumps.get(key)?.retire(this.deps.shutdownTimeoutMs);
      const pump = this.create(definition);
      this.definitions.set(key, definition);
      this.pumps.set(key, pump);
      if (!known) added.push(pump);
      // Its pauses are known already.
      else if (this.isStarted) pump.start(false);
    }
    return added;
  }

  private create({ flowType, pumpGroup, eventTypes }: PumpDefinition): Pump {
    const { tenant, dataCore } = this.deps;
    const { pauses, createReader } = this;
    const id = { tenant, dataCore, flowType, pumpGroup };
    const onDone = () => this.replays.ring();
    return new Pump({
      ...this.deps,
      id,
      pauses,
      createReader,
      onDone,
      eventTypes,
      concurrency: this.concurrencyOf(id),
    });
  }

  private concurrencyOf(pump: { flowType: string; pumpGroup: string }): number {
    const { concurrency } = this.deps.options;
    if (typeof concurrency === 'number') return concurrency;
    const { byPumpGroup, byFlowType } = concurrency;
    return byPumpGroup?.[pumpKeyOf(pump)] ?? byFlowType?.[pump.flowType] ?? concurrency.default ?? 1;
  }

  /** One connection per flow type, shared by its groups. */
  private subscribe(): void {
    if (this.deps.readers || this.deps.options.notifier === 'poller') return;
    for (const { flowType } of this.definitions.values()) {
      if (this.subscriptions.has(flowType)) continue;
      const subscription = this.deps.notifications.subscribe(flowType, {
        onStored: ({ eventType, eventId }) => this.notifyStored(flowType, eventType, eventId),
        onSomethingStored: (eventType) => {
          for (const pump of this.pumpsOf(flowType, eventType)) pump.wake();
        },
        onConnected: () => {
          // Also the first time: the pump may have read on for long before the connection stood.
          for (const [key, pump] of this.pumps) {
            if (this.definitions.get(key)?.flowType === flowType) pump.lookBack();
          }
        },
        onDisconnected: () => {},
      });
      this.subscriptions.set(flowType, subscription);
    }
  }

  private pumpsOf(flowType: string, eventType: string): Pump[] {
    return [...this.definitions]
      .filter(
        ([, definition]) => definition.flowType === flowType && definition.eventTypes.includes(eventType),
      )
      .flatMap(([key]) => this.pumps.get(key) ?? []);
  }

  private select(filter?: PumpFilter): Pump[] {
    return selectPumps(this.definitions, filter).flatMap(
      (definition) => this.pumps.get(pumpKeyOf(definition)) ?? [],
    );
  }
}

function keysOf(pumps: readonly Pump[]): string[] {
  return pumps.map(({ key }) => key);
}
