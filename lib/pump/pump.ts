import { AsyncResource } from 'node:async_hooks';
import { PumpLeaseHeldError } from '../errors/pump-lease-held.error.js';
import { timeOfTimeUuid } from '../event/time-uuid.util.js';
import { pumpKeyOf } from '../state/cursor-store.interface.js';
import type { Lease } from '../state/lease-store.interface.js';
import { DrainTicket } from './drain.ticket.js';
import type { PumpDependencies } from './pump-dependencies.interface.js';
import { describePump } from './pump-status.util.js';
import { PumpCondition } from './pump.condition.js';
import { PumpJournal } from './pump.journal.js';
import { LeaseKeeper } from './lease.keeper.js';
import { HeldLease } from '../state/held.lease.js';
import { PumpLoop } from './pump.loop.js';
import type { PumpPosition, PumpStop } from './pump.options.js';
import type { PumpState, PumpStatus } from './pump.status.js';
import { SerialChanges } from './serial-changes.js';
import { StartPosition } from './start-position.js';

/**
 * A reset waits this long for the lease, beside the time handlers have to end where it runs: longer than an instance that died
 * keeps it.
 */
const PATIENCE_MS = 45_000;

/** One pump, as seen from outside: what can be asked of it, and what it tells. Its states are described in pump.loop.ts. */
export class Pump {
  readonly key: string;
  private readonly context = new AsyncResource('Pump');
  /** One at a time: two would run two loops on one cursor. */
  private readonly changes = new SerialChanges();
  private readonly condition: PumpCondition;
  private readonly journal: PumpJournal;
  private readonly lease: HeldLease;
  private readonly keeper: LeaseKeeper;
  private readonly position: StartPosition;
  private readonly loop: PumpLoop;
  private running: Promise<void> | undefined;
  private stopping = new AbortController();
  /** Ends the patience of resets that wait for the lease. */
  private leaving = new AbortController();
  /** Somebody asked it to run, and nobody to stop since. */
  private isWanted = false;
  private isRetired = false;
  private tickets: DrainTicket[] = [];
  /** A look for the event types that began earlier says nothing about events stored since. */
  private settledAfterLook = 0;

  constructor(private readonly deps: PumpDependencies) {
    const { id, leases, clock, logger, cursors, options, sweepOnStart } = deps;
    this.key = pumpKeyOf(id);
    this.condition = new PumpCondition(this.key, logger);
    this.journal = new PumpJournal(this.key, deps.clock, logger);
    this.lease = new HeldLease({
      key: this.key,
      leases,
      clock,
      onError: (error) => this.journal.failed(error),
    });
    this.keeper = new LeaseKeeper(this.lease);
    this.position = new StartPosition({
      id,
      cursors,
      startFrom: options.startFrom,
      hasDurableMarks: sweepOnStart,
      clock,
    });
    this.loop = new PumpLoop({
      pumpKey: this.key,
      deps,
      condition: this.condition,
      journal: this.journal,
      lease: this.lease,
      position: this.position,
      onRest: () => this.tellIfSettled(),
    });
  }

  /**
   * Starts the loop, after a stop or reset that is not over yet. Does nothing when it runs.
   *
   * @param liftsStop whether it goes on behind a stop position that was reached.
   */
  start(liftsStop: boolean): void {
    if (this.isRetired) return;
    this.position.decide();
    this.isWanted = true;
    const isLifted = liftsStop && this.position.lift();
    if (!isLifted && !this.keeper.isKeeping && !this.changes.areUnderWay) return this.begin();
    void this.changes.run(async () => {
      if (isLifted) await this.end(0);
      await this.keeper.end();
      this.begin();
    });
  }

  /** Stops pulling, lets handlers finish within the time, then gives them up; saves the cursor. */
  stop(timeoutMs: number): Promise<void> {
    this.refrain();
    return this.changes.run(async () => {
      await this.end(timeoutMs);
      await this.keeper.end();
      // Only now: a successor that starts earlier would handle what is still running here.
      await this.lease.release();
    });
  }

  /**
   * Stops it in every instance: the one that runs it is asked for the lease, which is kept here until the pump is started or
   * reset somewhere, or stopped here. Where it cannot be had, the pump runs on.
   *
   * @throws PumpLeaseHeldError
   */
  stopEverywhere(timeoutMs: number): Promise<void> {
    const wasWanted = this.isWanted;
    this.refrain();
    const { signal } = this.leaving;
    return this.changes.run(async () => {
      await this.end(timeoutMs);
      await this.keeper.end();
      try {
        this.occupy(await this.takeLease(timeoutMs, signal));
      } catch (error) {
        this.isWanted ||= wasWanted && !signal.aborted;
        this.begin();
        throw error;
      }
    });
  }

  /** Stops for good: another takes its place. */
  retire(timeoutMs: number): Promise<void> {
    this.isRetired = true;
    return this.stop(timeoutMs);
  }

  pause(): void {
    this.loop.session?.dispatcher.hold();
    this.condition.pause(true);
    this.tellIfSettled();
  }

  resume(): void {
    const halted = this.condition.takeHalted();
    this.condition.pause(false);
    this.context.runInAsyncScope(() => {
      this.loop.session?.dispatcher.retry(halted);
      this.loop.session?.dispatcher.open();
    });
  }

  /** Another instance paused or resumed it. A halt is left alone: only `resume` here, where the event is, ends it. */
  follow(isPaused: boolean): void {
    if (isPaused === this.condition.isPaused) return;
    if (isPaused) this.pause();
    else if (this.condition.isHalted) this.condition.pause(false);
    else this.resume();
  }

