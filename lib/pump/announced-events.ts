import type { Clock } from '../event/clock.interface.js';

interface Announcement {
  readonly since: number;
  tries: number;
  dueAt: number;
}

/** Ids remembered at most; about 10 MB. */
const MOST_IDS = 50_000;
/** An event that cannot be read this long after it was announced is left to the next look at the stream. */
const GIVE_UP_MS = 30_000;
const FIRST_RETRY_MS = 50;

/**
 * Ids of events that are known to be stored and were not read yet. Outlives the runs of a pump, so that a late event whose
 * delivery was cut off by a lost lease is read again: the walk begins behind it.
 *
 * An announcement may come before the event can be read; it is then looked for again after 50 ms, doubling.
 */
export class AnnouncedEvents {
  /** More was announced than can be remembered since this was last reset. */
  hasOverflowed = false;
  private readonly waiting = new Map<string, Announcement>();

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.waiting.size;
  }

  has(eventId: string): boolean {
    return this.waiting.has(eventId);
  }

  ids(): string[] {
    return [...this.waiting.keys()];
  }

  add(eventId: string): void {
    if (this.waiting.has(eventId)) return;
    if (this.waiting.size >= MOST_IDS) {
      this.hasOverflowed = true;
      return;
    }
    const now = this.clock.now();
    this.waiting.set(eventId, { since: now, tries: 0, dueAt: now });
  }

  delete(eventId: string): void {
    this.waiting.delete(eventId);
  }

  clear(): void {
    this.waiting.clear();
    this.hasOverflowed = false;
  }

  /** Forgets those that are not wanted. */
  keepOnly(isWanted: (eventId: string) => boolean): void {
    for (const eventId of this.waiting.keys()) if (!isWanted(eventId)) this.waiting.delete(eventId);
  }

  /** Those to look for now. */
  due(): string[] {
    const now = this.clock.now();
    return [...this.waiting].filter(([, { dueAt }]) => dueAt <= now).map(([eventId]) => eventId);
  }

  /** It could not be read yet. */
  postpone(eventId: string): void {
    const announcement = this.waiting.get(eventId);
    if (!announcement) return;
    const now = this.clock.now();
    if (now - announcement.since >= GIVE_UP_MS) this.waiting.delete(eventId);
    else announcement.dueAt = now + FIRST_RETRY_MS * 2 ** announcement.tries++;
  }

  /** Milliseconds until one is due; `Infinity` when there is none. */
  get nextDueMs(): number {
    let next = Infinity;
    for (const { dueAt } of this.waiting.values()) next = Math.min(next, dueAt);
    return Math.max(0, next - this.clock.now());
  }
}
