import { isTimeBucket } from '../event/time-bucket.util.js';
import { isTimeUuid, sortableTimeUuid } from '../event/time-uuid.util.js';
import type { LogOrder } from './event-log.interface.js';
import { HttpRefusal } from './http-refusal.js';

/** Documented default of the platform, and the most one page holds here (protocol §4.3). */
const MAX_PAGE_SIZE = 10_000;

/** A parameter is absent when it is missing, null or empty. */
export function optionalText(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new HttpRefusal(400, `"${name}" must be text.`);
  return value;
}

export function requiredText(value: unknown, name: string): string {
  const text = optionalText(value, name);
  if (text === undefined) throw new HttpRefusal(400, `"${name}" is missing.`);
  return text;
}

export function textList(value: unknown, name: string): string[] {
  if (!Array.isArray(value) || !value.every((item): item is string => typeof item === 'string')) {
    throw new HttpRefusal(400, `"${name}" must be a list of texts.`);
  }
  return value;
}

export function pageSizeOf(value: unknown): number {
  if (value === undefined || value === null || value === '') return MAX_PAGE_SIZE;
  const size = Number(value);
  if (!Number.isInteger(size) || size < 1)
    throw new HttpRefusal(400, '"pageSize" must be a whole number above 0.');
  return Math.min(size, MAX_PAGE_SIZE);
}

export function timeBucketParameter(value: unknown, name: string): string | undefined {
  const text = optionalText(value, name);
  if (text !== undefined && !isTimeBucket(text)) {
    throw new HttpRefusal(400, `"${name}" must be a UTC hour of 14 digits, such as 20260501100000.`);
  }
  return text;
}

export function orderOf(value: unknown): LogOrder {
  const order = optionalText(value, 'order') ?? 'asc';
  if (order !== 'asc' && order !== 'desc') throw new HttpRefusal(400, '"order" must be "asc" or "desc".');
  return order;
}

/** The place of an event id. The id is compared, never looked up, so it need not belong to any event. */
export function placeParameter(value: unknown, name: string): string | undefined {
  const id = optionalText(value, name)?.toLowerCase();
  if (id === undefined) return undefined;
  if (!isTimeUuid(id)) throw new HttpRefusal(400, `"${name}" must be an event id (a version-1 UUID).`);
  return sortableTimeUuid(id);
}

const CURSOR_PREFIX = 'v1:';

/** A cursor is a place, so it stays right when the page size changes or events are stored in between. */
export function encodeCursor(place: string): string {
  return Buffer.from(CURSOR_PREFIX + place).toString('base64url');
}

export function cursorParameter(value: unknown): string | undefined {
  const cursor = optionalText(value, 'cursor');
  if (cursor === undefined) return undefined;
  const text = Buffer.from(cursor, 'base64url').toString();
  if (!/^v1:[0-9a-f]{31}$/.test(text))
    throw new HttpRefusal(400, '"cursor" is not one this platform gave out.');
  return text.slice(CURSOR_PREFIX.length);
}
