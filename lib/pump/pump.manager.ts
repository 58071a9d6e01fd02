import { PumpUnknownError } from '../errors/pump-unknown.error.js';
import type { Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { EventSource } from '../platform/event-source.interface.js';
import type {
  NotificationSource,
  NotificationSubscription,
} from '../platform/notification-source.interface.js';
import type { PumpProcessor } from '../processor/pump-processor.interface.js';
import { pumpKeyOf, type CursorStore } from '../state/cursor-store.interface.js';
import type { LeaseStore } from '../state/lease-store.interface.js';
import type { PumpPosition, ResolvedPumpOptions } from './pump.options.js';
import type { PumpStatus } from './pump.status.js';
import { Pump } from './pump.js';

/** A pump to run: the event types of one flow type and group. */
export interface PumpDefinition {
  readonly flowType: string;
  readonly pumpGroup: string;
  readonly eventTypes: readonly string[];
}

/** Which pumps are meant; both given: the intersection. Nothing: all. */
export interface PumpFilter {
  readonly flowTypes?: readonly string[];
  readonly pumpGroups?: readonly string[];
}

/** What the manager works with. */
export interface PumpManagerDependencies {
  readonly tenant: string;
  readonly dataCore: string;
  readonly options: ResolvedPumpOptions;
  readonly source: EventSource;
  readonly notifications: NotificationSource;
  readonly processor: PumpProcessor;
  readonly cursors: CursorStore;
  readonly leases: LeaseStore;
  readonly sweepOnStart: boolean;
  /** Milliseconds handlers get to finish when a pump is stopped or reset. */
  readonly shutdownTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
}

/** Owns one pump per (flow type, pump group). */
export class PumpManager {
  private readonly pumps = new Map<string, Pump>();
  private readonly definitions = new Map<string, PumpDefinition>();
  private readonly subscriptions = new Map<string, NotificationSubscription>();
  private isStarted = false;

  constructor(private readonly deps: PumpManagerDependencies) {}

  /** Sets which pumps there are. A pump whose event types changed is replaced: it goes on from its cursor. */
  async define(definitions: readonly PumpDefinition[]): Promise<void> {
    for (const definition of definitions) {
      const key = pumpKeyOf(definition);
      const known = this.definitions.get(key);
      if (known && sameTypes(known, definition)) continue;
      await this.pumps.get(key)?.stop(this.deps.shutdownTimeoutMs);
      this.definitions.set(key, definition);
      this.pumps.set(key, this.create(definition));
      if (this.isStarted) this.pumps.get(key)?.start();
    }
    if (this.isStarted) this.subscribe();
  }

  /** Starts every pump; those that run go on. Returns at once: catching up happens in the background. */
  async start(): Promise<void> {
    this.isStarted = true;
    for (const pump of this.pumps.values()) pump.start();
    this.subscribe();
  }

  /** Stops pulling, lets handlers finish within the time, gives up the rest, saves the cursors. */
  async stop(options: { timeoutMs?: number } = {}): Promise<void> {
    this.isStarted = false;
    const subscriptions = [...this.subscriptions.values()];
    this.subscriptions.clear();
    const timeoutMs = options.timeoutMs ?? this.deps.shutdownTimeoutMs;
    await Promise.all([
      ...subscriptions.map((subscription) => subscription.close()),
      ...[...this.pumps.values()].map((pump) => pump.stop(timeoutMs)),
    ]);
  }

  status(): PumpStatus[] {
    return [...this.pumps.values()].map((pump) => pump.status());
  }

  /** Starts no more handlers; what runs finishes. The cursor stays. @throws PumpUnknownError */
  pause(filter?: PumpFilter): void {
    for (const pump of this.select(filter)) pump.pause();
  }

  /** Goes on after `pause`, or after a halt. @throws PumpUnknownError */
  resume(filter?: PumpFilter): void {
    for (const pump of this.select(filter)) pump.resume();
  }

  /**
   * Moves pumps to a position and lets every handler run again from there, each effect once.
   *
   * @default position `beginning`
   * @throws PumpPositionInvalidError, PumpUnknownError
   */
  async reset(position: PumpPosition = 'beginning', filter?: PumpFilter): Promise<void> {
    await Promise.all(this.select(filter).map((pump) => pump.reset(position, this.deps.shutdownTimeoutMs)));
  }

  /** Resolves when everything stored so far is finished. A halted, paused or stopped pump does not hold it up. */
  async drain(): Promise<void> {
    await Promise.all([...this.pumps.values()].map((pump) => pump.whenSettled()));
  }

  /** Handles everything stored so far, then stops. For tests and jobs. */
  async runOnce(): Promise<void> {
    await this.start();
    await this.drain();
    await this.stop();
  }

  /** The process itself stored an event: its pump need not wait for the notification. */
  notifyStored(flowType: string, eventType: string, eventId: string): void {
    for (const [key, definition] of this.definitions) {
      if (definition.flowType !== flowType || !definition.eventTypes.includes(eventType)) continue;
      this.pumps.get(key)?.notifyStored(eventId);
    }
  }

  private create({ flowType, pumpGroup, eventTypes }: PumpDefinition): Pump {
    const { tenant, dataCore } = this.deps;
    const id = { tenant, dataCore, flowType, pumpGroup };
    return new Pump({ ...this.deps, id, eventTypes, concurrency: this.concurrencyOf(id) });
  }

  private concurrencyOf(pump: { flowType: string; pumpGroup: string }): number {
    const { concurrency } = this.deps.options;
    if (typeof concurrency === 'number') return concurrency;
    const { byPumpGroup, byFlowType } = concurrency;
    return byPumpGroup?.[pumpKeyOf(pump)] ?? byFlowType?.[pump.flowType] ?? concurrency.default ?? 1;
  }

  /** One connection per flow type, shared by its groups. */
  private subscribe(): void {
    if (this.deps.options.notifier !== 'websocket') return;
    for (const { flowType } of this.definitions.values()) {
      if (this.subscriptions.has(flowType)) continue;
      const subscription = this.deps.notifications.subscribe(flowType, {
        onStored: ({ eventType, eventId }) => this.notifyStored(flowType, eventType, eventId),
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

  private select({ flowTypes, pumpGroups }: PumpFilter = {}): Pump[] {
    const all = [...this.definitions.values()];
    const known = [...this.definitions.keys()];
    for (const flowType of flowTypes ?? []) {
      if (!all.some((definition) => definition.flowType === flowType))
        throw new PumpUnknownError(flowType, known);
    }
    for (const group of pumpGroups ?? []) {
      if (!all.some(({ pumpGroup }) => pumpGroup === group)) throw new PumpUnknownError(`*::${group}`, known);
    }
    return all
      .filter(
        ({ flowType, pumpGroup }) =>
          (flowTypes?.includes(flowType) ?? true) && (pumpGroups?.includes(pumpGroup) ?? true),
      )
      .flatMap((definition) => this.pumps.get(pumpKeyOf(definition)) ?? []);
  }
}

function sameTypes(a: PumpDefinition, b: PumpDefinition): boolean {
  return (
    a.eventTypes.length === b.eventTypes.length &&
    a.eventTypes.every((eventType) => b.eventTypes.includes(eventType))
  );
}