  /**
   * Moves the cursor and starts a new generation, so that handlers run again for what they handled before.
   *
   * @param stopAt where it stops, after everything up to and including it.
   * @throws PumpPositionInvalidError, PumpStopInvalidError, PumpStopBehindError, PumpLeaseHeldError
   */
  reset(position: PumpPosition, timeoutMs: number, stopAt?: PumpStop): Promise<void> {
    const target = this.position.cursorAt(position, stopAt);
    const { signal } = this.leaving;
    return this.changes.run(async () => {
      // The lease is kept: released and taken again, it could go to an instance that waits for it.
      await this.end(timeoutMs);
      await this.keeper.end();
      try {
        const lease = await this.takeLease(timeoutMs, signal);
        await this.position.move(target, lease.token);
        // Late events before the new position belong to what the caller left behind.
        this.loop.announced.clear();
      } finally {
        // Also when the store refused: the pump then goes on where it was.
        if (this.isWanted) this.begin();
        else await this.lease.release();
      }
    });
  }

  /** Resolves when everything stored so far is finished (or the pump is halted, paused or stopped). */
  whenSettled(): Promise<void> {
    return new Promise((resolve) => {
      this.tickets.push(new DrainTicket(this.loop, resolve));
      this.settledAfterLook = this.loop.looks;
      this.loop.distrust();
      this.tellIfSettled();
    });
  }

  /** An event of this pump was stored. */
  notifyStored(eventId: string): void {
    this.loop.announce(eventId);
  }

  /** An event of this pump was stored, nobody says which: it reads on. */
  wake(): void {
    this.loop.wake();
  }

  /** Announcements may have been missed since the last sign of life. */
  lookBack(): void {
    this.loop.lookBack();
  }

  get state(): PumpState {
    return this.condition.state;
  }

  status(): PumpStatus {
    const { deps, key, loop, condition, journal, position } = this;
    return describePump({ pumpKey: key, deps, loop, condition, journal, position });
  }

  /**
   * Whether it delivers nothing until somebody acts, and what it handed out before has ended. One that is stopped is none: it
   * may run elsewhere, or be stopped for a moment only.
   */
  get isAtRest(): boolean {
    const { state } = this.condition;
    const rests = state === 'halted' || state === 'paused' || state === 'done';
    return rests && (this.loop.session?.dispatcher.inFlight ?? 0) === 0;
  }

  /** Whether it is this instance, of several, that delivers, or would if the pump did not rest. */
  get runsHere(): boolean {
    return this.loop.session !== undefined;
  }

  /** Whether an event that is stored now lies behind the place where it stops. */
  get stopsBeforeNow(): boolean {
    const { stopAt } = this.position;
    return stopAt !== undefined && timeOfTimeUuid(stopAt).unixMs < this.deps.clock.now();
  }

  /** Nobody wants it to run, and no change that waits goes on waiting. */
  private refrain(): void {
    this.isWanted = false;
    this.leaving.abort();
    this.leaving = new AbortController();
  }

  /** The right to write: without it, the instance that has it would overwrite what is changed here. */
  private async takeLease(timeoutMs: number, signal: AbortSignal): Promise<Lease> {
    const lease = await this.lease.holdWithin(PATIENCE_MS + timeoutMs, signal);
    if (!lease) throw new PumpLeaseHeldError(this.key);
    return lease;
  }

  private occupy(lease: Lease): void {
    const onLost = () =>
      this.deps.logger.warn(
        `Pump ${this.key} was stopped in every instance, but the lease that kept it so is lost: another instance may run it. Stop it again`,
      );
    const onAsked = () =>
      void this.changes.run(async () => {
        if (!this.keeper.isKeeping) return;
        await this.keeper.end();
        await this.lease.giveUp();
      });
    this.context.runInAsyncScope(() => this.keeper.begin(lease, { onLost, onAsked }));
  }

  private begin(): void {
    if (!this.isWanted || this.running) return;
    this.stopping = new AbortController();
    this.condition.takeHalted();
    this.condition.enter('starting');
    this.running = this.context.runInAsyncScope(() => this.loop.run(this.stopping.signal));
  }

  private async end(timeoutMs: number): Promise<void> {
    if (!this.running) return;
    this.loop.session?.dispatcher.hold();
    this.stopping.abort(new Error('The pump was stopped'));
    await this.loop.session?.end(timeoutMs);
    await this.running;
    // One that was being opened when the stop came.
    await this.loop.session?.end(0);
    this.running = undefined;
    this.condition.enter('stopped');
    this.tellIfSettled();
  }

  private tellIfSettled(): void {
    if (this.isAtRest) this.deps.onRest?.();
    if (this.tickets.length === 0) return;
    const { state } = this.condition;
    const fetcher = this.loop.session?.fetcher;
    const hasCaughtUp = state === 'live' && fetcher?.isExhausted && fetcher.bufferedEvents === 0;
    const hasLooked = this.loop.emptyLook > this.settledAfterLook;
    const nothingExists =
      state === 'starting' && fetcher === undefined && this.journal.lastErrorIsNotFound && hasLooked;
    // Between two runs (a reset, a start during a stop) it is stopped only for a moment.
    const isStopped = state === 'stopped' && !this.isWanted;
    const rests = state === 'halted' || state === 'paused' || state === 'done';
    const cannot = nothingExists || rests || isStopped;
    const isOver = hasCaughtUp || cannot;
    const settled = this.tickets.filter((ticket) => isOver || ticket.isSettled);
    this.tickets = this.tickets.filter((ticket) => !settled.includes(ticket));
    for (const { tell } of settled) tell();
  }
}
