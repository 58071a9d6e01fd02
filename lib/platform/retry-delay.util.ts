import { withJitter } from '../event/clock.interface.js';

/** Answers that may be different next time (protocol §0). */
const TRANSIENT_STATUSES = new Set([408, 429, 500, 502, 503, 504]);

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5_000;
const JITTER_RATIO = 0.2;

export function isTransientStatus(status: number): boolean {
  return TRANSIENT_STATUSES.has(status);
}

/** 250 ms doubling to 5 s, spread so that many instances do not retry in step. */
export function backoffDelay(failures: number): number {
  return withJitter(Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS), JITTER_RATIO);
}

/** Milliseconds a `Retry-After` header asks for: seconds, or an HTTP date. `undefined` when it says nothing usable. */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text.trim())) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
