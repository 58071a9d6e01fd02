import { TIME_BUCKET_MS, timeBucketOf } from '../event/time-bucket.util.js';
import {
  sortableTimeOf,
  sortableTimeUuid,
  TICKS_PER_MS,
  timeOfTimeUuid,
  timeUuid,
} from '../event/time-uuid.util.js';
import { RandomTailSource } from './random-tail.source.js';

/** The part of the log the generator asks: what is stored already. */
export interface StoredKeys {
  lastKeyBefore(timeBucket: string, before: string): string | undefined;
  lastLiveKey(): string | undefined;
}

/** A new event id and its place. */
export interface NewEventId {
  readonly eventId: string;
  readonly sortKey: string;
  readonly timeBucket: string;
}

interface Place {
  readonly unixMs: number;
  readonly ticks: number;
  /** 16 hex digits, sign bits flipped as in `sortableTimeUuid`. */
  readonly tail: string;
}

/** Moments with a remembered last id. More than one request or one transaction can hold unwritten. */
const REMEMBERED_MOMENTS = 20_000;

/** Above it, flipping the sign bits back would leave the variant bits of a UUID (`10…`). */
const HIGHEST_FLIPPED_TAIL = 0x3fffffffffffffffn;

/**
 * Makes event ids: version-1 UUIDs inside the bucket of their time (protocol §4.5).
 *
 * - Live ids ascend strictly, also after a restart and when the clock steps back: a pump that has read up to one live
 *   event must find every later one behind it.
 * - Ids for one given event time ascend strictly in the order of writing.
 * - When the ticks of a bucket are used up, ids share its last tick and ascend by their tail, instead of leaving the
 *   bucket the event belongs to.
 */
export class EventIdGenerator {
  private readonly tails = new RandomTailSource();
  private live: Place | undefined;
  private readonly lastOfMoment = new Map<number, Place>();

  constructor(private readonly stored: StoredKeys) {
    const key = stored.lastLiveKey();
    this.live = key === undefined ? undefined : placeOf(key);
  }

  /** Id of an event that happens now. */
  nextLive(nowMs: number): NewEventId {
    const isAhead = this.live !== undefined && this.live.unixMs >= nowMs;
    this.live =
      isAhead && this.live
        ? placeAfter(this.live, this.tails)
        : { unixMs: nowMs, ticks: 0, tail: this.tails.next() };
    return idAt(this.live);
  }

  /** Id of an event whose writer gave its time. */
  nextAt(unixMs: number): NewEventId {
    const last = this.lastOfMoment.get(unixMs) ?? this.lastStoredOf(unixMs);
    const place = last ? placeAfter(last, this.tails) : { unixMs, ticks: 0, tail: this.tails.next() };
    this.lastOfMoment.delete(unixMs);
    this.lastOfMoment.set(unixMs, place);
    if (this.lastOfMoment.size > REMEMBERED_MOMENTS) {
      for (const oldest of this.lastOfMoment.keys()) {
        this.lastOfMoment.delete(oldest);
        break;
      }
    }
    return idAt(place);
  }

  /** Follows a full millisecond into the next ones, because its ids were continued there. */
  private lastStoredOf(unixMs: number): Place | undefined {
    const timeBucket = timeBucketOf(unixMs);
    for (let ms = unixMs, found: Place | undefined; ; ms++) {
      const before = sortableTimeUuid(timeUuid(ms + 1));
      const key = this.stored.lastKeyBefore(timeBucket, before);
      const place = key === undefined ? undefined : placeOf(key);
      if (place?.unixMs !== ms) return found;
      if (place.ticks !== TICKS_PER_MS - 1 || isLastTickOfBucket(place)) return place;
      found = place;
    }
  }
}

/** First moment ids can have, and the first they cannot: 60 bits of time end in the year 5236. */
export function isEventTime(unixMs: number): boolean {
  return Number.isInteger(unixMs) && unixMs >= 0 && unixMs < Date.UTC(5000, 0, 1);
}

function placeAfter({ unixMs, ticks, tail }: Place, tails: RandomTailSource): Place {
  if (isLastTickOfBucket({ unixMs, ticks })) return { unixMs, ticks, tail: tailAfter(tail) };
  return ticks + 1 < TICKS_PER_MS
    ? { unixMs, ticks: ticks + 1, tail: tails.next() }
    : { unixMs: unixMs + 1, ticks: 0, tail: tails.next() };
}

function isLastTickOfBucket({ unixMs, ticks }: Pick<Place, 'unixMs' | 'ticks'>): boolean {
  return ticks === TICKS_PER_MS - 1 && unixMs % TIME_BUCKET_MS === TIME_BUCKET_MS - 1;
}

function tailAfter(tail: string): string {
  const next = BigInt(`0x${tail}`) + 1n;
  if (next > HIGHEST_FLIPPED_TAIL) throw new Error('The last moment of this hour has no event id left.');
  return next.toString(16).padStart(16, '0');
}

function placeOf(sortKey: string): Place {
  const time = sortKey.slice(0, 15);
  const id = `${time.slice(7)}-${time.slice(3, 7)}-1${time.slice(0, 3)}-${'0'.repeat(4)}-${'0'.repeat(12)}`;
  return { ...timeOfTimeUuid(id), tail: sortKey.slice(15) };
}

function idAt({ unixMs, ticks, tail }: Place): NewEventId {
  const bytes = Buffer.from(tail, 'hex');
  for (let at = 0; at < bytes.length; at++) bytes[at] = (bytes[at] as number) ^ 0x80;
  const hex = bytes.toString('hex');
  const eventId = timeUuid(unixMs, ticks, `${hex.slice(0, 4)}-${hex.slice(4)}`);
  return { eventId, sortKey: sortableTimeOf(eventId) + tail, timeBucket: timeBucketOf(unixMs) };
}
