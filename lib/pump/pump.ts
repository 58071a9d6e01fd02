/**
 * One pump: the events of one (flow type, group), in order.
 *
 *   stopped ──start──▶ starting ──lease, ids, cursor──▶ catching-up ⇄ live
 *
 * - starting: waits for the lease, the ids of the event types and the stored cursor.
 * - catching-up: walks the listed hours from the fetch position, and lists them again until nothing newer is there.
 * - live: waits for a notification, an own write or the poll interval, then reads on.
 * - backing-off: the platform or a store failed; tried again after 1 s doubling to 30 s, for ever.
 * - paused: fetches into its buffer but starts nothing. Left by resume.
 * - halted: a handler with `onExhausted: 'halt'` failed. Left by resume, which tries that event again.
 * - stopped: from every state, by stop.
 */
import { AsyncResource } from 'node:async_hooks';
import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import { sleep, type Clock } from '../event/clock.interface.js';
import { LOWEST_TAIL, isTimeUuid, timeOfTimeUuid } from '../event/time-uuid.util.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import type { EventSource } from '../platform/event-source.interface.js';
import type { EventOutcome } from '../processor/event-delivery.interface.js';
import type { PumpProcessor } from '../processor/pump-processor.interface.js';
import {
  pumpKeyOf,
  type CursorStore,
  type PumpCursor,
  type PumpId,
} from '../state/cursor-store.interface.js';
import type { LeaseStore } from '../state/lease-store.interface.js';
import { AnnouncedEvents } from './announced-events.js';
import { backoffDelay } from './backoff.util.js';
import type { PumpItem } from './pump-item.interface.js';
import { cursorOf, resumeIdOf } from './pump-position.util.js';
import { PumpCommitter } from './pump.committer.js';
import { PumpDispatcher } from './pump.dispatcher.js';
import { PumpFetcher } from './pump.fetcher.js';
import { LEASE_TTL_MS, PumpLease } from './pump.lease.js';
import type { PumpPosition, ResolvedPumpOptions } from './pump.options.js';
import type { PumpState, PumpStatus } from './pump.status.js';
import { WakeUp } from './wake-up.js';

/** Everything a pump works with. */
export interface PumpDependencies {
  readonly id: PumpId;
  readonly eventTypes: readonly string[];
  readonly concurrency: number;
  readonly options: ResolvedPumpOptions;
  readonly source: EventSource;
  readonly processor: PumpProcessor;
  readonly cursors: CursorStore;
  readonly leases: LeaseStore;
  /** Look back at start too: right when marks survive a restart. */
  readonly sweepOnStart: boolean;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
}

/** What was given up gets this long to say so; a store that hangs must not keep the process alive. */
const GIVE_UP_MS = 5_000;

export class Pump {
  readonly key: string;
  private readonly context = new AsyncResource('Pump');
  private readonly wakeUp: WakeUp;
  private stopping = new AbortController();
  private loop: Promise<void> | undefined;
  private dispatcher: PumpDispatcher | undefined;
  private committer: PumpCommitter | undefined;
  private fetcher: PumpFetcher | undefined;
  private state: PumpState = 'stopped';
  private walkState: PumpState = 'starting';
  private isPaused = false;
  private haltedItems: PumpItem[] = [];
  private generation = 0;
  private lastError: string | undefined;
  private lastErrorIsNotFound = false;
  private readonly counters = { fetched: 0, processed: 0, skipped: 0, deadLettered: 0, failures: 0 };
  private settledListeners: (() => void)[] = [];
  private mustSweep = false;
  private readonly lease: PumpLease;
  /** Where to begin without a stored cursor; decided once, or a slow start on `live` would skip what is stored meanwhile. */
  private firstCursor: PumpCursor | undefined;
  private readonly announced: AnnouncedEvents;
  private lastFinishedId: string | undefined;
  /** Event types that do not exist on the platform yet. */
  private missingTypes: readonly string[] = [];
  private changing: Promise<unknown> = Promise.resolve();

  constructor(private readonly deps: PumpDependencies) {
    this.key = pumpKeyOf(deps.id);
    this.wakeUp = new WakeUp(deps.clock);
    this.announced = new AnnouncedEvents(deps.clock);
    const { leases, clock } = deps;
    this.lease = new PumpLease({ key: this.key, leases, clock, onError: (error) => this.report(error) });
  }

