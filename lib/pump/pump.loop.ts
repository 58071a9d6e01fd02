/**
 * The loop of one pump: the events of one (flow type, pump group), in order.
 *
 *   stopped ──start──▶ starting ──lease, ids, cursor──▶ catching-up ⇄ live
 *
 * - starting: waits for the lease, the ids of the event types and the stored cursor. Entered again when another instance
 *   has the lease.
 * - catching-up: walks the listed hours from the fetch position, and lists them again until nothing newer is there, or what
 *   was there when they were listed is read.
 * - live: waits for a notification, an own write or the poll interval, then reads on. Under a steady stream it does not wait.
 * - backing-off: the platform or a store failed, or another instance turned out to have the lease; tried again after
 *   1 s doubling to 30 s, for ever.
 * - paused: fetches into its buffer but starts nothing. Left by resume.
 * - halted: a handler with `onExhausted: 'halt'` failed. Left by resume, which tries that event again.
 * - done: everything up to the `stopAt` of its reset is finished, and that is stored. Left by start, which takes the stop
 *   away, and by reset. The lease is kept meanwhile, so that another instance only takes this place when this one ends.
 *
 * From every state that has the lease back to starting: it was lost, another instance asked for it, or the platform gave no
 * answer for CUT_OFF_MS.
 * - stopped: from every state, by stop.
 */
import { FencingTokenStaleError } from '../errors/fencing-token-stale.error.js';
import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import { sleep } from '../event/clock.interface.js';
import { isTimeUuid } from '../event/time-uuid.util.js';
import type { Lease } from '../state/lease-store.interface.js';
import { AnsweredSource } from './answered.source.js';
import { isCutOff } from './cut-off.util.js';
import { AnnouncedEvents } from './announced-events.js';
import { backoffDelay } from './backoff.util.js';
import { EventTypeResolver } from './event-type.resolver.js';
import type { PumpDependencies } from './pump-dependencies.interface.js';
import { stopUnknownToReader } from './pump-stop.util.js';
import type { PumpCondition } from './pump.condition.js';
import type { PumpJournal } from './pump.journal.js';
import type { HeldLease } from '../state/held.lease.js';
import { RestReport } from './rest.report.js';
import { PumpSession, type PumpSessionOptions } from './pump.session.js';
import type { StartPosition } from './start-position.js';
import { SweepSchedule } from './sweep.schedule.js';
import { WakeUp } from '../event/wake-up.js';

/** Any time: what ends it is the signal. */
const STAND_STILL_MS = 3_600_000;

/** What the loop works with. */
export interface PumpLoopOptions {
  readonly pumpKey: string;
  readonly deps: PumpDependencies;
  readonly condition: PumpCondition;
  readonly journal: PumpJournal;
  readonly lease: HeldLease;
  readonly position: StartPosition;
  /** Everything stored may be finished now, or the pump cannot go on. */
  onRest(): void;
}

/** What a session tells of its reading. */
interface FollowListener {
  onProgress(): void;
  /** This instance does not reach the platform any more. */
  onCutOff(): void;
}

export class PumpLoop {
  readonly announced: AnnouncedEvents;
  /** The latest one. */
  private latest: PumpSession | undefined;
  /** Looks for the event types, begun so far. */
  looks = 0;
  /** Number of the latest look that found none of them. */
  emptyLook = 0;
  /** Rounds of looking for late events and new event types, and reading, begun so far. */
  round = 0;
  /** Number of the latest that came to its end. */
  endedRound = 0;
  private readonly types: EventTypeResolver;
  private readonly wakeUp: WakeUp;
  private readonly restReport: RestReport;
  private readonly source: AnsweredSource;
  private readonly sweeps: SweepSchedule;

  constructor(private readonly options: PumpLoopOptions) {
    const { id, eventTypes, clock, options: pump } = options.deps;
    this.source = new AnsweredSource(options.deps.source, clock);
    this.types = new EventTypeResolver(this.source, id.flowType, eventTypes);
    this.announced = new AnnouncedEvents(clock);
    const { announced } = this;
    const isUnannounced = pump.notifier === 'poller';
    this.sweeps = new SweepSchedule({ announced, clock, lookBackMs: pump.lookBackMs, isUnannounced });
    this.wakeUp = new WakeUp(clock);
    this.restReport = new RestReport({ clock, lookBackMs: pump.lookBackMs });
  }

