import { timeBucketOf } from '../event/time-bucket.util.js';
import { isTimeUuid, timeBucketOfTimeUuid } from '../event/time-uuid.util.js';
import type { KnownEventType } from './event-type.resolver.js';
import { EventIntake } from './event.intake.js';
import { FetchBuffer } from './fetch-buffer.js';
import { FetchPosition } from './fetch-position.js';
import { LateEventReader } from './late-event.reader.js';
import { LookBackSweep } from './look-back.sweep.js';
import type { PumpItem } from './pump-item.interface.js';
import { resumeIdOf } from './pump-position.util.js';
import type { PumpReader, PumpReaderContext } from './pump-reader.interface.js';
import { settledTimeOf } from './pump-stop.util.js';
import { TimeBucketReader } from './time-bucket.reader.js';

/** What the fetcher works with. */
type PumpFetcherOptions = Omit<PumpReaderContext, 'id' | 'wake' | 'onFailure'>;

/**
 * Reads a pump's events in order into a bounded buffer.
 *
 * The list of hours is read anew whenever the known ones are exhausted, so an hour that begins while the pump is busy is
 * not skipped; only when nothing newer is listed, everything stored has been read.
 *
 * Under a steady stream something newer is always there. A read therefore ends after `pollIntervalMs`, read out or not, and
 * the next one goes on where it ended: announced late events, a sweep and new event types wait no longer than that.
 *
 * An event behind the position (late, or backdated) is met by three nets: its announcement, the overlap that every full
 * read begins with, and the sweep after a gap in the announcements.
 */
export class PumpFetcher implements PumpReader {
  /** Everything stored so far has been read, as far as is known. */
  isExhausted = false;
  mustReadOn = false;
  looks = 0;
  wholeLook = 0;
  /** The latest look was cut short: it goes on at the position. */
  private isCut = false;
  /** When the full read under way began; `undefined`: there is none. */
  private fullReadBegins: number | undefined;
  /** Grows with every sign that there may be more to read. */
  private signs = 0;
  private lastFullRead = -Infinity;
  /** When the latest full read that ended began. */
  private fullReadBegan = -Infinity;
  private readonly position: FetchPosition;
  private readonly buffer: FetchBuffer;
  private readonly intake: EventIntake;
  private readonly reader: TimeBucketReader;
  private readonly late: LateEventReader;
  private readonly lookBackSweep: LookBackSweep;

  constructor(private readonly deps: PumpFetcherOptions) {
    const { start, options, clock, source, announced } = deps;
    const eventTypeIds = idsOf(deps.eventTypes);
    const { stopAt } = start;
    const position = new FetchPosition(resumeIdOf(start.cursor), clock, stopAt);
    announced.keepOnly((eventId) => !position.isBeyondStop(eventId));
    const buffer = new FetchBuffer(options);
    const intake = new EventIntake({ ...deps, generation: start.generation, position, buffer });
    const { timeBucket } = start.cursor;
    const reader = new TimeBucketReader({
      source,
      buffer,
      intake,
      clock,
      eventTypeIds,
      timeBucket,
      stopAt,
    });
    this.position = position;
    this.buffer = buffer;
    this.intake = intake;
    this.reader = reader;
    this.late = new LateEventReader({ announced, position, buffer, intake, reader });
    const { lookBackMs } = options;
    this.lookBackSweep = new LookBackSweep({ reader, position, lookBackMs, floor: start.floor });
  }

  /** Fetched, and the cursor not past them. */
  get bufferedEvents(): number {
    return this.buffer.events;
  }

  get bufferedBytes(): number {
    return this.buffer.bytes;
  }

  /** Everything up to here has been read; the id may belong to no event. */
  get fetchedTo(): { readonly timeBucket: string; readonly eventId: string } {
    return { timeBucket: this.reader.timeBucket, eventId: this.position.id };
  }

  /** Everything up to the place to stop at has been read, so late that no more can be expected there. */
  get hasReachedStop(): boolean {
    const { stopAt } = this.deps.start;
    return stopAt !== undefined && this.isExhausted && this.fullReadBegan >= settledTimeOf(stopAt);
  }

  get fullyReadAt(): number {
    return this.fullReadBegan;
  }

