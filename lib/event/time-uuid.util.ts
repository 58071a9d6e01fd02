import { timeBucketOf } from './time-bucket.util.js';

/** Milliseconds between 1582-10-15, where version-1 UUID time begins, and 1970-01-01. */
const GREGORIAN_OFFSET_MS = 12_219_292_800_000n;

/** 100 ns units in a millisecond. */
export const TICKS_PER_MS = 10_000;

const TIME_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for a lower-case version-1 UUID, the only form event ids have (protocol §4.5). */
export function isTimeUuid(text: unknown): text is string {
  return typeof text === 'string' && TIME_UUID.test(text);
}

/** The moment inside an event id. */
export interface TimeUuidTime {
  readonly unixMs: number;
  /** 100 ns units within the millisecond, 0…9999. */
  readonly ticks: number;
}

/** Reads the moment out of an event id. */
export function timeOfTimeUuid(id: string): TimeUuidTime {
  const timestamp = BigInt(`0x${sortableTimeOf(id)}`);
  return {
    unixMs: Number(timestamp / BigInt(TICKS_PER_MS) - GREGORIAN_OFFSET_MS),
    ticks: Number(timestamp % BigInt(TICKS_PER_MS)),
  };
}

/** The bucket an event id lies in. */
export function timeBucketOfTimeUuid(id: string): string {
  return timeBucketOf(timeOfTimeUuid(id).unixMs);
}

/**
 * Builds an event id for a moment.
 *
 * @param tail the last two groups (`clock-node`); by default the lowest possible, which makes the id a position
 * *before* every event of that tick.
 */
export function timeUuid(unixMs: number, ticks = 0, tail = LOWEST_TAIL): string {
  const timestamp = (BigInt(unixMs) + GREGORIAN_OFFSET_MS) * BigInt(TICKS_PER_MS) + BigInt(ticks);
  const hex = timestamp.toString(16).padStart(15, '0');
  return `${hex.slice(7)}-${hex.slice(3, 7)}-1${hex.slice(0, 3)}-${tail}`;
}

/** Sorts before every other tail, because ties compare bytes as signed numbers. */
const LOWEST_TAIL = '8080-808080808080';

/** Sorts after every other tail that is a legal clock sequence. */
export const HIGHEST_TAIL = 'bf7f-7f7f7f7f7f7f';

/**
 * Orders event ids by time, never by their text: the text begins with the low bits of the timestamp.
 * Ids of one tick are ordered by their last eight bytes, read as signed bytes (protocol §4.5).
 */
export function compareTimeUuids(a: string, b: string): number {
  if (a === b) return 0;
  // Fixed-width lower-case hex, so comparing the three time fields as text compares the numbers.
  return (
    compareText(a, b, 15, 18) || compareText(a, b, 9, 13) || compareText(a, b, 0, 8) || compareTails(a, b)
  );
}

/** Fixed-width hex of the 60-bit timestamp; sorts as text in time order. */
export function sortableTimeOf(id: string): string {
  return id.slice(15, 18) + id.slice(9, 13) + id.slice(0, 8);
}

/**
 * Text that sorts exactly as {@link compareTimeUuids}: the timestamp, then the tail with the sign bit of every byte
 * flipped. For indexes that only know text order.
 */
export function sortableTimeUuid(id: string): string {
  const tail = id.slice(19, 23) + id.slice(24);
  let flipped = '';
  for (let at = 0; at < 16; at += 2) {
    flipped += (byteAt(tail, at) ^ 0x80).toString(16).padStart(2, '0');
  }
  return sortableTimeOf(id) + flipped;
}

function byteAt(hex: string, at: number): number {
  return Number.parseInt(hex.slice(at, at + 2), 16);
}

function compareText(a: string, b: string, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const difference = a.charCodeAt(at) - b.charCodeAt(at);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareTails(a: string, b: string): number {
  const left = sortableTimeUuid(a);
  const right = sortableTimeUuid(b);
  return left < right ? -1 : left > right ? 1 : 0;
}
