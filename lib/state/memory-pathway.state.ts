import { systemClock, type Clock } from '../event/clock.interface.js';
import { IDEMPOTENCY_TTL_MS, isIdempotentClaim } from './idempotent-claim.util.js';
import type { ClaimPurpose, EventClaim, EventStatus, PathwayState } from './pathway-state.interface.js';
import { RecentMarks } from './recent-marks.js';

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
   * @default 200_000 (about 10 MB)
   */
  maxMarks?: number;

  /**
   * The same for the marks of writes with an idempotency id, whose copies may come late; 0 treats them like all others. As many as
   * `maxMarks` are kept beside the others.
   *
   * @default 86_400_000 (a day)
   */
  idempotencyTtlMs?: number;

  /** Where "now" comes from. @default the machine's clock */
  clock?: Clock;
}

/**
 * What is known of an event, packed into one number: `generation * 2 + (dead-lettered ? 1 : 0)`, or CLAIMED. A million
 * objects would cost 50 MB more.
 */
type PackedMark = number;

const CLAIMED: PackedMark = -1;

/** Marks and claims in memory: one process, gone with it. Development and tests. */
export class MemoryPathwayState implements PathwayState {
  readonly markTtlMs: number;

  private readonly clock: Clock;
  private readonly marksPerHalf: number;
  /**
   * Two halves instead of a timestamp per mark: when the young half is as old as the TTL or full, it becomes the old one and
   * the former old one is dropped as a whole. Every mark lives between one and two TTLs, at no cost per mark. Claims lie
   * among the marks, so that the common event looks in one place.
   */
  private readonly marks = new RecentMarks();
  private youngSince: number;
  /** Deliveries of an event that wait for the end of the one that holds its claim. Empty but for rare moments. */
  private readonly waiting = new Map<string, (() => void)[]>();
  /** Marks that a replay or a newer generation has claimed over: a claim that is given up puts them back. */
  private readonly replaced = new Map<string, PackedMark>();
  /** Marks that live longer; made when the first one comes. */
  private lasting: MemoryPathwayState | undefined;

  constructor(private readonly options: MemoryPathwayStateOptions = {}) {
    this.markTtlMs = options.ttlMs ?? 300_000;
    this.marksPerHalf = Math.ceil((options.maxMarks ?? 200_000) / 2);
    this.clock = options.clock ?? systemClock;
    this.youngSince = this.clock.now();
  }

  claim(
    eventId: string,
    generation: number,
    purpose: ClaimPurpose = 'delivery',
  ): EventClaim | Promise<EventClaim> {
    const lasting = this.lastingMarks(eventId);
    if (lasting) return lasting.claim(eventId, generation, purpose);
    const mark = this.marks.get(eventId);
    if (mark === CLAIMED) {
      return this.endOfClaim(eventId).then(() => this.claim(eventId, generation, purpose));
    }
    if (mark !== undefined && Math.floor(mark / 2) >= generation) {
      const status = statusOfMark(mark);
      if (status === 'processed' || purpose === 'delivery') return status;
    }
    if (mark !== undefined) this.replaced.set(eventId, mark);
    this.marks.set(eventId, CLAIMED);
    return 'claimed';
  }

  complete(eventId: string, generation: number, status: EventStatus): void {
    const lasting = this.lastingMarks(eventId);
    if (lasting) return lasting.complete(eventId, generation, status);
    const mark = this.marks.get(eventId);
    const isClaimed = mark === CLAIMED;
    const before = isClaimed ? this.replaced.get(eventId) : mark;
    if (before !== undefined && outlasts(before, generation, isClaimed ? 'processed' : status)) {
      // What is known stays; whoever waits for the claim need not wait any longer.
      if (isClaimed) this.release(eventId);
      return;
    }
    this.makeRoom();
    this.marks.set(eventId, generation * 2 + (status === 'dead-lettered' ? 1 : 0));
    if (this.replaced.size > 0) this.replaced.delete(eventId);
    if (this.waiting.size > 0) this.wake(eventId);
  }

  release(eventId: string): void {
    const lasting = this.lastingMarks(eventId);
    if (lasting) return lasting.release(eventId);
    const replaced = this.replaced.get(eventId);
    this.replaced.delete(eventId);
    if (replaced !== undefined) this.marks.set(eventId, replaced);
    else if (this.marks.get(eventId) === CLAIMED) this.marks.delete(eventId);
    this.wake(eventId);
  }

  statusOf(eventId: string): EventStatus | undefined {
    const lasting = this.lastingMarks(eventId);
    if (lasting) return lasting.statusOf(eventId);
    const mark = this.marks.get(eventId);
    return mark === undefined || mark === CLAIMED ? undefined : statusOfMark(mark);
  }

  /** Where the mark is kept when it lives longer than the others. */
  private lastingMarks(claimId: string): MemoryPathwayState | undefined {
    if (!isIdempotentClaim(claimId)) return undefined;
    const { idempotencyTtlMs: ttlMs = IDEMPOTENCY_TTL_MS, maxMarks } = this.options;
    if (ttlMs === 0) return undefined;
    this.lasting ??= new MemoryPathwayState({
      ttlMs,
      idempotencyTtlMs: 0,
      clock: this.clock,
      ...(maxMarks !== undefined && { maxMarks }),
    });
    return this.lasting;
  }

  private makeRoom(): void {
    const now = this.clock.now();
    if (this.marks.youngCount < this.marksPerHalf && now - this.youngSince < this.markTtlMs) return;
    // A claim must outlive its half, or a second delivery would run beside the first.
    this.marks.turn(CLAIMED);
    this.youngSince = now;
  }

  private endOfClaim(eventId: string): Promise<void> {
    return new Promise((resume) => {
      const waiting = this.waiting.get(eventId);
      if (waiting) waiting.push(resume);
      else this.waiting.set(eventId, [resume]);
    });
  }

  private wake(eventId: string): void {
    const waiting = this.waiting.get(eventId);
    this.waiting.delete(eventId);
    waiting?.forEach((resume) => resume());
  }
}

/** Whether a mark stays where another one is made: it is of a newer generation, or processed and no dead letter any more. */
function outlasts(mark: PackedMark, generation: number, status: EventStatus): boolean {
  const own = Math.floor(mark / 2);
  if (own !== generation) return own > generation;
  return status === 'dead-lettered' && statusOfMark(mark) === 'processed';
}

function statusOfMark(mark: PackedMark): EventStatus {
  return mark % 2 === 1 ? 'dead-lettered' : 'processed';
}