  /** Starts the loop; does nothing when it runs. */
  start(): void {
    if (this.loop) return;
    this.firstCursor ??= cursorOf(this.deps.options.startFrom, this.deps.clock.now());
    this.stopping = new AbortController();
    this.haltedItems = [];
    this.walkState = 'starting';
    this.setState('starting');
    this.loop = this.context.runInAsyncScope(() => this.run(this.stopping.signal));
  }

  /** Stops pulling, lets handlers finish within the time, then gives them up; saves the cursor. */
  stop(timeoutMs: number): Promise<void> {
    return this.serialised(() => this.halt(timeoutMs));
  }

  pause(): void {
    this.isPaused = true;
    this.dispatcher?.hold();
    this.showState();
  }

  resume(): void {
    this.isPaused = false;
    this.context.runInAsyncScope(() => {
      this.dispatcher?.retry(this.haltedItems.splice(0));
      this.dispatcher?.open();
    });
    this.showState();
  }

  /** Moves the cursor and starts a new generation, so that handlers run again for what they handled before. */
  reset(position: PumpPosition, timeoutMs: number): Promise<void> {
    const { clock, cursors, id } = this.deps;
    const target = cursorOf(position, clock.now());
    return this.serialised(async () => {
      const wasRunning = this.loop !== undefined;
      await this.halt(timeoutMs);
      try {
        const stored = await cursors.load(id);
        const generation = Math.max(stored?.generation ?? 0, this.generation) + 1;
        const lease = await this.lease.hold(AbortSignal.timeout(LEASE_TTL_MS));
        await cursors.save(id, { ...target, generation }, lease?.token ?? 0);
        this.generation = generation;
        // Late events before the new position belong to what the caller left behind.
        this.announced.clear();
        await this.lease.release();
      } finally {
        // Also when the store refused: the pump then goes on where it was.
        if (wasRunning) this.start();
      }
    });
  }

  /** Resolves when everything stored so far is finished (or the pump is halted, paused or stopped). */
  whenSettled(): Promise<void> {
    return new Promise((resolve) => {
      this.settledListeners.push(resolve);
      this.fetcher?.distrust();
      this.wakeUp.ring();
      this.tellIfSettled();
    });
  }

  /** An event of this pump was stored. */
  notifyStored(eventId: string): void {
    if (this.fetcher) {
      if (!this.fetcher.announce(eventId)) return;
    } else if (isTimeUuid(eventId)) {
      this.announced.add(eventId);
    }
    this.wakeUp.ring();
  }

  /** Announcements may have been missed since the last sign of life. */
  lookBack(): void {
    this.mustSweep = true;
    this.fetcher?.lookBack();
    this.wakeUp.ring();
  }

  status(): PumpStatus {
    const { id, eventTypes, concurrency, clock } = this.deps;
    const oldest = this.committer?.oldest;
    const cursor = this.committer?.position;
    return {
      pump: this.key,
      flowType: id.flowType,
      pumpGroup: id.pumpGroup,
      eventTypes,
      state: this.state,
      concurrency,
      cursor: cursor && {
        timeBucket: cursor.timeBucket,
        ...(cursor.eventId ? { eventId: cursor.eventId } : {}),
      },
      generation: this.generation,
      bufferedEvents: this.fetcher?.bufferedEvents ?? 0,
      bufferedBytes: this.fetcher?.bufferedBytes ?? 0,
      inFlight: this.dispatcher?.inFlight ?? 0,
      bufferAgeMs: oldest ? clock.now() - oldest.fetchedAt : 0,
      lagMs: this.lagMs(oldest),
      counters: { ...this.counters },
      lastError: this.lastError,
    };
  }

