import { systemClock, type Clock } from '../event/clock.interface.js';
import type { EventClaim, EventStatus, PathwayState } from './pathway-state.interface.js';

/** How much the memory store remembers. */
export interface MemoryPathwayStateOptions {
  /**
   * Milliseconds a mark is kept at least.
   *
   * @default 300_000 (five minutes)
   */
  ttlMs?: number;

  /**
   * Marks after which the older half is forgotten even before `ttlMs`, so that memory stays flat in a long replay. A
   * redelivery of a forgotten event runs its handler again.
   *
   * @default 200_000 (about 20 MB)
   */
  maxMarks?: number;

  /** @default the machine's clock */
  clock?: Clock;
}

/** A mark packed into one number: `generation * 2 + (dead-lettered ? 1 : 0)`. A million objects would cost 50 MB more. */
type PackedMark = number;

/** Marks and claims in memory: one process, gone with it. Development and tests. */
export class MemoryPathwayState implements PathwayState {
  readonly markTtlMs: number;

  private readonly clock: Clock;
  private readonly marksPerHalf: number;
  /**
   * Two halves instead of a timestamp per mark: when the young half is as old as the TTL or full, it becomes the old
   * one and the former old one is dropped as a whole. Every mark lives between one and two TTLs, at no cost per mark.
   */
  private young = new Map<string, PackedMark>();
  private old = new Map<string, PackedMark>();
  private youngSince: number;
  /** Events being handled; the array holds deliveries of the same event that wait for the first one to end. */
  private readonly claims = new Map<string, (() => void)[] | undefined>();

  constructor(options: MemoryPathwayStateOptions = {}) {
    this.markTtlMs = options.ttlMs ?? 300_000;
    this.marksPerHalf = Math.ceil((options.maxMarks ?? 200_000) / 2);
    this.clock = options.clock ?? systemClock;
    this.youngSince = this.clock.now();
  }

  claim(eventId: string, generation: number): EventClaim | Promise<EventClaim> {
    const mark = this.markOf(eventId);
    if (mark !== undefined && Math.floor(mark / 2) >= generation) return statusOfMark(mark);
    if (!this.claims.has(eventId)) {
      this.claims.set(eventId, undefined);
      return 'claimed';
    }
    return this.waitForHolder(eventId).then(() => this.claim(eventId, generation));
  }

  complete(eventId: string, generation: number, status: EventStatus): void {
    this.makeRoom();
    this.young.set(eventId, generation * 2 + (status === 'dead-lettered' ? 1 : 0));
    this.release(eventId);
  }

  release(eventId: string): void {
    const waiting = this.claims.get(eventId);
    this.claims.delete(eventId);
    waiting?.forEach((resume) => resume());
  }

  statusOf(eventId: string): EventStatus | undefined {
    const mark = this.markOf(eventId);
    return mark === undefined ? undefined : statusOfMark(mark);
  }

  private markOf(eventId: string): PackedMark | undefined {
    return this.young.get(eventId) ?? this.old.get(eventId);
  }

  private makeRoom(): void {
    const now = this.clock.now();
    if (this.young.size < this.marksPerHalf && now - this.youngSince < this.markTtlMs) return;
    this.old = this.young;
    this.young = new Map();
    this.youngSince = now;
  }

  private waitForHolder(eventId: string): Promise<void> {
    return new Promise((resume) => {
      const waiting = this.claims.get(eventId);
      if (waiting) waiting.push(resume);
      else this.claims.set(eventId, [resume]);
    });
  }
}

function statusOfMark(mark: PackedMark): EventStatus {
  return mark % 2 === 1 ? 'dead-lettered' : 'processed';
}
