/**
 * Has `@flowcore/data-pump` read for one session of a pump. What it hands out goes the way of everything that is read: one
 * buffer, one dispatcher, one cursor. What it must be watched for is asked of the platform itself:
 *
 * - at every change of the hour, whether events of the hours left behind were not handed out (protocol §14.2, D3);
 * - at the start, when somebody waits for everything, and every LOOK_MS, whether something is stored that was not handed
 *   out. What stays so for WITHHELD_MS, although the package is asked, counts as withheld (D8).
 *
 * The package's pump is then thrown away, and the loop above makes another after its delay, at the position reached.
 */
import { DataPumpEventWithheldError } from '../errors/data-pump-event-withheld.error.js';
import { timeBucketOf } from '../event/time-bucket.util.js';
import { within } from '../event/clock.interface.js';
import { compareTimeUuids, timeBucketOfTimeUuid, timeOfTimeUuid, timeUuid } from '../event/time-uuid.util.js';
import { WakeUp } from '../event/wake-up.js';
import type { Redact } from '../platform/redaction.util.js';
import { EventIntake } from '../pump/event.intake.js';
import type { KnownEventType } from '../pump/event-type.resolver.js';
import { FetchBuffer } from '../pump/fetch-buffer.js';
import { FetchPosition } from '../pump/fetch-position.js';
import { identityOf } from '../pump/malformed-identity.util.js';
import type { PumpItem } from '../pump/pump-item.interface.js';
import { resumeIdOf } from '../pump/pump-position.util.js';
import type { PumpReader, PumpReaderContext } from '../pump/pump-reader.interface.js';
import type { DataPumpInstance, DataPumpState } from './data-pump-package.interface.js';
import { DataPumpRun } from './data-pump.run.js';
import { UnreadEventFinder } from './unread-event.finder.js';

export interface DataPumpReaderOptions extends PumpReaderContext {
  readonly redact: Redact;
  /** Makes one of the package's pumps, at a position that is asked for when it begins. */
  create(eventTypes: readonly string[], position: () => DataPumpState): Promise<DataPumpInstance>;
}

/** Longer than the package waits for an announcement that is lost (protocol §6.2), several times. */
const WITHHELD_MS = 60_000;
/** How often the platform is asked while nothing seems to be missing. */
const LOOK_MS = 30_000;
const HOUR_MS = 3_600_000;

/** Events behind the position that are read again, for the event types that came later. */
interface Rereading {
  /** The package begins after this id. */
  readonly from: string;
  /** An event from here on says that it is over. */
  readonly to: string;
}

export class DataPumpReader implements PumpReader {
  isExhausted = false;
  readonly hasReachedStop = false;
  /** The package reads by itself. */
  readonly mustReadOn = false;
  readonly looks = 0;
  readonly wholeLook = 0;
  private run: DataPumpRun | undefined;
  private eventTypes: readonly KnownEventType[];
  private rereading: Rereading | undefined;
  private lookDueAt = -Infinity;
  private missing: { readonly eventId: string; readonly since: number } | undefined;
  private readonly position: FetchPosition;
  private readonly buffer: FetchBuffer;
  private readonly intake: EventIntake;
  private readonly finder: UnreadEventFinder;
  private readonly rest: WakeUp;

  constructor(private readonly options: DataPumpReaderOptions) {
    const { start, clock, announced, eventTypes, source } = options;
    const position = new FetchPosition(resumeIdOf(start.cursor), clock);
    const buffer = new FetchBuffer(options.options);
    const intake = new EventIntake({ ...options, generation: start.generation, position, buffer });
    this.eventTypes = eventTypes;
    this.position = position;
    this.buffer = buffer;
    this.intake = intake;
    this.finder = new UnreadEventFinder(source, intake);
    this.rest = new WakeUp(clock);
    // The package cannot be asked for single events, so nothing would ever settle these.
    announced.clear();
  }

  get bufferedEvents(): number {
    return this.buffer.events;
  }

  get bufferedBytes(): number {
    return this.buffer.bytes;
  }

  get fetchedTo(): { readonly timeBucket: string; readonly eventId: string } {
    const { id } = this.position;
    return { timeBucket: timeBucketOfTimeUuid(id), eventId: id };
  }

  /** The package hears of new events by itself, and cannot be told. */
  announce(): boolean {
    return false;
  }

  release(item: PumpItem): void {
    this.buffer.release(item);
  }

  distrust(): void {
    this.isExhausted = false;
    this.lookDueAt = -Infinity;
  }

  /** The package does not look back. */
  lookBack(): void {}

  /** The package does not look back. */
  async sweep(): Promise<void> {}

  /** The package reads the types it is made with: another one is made, that begins before the first event of the new ones. */
  async addEventTypes(eventTypes: readonly KnownEventType[], signal: AbortSignal): Promise<void> {
    const first = await this.finder.find(
      { eventTypeIds: idsOf(eventTypes), afterEventId: this.position.start, endBucket: this.nextHour() },
      signal,
    );
    const { id } = this.position;
    const from = first === undefined ? id : justBefore(first);
    if (compareTimeUuids(from, this.resumeId()) < 0) this.rereading = { from, to: id };
    this.eventTypes = [...this.eventTypes, ...eventTypes];
    this.run?.discard();
    this.run = undefined;
  }