  /** The session under way. */
  get session(): PumpSession | undefined {
    return this.latest?.isOver ? undefined : this.latest;
  }

  /** What the latest session committed; kept when it is over. */
  get committer(): PumpSession['committer'] | undefined {
    return this.latest?.committer;
  }

  /** An event was stored. */
  announce(eventId: string): void {
    if (this.session) {
      if (!this.session.fetcher.announce(eventId)) return;
    } else if (isTimeUuid(eventId)) {
      this.announced.add(eventId);
    }
    this.wakeUp.ring();
  }

  /** Something was stored, nobody says what. */
  wake(): void {
    this.sweeps.noteUnnamed();
    this.wakeUp.ring();
  }

  /** Announcements may have been missed since the last sign of life. */
  lookBack(): void {
    this.sweeps.demand();
    this.session?.fetcher.lookBack();
    this.wakeUp.ring();
  }

  /** Reads everything anew, announced or not. */
  distrust(): void {
    this.session?.fetcher.distrust();
    this.wakeUp.ring();
  }

  /** Runs until the signal ends it. What is in flight then is ended with the session. */
  async run(signal: AbortSignal): Promise<void> {
    const { condition, journal, deps, lease, onRest } = this.options;
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.hold(signal, () => (failures = 0));
        if (signal.aborted) break;
        // Another instance has the pump now. What it halted at here is that one's to deliver.
        condition.takeHalted();
        condition.enter('starting');
      } catch (error) {
        // What the store refuses under this lease it refuses for ever: the next run needs a new one.
        if (error instanceof FencingTokenStaleError) await lease.release();
        if (signal.aborted) break;
        // A lease lives only as long as its pump runs: another instance may be able to start what this one cannot.
        if (!this.session) await this.options.lease.release();
        journal.failed(error);
        if (error instanceof PlatformNotFoundError) {
          this.emptyLook = this.looks;
          // Nothing was written yet. The first own write rings; a foreign one is found at the next look.
          onRest();
          await lease.idle(signal, (until) => this.wakeUp.wait(deps.options.pollIntervalMs, until));
          continue;
        }
        failures++;
        condition.enter('backing-off');
        await lease.idle(signal, (until) => sleep(deps.clock, backoffDelay(failures), until));
      }
    }
  }

  /** From taking the lease to losing it, or giving it to another instance that asks. A failure of the platform inside does not drop what is in flight. */
  private async hold(signal: AbortSignal, onProgress: () => void): Promise<void> {
    const lease = (await this.options.lease.tryHold()) ?? (await this.waitForLease(signal));
    if (!lease) return;
    const lost = new AbortController();
    const asked = new AbortController();
    const over = new AbortController();
    const kept = this.options.lease.keep(lease, AbortSignal.any([signal, over.signal]), {
      onLost: () => lost.abort(new Error('The lease was lost')),
      onAsked: () => asked.abort(new Error('Another instance asked for the pump')),
    });
    const ended = AbortSignal.any([signal, lost.signal, asked.signal]);
    let mustLeave = false;
    try {
      const session = await this.open(lease, ended, (error) => lost.abort(error));
      await this.follow(session, ended, { onProgress, onCutOff: () => (mustLeave = true) });
      // Through the same delay as other failures: a store that refuses every token must not be asked without a pause.
      if (lost.signal.reason instanceof FencingTokenStaleError) throw lost.signal.reason;
    } finally {
      const isAsked = asked.signal.aborted && !signal.aborted;
      if (lost.signal.aborted) await this.session?.end(0);
      else if (isAsked || mustLeave) await this.session?.end(this.options.deps.shutdownTimeoutMs);
      over.abort();
      await kept;
      // Only now: whoever asked would handle what is still running here.
      if (isAsked && !lost.signal.aborted) await this.options.lease.giveUp();
      else if (mustLeave) await this.options.lease.leave();
    }
  }

  /** While another instance runs the pump this one is neither live nor in trouble, whatever it was before. */
  private async waitForLease(signal: AbortSignal): Promise<Lease | undefined> {
    this.options.condition.enter('starting');
    return this.options.lease.hold(signal);
  }

  private async open(
    lease: Lease,
    signal: AbortSignal,
    onFenced: PumpSessionOptions['onFenced'],
  ): Promise<PumpSession> {
    const { pumpKey, deps, condition, journal, position, onRest } = this.options;
    this.looks++;
    const start = await position.load(lease.token);
    // Of a reset from when the library itself read.
    if (deps.createReader && start.stopAt !== undefined && !start.hasStopped) throw stopUnknownToReader();
    // Whoever had the lease before may have been paused. Without an answer nothing is delivered: this is tried again.
    await deps.pauses.read((paused) => condition.pause(paused.has(pumpKey)));
    if (condition.isPaused) onRest();
    const session: PumpSession = new PumpSession({
      pumpKey,
      deps: { ...deps, source: this.source },
      token: lease.token,
      start,
      // What stands still reads nothing: it needs no platform.
      eventTypes: start.hasStopped ? [] : await this.types.resolveExisting(signal),
      announced: this.announced,
      journal,
      onFinished: () => {
        onRest();
        if (start.stopAt !== undefined && session.fetcher.bufferedEvents === 0) this.wakeUp.ring();
      },
      wake: () => this.wakeUp.ring(),
      onHalted: (item, error) => {
        condition.halt(item);
        journal.failed(error);
        onRest();
      },
      onFenced,
    });
    if (condition.isPaused) session.dispatcher.hold();
    if (start.isSweepDue) this.sweeps.demand();
    this.latest = session;
    return session;
  }

  /** Reads on for ever, or to the place to stop at: everything there is, then whatever arrives. */
  private async follow(session: PumpSession, signal: AbortSignal, listener: FollowListener): Promise<void> {
    const { condition, journal, deps, onRest, position } = this.options;
    const { fetcher } = session;
    if (position.hasStopped) return this.standStill(signal);
    condition.enter('catching-up');
    let failingSince = Infinity;
    for (let failures = 0; !signal.aborted;) {
      const { wholeLook } = fetcher;
      try {
        this.round++;
        await this.sweeps.sweepIfDue(fetcher, signal);
        await this.types.adoptNew((eventTypes) => fetcher.addEventTypes(eventTypes, signal), signal);
        await fetcher.readAll(signal);
        this.endedRound = this.round;
        failures = 0;
        failingSince = Infinity;
        listener.onProgress();
        if (session.hasReachedStop) {
          await session.committer.conclude();
          position.hasStopped = true;
          return await this.standStill(signal);
        }
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        failingSince = Math.min(failingSince, deps.clock.now());
        if (isCutOff(session, { ...this.options, source: this.source }, failingSince)) {
          listener.onCutOff();
          throw error;
        }
        journal.failed(error);
        condition.enter('backing-off');
        await sleep(deps.clock, backoffDelay(failures), signal);
        condition.enter('catching-up');
        continue;
      }
      if (!fetcher.mustReadOn || fetcher.wholeLook > wholeLook) condition.enter('live');
      onRest();
      if (fetcher.mustReadOn || (await this.mustSweepBeforeRest(session))) continue;
      const waitMs = Math.min(deps.options.pollIntervalMs, this.announced.nextDueMs);
      if (waitMs > 0) await this.wakeUp.wait(waitMs, signal);
    }
  }

  private async standStill(signal: AbortSignal): Promise<void> {
    const { condition, deps, onRest, pumpKey } = this.options;
    deps.logger.info(`Pump ${pumpKey} has reached its stop position; start or reset it to go on`);
    condition.enter('done');
    onRest();
    deps.onDone();
    while (!signal.aborted) await this.wakeUp.wait(STAND_STILL_MS, signal);
  }

  private async mustSweepBeforeRest(session: PumpSession): Promise<boolean> {
    if (this.sweeps.isDemanded || (await this.restReport.tell(session)) === undefined) return false;
    this.sweeps.demand();
    return true;
  }
}
