import { FencingTokenStaleError } from '../../lib/errors/fencing-token-stale.error.js';
import { silentLogger } from '../../lib/event/logger.interface.js';
import { noTelemetry } from '../../lib/event/telemetry.interface.js';
import type { FlowcoreEvent } from '../../lib/event/flowcore-event.interface.js';
import type { EventDelivery, EventOutcome } from '../../lib/processor/event-delivery.interface.js';
import type { PumpProcessor } from '../../lib/processor/pump-processor.interface.js';
import {
  PumpManager,
  type PumpDefinition,
  type PumpManagerDependencies,
} from '../../lib/pump/pump.manager.js';
import type { ResolvedPumpOptions } from '../../lib/pump/pump.options.js';
import type { PumpStatus } from '../../lib/pump/pump.status.js';
import { AlwaysGrantedLeaseStore } from '../../lib/state/always-granted-lease.store.js';
import type {
  CursorStore,
  FencingToken,
  PumpCursor,
  PumpId,
} from '../../lib/state/cursor-store.interface.js';
import { ControllableClock } from '../../lib/testing/controllable-clock.js';
import { MemoryPlatform } from '../../lib/testing/memory-platform.js';

/** 2026-05-01T10:30:00Z. */
export const START = Date.UTC(2026, 4, 1, 10, 30);
export const HOUR = 3_600_000;