  private async run(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.session(signal, () => (failures = 0));
      } catch (error) {
        if (signal.aborted) break;
        this.report(error);
        if (error instanceof PlatformNotFoundError) {
          // Nothing was written yet. The first own write rings; a foreign one is found at the next look.
          this.tellIfSettled();
          await this.wakeUp.wait(this.deps.options.pollIntervalMs, signal);
          continue;
        }
        failures++;
        this.walkState = 'backing-off';
        this.showState();
        await sleep(this.deps.clock, backoffDelay(failures), signal);
      }
    }
  }

  /** From taking the lease to losing it. A failure of the platform inside does not drop what is in flight. */
  private async session(signal: AbortSignal, onProgress: () => void): Promise<void> {
    const { id, source, options, cursors, clock, processor, sweepOnStart } = this.deps;
    const lease = await this.lease.hold(signal);
    if (!lease) return;
    const lost = new AbortController();
    const over = new AbortController();
    const kept = this.lease.keep(lease, AbortSignal.any([signal, over.signal]), () =>
      lost.abort(new Error('The lease was lost')),
    );
    const ended = AbortSignal.any([signal, lost.signal]);
    try {
      const stored = await cursors.load(id);
      const start = stored ?? this.firstCursor ?? cursorOf(options.startFrom, clock.now());
      this.generation = start.generation ?? 0;
      // Without it, a process that ends before its first event would begin at a later 'live' and skip what lies between.
      if (!stored && start.eventId !== undefined) await cursors.save(id, start, lease.token);
      const eventTypeIds = await this.resolveExisting(source, ended);
      const committer = new PumpCommitter(
        {
          clock,
          commitIntervalMs: options.commitIntervalMs,
          save: async (cursor) => cursors.save(id, cursor, lease.token),
          onPassed: (item) => this.fetcher?.release(item),
          onError: (error) => this.report(error),
        },
        { ...start, generation: this.generation },
      );
      this.committer = committer;
      this.dispatcher = new PumpDispatcher({
        processor,
        concurrency: this.deps.concurrency,
        clock,
        source: this.key,
        generation: this.generation,
        onFinished: (item, outcome) => this.finish(item, outcome, committer),
        onHalted: (item, error) => this.onHalted(item, error),
        onFailure: (error) => this.report(error),
      });
      if (this.isPaused) this.dispatcher.hold();
      const canLookBack =
        sweepOnStart && stored !== undefined && this.generation === 0 && !isUntouched(stored);
      this.fetcher = new PumpFetcher({
        eventTypeIds,
        floor: canLookBack ? undefined : resumeIdOf(start),
        position: resumeIdOf(start),
        timeBucket: start.timeBucket,
        options,
        source,
        clock,
        generation: this.generation,
        pumpKey: this.key,
        processor,
        announced: this.announced,
        accept: (item) => {
          this.counters.fetched++;
          committer.add(item);
          this.dispatcher?.submit(item);
        },
      });
      this.mustSweep ||= canLookBack;
      await this.follow(this.fetcher, ended, onProgress);
    } finally {
      if (lost.signal.aborted) await this.endSession(0);
      over.abort();
      await kept;
    }
  }

  /** Reads on for ever: everything there is, then whatever arrives. */
  private async follow(fetcher: PumpFetcher, signal: AbortSignal, onProgress: () => void): Promise<void> {
    this.walkState = 'catching-up';
    this.showState();
    for (let failures = 0; !signal.aborted;) {
      try {
        if (this.mustSweep || this.announced.hasOverflowed) {
          this.mustSweep = false;
          this.announced.hasOverflowed = false;
          await fetcher.sweep(signal).catch((error: unknown) => {
            this.mustSweep = true;
            throw error;
          });
        }
        if (this.missingTypes.length > 0) await this.adoptNewTypes(fetcher, signal);
        await fetcher.readAll(signal);
        failures = 0;
        onProgress();
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        this.report(error);
        this.walkState = 'backing-off';
        this.showState();
        await sleep(this.deps.clock, backoffDelay(failures), signal);
        this.walkState = 'catching-up';
        this.showState();
        continue;
      }
      if (this.walkState !== 'live') {
        this.walkState = 'live';
        this.showState();
      }
      this.tellIfSettled();
      const waitMs = Math.min(this.deps.options.pollIntervalMs, this.announced.nextDueMs);
      if (waitMs > 0) await this.wakeUp.wait(waitMs, signal);
    }
  }

  /** Those event types that exist; the others are adopted when they appear. @throws PlatformNotFoundError when none does. */
  private async resolveExisting(source: EventSource, signal: AbortSignal): Promise<string[]> {
    const { id, eventTypes } = this.deps;
    const found: string[] = [];
    const missing: string[] = [];
    let notFound: unknown;
    for (const eventType of eventTypes) {
      try {
        found.push(...(await source.resolveEventTypeIds(id.flowType, [eventType], signal)));
      } catch (error) {
        if (!(error instanceof PlatformNotFoundError)) throw error;
        notFound = error;
        missing.push(eventType);
      }
    }
    if (found.length === 0) throw notFound;
    this.missingTypes = missing;
    return found;
  }

  private async adoptNewTypes(fetcher: PumpFetcher, signal: AbortSignal): Promise<void> {
    for (const eventType of this.missingTypes) {
      try {
        const ids = await this.deps.source.resolveEventTypeIds(this.deps.id.flowType, [eventType], signal);
        this.missingTypes = this.missingTypes.filter((name) => name !== eventType);
        await fetcher.addEventTypes(ids, signal);
      } catch (error) {
        if (!(error instanceof PlatformNotFoundError)) throw error;
      }
    }
  }

  private finish(item: PumpItem, outcome: EventOutcome, committer: PumpCommitter): void {
    if (outcome.status === 'processed') this.counters.processed++;
    else if (outcome.status === 'skipped') this.counters.skipped++;
    else this.counters.deadLettered++;
    this.lastFinishedId = item.event.eventId;
    committer.advance();
    if (this.fetcher?.bufferedEvents === 0) this.tellIfSettled();
  }

  private onHalted(item: PumpItem, error: Error): void {
    this.haltedItems.push(item);
    this.report(error);
    this.showState();
    this.tellIfSettled();
  }

  private async halt(timeoutMs: number): Promise<void> {
    if (!this.loop) return;
    this.dispatcher?.hold();
    this.stopping.abort(new Error('The pump was stopped'));
    await this.endSession(timeoutMs);
    await this.loop;
    this.loop = undefined;
    // Only now: a successor that starts earlier would handle what is still running here.
    await this.lease.release();
    this.setState('stopped');
    this.tellIfSettled();
  }

  /** Handlers get the time to finish; what they finished is saved. */
  private async endSession(timeoutMs: number): Promise<void> {
    const { dispatcher, committer } = this;
    if (!dispatcher || !committer) return;
    dispatcher.hold();
    const inTime = new AbortController();
    void dispatcher.whenIdle().then(() => inTime.abort());
    if (dispatcher.inFlight > 0 && timeoutMs > 0) await sleep(this.deps.clock, timeoutMs, inTime.signal);
    dispatcher.abort(new Error('The pump was stopped'));
    if (dispatcher.inFlight > 0) await sleep(this.deps.clock, GIVE_UP_MS, inTime.signal);
    if (dispatcher.inFlight > 0)
      this.deps.logger.error(`Pump ${this.key}: ${dispatcher.inFlight} deliveries did not end when given up`);
    committer.close();
    await committer.flush().catch(() => {});
    for (const eventId of committer.unfinishedLate) this.announced.add(eventId);
    this.dispatcher = undefined;
    this.fetcher = undefined;
  }

  private lagMs(oldest: PumpItem | undefined): number {
    if (this.state === 'live' && !oldest) return 0;
    const reference = this.lastFinishedId ?? oldest?.event.eventId;
    if (reference === undefined) return 0;
    return Math.max(0, this.deps.clock.now() - timeOfTimeUuid(reference).unixMs);
  }

  private tellIfSettled(): void {
    if (this.settledListeners.length === 0) return;
    const hasCaughtUp =
      this.state === 'live' && this.fetcher?.isExhausted && this.fetcher.bufferedEvents === 0;
    const nothingExists = this.state === 'starting' && this.fetcher === undefined && this.lastErrorIsNotFound;
    const cannot =
      nothingExists || this.state === 'halted' || this.state === 'paused' || this.state === 'stopped';
    if (hasCaughtUp || cannot) for (const tell of this.settledListeners.splice(0)) tell();
  }

  private report(error: unknown): void {
    this.counters.failures++;
    const isNew = this.lastError !== String(error);
    this.lastErrorIsNotFound = error instanceof PlatformNotFoundError;
    this.lastError = String(error);
    const text = `Pump ${this.key}: ${error instanceof Error ? error.message : String(error)}`;
    // The same trouble at every try would bury everything else in the log.
    if (!isNew) this.deps.logger.debug(text);
    else if (error instanceof PlatformNotFoundError)
      this.deps.logger.warn(`${text} Waiting until it exists.`);
    else this.deps.logger.error(text, errorFields(error));
  }

  private showState(): void {
    if (this.state === 'stopped' && !this.loop) return;
    this.setState(this.haltedItems.length > 0 ? 'halted' : this.isPaused ? 'paused' : this.walkState);
  }

  private setState(state: PumpState): void {
    if (state === this.state) return;
    this.deps.logger.debug(`Pump ${this.key} is ${state}`);
    this.state = state;
  }

  /** Start, stop and reset one after the other: two at once would run two loops on one cursor. */
  private serialised<T>(change: () => Promise<T>): Promise<T> {
    const result = this.changing.then(change, change);
    this.changing = result.catch(() => {});
    return result;
  }
}

/** A cursor on which nothing was finished yet: a `live` start. What lies before it was left out on purpose. */
function isUntouched({ eventId }: PumpCursor): boolean {
  return eventId !== undefined && eventId.endsWith(LOWEST_TAIL);
}