  /** An event was stored. Tells whether it is news: what was read already causes no request. */
  announce(eventId: string): boolean {
    if (this.intake.has(eventId)) return false;
    if (isTimeUuid(eventId) && this.position.isBeyondStop(eventId)) return false;
    this.signs++;
    this.isExhausted = false;
    if (isTimeUuid(eventId)) this.deps.announced.add(eventId);
    else this.lastFullRead = -Infinity;
    return true;
  }

  /** The cursor passed a buffered event: its room is free. */
  release(item: PumpItem): void {
    this.buffer.release(item);
  }

  /** Makes the next read a full one. */
  distrust(): void {
    this.signs++;
    this.isExhausted = false;
    this.lastFullRead = -Infinity;
  }

  /** Event types that exist only now: their events are read from where this pump began. */
  async addEventTypes(eventTypes: readonly KnownEventType[], signal: AbortSignal): Promise<void> {
    const eventTypeIds = idsOf(eventTypes);
    this.reader.eventTypeIds = [...this.reader.eventTypeIds, ...eventTypeIds];
    await this.reader.readFrom(this.position.start, signal, { eventTypeIds });
  }

  /** Reads until nothing more is there, or for `pollIntervalMs`. */
  async readAll(signal: AbortSignal): Promise<void> {
    const { signs } = this;
    this.isExhausted = false;
    this.mustReadOn = false;
    await this.late.read(signal);
    await this.readOn(signal);
    // What was announced and lies ahead is met by the read that follows.
    if (this.mustReadOn) return;
    this.late.postponeUnreadable();
    this.isExhausted = signs === this.signs && this.deps.announced.size === 0;
  }

  /** A gap in the announcements: the next sweep begins anew. */
  lookBack(): void {
    this.lookBackSweep.restart();
  }

  settle(eventId: string): void {
    this.lookBackSweep.raiseFloor(eventId);
  }

  /** Reads what may have been stored late while nobody listened. */
  async sweep(signal: AbortSignal): Promise<void> {
    await this.lookBackSweep.run(signal);
  }

  private async readOn(signal: AbortSignal): Promise<void> {
    const { clock, options } = this.deps;
    const { timeBucket } = this.reader;
    const began = clock.now();
    const isTimeOver = () => clock.now() - began >= options.pollIntervalMs;
    const before = this.position.id;
    // Between two full reads only the current hour is asked, unless the clock left it: one request per wake-up.
    const isFullReadDue =
      this.fullReadBegins !== undefined || began - this.lastFullRead >= options.pollIntervalMs;
    if (!isFullReadDue && timeBucket === timeBucketOf(began) && !this.isOtherHourAnnounced()) {
      const isEnough = () => this.position.id !== before && isTimeOver();
      this.mustReadOn = !(await this.reader.readBucket(timeBucket, before, signal, { isEnough }));
      if (this.mustReadOn) this.lastFullRead = -Infinity;
      return;
    }
    this.fullReadBegins ??= began;
    while (!(await this.lookFindsNothing(isTimeOver, signal))) {
      await this.late.read(signal);
      this.mustReadOn = isTimeOver();
      if (this.mustReadOn) return;
    }
    this.lastFullRead = clock.now();
    this.fullReadBegan = this.fullReadBegins;
    this.fullReadBegins = undefined;
  }

  /** One look at the whole stream from the overlap on, or the rest of one that was cut short. */
  private async lookFindsNothing(isTimeOver: () => boolean, signal: AbortSignal): Promise<boolean> {
    const { isCut } = this;
    const before = this.position.id;
    if (!isCut) this.looks++;
    const isWhole = await this.reader.readFrom(isCut ? before : this.position.overlapStart(), signal, {
      // A read that does not come past the overlap in time would never come further.
      isEnough: () => this.position.id !== before && isTimeOver(),
    });
    this.isCut = !isWhole;
    if (isWhole) this.wholeLook = this.looks;
    // The rest of a look has not read the overlap.
    return isWhole && !isCut && this.position.id === before;
  }

  private isOtherHourAnnounced(): boolean {
    const { announced } = this.deps;
    if (announced.size === 0) return false;
    return announced
      .due()
      .some(
        (eventId) =>
          !this.position.isPast(eventId) && timeBucketOfTimeUuid(eventId) !== this.reader.timeBucket,
      );
  }
}

function idsOf(eventTypes: readonly KnownEventType[]): string[] {
  return eventTypes.map(({ id }) => id);
}