/** Lets everything that can happen without time passing happen. */
export async function breathe(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Keeps marks like the real processor and records what reached it. */
class RecordingProcessor implements PumpProcessor {
  /** Ids in the order their handling ended. */
  readonly handled: string[] = [];
  readonly delivered: string[] = [];
  readonly malformed: unknown[] = [];
  readonly running = new Map<string, string>();
  /** Broken promises: two events of one key at once. */
  readonly overlaps: string[] = [];
  most = 0;
  /** Replaces the handler. */
  handle:
    ((event: FlowcoreEvent, delivery: EventDelivery) => Promise<EventOutcome | void> | void) | undefined;
  keyOf: (event: FlowcoreEvent) => string = () => '';
  private readonly marks = new Map<string, number>();

  orderKey(event: FlowcoreEvent): string {
    return this.keyOf(event);
  }

  async process(event: FlowcoreEvent, delivery: EventDelivery): Promise<EventOutcome> {
    this.delivered.push(event.eventId);
    if ((this.marks.get(event.eventId) ?? -1) >= delivery.generation) return { status: 'skipped' };
    const key = this.keyOf(event);
    if (this.running.has(key)) this.overlaps.push(key);
    this.running.set(key, event.eventId);
    this.most = Math.max(this.most, this.running.size);
    try {
      const outcome = (await this.handle?.(event, delivery)) ?? { status: 'processed' };
      if (outcome.status === 'processed' || outcome.status === 'dead-lettered') {
        this.marks.set(event.eventId, delivery.generation);
        this.handled.push(event.eventId);
      }
      return outcome;
    } finally {
      this.running.delete(key);
    }
  }

  async deadLetterMalformed(raw: unknown): Promise<void> {
    this.malformed.push(raw);
  }
}

/** Records every write and refuses old tokens. */
class RecordingCursorStore implements CursorStore {
  readonly saves: PumpCursor[] = [];
  failure: Error | undefined;
  lastToken: FencingToken | undefined;
  private readonly cursors = new Map<string, { cursor: PumpCursor; token: FencingToken }>();

  get last(): PumpCursor | undefined {
    return this.saves[this.saves.length - 1];
  }

  async load(pump: PumpId): Promise<PumpCursor | undefined> {
    if (this.failure) throw this.failure;
    return this.cursors.get(`${pump.flowType}::${pump.pumpGroup}`)?.cursor;
  }

  async save(pump: PumpId, cursor: PumpCursor, token: FencingToken): Promise<void> {
    await Promise.resolve();
    if (this.failure) throw this.failure;
    const key = `${pump.flowType}::${pump.pumpGroup}`;
    if ((this.cursors.get(key)?.token ?? 0) > token)
      throw new FencingTokenStaleError(key, token, this.lastToken ?? 0);
    this.cursors.set(key, { cursor, token });
    this.saves.push(cursor);
    this.lastToken = token;
  }

  async clear(): Promise<void> {
    this.cursors.clear();
  }
}

export type Overrides = Partial<Omit<PumpManagerDependencies, 'options'>> & {
  options?: Partial<ResolvedPumpOptions>;
  definitions?: PumpDefinition[];
};

/** One pump on a memory platform with a clock that only moves when told. */
export class PumpHarness {
  readonly clock = new ControllableClock(START);
  readonly platform = new MemoryPlatform(this.clock);
  readonly processor = new RecordingProcessor();
  readonly cursors = new RecordingCursorStore();
  readonly managers: PumpManager[] = [];

  constructor() {
    this.platform.createEventTypes('order.0', 'order.placed.0');
  }

  /** Another process on the same stores. */
  async manager(overrides: Overrides = {}): Promise<PumpManager> {
    const { options, definitions, ...deps } = overrides;
    const manager = new PumpManager({
      tenant: 'acme',
      dataCore: 'core',
      source: this.platform,
      notifications: this.platform,
      processor: this.processor,
      cursors: this.cursors,
      leases: new AlwaysGrantedLeaseStore(),
      sweepOnStart: false,
      shutdownTimeoutMs: 10_000,
      clock: this.clock,
      logger: silentLogger,
      telemetry: noTelemetry,
      options: {
        autoStart: true,
        concurrency: 1,
        startFrom: 'beginning',
        notifier: 'websocket',
        bufferSize: 1_000,
        bufferBytes: 33_554_432,
        pollIntervalMs: 2_000,
        lookBackMs: 300_000,
        commitIntervalMs: 500,
        ...options,
      },
      ...deps,
    });
    await manager.define(
      definitions ?? [{ flowType: 'order.0', pumpGroup: 'default', eventTypes: ['order.placed.0'] }],
    );
    this.managers.push(manager);
    return manager;
  }

  async started(overrides: Overrides = {}): Promise<PumpManager> {
    const manager = await this.manager(overrides);
    await manager.start();
    return manager;
  }

  /** Started and everything stored so far handled. */
  async live(overrides: Overrides = {}): Promise<PumpManager> {
    const manager = await this.started(overrides);
    await this.until(() => status(manager).state === 'live' && status(manager).bufferedEvents === 0, 'live');
    return manager;
  }

  /** Waits for a condition, letting time pass in small steps when `step` is given. */
  async until(condition: () => boolean, what = String(condition), step = 0, turns = 5_000): Promise<void> {
    for (let turn = 0; turn < turns; turn++) {
      if (condition()) return;
      await breathe(1);
      if (step) this.clock.advance(step);
    }
    throw new Error(
      `Never came true: ${what}. ${JSON.stringify(this.managers.flatMap((manager) => manager.status()))}`,
    );
  }

  /** Lets time pass without jumping over what happens meanwhile. */
  async pass(milliseconds: number, step = 100): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += step) {
      await breathe(5);
      this.clock.advance(Math.min(step, milliseconds - passed));
    }
    await breathe();
  }

  eventRequests(): number {
    return this.platform.requests.filter(({ operation }) => operation === 'events').length;
  }

  /** Awaits a change that needs time to pass (stop with a handler that hangs, say). */
  async awaiting<T>(change: Promise<T>, step = 500): Promise<T> {
    let ended = false;
    const watched = change.finally(() => (ended = true));
    watched.catch(() => {});
    await this.until(() => ended, 'the change ends', step);
    return watched;
  }

  async close(): Promise<void> {
    await Promise.all(this.managers.map((manager) => this.awaiting(manager.stop({ timeoutMs: 0 }))));
  }

  /** Events of the past, of which nobody is told. Returns their ids. */
  storeMany(count: number): string[] {
    return Array.from({ length: count }, (_, index) =>
      this.platform.store({ at: START - 100_000 + index }, { silent: true }),
    );
  }
}

export function status(manager: PumpManager): PumpStatus {
  return manager.status()[0] as PumpStatus;
}

/** A delivery that ends when it is told to. */
export function untilAborted(signal: AbortSignal | undefined): Promise<EventOutcome> {
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve({ status: 'aborted' })));
}

/** A promise to be settled from outside. */
export function deferred<T = void>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