  /** What is handed out is taken also between two calls. */
  async readAll(signal: AbortSignal): Promise<void> {
    const { clock, options } = this.options;
    if (!this.run) {
      this.run = this.begin(signal);
      // One that fails at once must not pass for one that reads, or the delay before the next would never grow.
      await within(clock, options.pollIntervalMs, this.run.settled);
    }
    const { run } = this;
    this.failIfFailed(run);
    while (clock.now() >= this.lookDueAt && !signal.aborted) {
      this.isExhausted = false;
      this.lookDueAt = clock.now() + LOOK_MS;
      const unread = await this.findUnread(this.nextHour(), signal);
      this.failIfFailed(run);
      // Not when somebody asked meanwhile for another look.
      this.isExhausted = unread === undefined && this.lookDueAt > -Infinity;
      this.failIfWithheld(run, unread);
      if (unread === undefined) continue;
      this.lookDueAt = -Infinity;
      await this.rest.wait(options.pollIntervalMs, signal);
      this.failIfFailed(run);
    }
  }

  private begin(signal: AbortSignal): DataPumpRun {
    const { pumpKey, clock, redact, create, wake } = this.options;
    const names = this.eventTypes.map(({ name }) => name);
    const run: DataPumpRun = new DataPumpRun(
      {
        pumpKey,
        clock,
        redact,
        create: () => create(names, () => this.state()),
        room: (until) => this.buffer.room(until),
        take: (events, until) => this.take(events, until),
        onRest: () => {
          this.rest.ring();
          if (run.failure) wake();
        },
      },
      signal,
    );
    run.begin();
    return run;
  }

  private async take(events: readonly unknown[], signal: AbortSignal): Promise<void> {
    let total = 0;
    for (const event of events) {
      const { key } = identityOf(event);
      // Before the start, where a bucket that does not exist made the package begin earlier (protocol §13.5).
      if (key !== undefined && compareTimeUuids(key, this.position.start) <= 0) continue;
      if (key !== undefined) await this.failIfHoursWereSkipped(key, signal);
      signal.throwIfAborted();
      const bytes = Buffer.byteLength(JSON.stringify(event) ?? '');
      total += bytes;
      await this.intake.take(event, bytes, signal);
      const { rereading } = this;
      if (rereading && key !== undefined && compareTimeUuids(key, rereading.to) >= 0)
        this.rereading = undefined;
    }
    this.buffer.learn(events.length, total);
  }

  /** The package lists the hours once: those that begin while it catches up, and the rest of the last one, it may skip. */
  private async failIfHoursWereSkipped(eventId: string, signal: AbortSignal): Promise<void> {
    const hour = timeBucketOfTimeUuid(eventId);
    if (hour <= timeBucketOfTimeUuid(this.position.id)) return;
    const now = timeBucketOf(this.options.clock.now());
    const skipped = await this.findUnread(hour < now ? hour : now, signal);
    if (skipped !== undefined) throw new DataPumpEventWithheldError(this.options.pumpKey, skipped, 'skipped');
  }

  private failIfWithheld(run: DataPumpRun, eventId: string | undefined): void {
    const now = this.options.clock.now();
    if (eventId === undefined || !run.isAsked) this.missing = undefined;
    else if (this.missing?.eventId !== eventId) this.missing = { eventId, since: now };
    else if (now - this.missing.since >= WITHHELD_MS) {
      this.missing = undefined;
      run.fail(new DataPumpEventWithheldError(this.options.pumpKey, eventId, 'does not hand out'));
      this.failIfFailed(run);
    }
  }

  private failIfFailed(run: DataPumpRun): void {
    run.check();
    if (!run.failure) return;
    this.run = undefined;
    this.isExhausted = false;
    throw run.failure;
  }

  private findUnread(endBucket: string, signal: AbortSignal): Promise<string | undefined> {
    const range = { eventTypeIds: idsOf(this.eventTypes), afterEventId: this.resumeId(), endBucket };
    return this.finder.find(range, signal);
  }

  private state(): DataPumpState {
    const { cursor } = this.options.start;
    const eventId = this.resumeId();
    // Nothing was read yet, and no event was named: the package begins with the hour.
    if (cursor.eventId === undefined && eventId === this.position.start)
      return { timeBucket: cursor.timeBucket };
    return { timeBucket: timeBucketOfTimeUuid(eventId), eventId };
  }

  private resumeId(): string {
    return this.rereading?.from ?? this.position.id;
  }

  /** An hour that has not begun is not looked for: the package does not read it either. */
  private nextHour(): string {
    return timeBucketOf(this.options.clock.now() + HOUR_MS);
  }
}

function idsOf(eventTypes: readonly KnownEventType[]): string[] {
  return eventTypes.map(({ id }) => id);
}

function justBefore(eventId: string): string {
  const { unixMs, ticks } = timeOfTimeUuid(eventId);
  return timeUuid(unixMs, ticks);
}
